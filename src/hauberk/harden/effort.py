# SPDX-License-Identifier: Apache-2.0
"""How much work hardening may do, in counts that do not depend on the machine."""

from __future__ import annotations

from dataclasses import dataclass

from hauberk.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Counts of work.

    Attributes:
        rounds: rounds of adversarial retraining.
        trained_on: records attacked in each of them.
        training_queries: questions for each of those.
        neighbours: valid neighbours added for each event.
        chosen_on: caught events attacked to choose between candidates.
        choosing_queries: questions for each of those.
        reported_on: caught events attacked for the report.
        reporting_queries: questions for each of those.
        visits: leaves looked at for each of those by the attacker who holds the trees.
        fits: models that a strategy may train to choose its constraints.
    """

    rounds: int
    trained_on: int
    training_queries: int
    neighbours: int
    chosen_on: int
    choosing_queries: int
    reported_on: int
    reporting_queries: int
    visits: int
    fits: int


PRESETS = {
    "quick": Effort(
        rounds=2, trained_on=500, training_queries=150, neighbours=2, chosen_on=100, choosing_queries=250,
        reported_on=200, reporting_queries=400, visits=5_000, fits=8,
    ),
    "standard": Effort(
        rounds=4, trained_on=1200, training_queries=300, neighbours=3, chosen_on=200, choosing_queries=500,
        reported_on=400, reporting_queries=1000, visits=20_000, fits=16,
    ),
    "thorough": Effort(
        rounds=6, trained_on=3000, training_queries=600, neighbours=4, chosen_on=400, choosing_queries=1000,
        reported_on=1000, reporting_queries=3000, visits=100_000, fits=40,
    ),
}  # fmt: skip
"""Efforts by name."""


def effort_of(name: str) -> Effort:
    """The effort of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"there is no preset {name!r}", next_step=f"choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
