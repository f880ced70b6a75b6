# SPDX-License-Identifier: Apache-2.0
"""What the tactics of one search share, and the contract of a tactic."""

from __future__ import annotations

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


class When(Enum):
    """For which rows a tactic is any use."""

    ALWAYS = "always"
    EVADED = "evaded"
    NOT_YET = "not yet"


class Tactic(Protocol):
    """One way to find candidates.

    Attributes:
        when: for which rows it is any use.
        again: true if it is repeated for as long as it makes a row's evasion cheaper.
    """

    when: When
    again: bool

    def propose(self, rows: Rows) -> Ask:
        """Make candidates for rows, given in ascending order."""
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

    def admit(self, rows: Rows, points: Matrix, most: int, tag: NDArray[np.intp] | None = None) -> Ask:
        """Project candidates, leave out what is no bargain, and keep the first `most` of each row.

        Candidates with a tag are kept although they were asked before: the tactic wants their answers.
        """
        points = self.problem.ground.project(points, self.home(rows))
        prices = self.price(points, rows)
        keep = np.flatnonzero(self.cheaper(rows, prices))
        if tag is None:
            keep = keep[self.oracle.unknown(rows[keep], points[keep])]
            tag = np.zeros(rows.size, dtype=np.intp)
        keep = keep[rank_within(rows[keep]) < most]
        return Ask(rows=rows[keep], points=points[keep], prices=prices[keep], tag=tag[keep])
