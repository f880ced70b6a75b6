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
from hauberk.attack.evasion.scene import Ask, Draft, Scene, When

_HITS, _BEST = 0.35, 0.4
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
        points: where each step led, shape (M L, k).
        usable: which entries are steps, shape (M L,).
        drop: how much each lowered the margin, shape (M L,).
        price: what each added to the price, shape (M L,).
    """

    anchor: Matrix
    cost: float
    points: Matrix
    usable: Flags
    drop: NDArray[np.float64]
    price: NDArray[np.float64]
    margin: float = np.nan

    @property
    def taught(self) -> bool:
        """True if there is a step to combine."""
        return bool(self.usable.any()) and not np.isnan(self.margin)


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Try single steps around each row's cheapest evasion or nearest miss.

    Attributes:
        scene: what all tactics share.
        width: values that are tried in each column, at least 2.
        blurred: try values between those of the menu too.
        bargains: ask only about points cheaper than the evasion at hand; the table is then of no use to `Plan`.
        tables: what was learnt, by row.
        wishes: points of the last draft.
    """

    scene: Scene
    width: int
    blurred: bool = True
    bargains: bool = False
    when: When = When.ALWAYS
    again: bool = False
    tables: dict[int, Table] = field(default_factory=dict[int, Table])
    wishes: Matrix = field(default_factory=lambda: np.zeros((0, 0)))

    def draft(self, rows: Rows) -> Draft:
        """One wish for each column and value, and before them each row's anchor, tagged -1."""
        menu, board = self.scene.menu, self.scene.board
        place = self._anchors(rows)
        anchor = board.pool[rows, place]
        points, wanted = singles(self.scene.problem.ground, anchor, menu.columns, self._values(rows, anchor))
        entries = int(wanted[0].size)
        for at, row in enumerate(rows.tolist()):
            self.tables[row] = Table(
                anchor=anchor[at],
                cost=float(board.price[row, place[at]]),
                points=np.repeat(anchor[at][None, :], entries, axis=0),
                usable=np.zeros(entries, dtype=np.bool_),
                drop=np.zeros(entries),
                price=np.zeros(entries),
            )
        entry = np.flatnonzero(wanted.ravel())
        owner = np.repeat(rows, entries)[entry]
        tag: NDArray[np.intp] = np.tile(np.arange(entries), rows.size)[entry]
        wishes = points.reshape(-1, anchor.shape[1])[entry]
        if self.bargains:  # projecting costs more than pricing
            cheap = self.scene.cheaper(owner, self.scene.price(wishes, owner))
            owner, wishes, tag = owner[cheap], wishes[cheap], tag[cheap]
        steps = Draft(rows=owner, points=wishes, tag=tag)
        draft = _with_anchor(steps, rows, anchor)
        self.wishes = draft.points
        return draft

    def settle(self, ask: Ask) -> Ask:
        """Every wish that the domain left to be a step, as long as it is a bargain where bargains alone are wanted."""
        starts = np.flatnonzero(ask.tag < 0)
        anchor = np.repeat(ask.points[starts], np.diff(np.append(starts, ask.rows.size)), axis=0)
        home = self.scene.home(ask.rows)
        lost = ~differs(ask.points, home).any(axis=1) & differs(self.wishes, home).any(axis=1)
        step = differs(ask.points, anchor).any(axis=1) & ~lost
        if self.bargains:
            step &= self.scene.cheaper(ask.rows, ask.prices)
        return ask.take(np.flatnonzero(step | (ask.tag < 0)))

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Note where each step led, how much it lowered the margin, and what it added to the price."""
        starts = np.flatnonzero(ask.tag < 0)
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), ask.rows.size], strict=True):
            table = self.tables[int(ask.rows[start])]
            table.margin = float(margins[start])
            known = start + 1 + np.flatnonzero(~np.isnan(margins[start + 1 : end]))
            entry = ask.tag[known]
            table.usable[entry] = True
            table.points[entry] = ask.points[known]
            table.drop[entry] = table.margin - margins[known]
            table.price[entry] = ask.prices[known] - table.cost

    def forget(self, rows: Rows) -> None:
        """Drop the tables of rows that are done."""
        for row in rows.tolist():
            self.tables.pop(row, None)

    def _anchors(self, rows: Rows) -> NDArray[np.intp]:
        """Place in the pool of the cheapest evasion or the best miss, and now and then another of the pool."""
        board = self.scene.board
        chance = self.scene.luck.draw(rows, 1, 2)
        hits, misses = board.filled(rows, HIT), board.filled(rows, MISS)
        hit = (hits > 0) & ((chance[:, 0] < _HITS) | (misses == 0) | self.bargains)
        many = np.where(hit, hits, misses)
        spread = np.maximum(chance[:, 1] - _BEST, 0.0) / (1.0 - _BEST)
        place = np.floor(spread**2 * np.maximum(many, 1)).astype(np.intp)
        return np.where(hit, place, place + PLACES)

    def _values(self, rows: Rows, anchor: Matrix) -> Matrix:
        menu, origin = self.scene.menu, self.scene.home(rows)
        chance = self.scene.luck.draw(rows, 1, 2 * menu.columns.size)
        phase, blur = np.split(chance, 2, axis=1)
        moved = differs(anchor, origin)[:, menu.columns]
        values = menu.spread(rows, self.width, phase, blur if self.blurred else None)
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

    def draft(self, rows: Rows) -> Draft:
        """`most` sets of steps for each row whose sweep taught something."""
        taught = {row: table for row in rows.tolist() if (table := self.sweep.tables.get(row)) and table.taught}
        if not taught:
            return Draft.plain(rows[:0], self.scene.problem.origin[:0])
        who, kept = np.array(list(taught), dtype=np.intp), list(taught.values())
        picked = self._pick(who, kept)
        anchor = np.stack([table.anchor for table in kept])
        steps = np.stack([table.points for table in kept]).reshape(who.size, picked.shape[2], -1, anchor.shape[1])
        return Draft.plain(np.repeat(who, self.most), _overlay(anchor, steps, picked).reshape(-1, anchor.shape[1]))

    def settle(self, ask: Ask) -> Ask:
        """All new bargains."""
        return self.scene.bargains(ask, self.most)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Nothing is kept: the board has the answers."""

    def forget(self, rows: Rows) -> None:
        """Nothing is kept."""

    def _pick(self, who: Rows, kept: list[Table]) -> NDArray[np.int64]:
        """Level of each column for each set, shape (g, most, M)."""
        shape = (who.size, self.scene.menu.columns.size, -1)
        drop = np.stack([table.drop for table in kept]).reshape(shape)
        margin = np.array([table.margin for table in kept])
        return combine(
            drop + self._noise(who, drop) if self.jitter else drop,
            np.stack([table.price for table in kept]).reshape(shape),
            np.stack([table.usable for table in kept]).reshape(shape),
            margin,
            np.maximum(np.maximum(np.abs(margin), self.scene.board.start[who]), _SMALLEST_SCALE),
            targets=self.most,
        )

    def _noise(self, rows: Rows, drop: NDArray[np.float64]) -> NDArray[np.float64]:
        blur = self.scene.luck.draw(rows, 1, drop[0].size).reshape(drop.shape)
        spread = np.sqrt((drop**2).mean(axis=(1, 2), keepdims=True))
        noise: NDArray[np.float64] = self.jitter * spread * np.sqrt(12.0) * (blur - 0.5)
        return noise


def _with_anchor(draft: Draft, rows: Rows, anchor: Matrix) -> Draft:
    """Put each row's anchor, tagged -1, before its steps; it was asked before and costs nothing."""
    owner = np.concatenate([rows, draft.rows])
    order = np.argsort(owner, kind="stable")
    return Draft(
        rows=owner[order],
        points=np.concatenate([anchor, draft.points])[order],
        tag=np.concatenate([np.full(rows.size, -1), draft.tag])[order],
    )


def _overlay(anchor: Matrix, points: Matrix, picked: NDArray[np.int64]) -> Matrix:
    """Lay the chosen steps of each set over the anchor: shapes (g, k), (g, M, L, k), (g, T, M) to (g, T, k)."""
    g, targets, columns = picked.shape
    combined = np.repeat(anchor[:, None, :], targets, axis=1)
    at: NDArray[np.intp] = np.arange(int(g))[:, None]
    for column in range(columns):
        level = picked[:, :, column]
        step = points[at, column, np.maximum(level, 0)]
        moved = differs(step, np.repeat(anchor[:, None, :], targets, axis=1)) & (level >= 0)[:, :, None]
        combined = np.where(moved, step, combined)
    return combined
