# SPDX-License-Identifier: Apache-2.0
"""Run a recorded run again, and compare what it finds byte for byte."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hauberk.app.check import executor_of, project_frame
from hauberk.app.environment import environment
from hauberk.app.materials import project_materials
from hauberk.app.plugins import known_checks
from hauberk.app.project import open_project
from hauberk.app.runs import run_assets
from hauberk.assess import Situation, open_situation, replay_plan, run_plan, same_findings
from hauberk.core.asset import AssetRef
from hauberk.core.errors import UsageError
from hauberk.core.ports import Progress
from hauberk.core.run import Environment, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How a replay went.

    Attributes:
        run: the recorded run.
        equal: ids of checks that gave the same bytes.
        different: ids of checks that did not.
        changed: what is not as it was, a sentence each: inputs, versions, processor, threads.
    """

    run: Run
    equal: tuple[str, ...]
    different: tuple[str, ...]
    changed: tuple[str, ...]


def replay(
    run: str = "last",
    *,
    check: str = "",
    config: str | os.PathLike[str] = ".",
    workers: int | None = None,
    trust: Sequence[str] = (),
    progress: Progress | None = None,
) -> Replayed:
    """Run a recorded run again, with the parameters and seeds that it had.

    Args:
        run: id, unique beginning of one, path, or `last`.
        check: id of the one check to replay; empty for all.
        config: the project.
        workers: processes; what the file says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far it is.
    """
    project = open_project(config, flags={"checks.workers": workers})
    recorded = project.load_run(run)
    if recorded.command.startswith(("hauberk harden", "hauberk fix")):
        raise UsageError(
            f"run {recorded.id} hardened a model, and is no assessment that could be replayed",
            next_step=f"repeat it: {recorded.command}",
        )
    materials = project_materials(project, now_us=recorded.started_us, keys=project.trusted())
    materials = dataclasses.replace(materials, trust=(*materials.trust, *trust))
    situation = open_situation(materials)
    planned = replay_plan(recorded, known_checks(project.config.plugins.allow), situation, check.upper())
    with executor_of(project, materials, situation) as executor:
        results = run_plan(planned, executor, timeout_s=project.config.checks.timeout_s, progress=progress)
    again = {item.entry.id for item in planned.checks}
    then = [outcome for outcome in recorded.outcomes if outcome.check in again]
    equal, different = same_findings(then, results.outcomes)
    changed = (
        *_terms(recorded, situation),
        *_moved(recorded.assets, run_assets(project_frame(project, recorded.started_us), situation)),
        *_other(recorded.environment, environment()),
    )
    return Replayed(run=recorded, equal=equal, different=different, changed=changed)


def _terms(recorded: Run, situation: Situation) -> Iterator[str]:
    """Threshold and money terms decide what counts as caught and what it costs."""
    if recorded.threshold is not None and recorded.threshold != situation.threshold:
        yield f"the threshold was {recorded.threshold:g}, is {situation.threshold:g}"
    if recorded.loss and recorded.loss != situation.money.formula:
        yield f"money was {recorded.loss!r}, is {situation.money.formula!r}"


def _moved(before: tuple[AssetRef, ...], after: tuple[AssetRef, ...]) -> Iterator[str]:
    now = {asset.role: asset.digest for asset in after}
    for asset in before:
        if now.get(asset.role) != asset.digest:
            yield f"{asset.role} {asset.name} is not the one that the run examined"


def _other(before: Environment, after: Environment) -> Iterator[str]:
    for name in ("hauberk", "python", "platform", "cpu", "threads"):
        if getattr(before, name) != getattr(after, name):
            yield f"{name} was {getattr(before, name)}, is {getattr(after, name)}"
    for package in sorted(set(before.packages) | set(after.packages)):
        then, now = before.packages.get(package, "absent"), after.packages.get(package, "absent")
        if then != now:
            yield f"{package} was {then}, is {now}"
