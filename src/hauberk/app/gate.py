# SPDX-License-Identifier: Apache-2.0
"""Judge recorded runs: again by the project's policy as of now, or by another one to see what would change."""

from __future__ import annotations

import os
from pathlib import Path

from hauberk.app.decide import judge
from hauberk.app.materials import signature_state
from hauberk.app.plugins import known_checks
from hauberk.app.policy import read_policy
from hauberk.app.project import Project, open_project
from hauberk.artifact import digest_path
from hauberk.assess import compare
from hauberk.core.asset import AssetKind, AssetRef
from hauberk.core.decision import Decision
from hauberk.core.errors import IntegrityError
from hauberk.core.event import Event
from hauberk.core.run import Run
from hauberk.domain import load_domain
from hauberk.registry import Rehearsal, dry_run


def judge_release(run: str = "last", *, config: str | os.PathLike[str] = ".") -> Decision:
    """Judge a recorded run by the project's policy as of now, and record the decision.

    Args:
        run: id, unique beginning of one, path, or `last`.
        config: the project.

    Raises:
        IntegrityError: the data, the model or the domain that lie in the project are not the ones that the run
            examined, or the run is not the one that the ledger knows.
    """
    project = open_project(config)
    recorded = project.load_run(run)
    _refuse_other_bytes(project, recorded)
    _refuse_other_domain(project, recorded)
    comparison = compare(project.load_run(recorded.since), recorded) if recorded.since else None
    judged = judge(project, recorded, signature=signature_state(project, project.trusted()), baseline=comparison)
    with project.ledger() as ledger:
        event = Event(
            kind="decision.made",
            at_us=judged.decision.at_us,
            actor=project.actor.name,
            subject=judged.subject,
            payload={**judged.payload, "run": recorded.id},
        )
        ledger.append([event])
    return judged.decision


def rehearse_policy(policy: str | os.PathLike[str], *, config: str | os.PathLike[str] = ".") -> tuple[Rehearsal, ...]:
    """Put every recorded run before another policy, as of the moment of each; nothing is recorded.

    Args:
        policy: the policy's file.
        config: the project.
    """
    project = open_project(config)
    known = [entry.id for entry in known_checks(project.config.plugins.allow)]
    tried = read_policy(Path(policy), max_age_days=project.config.policy.max_age_days, checks=known)
    return dry_run(tried, project.load_runs(project.run_ids()))


def _refuse_other_bytes(project: Project, recorded: Run) -> None:
    for asset in recorded.assets:
        if asset.kind not in {AssetKind.MODEL, AssetKind.DATASET} or not asset.uri or not asset.digest:
            continue
        path = project.path(_place(project, asset))
        found = digest_path(path) if path.exists() else "absent"
        if found != asset.digest:
            raise IntegrityError(
                f"{asset.uri} is not the {asset.role} that the run examined",
                where=str(path),
                why=f"it was {asset.digest}, it is {found}",
                next_step="restore it, or run `hauberk check` on what is there now",
            )


def _place(project: Project, asset: AssetRef) -> str:
    """Where the project file says that it lies; a run keeps no more than the name of what lies outside the project."""
    data, model = project.config.data, project.config.model
    declared = {"train": data.train, "holdout": data.holdout, "reference": data.reference, "model": model.path}
    return declared.get(asset.role) or asset.uri


def _refuse_other_domain(project: Project, recorded: Run) -> None:
    """What counts as valid decides what was attacked: evidence under one domain says nothing under another."""
    examined = next((asset.digest for asset in recorded.assets if asset.kind is AssetKind.DOMAIN), "")
    name = project.config.domain.path
    if not examined or not (name or recorded.domain_confirmed):
        return  # none was declared: an inferred one follows from the data, which were compared
    found = load_domain(project.path(name)).digest if name else "absent"
    if found != examined:
        raise IntegrityError(
            f"{name or 'nothing'} is not the domain under which the run was made",
            where=f"[domain] path in {project.file.name}",
            why=f"it was {examined}, it is {found}",
            next_step="run `hauberk check` under the domain that is there now",
        )
