# SPDX-License-Identifier: Apache-2.0
"""How far a proposed range reaches beyond the data it was learned from."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

SLACK = 0.05
"""How far it reaches at least, as a share of the data's span."""
_TAIL, _TAIL_OF = 9, 200
_HUGE = 1e300
"""Beyond it there is no room for slack in a double."""


def tails_of(sample: pl.Series) -> tuple[float, float]:
    """How far the ten smallest and the ten largest values reach: rows to come may lie as far beyond them again."""
    values = sample.drop_nulls().cast(pl.Float64).to_numpy()
    values = values[np.abs(values) <= _HUGE]
    if len(values) < _TAIL_OF:
        return 0.0, 0.0
    ordered = np.partition(values, (0, _TAIL, -1 - _TAIL, -1))
    return float(ordered[_TAIL] - ordered[0]), float(ordered[-1] - ordered[-1 - _TAIL])


def widen(
    low: float, high: float, step: float | None, *, tails: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float]:
    """A range with slack, rounded outwards to numbers that people would write; it does not cross zero.

    Args:
        low: smallest value.
        high: largest value.
        step: distance of neighbouring values, if there is one.
        tails: slack that each end gets at least.

    Example:
        >>> widen(3.0, 997.0, 1.0), widen(3.0, 997.0, 1.0, tails=(0.0, 400.0))
        ((0.0, 1050.0), (0.0, 1400.0))
    """
    span = high - low
    if max(abs(low), abs(high)) > _HUGE:
        return low, high
    below, above = (_reach(low, span, tail) for tail in tails)
    unit_below, unit_above = (max(_unit(reach), step or 0.0) for reach in (below, above))
    wide_low = math.floor((low - below) / unit_below) * unit_below
    wide_high = math.ceil((high + above) / unit_above) * unit_above
    wide_low = max(wide_low, 0.0) if low >= 0.0 else wide_low
    wide_high = min(wide_high, 0.0) if high <= 0.0 else wide_high
    return min(_rounded(wide_low, unit_below), low), max(_rounded(wide_high, unit_above), high)


def _reach(value: float, span: float, tail: float) -> float:
    return max(SLACK * span if span else abs(value) * SLACK, tail)


def _unit(reach: float) -> float:
    return float(10.0 ** math.floor(math.log10(reach))) if reach > 0.0 else 1.0


def _rounded(value: float, unit: float) -> float:
    return round(value, max(0, -math.floor(math.log10(unit))) if unit < 1.0 else 0)
