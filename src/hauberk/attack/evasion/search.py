# SPDX-License-Identifier: Apache-2.0
"""A search is a route of tactics that each row walks at its own pace until it is done."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.problem import Flags, Rows
from hauberk.attack.evasion.scene import WORTHWHILE, Draft, Scene, Tactic, When

_IDLE_ROUNDS = 3
"""Rounds without one new question after which a row has nothing left to ask."""


@dataclass(slots=True, kw_only=True)
class Search:
    """Walks rows along a route of tactics: the opening once, then the loop in rounds.

    A row is done when its allowance is spent, when its evasion is free, when `patience` rounds made it no cheaper, or
    when it has nothing left to ask. What one row does never depends on another.

    Attributes:
        scene: what the tactics share.
        opening: tactics that each row goes through once.
        loop: tactics that each row goes through in rounds.
        patience: rounds without a cheaper evasion after which a row that evades is done; 0 for never.
    """

    scene: Scene
    opening: tuple[Tactic, ...]
    loop: tuple[Tactic, ...]
    patience: int = 2
    _at: NDArray[np.int64] = field(init=False)
    _stale: NDArray[np.int64] = field(init=False)
    _idle: NDArray[np.int64] = field(init=False)
    _cost: NDArray[np.float64] = field(init=False)
    _used: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        n = self.scene.problem.origin.shape[0]
        self._at = np.zeros(n, dtype=np.int64)
        self._stale = np.zeros(n, dtype=np.int64)
        self._idle = np.zeros(n, dtype=np.int64)
        self._cost = np.full(n, np.inf)
        self._used = np.zeros(n, dtype=np.int64)

    @property
    def route(self) -> tuple[Tactic, ...]:
        """Opening and loop in one."""
        return self.opening + self.loop

    def step(self, rows: Rows) -> None:
        """Let each of these rows, given in ascending order, take its next turn; all questions go out together."""
        turns = [(stop, self._due(stop, rows)) for stop in range(len(self.route))]
        turns = [(stop, who) for stop, who in turns if who.size]
        if turns:
            before = self.scene.board.cost.copy()
            drafts = [self.route[stop].draft(who) for stop, who in turns]
            self._answer([stop for stop, _ in turns], drafts)
            for stop, who in turns:
                self._advance(stop, who, before)

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
        for tactic in self.route:
            tactic.forget(rows)
        self.scene.oracle.forget(rows)
        self.scene.luck.forget(rows)

    def _due(self, stop: int, rows: Rows) -> Rows:
        """Rows that stand at this stop; those for which its tactic is no use move on instead."""
        here: Rows = rows[self._at[rows] == stop]
        evaded = self.scene.board.evaded(here)
        when = self.route[stop].when
        useful = np.ones(here.size, dtype=np.bool_)
        if when is not When.ALWAYS:
            useful = evaded if when is When.EVADED else ~evaded
        self._next(stop, here[~useful])
        due: Rows = here[useful]
        return due

    def _answer(self, stops: list[int], drafts: list[Draft]) -> None:
        """Project and price all drafts at once, settle each, ask the model once, and let each learn."""
        allowed = self.scene.allow(
            np.concatenate([draft.rows for draft in drafts]),
            np.concatenate([draft.points for draft in drafts]),
            np.concatenate([draft.tag for draft in drafts]),
        )
        parts = np.split(np.arange(allowed.rows.size), np.cumsum([draft.rows.size for draft in drafts])[:-1])
        asks = [self.route[stop].settle(allowed.take(part)) for stop, part in zip(stops, parts, strict=True)]
        rows = np.concatenate([ask.rows for ask in asks])
        points = np.concatenate([ask.points for ask in asks])
        margins = self.scene.oracle.ask(rows, points)
        self.scene.board.update(rows, points, margins, np.concatenate([ask.prices for ask in asks]))
        ends = np.cumsum([ask.rows.size for ask in asks])
        for stop, ask, part in zip(stops, asks, np.split(margins, ends[:-1]), strict=True):
            self.route[stop].learn(ask, part)

    def _advance(self, stop: int, rows: Rows, before: NDArray[np.float64]) -> None:
        if self.route[stop].again:
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
