# SPDX-License-Identifier: Apache-2.0
"""The values of a tree's leaves, fitted together to the robust loss, and leaves that are not worth having.

A row suffers at the worst leaf that it can reach, so the loss is convex in all values, and in one value alone it is
minimal where an exact sweep over the values of the other leaves says. Going round the leaves lowers the loss each time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.harden.boost.split import compiled

SWEEPS = 8
"""How often the leaves are gone round, at most."""


@compiled
def reach_of(rows: Any, leaves: Any, n: Any) -> Any:
    """Turn pairs of row and leaf into each row's leaves: where they start, shape (n + 1,), and the leaves in a line."""
    start = np.zeros(n + 1, dtype=np.int64)
    for row in rows:
        start[row + 1] += 1
    start = np.cumsum(start)
    at, line = start.copy(), np.empty(len(rows), dtype=np.int32)
    for place in range(len(rows)):
        line[at[rows[place]]] = leaves[place]
        at[rows[place]] += 1
    return start, line


@compiled
def worst_of(reach: Any, sign: Any, values: Any) -> Any:
    """The least of sign * value over the leaves that each row can reach, shape (n,)."""
    start, line = reach
    worst = np.full(len(sign), math.inf)
    for row in range(len(sign)):
        for place in range(start[row], start[row + 1]):
            worst[row] = min(worst[row], sign[row] * values[line[place]])
    return worst


@compiled
def rest_of(rows: Any, pair: Any, reach: Any, sign: Any, values: Any) -> Any:
    """The least of sign * value over the leaves that the given rows can reach beside a pair of leaves."""
    start, line = reach
    rest = np.full(len(rows), math.inf)
    for place in range(len(rows)):
        row = rows[place]
        for entry in range(start[row], start[row + 1]):
            leaf = line[entry]
            if leaf != pair[0] and leaf != pair[1]:
                rest[place] = min(rest[place], sign[row] * values[leaf])
    return rest


@compiled
def best_value(rows: Any, rest: Any, facts: Any, extra: Any) -> Any:
    """The value of one leaf at which the loss of the rows that reach it is least, the other leaves being as they are."""
    sign, weight = facts
    events, others = extra, extra
    points, gives = np.empty(len(rows)), np.empty(len(rows))
    count = 0
    for place in range(len(rows)):
        row = rows[place]
        if sign[row] > 0:
            events += weight[row]
        elif rest[place] == math.inf:
            others += weight[row]
        if rest[place] < math.inf:
            points[count], gives[count] = sign[row] * rest[place], sign[row] * weight[row]
            count += 1
    before = -math.inf
    for place in np.argsort(points[:count], kind="mergesort"):
        value = 0.5 * math.log(max(events, extra) / others)
        if value <= points[place]:
            return max(value, before)
        before = points[place]
        # past the point an event suffers elsewhere, and a row of the other class suffers here
        if gives[place] > 0:
            events -= gives[place]
        else:
            others -= gives[place]
    return max(0.5 * math.log(max(events, extra) / others), before)


@compiled
def loss_at(rows: Any, rest: Any, facts: Any, value: Any, extra: Any) -> Any:
    """The loss of the rows that reach a leaf, and the leaf's own, if it has this value."""
    sign, weight = facts
    # what the leaf is given in thought costs nothing at 0, so that a leaf costs by its value alone
    loss = extra * (math.exp(value) + math.exp(-value) - 2.0)
    for place in range(len(rows)):
        row = rows[place]
        loss += weight[row] * math.exp(-min(rest[place], sign[row] * value))
    return loss


class Leaves:
    """The leaves of one tree while it is fitted.

    Args:
        rows: for each leaf, the rows that can reach it, int32; `None` once it was merged into another.
        facts: each row's sign and weight.
        extra: weight that each leaf gets of either class.
    """

    def __init__(self, rows: list[Any], facts: tuple[NDArray[np.float64], NDArray[np.float64]], extra: float) -> None:
        """See the class."""
        self.rows, self.facts, self.extra = rows, facts, extra
        self.values = np.zeros(len(rows))
        for leaf, each in enumerate(rows):
            self.values[leaf] = best_value(each, np.full(len(each), np.inf), facts, extra)
        self._index()

    def _index(self) -> None:
        used = [leaf for leaf, each in enumerate(self.rows) if each is not None]
        owner = np.repeat(np.array(used, dtype=np.int32), [len(self.rows[leaf]) for leaf in used])
        self.reach = reach_of(np.concatenate([self.rows[leaf] for leaf in used]), owner, len(self.facts[0]))

    def worst(self) -> NDArray[np.float64]:
        """The least of sign * value that each row can be brought to, shape (n,)."""
        return np.asarray(worst_of(self.reach, self.facts[0], self.values))

    def refit(self) -> None:
        """Go round the leaves until no value moves."""
        for _ in range(SWEEPS):
            moved = 0.0
            for leaf, rows in enumerate(self.rows):
                if rows is not None:
                    rest = rest_of(rows, (leaf, leaf), self.reach, self.facts[0], self.values)
                    value = best_value(rows, rest, self.facts, self.extra)
                    moved, self.values[leaf] = max(moved, abs(value - self.values[leaf])), value
            if moved < 1e-6:
                break

    def merge(self, keep: int, drop: int) -> bool:
        """Make one leaf of two siblings if the loss does not suffer, and say whether that was done."""
        rows = np.union1d(self.rows[keep], self.rows[drop])
        rest = rest_of(rows, (keep, drop), self.reach, self.facts[0], self.values)
        value = best_value(rows, rest, self.facts, self.extra)
        merged = loss_at(rows, rest, self.facts, value, self.extra)
        if merged > self._pair_loss(keep, drop, rows, rest) * (1 + 1e-9):
            return False
        self.rows[keep], self.rows[drop] = rows, None
        self.values[keep] = self.values[drop] = value
        self._index()
        return True

    def _pair_loss(self, keep: int, drop: int, rows: Any, rest: NDArray[np.float64]) -> float:
        sign, weight = self.facts
        worst = rest.copy()
        for leaf in (keep, drop):
            here = np.isin(rows, self.rows[leaf], assume_unique=True)
            worst[here] = np.minimum(worst[here], sign[rows[here]] * self.values[leaf])
        own = self.extra * sum(2 * float(np.cosh(self.values[leaf]) - 1) for leaf in (keep, drop))
        return own + float((weight[rows] * np.exp(-worst)).sum())
