# SPDX-License-Identifier: Apache-2.0
"""Rates by cost: what share of the cases gets through for how much, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.stats.interval import rate_interval

_STEPS = (1.0, 2.0, 5.0)
_RUNGS = 8
"""Levels above 0 that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its exact interval.

    Attributes:
        hits: how many.
        n: of how many.
        low: lower end at 95 %.
        high: upper end.
    """

    hits: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, n: int) -> Rate:
        """Count and interval."""
        low, high = rate_interval(hits, n)
        return cls(hits=hits, n=n, low=low, high=high)

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.n


def rungs(costs: NDArray[np.float64]) -> tuple[float, ...]:
    """Round cost levels: 0, and 1-2-5 steps up to the one that covers the dearest evasion.

    Args:
        costs: prices of the evasions found, none infinite.

    Example:
        >>> rungs(np.array([0.0, 3.0, 170.0]))
        (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
        >>> rungs(np.array([0.0]))
        (0.0,)
    """
    top = float(costs.max(initial=0.0))
    if top <= 0.0:
        return (0.0,)
    power = math.floor(math.log10(top)) - 3
    ladder = [step * 10.0**exponent for exponent in range(power, power + 5) for step in _STEPS]
    last = next(place for place, rung in enumerate(ladder) if rung >= top * (1.0 - 1e-12))
    return (0.0, *ladder[max(last + 1 - _RUNGS, 0) : last + 1])


def named_rungs(text: str) -> tuple[float, ...]:
    """Cost levels as a person wrote them, such as `0, 100, 1000`, in ascending order.

    Raises:
        ValueError: something that is not a number from 0 up.

    Example:
        >>> named_rungs("1000, 0,50")
        (0.0, 50.0, 1000.0)
    """
    levels = sorted({float(part) for part in text.split(",") if part.strip()})
    if not all(math.isfinite(level) and level >= 0.0 for level in levels):
        raise ValueError("cost levels are numbers from 0 up")
    return tuple(levels)


def rates_by_cost(costs: NDArray[np.float64], levels: Sequence[float]) -> list[Rate]:
    """Share of cases with an evasion at each cost or below; `costs` is infinite where none was found."""
    return [Rate.of(int((costs <= level).sum()), costs.size) for level in levels]
