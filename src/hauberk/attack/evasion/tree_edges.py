# SPDX-License-Identifier: Apache-2.0
"""Where a model of trees begins to read a column otherwise: the doubles in a table at which a test of some tree turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import CATEGORY, ZERO_IS_MISSING, Forest
from hauberk.model.trees import Trees

Doubles = NDArray[np.float64]

_OVERFLOW = float(np.finfo(np.float32).max) + 2.0**103
"""The smallest double that single precision rounds to infinity."""


def edges_of(trees: Trees) -> dict[str, Doubles]:
    """For each feature, the values from which on some tree reads it otherwise, ascending; none where no tree reads it.

    Two doubles of a column with no edge between them, an edge belonging above, lead to the same leaves in every tree.
    """
    forest = trees.forest
    inner = forest.child >= 0
    edges: dict[str, Doubles] = {}
    for at, name in enumerate(trees.features):
        nodes = np.flatnonzero(inner & (forest.feature == at))
        known = trees.codes.get(name)
        if not len(nodes):
            edges[name] = np.empty(0)
        elif known is not None:
            numbers = np.array([float(value) for value in known if not isinstance(value, str)])
            edges[name] = np.unique(np.concatenate([numbers, np.nextafter(numbers, np.inf)]))
        else:
            edges[name] = _numeric(forest, nodes)
    return edges


def _numeric(forest: Forest, nodes: NDArray[np.intp]) -> Doubles:
    flags = forest.flags[nodes]
    marks = [forest.threshold[nodes[(flags & CATEGORY) == 0]]]
    if np.any(flags & ZERO_IS_MISSING):
        marks.append(np.array([_below(0.0, forest.single), 0.0]))
    sets = nodes[(flags & CATEGORY) != 0]
    if len(sets):
        codes = np.arange(32.0 * float(forest.word_count[sets].max()) + 1.0)
        # a code is read by cutting towards zero, so that what follows -1 may be read as 0
        marks.append(np.concatenate([[-1.0], _beneath(codes, forest.single)]))
    return _above(np.unique(np.concatenate(marks)), forest)


def _below(value: float, single: bool) -> float:
    kind = np.float32 if single else np.float64
    return float(np.nextafter(kind(value), kind(-np.inf)))


def _beneath(values: Doubles, single: bool) -> Doubles:
    kind = np.float32 if single else np.float64
    with np.errstate(under="ignore"):
        return np.asarray(np.nextafter(values.astype(kind), kind(-np.inf)), dtype=np.float64)


def _above(marks: Doubles, forest: Forest) -> Doubles:
    """For each mark the smallest double that the predictor reads as more than it."""
    marks = marks[np.isfinite(marks)]
    with np.errstate(over="ignore", under="ignore"):
        edges = _above_single(marks) if forest.single else np.nextafter(marks, np.inf)
    if forest.tiny:
        edges = np.where((marks >= -forest.tiny) & (marks < 0.0), -forest.tiny, edges)
        edges = np.where((marks >= 0.0) & (marks < forest.tiny), np.nextafter(forest.tiny, np.inf), edges)
    return np.unique(edges)


def _above_single(marks: Doubles) -> Doubles:
    """The smallest double that rounds to a single above each mark: half-way, or just beyond where that rounds down."""
    near = marks.astype(np.float32)
    down = np.where(near.astype(np.float64) > marks, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)
    up = np.nextafter(down, np.float32(np.inf))
    middle = 0.5 * (down.astype(np.float64) + up.astype(np.float64))
    middle = np.where(np.isinf(up), _OVERFLOW, middle)
    rounds_up = middle.astype(np.float32).astype(np.float64) > marks
    return np.where(rounds_up, middle, np.nextafter(middle, np.inf))
