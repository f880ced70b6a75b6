# SPDX-License-Identifier: Apache-2.0
"""The main job: run everything that a project declares, judge it by policy, and write down what happened."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from hauberk.app.aborted import cut_short, told_of
from hauberk.app.decide import Judged, judge
from hauberk.app.materials import project_materials
from hauberk.app.plugins import known_checks
from hauberk.app.project import Project, open_project, write_atomically
from hauberk.app.runs import Frame, assemble, tuned
from hauberk.assess import (
    Comparison,
    Executor,
    InProcess,
    Materials,
    Plan,
    ProcessPool,
    Selection,
    Situation,
    Standing,
    Told,
    compare,
    open_situation,
    pinned,
    plan,
    run_plan,
)
from hauberk.assess.standing import nobody
from hauberk.core.errors import NothingToExamine
from hauberk.core.event import Event, Plain
from hauberk.core.outcome import Outcome, Param
from hauberk.core.ports import Clock, Progress
from hauberk.core.run import Run
from hauberk.seal import Signer


def check(
    config: str | os.PathLike[str] = ".",
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    params: Mapping[str, Mapping[str, Param]] | None = None,
    since: str = "",
    seed: int | None = None,
    timeout_s: float | None = None,
    workers: int | None = None,
    trust: Sequence[str] = (),
    progress: Progress | None = None,
    told: Told = nobody,
    clock: Clock | None = None,
    signer: Signer | None = None,
    command: str = "",
) -> Run:
    """Assess a project, judge it, record it, and return the run.

    Args:
        config: `hauberk.toml`, `pyproject.toml`, or the folder that holds one.
        select: ids or prefixes of checks to run; what the file says by default.
        ignore: ids or prefixes to leave out, beside what the file says.
        params: parameters by check id, over those that the file sets.
        since: an earlier run, or `last`; regressions since then deny.
        seed: master seed; what the file says by default.
        timeout_s: seconds for each check; what the file says by default.
        workers: processes; 0 runs the checks in this one; what the file says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far the run is.
        told: told how a check stands while it runs.
        clock: where the time comes from.
        signer: key for checkpoint and decision; the user's own by default.
        command: the command line that repeats the run, where it is another one than `hauberk check`.

    Raises:
        ConfigError: the project file or a name in it cannot mean anything.
        UsageError: a declared file does not exist.
        Unreadable: a file is not what it claims to be.
        NothingToExamine: there are no rows, or no check was selected.
        KeyboardInterrupt: after the run was recorded as aborted; a note of it names the run.
    """
    flags: dict[str, Any] = {
        "project.seed": seed,
        "checks.select": list(select) or None,
        "checks.timeout_s": timeout_s,
        "checks.workers": workers,
    }
    project = open_project(config, flags=flags, clock=clock, signer=signer)
    project.prepare()
    baseline = project.load_run(since) if since else None
    materials = project_materials(project, now_us=project.clock.now_us(), keys=project.trusted())
    materials = dataclasses.replace(materials, trust=(*materials.trust, *trust))
    situation = open_situation(materials)
    _refuse_empty(situation)
    planned = plan(
        known_checks(project.config.plugins.allow, (*project.config.checks.select, *ignore)),
        situation,
        _selection(project, ignore, params or {}),
        seed=project.config.project.seed,
    )
    frame = project_frame(project, materials.now_us, command or _command(project, select, ignore))
    frame = dataclasses.replace(frame, tuned=tuned(planned))
    return _Assessment(project, materials, situation, planned, frame).run(baseline, progress, told)


def _command(project: Project, select: Sequence[str], ignore: Sequence[str]) -> str:
    words = ["hauberk check", f"--config {project.file.name}", f"--seed {project.config.project.seed}"]
    words += [f"--select {name}" for name in select] + [f"--ignore {name}" for name in ignore]
    return " ".join(words)


def _selection(project: Project, ignore: Sequence[str], params: Mapping[str, Mapping[str, Param]]) -> Selection:
    section = project.config.checks
    merged = {name: {**section.params.get(name, {}), **params.get(name, {})} for name in {*section.params, *params}}
    return Selection(select=section.select, ignore=(*section.ignore, *ignore), params=merged)


def _refuse_empty(situation: Situation) -> None:
    for role, table in (("train", situation.data), ("holdout", situation.holdout), ("reference", situation.reference)):
        if table is not None and table.height == 0:
            raise NothingToExamine(
                "the table has no rows", where=f"[data] {role}: {table.name}", next_step="name a table that has some"
            )
    if situation.data is None and situation.holdout is None and situation.model is None:
        raise NothingToExamine(
            "the project names neither data nor a model",
            next_step="set [data] train and [model] path in the project file",
        )


class _Assessment:
    """One run, from its plan to its record."""

    def __init__(
        self, project: Project, materials: Materials, situation: Situation, planned: Plan, frame: Frame
    ) -> None:
        self._project = project
        self._materials = materials
        self._situation = situation
        self._plan = planned
        self._ended: list[Outcome] = []
        self._standings: dict[tuple[str, str], Standing] = {}
        self._frame = frame

    def run(self, baseline: Run | None, progress: Progress | None, told: Told) -> Run:
        """Run the plan, judge, record."""

        def stands(standing: Standing) -> None:
            self._standings[standing.check, standing.part] = standing
            told(standing)

        try:
            with executor_of(self._project, self._materials, self._situation, stands) as executor:
                results = run_plan(
                    self._plan,
                    executor,
                    timeout_s=self._project.config.checks.timeout_s,
                    progress=progress,
                    on_end=self._ended.append,
                )
        except (KeyboardInterrupt, SystemExit) as error:
            error.add_note(self._record_abort())
            raise
        run = self._record(results.outcomes, results.seconds)
        comparison = compare(baseline, run) if baseline is not None else None
        judged = judge(self._project, run, signature=self._situation.signature, baseline=comparison)
        return self._keep(self._told(run, comparison), judged)

    def _record(self, outcomes: tuple[Outcome, ...], seconds: Mapping[str, float], *, aborted: bool = False) -> Run:
        ended = self._project.clock.now_us()
        return assemble(self._frame, self._situation, outcomes, seconds, ended_us=ended, aborted=aborted)

    def _told(self, run: Run, comparison: Comparison | None) -> Run:
        if comparison is None:
            return run
        notes = (*run.notes, *comparison.notes, *(change.sentence for change in comparison.worsened))
        return dataclasses.replace(run, since=comparison.before, baseline=comparison.known, notes=notes)

    def _keep(self, run: Run, judged: Judged) -> Run:
        """Write decision, checkpoint and run; the run is complete once its digest is in the ledger."""
        actor = self._project.actor.name
        subject = judged.subject
        with self._project.ledger() as ledger:
            ledger.append([*self._examined(run), self._event("decision.made", subject, judged.payload)])
            run = dataclasses.replace(run, decision=judged.decision, checkpoint=ledger.checkpoint())
            files = judged.sign(self._project, run)
            _, digest = self._project.save_run(run)
            payload: dict[str, Plain] = {
                "run": digest,
                "id": run.id,
                "findings": sum(1 for _ in run.findings()),
                "files": files,
            }
            ledger.append(
                [Event(kind="run.completed", at_us=run.ended_us, actor=actor, subject=subject, payload=payload)]
            )
            checkpoint = ledger.checkpoint()
        write_atomically(self._project.state / "checkpoint", checkpoint.note.encode(), private=True)
        return run

    def _examined(self, run: Run) -> list[Event]:
        """What is on record of where each table came from."""
        provenance: dict[str, Plain] = {**self._situation.provenance}
        return [
            self._event(
                "data.examined", asset.digest, {"name": asset.name, "role": asset.role, "provenance": provenance}
            )
            for asset in run.assets
            if asset.role == "train"
        ]

    def _event(self, kind: str, subject: str, payload: dict[str, Plain]) -> Event:
        return Event(
            kind=kind,
            at_us=self._project.clock.now_us(),
            actor=self._project.actor.name,
            subject=subject,
            payload=payload,
        )

    def _record_abort(self) -> str:
        """Record an interrupted run with what was known by then, and say so; it can never be a pass."""
        order = {item.entry.id: at for at, item in enumerate(self._plan.checks)}
        under_way = cut_short(self._plan, self._ended, self._standings.values())
        outcomes = tuple(sorted([*self._ended, *under_way], key=lambda outcome: order[outcome.check]))
        run = self._record(outcomes, {}, aborted=True)
        _, digest = self._project.save_run(run)
        with self._project.ledger() as ledger:
            ledger.append([self._event("run.aborted", "", {"run": digest, "id": run.id, "ended": len(self._ended)})])
        return told_of(run.id, self._standings.values())


def project_frame(project: Project, now_us: int, command: str = "") -> Frame:
    """How a run of a project is called and repeated."""
    config = project.config
    return Frame(
        project=config.project.name,
        command=command,
        started_us=now_us,
        seed=config.project.seed,
        root=project.root,
        positive=config.project.positive,
        currency=config.project.currency,
        model=config.model.path,
        selected=config.checks.select,
    )


def executor_of(project: Project, materials: Materials, situation: Situation, told: Told = nobody) -> Executor:
    """The executor that the project asks for; it looks at the very bytes whose digests the run records."""
    fixed = pinned(materials, situation)
    if project.config.checks.workers == 0:
        return InProcess(situation, told=told)
    return ProcessPool(fixed, workers=project.config.checks.workers, told=told)
