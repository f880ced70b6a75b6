# SPDX-License-Identifier: Apache-2.0
"""Rows through trees. Compiled when first called and kept on disk; one thread, without the interpreter's lock.

Rows go in blocks, so that a tree stays in the processor's nearest cache while a block passes through it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import CATEGORY, NAN_IS_ZERO, NAN_LEFT, TRUNCATES, ZERO_IS_MISSING, Forest
from hauberk.model.forest.stride import add_in_step

BLOCK = 128
"""Rows that pass through one tree before the next."""

BEYOND = 16777216.0
"""Codes from here on are no categories: float32 cannot tell them apart."""

_compiled = cast("Callable[[Callable[..., Any]], Callable[..., Any]]", numba.njit(cache=True, nogil=True))


def add_margins(forest: Forest, rows: NDArray[Any], sums: NDArray[Any]) -> None:
    """Add every tree's leaf values to sums.

    Args:
        forest: the trees.
        rows: what `Forest.prepare` returned, shape (n, width).
        sums: shape (n, outputs), of the type of the leaf values; changed in place.
    """
    trees = (forest.roots, forest.slots)
    if _plain(forest, rows):
        if not add_in_step(forest, rows, sums):
            _add_plain(rows, trees, _nodes(forest), forest.values, sums)
    else:
        sets = (forest.first_word, forest.word_count, forest.words)
        _add_any(rows, trees, _nodes(forest), sets, forest.values, sums)


def leaves_of(forest: Forest, rows: NDArray[Any]) -> NDArray[np.int32]:
    """Return the leaf (row of `values`) in which each row of `prepare` ends in each tree, shape (n, trees)."""
    out = np.empty((len(rows), forest.trees), dtype=np.int32)
    _find_leaves(rows, forest.roots, _nodes(forest), (forest.first_word, forest.word_count, forest.words), out)
    return out


def count_visits(forest: Forest, rows: NDArray[Any]) -> int:
    """Return how many nodes, leaves included, the rows visit."""
    sets = (forest.first_word, forest.word_count, forest.words)
    return int(_count(rows, forest.roots, _nodes(forest), sets))


def _plain(forest: Forest, rows: NDArray[Any]) -> bool:
    """Whether nothing but the threshold and the side of missing values decides on these rows."""
    used = int(np.bitwise_or.reduce(forest.flags, initial=0))
    if used & ~(NAN_LEFT | NAN_IS_ZERO):
        return False
    return not used & NAN_IS_ZERO or not bool(np.isnan(rows).any())


def _nodes(forest: Forest) -> tuple[NDArray[Any], ...]:
    return forest.feature, forest.threshold, forest.child, forest.flags


@_compiled
def _in_set(x: Any, flags: Any, words: Any) -> Any:
    if x < 0.0 and not (flags & TRUNCATES and x > -1.0):
        return False
    if x >= BEYOND:
        return False
    code = int(x)
    return code >> 5 < len(words) and (words[code >> 5] >> np.uint32(code & 31)) & np.uint32(1) == np.uint32(1)


@_compiled
def _step(x: Any, threshold: Any, flags: Any, words: Any) -> Any:
    """0 to go left, 1 to go right."""
    missing = math.isnan(x)
    if missing and flags & NAN_IS_ZERO:
        missing = (flags & ZERO_IS_MISSING) != 0
        x = 0.0
    elif flags & ZERO_IS_MISSING and x == 0.0:
        missing = True
    if missing:
        return 0 if flags & NAN_LEFT else 1
    if flags & CATEGORY:
        return 0 if _in_set(x, flags, words) else 1
    return 0 if x <= threshold else 1


@_compiled
def _leaf(row: Any, node: Any, nodes: Any, sets: Any) -> Any:
    feature, threshold, child, flags = nodes
    first, count, words = sets
    after = child[node]
    while after >= 0:
        begin = first[node]
        members = words[begin : begin + count[node]]
        node = after + _step(np.float64(row[feature[node]]), threshold[node], flags[node], members)
        after = child[node]
    return -1 - after


@_compiled
def _plain_leaf(row: Any, node: Any, nodes: Any) -> Any:
    feature, threshold, child, flags = nodes
    after = child[node]
    while after >= 0:
        x = row[feature[node]]
        # without a branch, since which side a row takes cannot be foreseen
        right = (x > threshold[node]) | (math.isnan(x) & (flags[node] == 0))
        node = after + np.int32(right)
        after = child[node]
    return -1 - after


@_compiled
def _put(sums: Any, slot: Any, values: Any) -> None:
    for output in range(len(values)):
        sums[slot + output] += values[output]


@_compiled
def _add_any(rows: Any, trees: Any, nodes: Any, sets: Any, values: Any, sums: Any) -> None:
    roots, slots = trees
    for begin in range(0, len(rows), BLOCK):
        for tree in range(len(roots)):
            for row in range(begin, min(begin + BLOCK, len(rows))):
                _put(sums[row], slots[tree], values[_leaf(rows[row], roots[tree], nodes, sets)])


@_compiled
def _add_plain(rows: Any, trees: Any, nodes: Any, values: Any, sums: Any) -> None:
    roots, slots = trees
    for begin in range(0, len(rows), BLOCK):
        for tree in range(len(roots)):
            for row in range(begin, min(begin + BLOCK, len(rows))):
                _put(sums[row], slots[tree], values[_plain_leaf(rows[row], roots[tree], nodes)])


@_compiled
def _find_leaves(rows: Any, roots: Any, nodes: Any, sets: Any, out: Any) -> None:
    for row in range(len(rows)):
        for tree in range(len(roots)):
            out[row, tree] = _leaf(rows[row], roots[tree], nodes, sets)


@_compiled
def _count(rows: Any, roots: Any, nodes: Any, sets: Any) -> Any:
    feature, threshold, child, flags = nodes
    first, count, words = sets
    visits = 0
    for row in range(len(rows)):
        for tree in range(len(roots)):
            node = roots[tree]
            visits += 1
            while child[node] >= 0:
                begin = first[node]
                members = words[begin : begin + count[node]]
                step = _step(np.float64(rows[row, feature[node]]), threshold[node], flags[node], members)
                node = child[node] + step
                visits += 1
    return visits
