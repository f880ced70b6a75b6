# SPDX-License-Identifier: Apache-2.0
"""Choices of a row under a norm: in each cell between thresholds, the value nearest to the row.

Values are numbers that the predictor can hold (float32 where it rounds to it), and those that it reads as another number
(LightGBM takes magnitudes up to 1e-35 for 0) are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify.choices import Block, Choices, Total
from hauberk.core.errors import UsageError
from hauberk.model.forest import Forest
from hauberk.model.forest.flat import CATEGORY

Norm = Literal["linf", "l1", "l2", "l0"]
Bound = float | NDArray[np.float64] | None


def norm_choices(
    forest: Forest,
    row: NDArray[Any],
    *,
    norm: Norm,
    low: Bound = None,
    high: Bound = None,
    fixed: Sequence[int] = (),
    up_only: Sequence[int] = (),
    down_only: Sequence[int] = (),
    integer: Sequence[int] = (),
) -> Choices:
    """Return what a row can become if every column may move, priced by a norm.

    Args:
        forest: the trees whose thresholds make the cells.
        row: shape (width,). Missing values and infinities stay as they are, and so do categorical columns except in l0.
        norm: `linf` (largest change), `l1` (sum of changes), `l2` (sum of squares, so the distance is the root of the
            cost), or `l0` (number of columns that change).
        low: least value of each column, a number or shape (width,); a row beyond it may stay or enter.
        high: greatest value of each column.
        fixed: columns that stay as they are.
        up_only: columns that may only grow.
        down_only: columns that may only shrink.
        integer: columns of whole numbers.

    Raises:
        UsageError: the row's width or the norm is another.
    """
    if norm not in {"linf", "l1", "l2", "l0"} or row.shape != (forest.width,):
        raise UsageError(f"there is no norm {norm!r} of a row of shape {row.shape}", next_step="use linf, l1, l2 or l0")
    held = np.asarray(row, dtype=np.float64)
    read = forest.prepare(held[None, :])[0].astype(np.float64)
    lows, highs = _bounds(low, -np.inf, forest.width), _bounds(high, np.inf, forest.width)
    lows[list(up_only)] = np.maximum(lows, held)[list(up_only)]
    highs[list(down_only)] = np.minimum(highs, held)[list(down_only)]
    blocks: list[Block] = []
    for column, marks, codes in used_columns(forest):
        x = float(held[column])
        if column in fixed or not np.isfinite(x):
            continue
        if len(codes):
            options = codes[codes != x] if norm == "l0" else codes[:0]
        else:
            down = at_most(marks[marks < read[column]], forest, whole=column in integer)
            up = above(marks[marks >= read[column]], forest, whole=column in integer)
            options = _within(down, up, x, (lows[column], highs[column]))
        if len(options):
            values = np.concatenate([[x], options])
            blocks.append(Block(features=(column,), values=values[:, None], cost=_cost(values - x, norm)))
    return Choices(row=held, blocks=tuple(blocks), total=Total.MAX if norm == "linf" else Total.SUM)


def used_columns(forest: Forest) -> list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Return each column that a tree tests, with its thresholds in order, and the codes that matter where it has sets."""
    inner = forest.child >= 0
    found: list[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = []
    for column in np.unique(forest.feature[inner]).tolist():
        here = inner & (forest.feature == column)
        sets = (forest.flags[here] & CATEGORY) != 0
        longest = int(forest.word_count[here].max()) * 32 if sets.any() else -1
        known = len(forest.categories.get(column, ())) - 1
        codes = np.arange(max(longest, known) + 1 if sets.any() else 0, dtype=np.float64)
        found.append((column, np.unique(forest.threshold[here][~sets]), codes))
    return found


def _within(
    down: NDArray[np.float64], up: NDArray[np.float64], x: float, ends: tuple[float, float]
) -> NDArray[np.float64]:
    """What lies between the ends. A row outside them may enter, and its nearest value in a cell may then be an end."""
    down = np.minimum(down, ends[1]) if ends[1] < x else down
    up = np.maximum(up, ends[0]) if ends[0] > x else up
    return np.unique(np.concatenate([down[(down >= ends[0]) & (down < x)], up[(up <= ends[1]) & (up > x)]]))


def at_most(marks: NDArray[np.float64], forest: Forest, *, whole: bool = False) -> NDArray[np.float64]:
    """Return the greatest values that the predictor can hold at or below thresholds."""
    values = np.floor(marks) if whole else marks
    if forest.single:
        near = values.astype(np.float32)
        near = np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)
        values = near.astype(np.float64)
    if forest.tiny:
        values = np.where((values < 0) & (values >= -forest.tiny), np.nextafter(-forest.tiny, -np.inf), values)
        values = np.where((values > 0) & (values <= forest.tiny), 0.0, values)
    return values


def above(marks: NDArray[np.float64], forest: Forest, *, whole: bool = False) -> NDArray[np.float64]:
    """Return the least values that the predictor can hold above thresholds."""
    if whole:
        values = np.floor(marks) + 1
    elif forest.single:
        near = marks.astype(np.float32)
        values = np.where(near > marks, near, np.nextafter(near, np.float32(np.inf))).astype(np.float64)
    else:
        values = np.nextafter(marks, np.inf)
    if forest.tiny:
        values = np.where((values > 0) & (values <= forest.tiny), np.nextafter(forest.tiny, np.inf), values)
        values = np.where((values < 0) & (values >= -forest.tiny), 0.0, values)
    return values


def _bounds(bound: Bound, free: float, width: int) -> NDArray[np.float64]:
    bounds = np.empty(width)
    bounds[:] = free if bound is None else bound
    return bounds


def _cost(change: NDArray[np.float64], norm: Norm) -> NDArray[np.float64]:
    if norm == "l0":
        return np.where(change != 0, 1.0, 0.0)
    return np.square(change) if norm == "l2" else np.abs(change)
