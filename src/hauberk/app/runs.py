# SPDX-License-Identifier: Apache-2.0
"""Put a run together from what was looked at and how it ended."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hauberk.app.environment import environment
from hauberk.assess import Plan, Planned, Situation, apply_waivers
from hauberk.core.asset import AssetKind, AssetRef
from hauberk.core.outcome import Outcome
from hauberk.core.run import Run
from hauberk.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a run is called and how it is repeated.

    Attributes:
        project: name of the project, or of the table where there is none.
        command: the command line that repeats it.
        started_us: start, in UTC microseconds.
        seed: master seed.
        root: folder that paths are shown relative to.
        positive: what the event is, in a word.
        currency: currency code of amounts.
        model: path or address of the model; empty for none.
        selected: what the run was narrowed to; empty if every check was planned.
        tuned: what was changed in the checks, a sentence each.
    """

    project: str
    command: str
    started_us: int
    seed: int
    root: Path
    positive: str = "event"
    currency: str = ""
    model: str = ""
    selected: tuple[str, ...] = ()
    tuned: tuple[str, ...] = ()


def assemble(
    frame: Frame,
    situation: Situation,
    outcomes: tuple[Outcome, ...],
    seconds: Mapping[str, float],
    *,
    ended_us: int,
    aborted: bool = False,
) -> Run:
    """Return the run, without decision and checkpoint."""
    domain = situation.domain
    found = [finding for outcome in outcomes for finding in outcome.findings]
    waiving = apply_waivers(situation.waivers, found, frame.started_us, narrowed=bool(frame.selected))
    assets = run_assets(frame, situation)
    return Run(
        id=_run_id(frame, assets),
        project=frame.project,
        command=frame.command,
        started_us=frame.started_us,
        ended_us=0 if aborted else ended_us,
        aborted=aborted,
        seed=frame.seed,
        currency=frame.currency,
        positive=frame.positive,
        threshold=None if situation.model is None else situation.threshold,
        loss=situation.money.formula if situation.money.amount or situation.money.flat else "",
        domain_confirmed=domain is not None and domain.confirmed,
        environment=environment(),
        assets=assets,
        outcomes=outcomes,
        seconds=dict(seconds),
        selected=frame.selected,
        waived=waiving.active,
        personal=domain.personal if domain is not None else (),
        notes=(*_notes(situation), *frame.tuned, *waiving.notes),
    )


def tuned(planned: Plan) -> tuple[str, ...]:
    """A sentence for each check that runs with other parameters than its own: an attack of one query finds nothing."""
    return tuple(sentence for item in planned.to_run if (sentence := _tuned(item)))


def _tuned(item: Planned) -> str:
    own = {name: list(value) if isinstance(value, tuple) else value for name, value in item.entry.params.items()}
    changed = [f"{name} = {value} instead of {own[name]}" for name, value in item.params.items() if value != own[name]]
    return f"{item.entry.id} ran with {', '.join(changed)}." if changed else ""


def run_assets(frame: Frame, situation: Situation) -> tuple[AssetRef, ...]:
    """Name everything that a run reads, with digests."""
    tables = (("train", situation.data), ("holdout", situation.holdout), ("reference", situation.reference))
    assets = [_table_asset(role, table, frame.root) for role, table in tables if table is not None]
    domain, model = situation.domain, situation.model
    if domain is not None:
        assets.append(AssetRef(kind=AssetKind.DOMAIN, name=domain.name, digest=domain.digest, role="domain"))
    if model is not None:
        address = frame.model.startswith(("http://", "https://"))
        kind = AssetKind.ENDPOINT if address else AssetKind.MODEL
        assets.append(AssetRef(kind=kind, name=model.name, digest=model.digest, role="model", uri=frame.model))
    return tuple(assets)


def stamp(now_us: int) -> str:
    """A UTC time as `20260101T120000Z`, for names."""
    return datetime.fromtimestamp(now_us / 1e6, tz=UTC).strftime("%Y%m%dT%H%M%SZ")


def _notes(situation: Situation) -> tuple[str, ...]:
    notes: list[str] = []
    if situation.domain is not None and not situation.domain.confirmed:
        notes.append("The domain was not confirmed by a person: what rests on it rests on a guess.")
    if situation.model is not None and situation.holdout is None and situation.data is not None:
        notes.append("There is no holdout: attacks took their rows from the training data.")
    return tuple(notes)


def _table_asset(role: str, table: Table, root: Path) -> AssetRef:
    uri = ""
    if table.path is not None:
        path = table.path.resolve()
        uri = os.path.relpath(path, root) if path.is_relative_to(root) else path.name
    return AssetRef(kind=AssetKind.DATASET, name=table.name, digest=table.digest, role=role, uri=uri)


def _run_id(frame: Frame, assets: tuple[AssetRef, ...]) -> str:
    body = repr((frame.started_us, os.getpid(), frame.seed, [asset.digest for asset in assets]))
    return f"{stamp(frame.started_us)}-{hashlib.sha256(body.encode()).hexdigest()[:6]}"
