# SPDX-License-Identifier: Apache-2.0
"""Two tactics that belong together: try single steps around a point, then combine them by what each of them did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.board import HIT, MISS, PLACES, differs
from hauberk.attack.evasion.knapsack import combine
from hauberk.attack.evasion.moves import NONE, singles
from hauberk.attack.evasion.problem import Flags, Matrix, Rows
from hauberk.attack.evasion.scene import Ask, Scene, When

_HITS, _BEST = 0.6, 0.4
"""Chance that a sweep starts from a hit rather than a miss, and that it takes the best of them."""

_KEPT_FREE = 2
"""Places in a later sweep for the way back: the column's own value, and half-way to it."""

_SMALLEST_SCALE = 0.05
"""Shortest unit of the margin axis, in log-odds."""


@dataclass(slots=True, kw_only=True)
class Table:
    """What the single steps around one row's anchor did.

    Attributes:
        anchor: where they started, shape (k,).
        margin: its margin.
        cost: its price.
        points: where each step led, shape (M, L, k).
        usable: which entries are steps, shape (M, L).
        drop: how much each lowered the margin, shape (M, L).
        price: what each added to the price, shape (M, L).
    """

    anchor: Matrix
    margin: float
    cost: float
    points: Matrix
    usable: Flags
    drop: NDArray[np.float64]
    price: NDArray[np.float64]


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Try single steps around each row's cheapest evasion or nearest miss.

    Attributes:
        scene: what all tactics share.
        width: values that are tried in each column, at least 2.
        bargains: ask only about points cheaper than the evasion at hand; the table is then of no use to `Plan`.
        tables: what was learnt, by row.
    """

    scene: Scene
    width: int
    bargains: bool = False
    when: When = When.ALWAYS
    again: bool = False
    tables: dict[int, Table] = field(default_factory=dict[int, Table])

    def propose(self, rows: Rows) -> Ask:
        """Make one candidate for each column and value."""
        scene, menu = self.scene, self.scene.menu
        anchor, origin = self._anchors(rows), scene.home(rows)
        values = self._values(rows, anchor, origin)
        points, usable = singles(scene.problem.ground, anchor, origin, menu.columns, values)
        g, columns, width = usable.shape
        flat = points.reshape(g * columns * width, -1)
        owner = np.repeat(rows, columns * width)
        prices = scene.price(flat, owner)
        table_prices = prices.reshape(g, columns, width)
        base = scene.price(anchor, rows)
        for place, row in enumerate(rows.tolist()):
            self.tables[row] = Table(
                anchor=anchor[place],
                margin=np.nan,
                cost=float(base[place]),
                points=points[place],
                usable=usable[place],
                drop=np.zeros((columns, width)),
                price=table_prices[place] - base[place],
            )
        wanted = usable.ravel() & (scene.cheaper(owner, prices) if self.bargains else True)
        order = np.flatnonzero(wanted)
        tag = np.tile(np.arange(columns * width), g)[order]
        ask = Ask(rows=owner[order], points=flat[order], prices=prices[order], tag=tag)
        return _with_anchor(ask, rows, anchor, base)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Note how much each step lowered the margin."""
        starts = np.flatnonzero(ask.tag < 0)
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), ask.rows.size], strict=True):
            table = self.tables[int(ask.rows[start])]
            table.margin = float(margins[start])
            answers = np.full(table.drop.size, np.nan)
            answers[ask.tag[start + 1 : end]] = margins[start + 1 : end]
            drop = table.margin - answers.reshape(table.drop.shape)
            table.usable &= ~np.isnan(drop)
            table.drop = np.where(table.usable, drop, 0.0)

    def forget(self, rows: Rows) -> None:
        """Drop the tables of rows that are done."""
        for row in rows.tolist():
            self.tables.pop(row, None)

    def _anchors(self, rows: Rows) -> Matrix:
        """The cheapest evasion or the best miss, and now and then another of the pool."""
        board = self.scene.board
        chance = self.scene.luck.draw(rows, 1, 2)
        hits, misses = board.filled(rows, HIT), board.filled(rows, MISS)
        hit = (hits > 0) & ((chance[:, 0] < _HITS) | (misses == 0) | self.bargains)
        many = np.where(hit, hits, misses)
        spread = np.maximum(chance[:, 1] - _BEST, 0.0) / (1.0 - _BEST)
        place = np.floor(spread**2 * np.maximum(many, 1)).astype(np.intp)
        return board.pool[rows, np.where(hit, place, place + PLACES)]

    def _values(self, rows: Rows, anchor: Matrix, origin: Matrix) -> Matrix:
        menu = self.scene.menu
        phase = self.scene.luck.draw(rows, 1, menu.columns.size)
        moved = differs(anchor, origin)[:, menu.columns]
        values = menu.spread(rows, self.width, phase)
        own, now = origin[:, menu.columns], anchor[:, menu.columns]
        half = 0.5 * (own + now)
        back = np.stack([np.where(moved, own, NONE), np.where(moved & ~np.isnan(half), half, NONE)], axis=2)
        kept = self.width - _KEPT_FREE
        return np.concatenate([np.where(moved[:, :, None], back, values[:, :, kept:]), values[:, :, :kept]], axis=2)


@dataclass(slots=True, kw_only=True)
class Plan:
    """Combine the steps of the last sweep into the cheapest sets that should reach the other side.

    Effects do not quite add up. With `jitter`, they are blurred by that share of their own spread, so that sets which
    only look second best get their chance.
    """

    scene: Scene
    sweep: Sweep
    most: int = 24
    jitter: float = 0.0
    when: When = When.ALWAYS
    again: bool = False

    def propose(self, rows: Rows) -> Ask:
        """Make up to `most` candidates for each row whose sweep taught something."""
        tables = {row: self.sweep.tables[row] for row in rows.tolist() if row in self.sweep.tables}
        usable = [row for row, table in tables.items() if table.usable.any() and not np.isnan(table.margin)]
        if not usable:
            return self.scene.admit(rows[:0], self.scene.problem.origin[:0], 0)
        kept = [tables[row] for row in usable]
        margin = np.array([table.margin for table in kept])
        scale = np.maximum(np.maximum(np.abs(margin), self._start(np.array(usable))), _SMALLEST_SCALE)
        drop = np.stack([table.drop for table in kept])
        if self.jitter:
            drop = drop + self._noise(np.array(usable, dtype=np.intp), drop)
        picked = combine(
            drop,
            np.stack([table.price for table in kept]),
            np.stack([table.usable for table in kept]),
            margin,
            scale,
            targets=self.most,
        )
        points = _overlay(
            np.stack([table.anchor for table in kept]), np.stack([table.points for table in kept]), picked
        )
        owner = np.repeat(np.array(usable, dtype=np.intp), self.most)
        return self.scene.admit(owner, points.reshape(owner.size, -1), self.most)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Nothing is kept: the board has the answers."""

    def forget(self, rows: Rows) -> None:
        """Nothing is kept."""

    def _noise(self, rows: Rows, drop: NDArray[np.float64]) -> NDArray[np.float64]:
        blur = self.scene.luck.draw(rows, 1, drop[0].size).reshape(drop.shape)
        spread = np.sqrt((drop**2).mean(axis=(1, 2), keepdims=True))
        return self.jitter * spread * np.sqrt(12.0) * (blur - 0.5)

    def _start(self, rows: Rows) -> NDArray[np.float64]:
        return self.scene.board.start[rows]


def _with_anchor(ask: Ask, rows: Rows, anchor: Matrix, base: NDArray[np.float64]) -> Ask:
    """Put each row's anchor, tagged -1, before its steps; where it was asked before it costs nothing."""
    owner = np.concatenate([rows, ask.rows])
    order = np.argsort(owner, kind="stable")
    return Ask(
        rows=owner[order],
        points=np.concatenate([anchor, ask.points])[order],
        prices=np.concatenate([base, ask.prices])[order],
        tag=np.concatenate([np.full(rows.size, -1), ask.tag])[order],
    )


def _overlay(anchor: Matrix, points: Matrix, picked: NDArray[np.int64]) -> Matrix:
    """Lay the chosen steps of each set over the anchor: shapes (g, k), (g, M, L, k), (g, T, M) to (g, T, k)."""
    g, targets, columns = picked.shape
    combined = np.repeat(anchor[:, None, :], targets, axis=1)
    at = np.arange(g)[:, None]
    for column in range(columns):
        level = picked[:, :, column]
        step = points[at, column, np.maximum(level, 0)]
        moved = differs(step, np.repeat(anchor[:, None, :], targets, axis=1)) & (level >= 0)[:, :, None]
        combined = np.where(moved, step, combined)
    return combined
