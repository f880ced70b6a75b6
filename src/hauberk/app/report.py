# SPDX-License-Identifier: Apache-2.0
"""Render a run, recorded or just made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hauberk.app.materials import is_address
from hauberk.app.project import open_project
from hauberk.artifact import signature_path
from hauberk.core.errors import UsageError
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


def project_inputs(config: str | os.PathLike[str] = ".") -> tuple[Path, ...]:
    """Every file that a project reads, and its state folder: what no report may be written over."""
    project = open_project(config)
    data, model = project.config.data, project.config.model.path
    model = "" if is_address(model) else model
    named = (data.train, data.holdout, data.reference, model, project.config.domain.path, project.config.policy.path)
    paths = [project.root / name for name in named if name]
    signature = [signature_path(project.root / model)] if model else []
    return (project.file, project.state, *paths, *signature)


def refuse_overwriting(targets: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Pass if no target is one of the inputs, or lies inside one, by whatever name.

    Raises:
        UsageError: one is.
    """
    kept = {form for path in inputs for form in _forms(path)}
    for target in targets:
        if any(not kept.isdisjoint((form, *form.parents)) for form in _forms(target)):
            raise UsageError(
                "this file is an input or a record of the run, and no report is written over it",
                where=str(target),
                next_step="name another file",
            )


def _forms(path: Path) -> tuple[Path, Path]:
    """The path as it is named, with the links of its folder resolved, and what it leads to."""
    return path.absolute().parent.resolve() / path.name, path.resolve()
