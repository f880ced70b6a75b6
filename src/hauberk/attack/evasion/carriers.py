# SPDX-License-Identifier: Apache-2.0
"""Which columns carry the evasions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.board import differs
from hauberk.attack.evasion.ladder import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One column's part.

    Attributes:
        column: its name.
        uses: share of the evasions that change it.
        alone: share of the evasions that change it and nothing else, apart from what the domain derives from it.
    """

    column: str
    uses: Rate
    alone: Rate


def carriers(found: Assessment) -> list[Carrier]:
    """The columns that the cheapest evasions change directly, most used first; empty without an evasion."""
    places = np.flatnonzero(found.evaded)
    if places.size == 0:
        return []
    ground, problem = found.cases.problem.ground, found.cases.problem
    changed = differs(found.result.witness[places], problem.origin[places]) & ground.mutable[None, :]
    single = changed.sum(axis=1) == 1
    parts = [
        Carrier(
            column=name,
            uses=Rate.of(int(changed[:, j].sum()), places.size),
            alone=Rate.of(int((changed[:, j] & single).sum()), places.size),
        )
        for j, name in enumerate(found.cases.names)
        if changed[:, j].any()
    ]
    return sorted(parts, key=lambda part: (-part.uses.hits, -part.alone.hits, part.column))
