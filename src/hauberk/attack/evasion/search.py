# SPDX-License-Identifier: Apache-2.0
"""A search is a route of stops, with some tactics at each, that each row walks at its own pace until it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.oracle import Posed
from hauberk.attack.evasion.problem import Flags, Matrix, Rows
from hauberk.attack.evasion.scene import WORTHWHILE, Ask, Draft, Scene, Tactic, When

_IDLE_ROUNDS = 3
"""Rounds without one new question after which a row has nothing left to ask."""


Stop = tuple[Tactic, ...]
"""Tactics whose questions go out together."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Turn:
    """What waits for answers."""

    stands: list[tuple[int, Rows]]
    tactics: list[Tactic]
    asks: list[Ask]
    posed: Posed


@dataclass(slots=True, kw_only=True)
class Search:
    """Walks rows along a route of stops: the opening once, then the loop in rounds.

    A row is done when its allowance is spent, when its evasion is free, when `patience` rounds made it no cheaper, or
    when it has nothing left to ask. What one row does never depends on another.

    Attributes:
        scene: what the tactics share.
        opening: stops that each row passes once.
        loop: stops that each row passes in rounds; it stays at one with a tactic that is repeated while that pays.
        patience: rounds without a cheaper evasion after which a row that evades is done; 0 for never.
    """

    scene: Scene
    opening: tuple[Stop, ...]
    loop: tuple[Stop, ...]
    patience: int = 2
    _at: NDArray[np.int64] = field(init=False)
    _stale: NDArray[np.int64] = field(init=False)
    _idle: NDArray[np.int64] = field(init=False)
    _cost: NDArray[np.float64] = field(init=False)
    _used: NDArray[np.int64] = field(init=False)
    _turn: _Turn | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        n = self.scene.problem.origin.shape[0]
        self._at = np.zeros(n, dtype=np.int64)
        self._stale = np.zeros(n, dtype=np.int64)
        self._idle = np.zeros(n, dtype=np.int64)
        self._cost = np.full(n, np.inf)
        self._used = np.zeros(n, dtype=np.int64)

    @property
    def route(self) -> tuple[Stop, ...]:
        """Opening and loop in one."""
        return self.opening + self.loop

    def pose(self, rows: Rows) -> Matrix:
        """Let each of these rows, given in ascending order, take its next turn.

        Returns:
            What the model has to be asked, shape (q, k); `take` wants the scores of these.
        """
        stands = [(stop, rows[self._at[rows] == stop]) for stop in range(len(self.route))]
        turns = [turn for stop, here in stands for turn in self._turns(stop, here)]
        tactics = [tactic for tactic, _ in turns]
        asks = self._settled(tactics, [tactic.draft(who) for tactic, who in turns])
        posed = self.scene.oracle.pose(
            np.concatenate([ask.rows for ask in asks]) if asks else rows[:0],
            np.concatenate([ask.points for ask in asks]) if asks else self.scene.problem.origin[:0],
        )
        self._turn = _Turn(stands=stands, tactics=tactics, asks=asks, posed=posed)
        return posed.points

    def take(self, scores: NDArray[np.float64]) -> None:
        """Take in the scores of what `pose` asked last, shape (q,), and move the rows on."""
        turn, self._turn = self._turn, None
        if turn is None:
            raise RuntimeError("there are answers and nothing was asked")
        before = self.scene.board.cost.copy()
        if turn.asks:
            self._learn(turn, self.scene.oracle.take(turn.posed, scores))
        for stop, here in turn.stands:
            self._advance(stop, here, before)

    def done(self, rows: Rows) -> Flags:
        """Which rows have nothing more to do."""
        board = self.scene.board
        out = self.scene.oracle.left(rows) <= 0
        free = board.cost[rows] <= 0.0
        tired = (self._stale[rows] >= self.patience) & board.evaded(rows) & (self.patience > 0)
        return np.asarray(
            out | (free & (self.patience > 0)) | tired | (self._idle[rows] >= _IDLE_ROUNDS), dtype=np.bool_
        )

    def leave(self, rows: Rows) -> None:
        """Drop what is remembered of rows that are done; their result stays on the board."""
        for tactic in {id(tactic): tactic for stop in self.route for tactic in stop}.values():
            tactic.forget(rows)
        self.scene.oracle.forget(rows)
        self.scene.luck.forget(rows)

    def _turns(self, stop: int, here: Rows) -> Iterator[tuple[Tactic, Rows]]:
        """Each tactic of a stop with the rows there for which it is any use."""
        evaded = self.scene.board.evaded(here)
        useful = {When.ALWAYS: here, When.EVADED: here[evaded], When.NOT_YET: here[~evaded]}
        for tactic in self.route[stop]:
            if useful[tactic.when].size:
                yield tactic, useful[tactic.when]

    def _settled(self, tactics: list[Tactic], drafts: list[Draft]) -> list[Ask]:
        """Project and price all drafts at once, then let each tactic choose what is asked."""
        if not drafts:
            return []
        return [tactic.settle(ask) for tactic, ask in zip(tactics, self.scene.allow(drafts), strict=True)]

    def _learn(self, turn: _Turn, margins: NDArray[np.float64]) -> None:
        asks = turn.asks
        points = asks[0].points if len(asks) == 1 else np.concatenate([ask.points for ask in asks])
        self.scene.board.update(turn.posed.rows, points, margins, np.concatenate([ask.prices for ask in asks]))
        ends = np.cumsum([ask.rows.size for ask in asks])
        for tactic, ask, part in zip(turn.tactics, asks, np.split(margins, ends[:-1]), strict=True):
            tactic.learn(ask, part)

    def _advance(self, stop: int, rows: Rows, before: NDArray[np.float64]) -> None:
        if any(tactic.again for tactic in self.route[stop]):
            better = self.scene.board.cost[rows] < before[rows]
            rows = rows[~better]
        self._next(stop, rows)

    def _next(self, stop: int, rows: Rows) -> None:
        if rows.size == 0:
            return
        if stop + 1 < len(self.route):
            self._at[rows] = stop + 1
            return
        self._at[rows] = len(self.opening)
        cost, used = self.scene.board.cost[rows], self.scene.oracle.used[rows]
        cheaper = cost < self._cost[rows] * (1.0 - WORTHWHILE)
        self._stale[rows] = np.where(cheaper, 0, self._stale[rows] + 1)
        self._idle[rows] = np.where(used > self._used[rows], 0, self._idle[rows] + 1)
        self._cost[rows], self._used[rows] = cost, used
