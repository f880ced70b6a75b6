# SPDX-License-Identifier: Apache-2.0
"""What is kept of a run that was interrupted: how the checks stood that were under way. It is never a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hauberk.assess import Plan, Standing
from hauberk.core.outcome import Outcome, Status
from hauberk.report.numbers import quantity


def cut_short(plan: Plan, ended: Iterable[Outcome], standings: Iterable[Standing]) -> list[Outcome]:
    """One outcome, an error with what was measured so far, for each check that had told how it stood and did not end."""
    over = {outcome.check for outcome in ended}
    told: dict[str, list[Standing]] = {}
    for standing in standings:
        told.setdefault(standing.check, []).append(standing)
    return [
        replace(
            item.ended(Status.ERROR, f"interrupted: {'; '.join(map(_words, told[item.entry.id]))}"),
            measurements=tuple(one for standing in told[item.entry.id] for one in standing.measurements),
        )
        for item in plan.checks
        if item.entry.id in told and item.entry.id not in over
    ]


def told_of(run: str, standings: Iterable[Standing]) -> str:
    """What is said to the one who interrupted: how things stood, and where that is kept."""
    lines = [f"{standing.check} {_words(standing)}" for standing in standings]
    return "\n".join([*lines, f"kept as the aborted run {run}: hauberk report {run}"])


def _words(standing: Standing) -> str:
    figures = [f"{one.name.replace('_', ' ')} {quantity(one.value, one.unit)}" for one in standing.measurements]
    return ", ".join([f"by {standing.part} {standing.done} of {standing.total} records", *figures])
