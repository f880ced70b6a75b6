# SPDX-License-Identifier: Apache-2.0
"""The best robust split of the rows that can reach a node. Compiled when first called; one thread.

The loss is sum of weight * exp(-sign * value) at the worst leaf that each row can reach. Say the left value is not above
the right one: a row of the event that can choose then suffers most on the left, one of the other class on the right.
So the events are counted where they go when lowered most, the others where they go when raised most, and both values
have closed forms: with A the weight of events on a side and B that of the others, the value is log(A / B) / 2 and the
loss 2 * sqrt(A * B). The other order of the values swaps the two counts. The loss is convex in both values, so an
order whose two values keep it is the optimum, and none keeping it means that the split gains nothing.
Source: Andriushchenko and Hein, NeurIPS 2019, section 4, which solves for the values by coordinate descent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np

compiled = cast("Callable[[Callable[..., Any]], Callable[..., Any]]", numba.njit(cache=True, nogil=True))
"""How kernels of this folder are compiled."""

_MISSING = 65535


@compiled
def best_split(codes: Any, counts: Any, node: Any, facts: Any, limits: Any) -> Any:
    """Find the split that lowers the robust loss most.

    Args:
        codes: `Bins.low` and `Bins.high`.
        counts: thresholds of each column; 0 leaves a column out.
        node: the rows that can reach the node, int32.
        facts: each row's sign and weight, shape (n,) each.
        limits: the least number of rows that can reach each side, and the weight that each leaf gets of either class.

    Returns:
        Loss after the split (of the whole node, with what `limits` adds), column (-1 if no split gains anything),
        threshold index, and 1.0 if missing values go left.
    """
    low, high = codes
    best = np.array([math.inf, -1.0, 0.0, 0.0])
    total = np.zeros(3)
    most = 0
    for column in range(len(counts)):
        most = max(most, counts[column])
    # for each threshold: weight of events, weight of others, rows; those that can go left from it, those that must
    can, must = np.zeros((most + 1, 3)), np.zeros((most + 1, 3))
    _sum(node, facts, total)
    for column in range(len(counts)):
        if counts[column] > 0:
            can[: counts[column] + 1] = 0.0
            must[: counts[column] + 1] = 0.0
            missing = _count(low[column], high[column], node, facts, can, must)
            _scan((can, must), (total - missing, missing), (column, counts[column]), limits, best)
    return best


@compiled
def _sum(node: Any, facts: Any, total: Any) -> None:
    sign, weight = facts
    for row in node:
        total[0 if sign[row] > 0 else 1] += weight[row]
        total[2] += 1.0


@compiled
def _count(low: Any, high: Any, node: Any, facts: Any, can: Any, must: Any) -> Any:
    sign, weight = facts
    missing = np.zeros(3)
    for row in node:
        side = 0 if sign[row] > 0 else 1
        if low[row] == _MISSING:
            missing[side] += weight[row]
            missing[2] += 1.0
        else:
            can[low[row], side] += weight[row]
            can[low[row], 2] += 1.0
            must[high[row], side] += weight[row]
            must[high[row], 2] += 1.0
    return missing


@compiled
def _scan(counted: Any, sums: Any, place: Any, limits: Any, best: Any) -> None:
    can, must = counted
    column, count = place
    can_left, must_left, none = np.zeros(3), np.zeros(3), np.zeros(3)
    for index in range(count):
        if index == 0 or can[index, 2] > 0.0 or must[index, 2] > 0.0:
            can_left += can[index]
            must_left += must[index]
            _offer((can_left, must_left), sums, none, (column, index), limits, best)


@compiled
def _offer(lefts: Any, sums: Any, none: Any, place: Any, limits: Any, best: Any) -> None:
    """Keep a threshold if it is better than the best so far, with missing values on either side."""
    can, must = lefts
    known, missing = sums
    least, extra = limits
    for way in range(2 if missing[2] > 0.0 else 1):
        left, right = (missing, none) if way == 1 else (none, missing)
        if can[2] + left[2] < least or known[2] - must[2] + right[2] < least:
            continue
        loss = _loss(can, must, known, (left, right), extra)
        if loss < best[0] * (1.0 - 1e-12) or (best[1] < 0.0 and loss < best[0]):
            best[0], best[1], best[2], best[3] = loss, place[0], place[1], way


@compiled
def _loss(can: Any, must: Any, known: Any, sides: Any, extra: Any) -> Any:
    """The least loss of one threshold, infinite where either order of the values contradicts itself."""
    left, right = sides
    # events where they go when lowered, others where they go when raised: left value not above right value
    a, b = can[0] + left[0] + extra, must[1] + left[1] + extra
    c, d = max(known[0] - can[0], 0.0) + right[0] + extra, max(known[1] - must[1], 0.0) + right[1] + extra
    loss = math.inf
    if a * d < c * b:
        loss = 2.0 * (math.sqrt(a * b) + math.sqrt(c * d))
    a, b = must[0] + left[0] + extra, can[1] + left[1] + extra
    c, d = max(known[0] - must[0], 0.0) + right[0] + extra, max(known[1] - can[1], 0.0) + right[1] + extra
    if a * d > c * b:
        loss = min(loss, 2.0 * (math.sqrt(a * b) + math.sqrt(c * d)))
    return loss


@compiled
def divide(low: Any, high: Any, node: Any, index: Any, missing_left: Any) -> Any:
    """Return the rows of a node that can go left and those that can go right, in order, int32."""
    left, right = np.empty(len(node), dtype=np.int32), np.empty(len(node), dtype=np.int32)
    lefts, rights = 0, 0
    for row in node:
        missing = low[row] == _MISSING
        if (missing and missing_left) or (not missing and low[row] <= index):
            left[lefts] = row
            lefts += 1
        if (missing and not missing_left) or (not missing and high[row] > index):
            right[rights] = row
            rights += 1
    return left[:lefts].copy(), right[:rights].copy()
