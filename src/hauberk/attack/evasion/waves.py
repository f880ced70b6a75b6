# SPDX-License-Identifier: Apache-2.0
"""An attack in waves of rows, so that somebody can watch it; what is found for a row does not depend on its wave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from hauberk.assess import Standing
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Rows
from hauberk.attack.evasion.result import Method, Result
from hauberk.core.measurement import Better, Measurement
from hauberk.stats.interval import quantile_interval

WAVE = 64
"""Rows of a wave: enough to keep batches full, few enough to see something happen."""


def in_waves(strike: Callable[[Rows], Result], n: int, tell: Callable[[Result], None]) -> Result:
    """Attack rows 0 to n - 1 wave by wave.

    Args:
        strike: attacks some rows.
        n: how many there are, at least 1.
        tell: told what was found so far, after each wave.
    """
    found: list[Result] = []
    for start in range(0, n, WAVE):
        found.append(strike(np.arange(start, min(start + WAVE, n))))
        tell(_together(found))
    return _together(found)


def standing(method: Method, found: Result, n: int, unit: str) -> Standing:
    """How an attack stands: rows done, share that evades so far, and the median cost of those.

    Args:
        method: what the attacker sees.
        found: what was found so far.
        n: rows in all.
        unit: of costs.
    """
    return Standing(part=method.value, done=found.rows.size, total=n, measurements=tuple(_so_far(method, found, unit)))


def _so_far(method: Method, found: Result, unit: str) -> Iterator[Measurement]:
    rate = Rate.of(int(found.evaded.sum()), found.rows.size)
    at = f"{method.value}, so far"
    yield Measurement(
        name="evasion_rate",
        value=rate.value,
        unit="rate",
        n=rate.n,
        low=rate.low,
        high=rate.high,
        better=Better.LOWER,
        at=at,
    )
    if rate.hits:
        middle, low, high = quantile_interval(found.cost[found.evaded])
        yield Measurement(
            name="median_cost", value=middle, unit=unit, n=rate.hits, low=low, high=high, better=Better.HIGHER, at=at
        )


def _together(parts: Sequence[Result]) -> Result:
    """One result of the rows of all parts, in their order."""
    if len(parts) == 1:
        return parts[0]

    return replace(
        parts[0],
        rows=np.concatenate([part.rows for part in parts]),
        cost=np.concatenate([part.cost for part in parts]),
        witness=np.concatenate([part.witness for part in parts]),
        queries=np.concatenate([part.queries for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        unknown=np.concatenate([part.unknown for part in parts]),
        lower=np.concatenate([part.lower for part in parts]),
        trouble=next((part.trouble for part in parts if part.trouble), ""),
    )
