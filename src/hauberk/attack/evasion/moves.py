# SPDX-License-Identifier: Apache-2.0
"""Single steps: the values worth trying in each column, and points that lie one or several such steps away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.board import differs
from hauberk.attack.evasion.problem import Flags, Ground, Matrix

NONE = np.inf
"""Stands for 'no value here' in tables of levels; NaN is a value: the missing one."""

_AWAY = np.concatenate([-(8.0 ** -np.arange(1.0, 8.0)), 8.0 ** -np.arange(1.0, 8.0)])
"""Steps away from a row's own value, as shares of what lies between the smallest and the largest level."""

_ROWS = 512
"""Rows whose levels are sifted at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The values worth trying, row by row and column by column.

    Attributes:
        columns: the coordinates that an attacker can change, shape (M,).
        values: shape (n, M, L), `NONE` where there are fewer.
        counts: how many there are, shape (n, M); they come first.
    """

    columns: NDArray[np.intp]
    values: Matrix
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, ground: Ground, origin: Matrix) -> Menu:
        """Read the menu of each row from the ground; a row's own value is left out."""
        columns = np.flatnonzero(ground.mutable)
        n = origin.shape[0]
        tables = [_table(ground, int(column), origin) for column in columns]
        width = max(1, *(table.shape[1] for table in tables))
        values = np.full((n, columns.size, width), NONE)
        for place, table in enumerate(tables):
            values[:, place, : table.shape[1]] = table
        return cls(columns=columns, values=values, counts=(values != NONE).sum(axis=2))

    def spread(
        self, rows: NDArray[np.intp], count: int, phase: NDArray[np.float64], blur: NDArray[np.float64] | None = None
    ) -> Matrix:
        """Up to `count` values of each column: the two ends, and an even spread of those between.

        Args:
            rows: which rows, shape (g,).
            count: how many at most, at least 2.
            phase: where between two neighbours the spread starts, 0 to 1, shape (g, M).
            blur: how far every second value is moved towards its neighbour above, 0 to 1, shape (g, M): a step that a model
                makes between two values of the menu is found in this way and no other. None leaves all as they are.

        Returns:
            Shape (g, M, count), `NONE` where there are fewer.
        """
        have = self.counts[rows][:, :, None]
        step = np.arange(count)[None, None, :]
        between = 1 + np.floor((step - 1 + phase[:, :, None]) * (have - 2) / max(count - 2, 1))
        index = np.where(have <= count, step, np.where(step == 0, 0, np.where(step == count - 1, have - 1, between)))
        index = np.clip(index, 0, self.values.shape[2] - 1).astype(np.int64)
        table = self.values[rows]
        picked = np.take_along_axis(table, index, axis=2)
        if blur is not None:
            above = np.take_along_axis(table, np.minimum(index + 1, table.shape[2] - 1), axis=2)
            known = np.isfinite(above) & np.isfinite(picked) & (step % 2 == 1)
            gap = np.subtract(above, picked, out=np.zeros_like(picked), where=known)
            picked = picked + blur[:, :, None] * gap
        return np.where(step < np.minimum(have, count), picked, NONE)

    def pick(self, rows: NDArray[np.intp], chance: NDArray[np.float64]) -> Matrix:
        """One value of each column by chance, shape (m, M); `NONE` where a column has none.

        Args:
            rows: which row each draw belongs to, shape (m,).
            chance: uniform numbers from 0 to 1, shape (m, M).
        """
        index = np.minimum((chance * self.counts[rows]).astype(np.int64), np.maximum(self.counts[rows] - 1, 0))
        return self.values[rows[:, None], np.arange(self.columns.size)[None, :], index]


def _table(ground: Ground, column: int, origin: Matrix) -> Matrix:
    """Values of one column that each row can be given, ascending, then the missing value, then `NONE`.

    They are the ground's levels, and small and large steps away from the row's own value: a cheap evasion is often a small
    step across a border, and no level lies near it.
    """
    levels = np.asarray(ground.levels(column), dtype=np.float64)
    numbers = levels[~np.isnan(levels)]
    span = float(np.ptp(numbers)) if numbers.size else 0.0
    tables = [
        _reached(ground, column, origin[start : start + _ROWS], levels, span * _AWAY)
        for start in range(0, origin.shape[0], _ROWS)
    ]
    table = np.concatenate(tables)
    again = np.zeros(table.shape, dtype=np.bool_)
    again[:, 1:] = table[:, 1:] == table[:, :-1]
    table = np.where(again, NONE, table)
    order = np.lexsort((np.where(np.isnan(table), 0.0, table), np.isnan(table), table == NONE), axis=1)
    return np.take_along_axis(table, order, axis=1)


def _reached(ground: Ground, column: int, origin: Matrix, levels: Matrix, away: Matrix) -> Matrix:
    """Levels that can be reached, and where steps away from the own value end once the domain has had its say."""
    own = origin[:, column]
    wishes = np.concatenate([np.broadcast_to(levels, (own.size, levels.size)), own[:, None] + away[None, :]], axis=1)
    home = np.repeat(origin, wishes.shape[1], axis=0)
    points = home.copy()
    points[:, column] = wishes.ravel()
    step: Flags = np.tile(np.arange(int(wishes.shape[1])) >= levels.size, own.size)
    points[step] = ground.project(points[step], home[step])
    usable = ground.reachable(points, home) & differs(points, home)[:, column]
    return np.sort(np.where(usable, points[:, column], NONE).reshape(wishes.shape), axis=1)


def singles(ground: Ground, anchor: Matrix, columns: NDArray[np.intp], values: Matrix) -> tuple[Matrix, Flags]:
    """Points that differ from an anchor in one column, before projection.

    Args:
        ground: the valid records; it says which columns form a one-hot group.
        anchor: where the steps start, shape (g, k).
        columns: which column each step changes, shape (M,).
        values: to which value, shape (g, M, L), `NONE` for no step.

    Returns:
        Points of shape (g, M, L, k), and which of them are steps, shape (g, M, L).
    """
    g, count, levels = values.shape
    points = np.broadcast_to(anchor[:, None, None, :], (g, count, levels, anchor.shape[1])).copy()
    wanted = values != NONE
    _clear_groups(ground, points, columns)
    points[:, np.arange(count), :, columns] = np.where(wanted, values, 0.0).transpose(1, 0, 2)
    return points, wanted


def _clear_groups(ground: Ground, points: Matrix, columns: NDArray[np.intp]) -> None:
    """Take the other columns of a one-hot group out of the way of the step, in points of shape (g, M, L, k)."""
    groups = [list(block) for block in ground.blocks if len(block) > 1]
    for group in groups:
        for place in np.flatnonzero(np.isin(columns, group)).tolist():
            points[:, place, :, group] = 0.0


def scatter(menu: Menu, rows: NDArray[np.intp], origin: Matrix, chance: NDArray[np.float64]) -> Matrix:
    """Random records before projection: a random number of random columns at random values.

    Args:
        menu: the values to draw from.
        rows: which row each draw belongs to, shape (m,).
        origin: that row's start, shape (m, k).
        chance: uniform numbers, shape (m, 1 + 2 M).

    Returns:
        Shape (m, k).
    """
    count = menu.columns.size
    order = np.argsort(np.argsort(chance[:, 1 : 1 + count], axis=1), axis=1)
    many = 1 + (chance[:, :1] * count).astype(np.int64)
    values = menu.pick(rows, chance[:, 1 + count : 1 + 2 * count])
    points = origin.copy()
    points[:, menu.columns] = np.where((order < many) & (values != NONE), values, origin[:, menu.columns])
    return points
