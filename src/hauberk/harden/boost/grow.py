# SPDX-License-Identifier: Apache-2.0
"""One tree of robust boosting: split from the root down, each node on all rows that can reach it, then settle the leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.harden.boost.bins import Bins
from hauberk.harden.boost.leaves import Leaves
from hauberk.harden.boost.split import best_split, divide
from hauberk.model.forest.flat import NAN_LEFT
from hauberk.model.forest.grow import Tree, stump


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a tree may look like.

    Attributes:
        depth: tests on the longest path, at least 1.
        least: rows that must be able to reach each leaf, at least 1.
        extra: weight that each leaf gets of either class, above 0: it draws values to 0 and makes leaves cost something.
    """

    depth: int
    least: int
    extra: float


@dataclass(slots=True)
class _Sketch:
    """A tree while it grows: inner nodes in order of birth, and leaves as the rows that can reach them."""

    feature: list[int] = field(default_factory=list[int])
    index: list[int] = field(default_factory=list[int])
    missing_left: list[bool] = field(default_factory=list[bool])
    sides: list[list[int]] = field(default_factory=list[list[int]])
    leaves: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])


def grow_tree(
    bins: Bins, facts: tuple[NDArray[np.float64], NDArray[np.float64]], shape: Shape, counts: NDArray[np.int64]
) -> tuple[Tree, NDArray[np.float64]]:
    """Fit one tree to weighted rows.

    Args:
        bins: the rows.
        facts: each row's sign and weight, shape (n,) each.
        shape: what the tree may look like.
        counts: `bins.counts`, with 0 for columns that this tree may not test.

    Returns:
        The tree, its leaf values in double precision, and the least of sign * value that each row can be brought to.
    """
    sketch = _Sketch()
    _sprout(sketch, bins, facts, shape, counts)
    leaves = Leaves(list(sketch.leaves), facts, shape.extra)
    leaves.refit()
    while _merge_siblings(sketch, leaves):
        leaves.refit()
    return _finished(sketch, leaves.values, bins), leaves.worst()


def _sprout(sketch: _Sketch, bins: Bins, facts: object, shape: Shape, counts: NDArray[np.int64]) -> None:
    everything = np.arange(bins.low.shape[1], dtype=np.int32)
    waiting: list[tuple[NDArray[np.int32], int, int, int]] = [(everything, 0, -1, 0)]
    while waiting:
        node, depth, parent, side = waiting.pop()
        split = (np.inf, -1.0, 0.0, 0.0)
        if depth < shape.depth and len(node) >= 2 * shape.least:
            split = best_split((bins.low, bins.high), counts, node, facts, (float(shape.least), shape.extra))
        if split[1] < 0:
            link = -1 - len(sketch.leaves)
            sketch.leaves.append(node)
        else:
            link, column, index = len(sketch.feature), int(split[1]), int(split[2])
            sketch.feature.append(column)
            sketch.index.append(index)
            sketch.missing_left.append(split[3] > 0)
            sketch.sides.append([0, 0])
            left, right = divide(bins.low[column], bins.high[column], node, index, split[3] > 0)
            waiting += [(right, depth + 1, link, 1), (left, depth + 1, link, 0)]
        if parent >= 0:
            sketch.sides[parent][side] = link


def _merge_siblings(sketch: _Sketch, leaves: Leaves) -> bool:
    """Merge pairs of leaves that are not worth it, from the last node to the first; say whether any was."""
    merged = False
    gone: dict[int, int] = {}
    for node in range(len(sketch.feature) - 1, -1, -1):
        left, right = (gone.get(link, link) for link in sketch.sides[node])
        sketch.sides[node] = [left, right]
        if left < 0 and right < 0 and (left == right or leaves.merge(-1 - left, -1 - right)):
            gone[node], merged = left, True
    if merged:
        _drop_nodes(sketch, gone)
    return merged


def _drop_nodes(sketch: _Sketch, gone: dict[int, int]) -> None:
    kept = [node for node in range(len(sketch.feature)) if node not in gone]
    number = {node: place for place, node in enumerate(kept)}
    sketch.sides = [[number.get(link, link) for link in sketch.sides[node]] for node in kept]
    for name in ("feature", "index", "missing_left"):
        values = getattr(sketch, name)
        setattr(sketch, name, [values[node] for node in kept])


def _finished(sketch: _Sketch, values: NDArray[np.float64], bins: Bins) -> Tree:
    used = sorted({-1 - link for pair in sketch.sides for link in pair if link < 0}) if sketch.sides else [0]
    number = {-1 - leaf: -1 - place for place, leaf in enumerate(used)}
    if not sketch.sides:
        return stump(values[:1, None])
    sides = np.array([[number.get(link, link) for link in pair] for pair in sketch.sides], dtype=np.int64)
    places = zip(sketch.feature, sketch.index, strict=True)
    return Tree(
        left=sides[:, 0],
        right=sides[:, 1],
        feature=np.array(sketch.feature, dtype=np.int64),
        threshold=np.array([float(bins.thresholds[column][index]) for column, index in places]),
        flags=np.where(sketch.missing_left, NAN_LEFT, 0).astype(np.uint8),
        values=values[used][:, None],
    )
