# SPDX-License-Identifier: Apache-2.0
"""Attack the project's model inside its domain: the evasion checks of a run, at a chosen effort."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hauberk.app.check import check
from hauberk.assess import Told
from hauberk.assess.standing import nobody
from hauberk.attack.evasion.actors import named_actors
from hauberk.attack.evasion.ladder import named_rungs
from hauberk.checks import index
from hauberk.core.entry import Entry
from hauberk.core.errors import UsageError
from hauberk.core.outcome import Param
from hauberk.core.ports import Clock, Progress
from hauberk.core.run import Run
from hauberk.registry.effort import EFFORT
from hauberk.seal import Signer

PRESETS: dict[str, dict[str, int]] = {
    "quick": {},
    "standard": {"rows": 3, "queries": 2, "visits": 2, "records": 2},
    "thorough": {"rows": 10, "queries": 2, "visits": 4, "records": 4},
}
"""By name of the effort: how many times its own each check spends; never less, since less is no evidence at the gate."""

TIMEOUTS = {"quick": None, "standard": 1800.0, "thorough": 7200.0}
"""Seconds for each check; None for what the project says."""

WAYS = {
    "scores": ("HB-E001", "HB-E004"),
    "labels": ("HB-E002", "HB-E003"),
    "trees": ("HB-E005",),
    "transfer": ("HB-E007",),
}
"""What the attacker works with, and the checks that attack in that way."""

ALWAYS = "HB-E006"
"""The self-check, without which no figure is worth anything."""


def evade(
    config: str | os.PathLike[str] = ".",
    *,
    preset: str = "quick",
    by: Sequence[str] = (),
    levels: str = "",
    actors: str = "",
    rows: int | None = None,
    queries: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    trust: tuple[str, ...] = (),
    progress: Progress | None = None,
    told: Told = nobody,
    clock: Clock | None = None,
    signer: Signer | None = None,
) -> Run:
    """Run the evasion checks, judge and record.

    Args:
        config: the project.
        preset: `quick`, `standard` or `thorough`: how much work each check does, see `PRESETS`.
        by: what the attacker works with, out of `scores`, `labels`, `trees` and `transfer`; all by default.
        levels: costs at which the share that gets through is told, such as `0, 10, 100`; round ones by default.
        actors: kinds of attackers, such as `applicant, merchant`; all by default.
        rows: caught records to attack; what the preset says by default.
        queries: questions to the model for each record; what the preset says by default.
        seed: master seed; what the project says by default.
        workers: processes; what the project says by default.
        trust: digests of model files that may be opened although their format can run code.
        progress: told how far it is.
        told: told how each attack stands.
        clock: where the time comes from.
        signer: key for checkpoint and decision; the user's own by default.

    Raises:
        UsageError: an unknown preset, way, level or kind of attacker.
        KeyboardInterrupt: after the run was recorded as aborted, with what the attacks had found by then.
    """
    select = _selected(preset, by, levels, actors)
    own = {"rows": rows, "queries": queries, "levels": levels or None, "actors": actors or None}
    params = {entry.id: _params(entry, preset, own) for entry in index() if entry.id.startswith("HB-E")}
    return check(
        config,
        select=select,
        params={name: given for name, given in params.items() if given},
        seed=seed,
        timeout_s=TIMEOUTS[preset],
        workers=workers,
        trust=trust,
        progress=progress,
        told=told,
        clock=clock,
        signer=signer,
        command=_command(preset, by, {**own, "seed": seed}),
    )


def _selected(preset: str, by: Sequence[str], levels: str, actors: str) -> tuple[str, ...]:
    """The checks to run; every word is refused before any work is done."""
    if preset not in PRESETS:
        raise UsageError(f"there is no preset {preset!r}", next_step=f"choose one of {', '.join(PRESETS)}")
    for way in by:
        if way not in WAYS:
            raise UsageError(f"there is no attack by {way!r}", next_step=f"choose some of {', '.join(WAYS)}")
    try:
        named_rungs(levels)
    except ValueError as error:
        raise UsageError(
            f"{levels!r} does not name cost levels", next_step="write them as in '0, 100, 1000'"
        ) from error
    named_actors(actors)
    if not by:
        return ("HB-E",)
    known = {entry.id for entry in index()}
    return tuple(sorted({name for way in by for name in WAYS[way] if name in known} | {ALWAYS}))


def _params(entry: Entry, preset: str, own: Mapping[str, Any]) -> dict[str, Param]:
    """The check's own effort times the preset's factor, and what was named in so many words."""
    scaled: dict[str, Param] = {
        name: int(value) * PRESETS[preset][name]
        for name, value in entry.params.items()
        if name in EFFORT & PRESETS[preset].keys() and isinstance(value, int)
    }
    return {**scaled, **{name: value for name, value in own.items() if value is not None and name in entry.params}}


def _command(preset: str, by: Sequence[str], given: Mapping[str, Any]) -> str:
    """The command line that repeats it."""
    words = ["hauberk attack evade", f"--preset {preset}", *(f"--by {way}" for way in by)]
    for name, value in given.items():
        if value is not None:
            words.extend(_option(name, value))
    return " ".join(words)


def _option(name: str, value: str | int) -> list[str]:
    """An option of the command line; kinds of attackers are named one by one."""
    if name == "actors":
        return [f"--actor {kind}" for kind in sorted(named_actors(str(value)))]
    return [f"--{name} {''.join(value.split())}" if isinstance(value, str) else f"--{name} {value}"]
