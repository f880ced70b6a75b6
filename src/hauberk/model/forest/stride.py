# SPDX-License-Identifier: Apache-2.0
"""Many rows through plain trees at once: every row of a block takes the same number of steps, so that none has to branch.

A leaf leads to itself, so that a row that has arrived waits there. With unsigned places and no branch the compiler turns the
inner loop into vector instructions. Sums are made tree by tree for each row, as everywhere, so that they are the same to
the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import NAN_LEFT, Forest

FEWEST = 64
"""Rows from which on laying the nodes out for this pays."""

DEEPEST = 24
"""Mean depth of the trees up to which it pays that rows wait in leaves."""

BLOCK = 64
"""Rows that pass through one tree before the next."""

_compiled = cast("Callable[[Callable[..., Any]], Callable[..., Any]]", numba.njit(cache=True, nogil=True))
_u8 = np.uint64


def add_in_step(forest: Forest, rows: NDArray[Any], sums: NDArray[Any]) -> bool:
    """Add every tree's leaf values to sums, unless the trees are too deep or the rows too few for it to pay.

    Args:
        forest: on these rows, the threshold and the side of missing values alone decide.
        rows: what `Forest.prepare` returned, shape (n, width).
        sums: shape (n, outputs); changed in place.

    Returns:
        Whether it was done.
    """
    if len(rows) < FEWEST or not forest.trees:
        return False
    depth = _depths(forest.roots, forest.child)
    if float(depth.mean()) > DEEPEST:
        return False
    leaf = forest.child < 0
    onward = np.where(leaf, np.arange(len(leaf)), forest.child).astype(np.uint32)
    threshold = np.where(leaf, np.inf, forest.threshold)
    nodes = (onward, np.where(leaf, 0, forest.feature).astype(np.uint32), _in_precision(threshold, rows))
    ends = np.where(leaf, -1 - forest.child, 0).astype(np.uint32)
    trees = (forest.roots, forest.slots, depth)
    if np.isnan(rows).any():
        _add_gapped(rows, trees, nodes, ((forest.flags & NAN_LEFT) == 0) & ~leaf, (ends, forest.values), sums)
    else:
        _add_whole(rows, trees, nodes, (ends, forest.values), sums)
    return True


def _in_precision(threshold: NDArray[np.float64], rows: NDArray[Any]) -> NDArray[Any]:
    """Thresholds in the rows' precision, rounded down: no single value lies between the two."""
    if rows.dtype != np.float32:
        return threshold
    with np.errstate(over="ignore", under="ignore"):
        near = threshold.astype(np.float32)
        return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


@_compiled
def _depths(roots: Any, child: Any) -> Any:
    """Depth of each tree; children lie behind their parents."""
    below = np.zeros(len(child), dtype=np.int64)
    deepest = np.zeros(len(roots), dtype=np.int64)
    for tree in range(len(roots)):
        end = roots[tree + 1] if tree + 1 < len(roots) else len(child)
        for node in range(roots[tree], end):
            deepest[tree] = max(deepest[tree], below[node])
            if child[node] >= 0:
                below[child[node]] = below[child[node] + 1] = below[node] + 1
    return deepest


@_compiled
def _put_all(at: Any, count: Any, begin: Any, slot: Any, leaves: Any, sums: Any) -> None:
    ends, values = leaves
    for row in range(count):
        leaf = _u8(ends[at[row]])
        for output in range(values.shape[1]):
            sums[begin + row, slot + output] += values[leaf, output]


@_compiled
def _down_whole(at: Any, rows: Any, begin: Any, count: Any, nodes: Any) -> None:
    onward, feature, threshold = nodes
    for row in range(count):
        node = at[row]
        x = rows[begin + row, _u8(feature[node])]
        at[row] = _u8(onward[node]) + _u8(x > threshold[node])


@_compiled
def _down_gapped(at: Any, rows: Any, begin: Any, count: Any, nodes: Any, gap_right: Any) -> None:
    onward, feature, threshold = nodes
    for row in range(count):
        node = at[row]
        x = rows[begin + row, _u8(feature[node])]
        right = (x > threshold[node]) | (math.isnan(x) & gap_right[node])
        at[row] = _u8(onward[node]) + _u8(right)


@_compiled
def _add_whole(rows: Any, trees: Any, nodes: Any, leaves: Any, sums: Any) -> None:
    roots, slots, depth = trees
    at = np.empty(BLOCK, np.uint64)
    total = _u8(len(rows))
    for begin in range(_u8(0), total, _u8(BLOCK)):
        count = min(_u8(BLOCK), total - begin)
        for tree in range(len(roots)):
            at[:] = _u8(roots[tree])
            for _ in range(depth[tree]):
                _down_whole(at, rows, begin, count, nodes)
            _put_all(at, count, begin, slots[tree], leaves, sums)


@_compiled
def _add_gapped(rows: Any, trees: Any, nodes: Any, gap_right: Any, leaves: Any, sums: Any) -> None:
    roots, slots, depth = trees
    at = np.empty(BLOCK, np.uint64)
    total = _u8(len(rows))
    for begin in range(_u8(0), total, _u8(BLOCK)):
        count = min(_u8(BLOCK), total - begin)
        for tree in range(len(roots)):
            at[:] = _u8(roots[tree])
            for _ in range(depth[tree]):
                _down_gapped(at, rows, begin, count, nodes, gap_right)
            _put_all(at, count, begin, slots[tree], leaves, sums)
