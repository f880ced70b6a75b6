# SPDX-License-Identifier: Apache-2.0
"""Render a run, recorded or just made."""

from __future__ import annotations

import os

from hauberk.app.project import open_project
from hauberk.core.event import Event
from hauberk.core.run import Run
from hauberk.report import render


def render_report(
    run: Run,
    *,
    format: str = "text",  # noqa: A002 - the command line's --format
    show_values: bool = False,
    width: int = 100,
    color: bool = False,
) -> bytes:
    """Return a run as one document; see `hauberk.report.render`."""
    return render(run, format, show_values=show_values, width=width, color=color)


def recorded_run(name: str = "last", config: str | os.PathLike[str] = ".") -> Run:
    """Read a recorded run of a project by id, a unique beginning of one, a path, or `last`."""
    return open_project(config).load_run(name)


def record_reveal(run: Run, config: str | os.PathLike[str] = ".") -> None:
    """Record in the ledger that somebody has the values of personal columns shown."""
    project = open_project(config)
    with project.ledger() as ledger:
        event = Event(
            kind="values.shown", at_us=project.clock.now_us(), actor=project.actor.name, payload={"run": run.id}
        )
        ledger.append([event])
