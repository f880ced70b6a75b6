# SPDX-License-Identifier: Apache-2.0
"""Candidate thresholds, and for each value the first of them that lets it go left when lowered and when raised most.

A threshold lies between two neighbouring ends of boxes: all thresholds between the same two treat every row alike. Ends
and thresholds are float32. Rounding keeps the order of numbers, so whatever is in a box before rounding is in it after,
and what is computed on boxes here holds for a predictor that rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.harden.boost.request import TINY, Rows

MISSING = np.uint16(65535)
"""The code of a missing value."""

MOST = 60_000
"""More candidate thresholds than this do not fit the codes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """Rows as the split search sees them; each array has one line a column.

    Attributes:
        thresholds: candidate thresholds of each column, ascending, float32.
        low: for each value, the index of the first threshold that it can be brought to or under, shape (k, n), uint16;
            the number of thresholds where there is none, `MISSING` where the value is missing.
        high: the index of the first threshold that it is under wherever it is moved, likewise.
    """

    thresholds: tuple[NDArray[np.float32], ...]
    low: NDArray[np.uint16]
    high: NDArray[np.uint16]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many thresholds each column has, shape (k,)."""
        return np.array([len(each) for each in self.thresholds], dtype=np.int64)


def bins_of(rows: Rows, most: int) -> Bins:
    """Choose at most `most` thresholds a column, evenly over the ends of its boxes, and code every box by them."""
    n, k = rows.x.shape
    low, high = np.full((k, n), MISSING, dtype=np.uint16), np.full((k, n), MISSING, dtype=np.uint16)
    thresholds: list[NDArray[np.float32]] = []
    for column in range(k):
        known = ~np.isnan(rows.x[:, column])
        with np.errstate(over="ignore", under="ignore"):
            ends = np.stack([rows.low[known, column], rows.high[known, column]]).astype(np.float32)
        cuts = _cuts(ends.ravel(), min(most, MOST))
        thresholds.append(cuts)
        low[column, known] = np.searchsorted(cuts, ends[0], side="left")
        high[column, known] = np.searchsorted(cuts, ends[1], side="left")
    return Bins(thresholds=tuple(thresholds), low=low, high=high)


def _cuts(ends: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    values, counts = np.unique(ends[np.isfinite(ends)], return_counts=True)
    below, above = values[:-1], values[1:]
    middle = below.astype(np.float64) + (above.astype(np.float64) - below) / 2
    cut = np.where(np.abs(middle) <= TINY, 0.0, middle).astype(np.float32)
    # between neighbours the middle rounds to one of them
    cut = np.where(cut >= above, below, cut)
    apart = (cut >= below) & (cut < above)
    if apart.sum() > most:
        rank = np.cumsum(counts)[: len(apart)]
        shares = np.arange(1, most + 1) * (float(rank[-1]) / (most + 1))
        wanted = np.searchsorted(rank[apart], shares)
        return np.asarray(cut[apart][np.unique(np.minimum(wanted, int(apart.sum()) - 1))], dtype=np.float32)
    return np.asarray(cut[apart], dtype=np.float32)
