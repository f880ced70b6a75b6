# SPDX-License-Identifier: Apache-2.0
"""What each row's margin can be brought to, bounded tree by tree: exact for one tree, sound for many.

Source: Andriushchenko and Hein, NeurIPS 2019, section 4 (the sum of each tree's worst leaf).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.harden.boost.split import compiled
from hauberk.model.forest.flat import CATEGORY, NAN_LEFT, ZERO_IS_MISSING, Forest

_DEEPEST = 4096


def worst_margins(
    forest: Forest, low: NDArray[np.float64], high: NDArray[np.float64], sign: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a lower bound of sign * margin over each row's box, shape (n,).

    Args:
        forest: trees of one output that test numbers.
        low: the least value that each can be given, shape (n, width); NaN where the value is missing and stays so.
        high: the greatest, likewise.
        sign: 1 where a low margin is feared, -1 where a high one is, shape (n,).

    Raises:
        UsageError: the forest has more than one output or tests sets of categories.
    """
    if forest.outputs != 1 or (forest.flags & (CATEGORY | ZERO_IS_MISSING)).any():
        raise UsageError(
            "the bound over boxes takes forests of one output that test numbers",
            where=forest.library,
            next_step="use the bounds of hauberk.attack.certify",
        )
    ends = forest.prepare(low), forest.prepare(high)
    nodes = forest.feature, forest.threshold, forest.child, forest.flags
    worst = np.asarray(_worst(ends, np.asarray(sign, dtype=np.float64), forest.roots, nodes, forest.values))
    return (worst + sign * float(forest.start[0])) / forest.divisor


@compiled
def _worst(ends: Any, sign: Any, roots: Any, nodes: Any, values: Any) -> Any:
    total = np.zeros(len(sign))
    stack = np.empty(_DEEPEST, dtype=np.int32)
    for row in range(len(sign)):
        for root in roots:
            box = ends[0][row], ends[1][row]
            total[row] += _worst_leaf(box, root, nodes, values, sign[row], stack)
    return total


@compiled
def _worst_leaf(box: Any, root: Any, nodes: Any, values: Any, sign: Any, stack: Any) -> Any:
    low, high = box
    feature, threshold, child, flags = nodes
    worst, top = math.inf, 1
    stack[0] = root
    while top > 0:
        top -= 1
        node = stack[top]
        after = child[node]
        if after < 0:
            worst = min(worst, sign * values[-1 - after, 0])
            continue
        column = feature[node]
        missing = math.isnan(low[column])
        if (missing and flags[node] & NAN_LEFT) or low[column] <= threshold[node]:
            stack[top] = after
            top += 1
        if (missing and not flags[node] & NAN_LEFT) or high[column] > threshold[node]:
            stack[top] = after + 1
            top += 1
    return worst
