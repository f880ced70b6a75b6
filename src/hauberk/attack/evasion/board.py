# SPDX-License-Identifier: Apache-2.0
"""What a search knows of each row: its cheapest evasion, its nearest miss, and two small pools to breed from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.mixing import row_keys
from hauberk.attack.evasion.oracle import rank_within
from hauberk.attack.evasion.problem import Flags, Matrix, Rows

HIT, MISS, EMPTY = 0, 1, 2
"""What stands in a place of the pool."""

PLACES = 12
"""Places for hits, and as many for misses."""

_PRICE_WEIGHT = 0.5
"""What a miss as dear as the cheapest evasion is worth, against one as badly caught as the record itself."""


def differs(points: Matrix, origin: Matrix) -> Flags:
    """Which coordinates changed; two missing values are the same value."""
    changed: Flags = (points != origin) & ~(np.isnan(points) & np.isnan(origin))
    return changed


@dataclass(slots=True, kw_only=True)
class Board:
    """The standing of every row, in arrays over all n rows.

    Attributes:
        origin: where each row starts, shape (n, k).
        start: margin of each row's start, set when it was asked.
        best: cheapest evasion, shape (n, k); meaningless where `cost` is infinite.
        cost: its price; infinite while there is none.
        pool: hits by price in the first `PLACES`, then misses by a mixture of margin and price, shape (n, 2 PLACES, k).
        kind: what stands in each place, shape (n, 2 PLACES).
        margin: its margin.
        price: its price.
        pooled: whether pools are kept at all; a search that keeps its own account of what works needs none.
    """

    origin: Matrix
    pooled: bool = True
    start: NDArray[np.float64] = field(init=False)
    best: Matrix = field(init=False)
    cost: NDArray[np.float64] = field(init=False)
    pool: Matrix = field(init=False)
    kind: NDArray[np.int64] = field(init=False)
    margin: NDArray[np.float64] = field(init=False)
    price: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        n = self.origin.shape[0]
        self.best = self.origin.copy()
        self.start = np.ones(n)
        self.cost = np.full(n, np.inf)
        places = 2 * PLACES * self.pooled
        self.pool = np.repeat(self.origin[:, None, :], places, axis=1)
        self.kind = np.full((n, places), EMPTY, dtype=np.int64)
        self.margin = np.full((n, places), np.inf)
        self.price = np.full((n, places), np.inf)

    def evaded(self, rows: Rows) -> Flags:
        """Which of these rows have an evasion."""
        return np.isfinite(self.cost[rows])

    def filled(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """How many hits or misses the pools of these rows hold."""
        return np.asarray((self.kind[rows] == kind).sum(axis=1), dtype=np.int64)

    def update(self, rows: Rows, points: Matrix, margins: NDArray[np.float64], prices: NDArray[np.float64]) -> None:
        """Take in answers.

        Args:
            rows: whose candidate each is, shape (m,).
            points: the candidates, shape (m, k).
            margins: the answers; NaN for a question that was not asked, which is left out.
            prices: what each candidate costs.
        """
        asked = np.flatnonzero(~np.isnan(margins))
        if asked.size == 0:
            return
        rows, points, margins, prices = rows[asked], points[asked], margins[asked], prices[asked]
        hits = np.flatnonzero(margins < 0)
        if not self.pooled:
            self._keep(rows[hits], points[hits], prices[hits])
            return
        who = np.unique(rows)
        np.minimum.at(self.cost, rows[hits], prices[hits])
        self._fill(who, rows, points, margins, prices)
        lead = who[self.kind[who, 0] == HIT]
        self.best[lead] = self.pool[lead, 0]

    def _keep(self, rows: Rows, points: Matrix, prices: NDArray[np.float64]) -> None:
        """The cheapest hit of each row, the first of equals."""
        order = np.lexsort((prices, rows))
        order = order[rank_within(rows[order]) == 0]
        order = order[prices[order] < self.cost[rows[order]]]
        self.cost[rows[order]] = prices[order]
        self.best[rows[order]] = points[order]

    def _fill(
        self, who: Rows, rows: Rows, points: Matrix, margins: NDArray[np.float64], prices: NDArray[np.float64]
    ) -> None:
        old = self.kind[who] != EMPTY
        rows = np.concatenate([np.repeat(who, old.sum(axis=1)), rows])
        points = np.concatenate([self.pool[who][old], points])
        margins = np.concatenate([self.margin[who][old], margins])
        prices = np.concatenate([self.price[who][old], prices])
        kind = np.where(margins < 0, HIT, np.where(prices < self.cost[rows], MISS, EMPTY))
        worth = np.where(kind == HIT, prices, self._merit(rows, margins, prices))
        names = row_keys(points)
        order = np.lexsort((names, worth, kind, rows))
        again = np.zeros(order.size, dtype=np.bool_)
        again[1:] = (rows[order][1:] == rows[order][:-1]) & (names[order][1:] == names[order][:-1])
        order = order[~again & (kind[order] != EMPTY)]
        place = rank_within(2 * rows[order] + kind[order])
        order, place = order[place < PLACES], place[place < PLACES]
        place = place + PLACES * (kind[order] == MISS)
        self.kind[who] = EMPTY
        self.kind[rows[order], place] = kind[order]
        self.margin[rows[order], place] = margins[order]
        self.price[rows[order], place] = prices[order]
        self.pool[rows[order], place] = points[order]

    def _merit(self, rows: Rows, margins: NDArray[np.float64], prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Small for misses that are nearly through and cheap beside the evasion at hand."""
        ceiling = np.where(np.isfinite(self.cost[rows]), np.maximum(self.cost[rows], 1e-12), np.inf)
        return margins / np.maximum(self.start[rows], 1e-9) + _PRICE_WEIGHT * prices / ceiling
