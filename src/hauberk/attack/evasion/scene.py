# SPDX-License-Identifier: Apache-2.0
"""What the tactics of one search share, and the contract of a tactic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.board import Board
from hauberk.attack.evasion.luck import Luck
from hauberk.attack.evasion.moves import Menu
from hauberk.attack.evasion.oracle import Oracle, rank_within
from hauberk.attack.evasion.problem import Flags, Matrix, Problem, Rows

WORTHWHILE = 1e-3
"""Share of the price that a cheaper evasion must save to count as cheaper."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """Wishes, before the domain has its say.

    Attributes:
        rows: whose candidate each is, shape (m,), in ascending order.
        points: any values, shape (m, k).
        tag: what the tactic wants to remember of each, shape (m,).
        prices: what each costs, where the tactic has made them valid and reachable itself; they are not projected then.
    """

    rows: Rows
    points: Matrix
    tag: NDArray[np.intp]
    prices: NDArray[np.float64] | None = None

    @classmethod
    def plain(cls, rows: Rows, points: Matrix) -> Draft:
        """A draft of which nothing has to be remembered."""
        return cls(rows=rows, points=points, tag=np.zeros(rows.size, dtype=np.intp))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ask:
    """Candidates on their way to the model.

    Attributes:
        rows: whose candidate each is, shape (m,), in ascending order.
        points: valid and reachable, shape (m, k).
        prices: what each costs, shape (m,).
        tag: what the tactic wants to remember of each, shape (m,).
    """

    rows: Rows
    points: Matrix
    prices: NDArray[np.float64]
    tag: NDArray[np.intp]

    def take(self, keep: NDArray[np.intp]) -> Ask:
        """Some of the candidates."""
        return Ask(rows=self.rows[keep], points=self.points[keep], prices=self.prices[keep], tag=self.tag[keep])


class When(Enum):
    """For which rows a tactic is any use."""

    ALWAYS = "always"
    EVADED = "evaded"
    NOT_YET = "not yet"


class Tactic(Protocol):
    """One way to find candidates. All drafts of a step are projected and priced together, then settled one by one.

    Attributes:
        when: for which rows it is any use.
        again: true if it is repeated for as long as it makes a row's evasion cheaper.
    """

    when: When
    again: bool

    def draft(self, rows: Rows) -> Draft:
        """Wish for candidates for rows, given in ascending order."""
        ...

    def settle(self, ask: Ask) -> Ask:
        """Choose what is asked out of the wishes as the domain allows them, entry by entry of the last draft."""
        ...

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Take in the answers; the board has them already."""
        ...

    def forget(self, rows: Rows) -> None:
        """Drop what is remembered of rows that are done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What the tactics of one search share.

    Attributes:
        problem: the task.
        oracle: the model, and each row's account.
        board: the standing of every row.
        menu: the values worth trying.
        luck: each row's own luck.
    """

    problem: Problem
    oracle: Oracle
    board: Board
    menu: Menu
    luck: Luck

    def home(self, rows: Rows) -> Matrix:
        """Where each of these rows starts."""
        return self.problem.origin[rows]

    def price(self, points: Matrix, rows: Rows) -> NDArray[np.float64]:
        """What it costs to get from each row's start to a point."""
        return self.problem.ground.price(points, self.home(rows))

    def cheaper(self, rows: Rows, prices: NDArray[np.float64]) -> Flags:
        """Which prices are clearly below that of the row's cheapest evasion; all of them where there is none."""
        return prices < self.board.cost[rows] * (1.0 - WORTHWHILE)

    def allow(self, drafts: Sequence[Draft]) -> list[Ask]:
        """Project and price all drafts at once, since each call has its own price."""
        raw = [draft for draft in drafts if draft.prices is None]
        projected = iter(self._projected(raw)) if raw else iter(())
        return [
            next(projected)
            if draft.prices is None
            else Ask(rows=draft.rows, points=draft.points, prices=draft.prices, tag=draft.tag)
            for draft in drafts
        ]

    def _projected(self, drafts: Sequence[Draft]) -> list[Ask]:
        rows = np.concatenate([draft.rows for draft in drafts])
        points = np.concatenate([draft.points for draft in drafts])
        moved = self.problem.ground.project(points, self.home(rows)) if rows.size else points
        prices = self.price(moved, rows) if rows.size else np.zeros(0)
        ends = np.cumsum([draft.rows.size for draft in drafts])[:-1]
        parts = zip(drafts, np.split(moved, ends), np.split(prices, ends), strict=True)
        return [Ask(rows=draft.rows, points=part, prices=price, tag=draft.tag) for draft, part, price in parts]

    def promising(self, rows: Rows, points: Matrix, most: int) -> Draft:
        """The first `most` wishes of each row that would be bargains as they stand: projecting costs more than pricing."""
        keep = np.flatnonzero(self.cheaper(rows, self.price(points, rows)))
        keep = keep[rank_within(rows[keep]) < most]
        return Draft.plain(rows[keep], points[keep])

    def bargains(self, ask: Ask, most: int, *, fresh: bool = True) -> Ask:
        """The first `most` candidates of each row that are cheaper than its evasion.

        Args:
            ask: candidates.
            most: how many of each row.
            fresh: leave out what was asked before; otherwise its answer is wanted again, which costs nothing.
        """
        keep = np.flatnonzero(self.cheaper(ask.rows, ask.prices))
        if fresh:
            keep = keep[self.oracle.unknown(ask.rows[keep], ask.points[keep])]
        return ask.take(keep[rank_within(ask.rows[keep]) < most])
