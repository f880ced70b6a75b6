# SPDX-License-Identifier: Apache-2.0
"""Attack the project's model inside its domain: the evasion checks of a run, at a chosen effort."""

from __future__ import annotations

import os
from typing import Any

from hauberk.app.check import check
from hauberk.checks import index
from hauberk.core.errors import UsageError
from hauberk.core.ports import Clock, Progress
from hauberk.core.run import Run
from hauberk.seal import Signer

PRESETS = {
    "quick": {"rows": 50, "queries": 500},
    "standard": {"rows": 200, "queries": 1000},
    "thorough": {"rows": 1000, "queries": 4000},
}
"""Caught records attacked, and questions to the model for each, by name of the effort."""


def evade(
    config: str | os.PathLike[str] = ".",
    *,
    preset: str = "standard",
    rows: int | None = None,
    queries: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    trust: tuple[str, ...] = (),
    progress: Progress | None = None,
    clock: Clock | None = None,
    signer: Signer | None = None,
) -> Run:
    """Run the evasion checks, judge and record.

    Args:
        config: the project.
        preset: `quick`, `standard` or `thorough`.
        rows: caught records to attack; what the preset says by default.
        queries: questions to the model for each record; what the preset says by default.
        seed: master seed; what the project says by default.
        workers: processes; what the project says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far it is.
        clock: where the time comes from.
        signer: key for checkpoint and decision; the user's own by default.

    Raises:
        UsageError: an unknown preset.
    """
    if preset not in PRESETS:
        raise UsageError(f"there is no preset {preset!r}", next_step=f"choose one of {', '.join(PRESETS)}")
    effort = {**PRESETS[preset], **{k: v for k, v in (("rows", rows), ("queries", queries)) if v is not None}}
    params: dict[str, dict[str, Any]] = {
        entry.id: {name: value for name, value in effort.items() if name in entry.params}
        for entry in index()
        if entry.id.startswith("HB-E")
    }
    return check(
        config,
        select=("HB-E",),
        params=params,
        seed=seed,
        workers=workers,
        trust=trust,
        progress=progress,
        clock=clock,
        signer=signer,
        command=f"hauberk attack evade --rows {effort['rows']} --queries {effort['queries']}" + _seed(seed),
    )


def _seed(seed: int | None) -> str:
    return "" if seed is None else f" --seed {seed}"
