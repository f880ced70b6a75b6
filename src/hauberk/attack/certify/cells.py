# SPDX-License-Identifier: Apache-2.0
"""From options to classes: options that every tree treats alike are one, and the cheapest of them stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify.choices import Block, Choices
from hauberk.attack.certify.norms import above, at_most, used_columns
from hauberk.model.forest import Forest
from hauberk.model.forest.flat import ZERO_IS_MISSING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """What a forest tests, read once for all rows.

    Attributes:
        marks: for each column that is tested, its thresholds in order.
        codes: for each column with sets of codes, the codes that matter.
        zero: columns on which 0 may count as missing.
    """

    marks: dict[int, NDArray[np.float64]]
    codes: dict[int, NDArray[np.float64]]
    zero: frozenset[int]

    @classmethod
    def of(cls, forest: Forest) -> Grid:
        """Read a forest."""
        used = used_columns(forest)
        odd = (forest.child >= 0) & ((forest.flags & ZERO_IS_MISSING) != 0)
        return cls(
            marks={column: marks for column, marks, _ in used},
            codes={column: codes for column, _, codes in used if len(codes)},
            zero=frozenset(np.unique(forest.feature[odd]).tolist()),
        )

    def signature(self, column: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one number a value: equal numbers mean that no test on the column tells the values apart.

        Args:
            column: of the forest.
            values: as `Forest.prepare` leaves them, shape (m,).
        """
        if column not in self.marks:
            return np.zeros(len(values))
        if column in self.codes:
            return np.where(np.isnan(values), -1e300, values)
        cells = np.searchsorted(self.marks[column], values, side="left").astype(np.float64)
        if column in self.zero:
            cells = np.where(values == 0, -1.0, cells)
        return np.where(np.isnan(values), -2.0, cells)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The classes of all blocks of one row, one after another.

    Attributes:
        first: where each block's classes start, shape (blocks + 1,).
        cost: least cost of each class, shape (classes,).
        home: each block's class that holds option 0.
        column: the block behind each column of the forest, -1 for one that stays, shape (width,).
        value: each class's values as the predictor reads them, shape (classes, most features of a block).
        option: values of the cheapest option, same shape, as the caller gave them.
        place: position of each column inside its block.
        features: the columns of each block.
    """

    first: NDArray[np.int64]
    cost: NDArray[np.float64]
    home: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]
    option: NDArray[np.float64]
    place: NDArray[np.int64]
    features: tuple[tuple[int, ...], ...]

    def row(self, base: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the row that one class a block makes, shape (width,); `chosen` counts classes over all blocks."""
        made = base.copy()
        for features, at in zip(self.features, chosen.tolist(), strict=True):
            made[list(features)] = self.option[at, : len(features)]
        return made

    def match(self, row: NDArray[np.float64]) -> NDArray[np.int64] | None:
        """Return the classes whose options a row is made of, or None. Other columns are not looked at."""
        chosen = np.zeros(len(self.home), dtype=np.int64)
        for number, features in enumerate(self.features):
            begin, end = self.first[number], self.first[number + 1]
            wanted, offered = row[list(features)], self.option[begin:end, : len(features)]
            same = np.flatnonzero(((offered == wanted) | (np.isnan(offered) & np.isnan(wanted))).all(axis=1))
            if not len(same):
                return None
            chosen[number] = begin + same[0]
        return chosen


def cells_of(forest: Forest, grid: Grid, choices: Choices) -> Cells:
    """Reduce the choices of a row to classes; blocks that no tree tests, or that cannot move, are left out."""
    kept: list[tuple[Block, NDArray[np.float64], NDArray[np.int64], int]] = []
    for block in (*choices.blocks, *(_free(forest, grid, choices.row, column) for column in choices.loose)):
        read = _read(forest, choices.row, block)
        order, home = _cheapest(grid, block, read)
        if len(order) > 1:
            kept.append((block, read, order, home))
    most = max((len(block.features) for block, *_ in kept), default=1)
    total = sum(len(order) for _, _, order, _ in kept)
    value, option = np.zeros((total, most)), np.zeros((total, most))
    column, place = np.full(forest.width, -1, dtype=np.int64), np.zeros(forest.width, dtype=np.int64)
    at, home_of = 0, np.zeros(len(kept), dtype=np.int64)
    for number, (block, read, order, home) in enumerate(kept):
        wide = len(block.features)
        value[at : at + len(order), :wide], option[at : at + len(order), :wide] = read[order], block.values[order]
        column[list(block.features)], place[list(block.features)] = number, np.arange(wide)
        home_of[number] = at + home
        at += len(order)
    return Cells(
        first=np.cumsum([0, *(len(order) for _, _, order, _ in kept)], dtype=np.int64),
        cost=np.concatenate([np.empty(0), *(block.cost[order] for block, _, order, _ in kept)]),
        home=home_of,
        column=column,
        value=value,
        option=option,
        place=place,
        features=tuple(block.features for block, *_ in kept),
    )


def _read(forest: Forest, row: NDArray[np.float64], block: Block) -> NDArray[np.float64]:
    """The block's values as the predictor sees them."""
    rows: NDArray[Any] = np.repeat(row[None, :], len(block.values), axis=0)
    rows[:, list(block.features)] = block.values
    return forest.prepare(rows)[:, list(block.features)].astype(np.float64)


def _cheapest(grid: Grid, block: Block, read: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """The cheapest option of each class, in the order of signatures, and which class is home."""
    marks = np.stack([grid.signature(column, read[:, at]) for at, column in enumerate(block.features)], axis=1)
    order = np.lexsort((np.arange(len(marks)), block.cost, *marks.T[::-1]))
    ordered = marks[order]
    new = np.r_[True, np.any(ordered[1:] != ordered[:-1], axis=1)]
    home = int(np.flatnonzero(np.all(ordered[new] == marks[0], axis=1))[0])
    return order[new], home


def _free(forest: Forest, grid: Grid, row: NDArray[np.float64], column: int) -> Block:
    """A block of one column that may take any value at no cost: one value in every class."""
    if column in grid.codes:
        others = np.concatenate([grid.codes[column], [float(len(grid.codes[column]))]])
    else:
        marks = grid.marks.get(column, np.empty(0))
        others = np.concatenate([at_most(marks, forest), above(marks, forest), [0.0]])
        others = others[np.isfinite(others)]
    if forest.takes_nan:
        others = np.append(others, np.nan)
    values = np.concatenate([[row[column]], others])
    return Block(features=(column,), values=values[:, None], cost=np.zeros(len(values)))
