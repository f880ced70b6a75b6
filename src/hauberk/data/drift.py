# SPDX-License-Identifier: Apache-2.0
"""How far a column has moved, from the histograms of then and now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hauberk.core.evidence import Cell
from hauberk.data.numeric import Shape
from hauberk.stats import ks_distance, ks_margin, rung_quantile, total_variation, variation_margin

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Shift:
    """The largest of the differences between two columns.

    Attributes:
        kind: `shape` or `gaps`.
        says: name of the distance.
        distance: 0 to 1.
        margin: how far sampling error can carry it at 95 %.
        n: rows of the reference.
        m: rows now.
        quantiles: quantile, then, now; for numbers alone.
    """

    kind: str
    says: str
    distance: float
    margin: float
    n: int
    m: int
    quantiles: tuple[tuple[Cell, ...], ...] = ()

    @property
    def certain(self) -> float:
        """The distance less its margin, at least 0."""
        return max(self.distance - self.margin, 0.0)


def shift_between(then: Shape, now: Shape) -> Shift | None:
    """The difference that is most certain; None where one of the two has no value at all.

    Args:
        then: shape of the column in the reference.
        now: shape of the same column, of the same kind.
    """
    gaps = _gap_shift(then, now)
    if not then.n or not now.n:
        return gaps if then.n != now.n else None
    shape = _numeric_shift(then, now) if then.numeric else _text_shift(then, now)
    return gaps if gaps.certain > shape.certain else shape


def _gap_shift(then: Shape, now: Shape) -> Shift:
    n, m = then.n + then.nulls + then.odd, now.n + now.nulls + now.odd
    distance = abs((then.nulls + then.odd) / n - (now.nulls + now.odd) / m)
    return Shift("gaps", "difference of the shares of gaps", distance, ks_margin(n, m), n, m)


def _numeric_shift(then: Shape, now: Shape) -> Shift:
    quantiles = tuple((f"{q:.0%}", rung_quantile(then.counts, q), rung_quantile(now.counts, q)) for q in _QUANTILES)
    distance = ks_distance(then.counts, now.counts)
    return Shift("shape", "Kolmogorov distance", distance, ks_margin(then.n, now.n), then.n, now.n, quantiles)


def _text_shift(then: Shape, now: Shape) -> Shift:
    filled = int(np.count_nonzero(then.counts + now.counts))
    margin = variation_margin(then.n, now.n, filled)
    return Shift("shape", "total variation", total_variation(then.counts, now.counts), margin, then.n, now.n)
