# SPDX-License-Identifier: Apache-2.0
"""Search a ball by labels alone: draw changes inside a radius that shrinks, and learn from those that pass.

A step-shaped model has no slope that a zeroth-order gradient could find, but it has columns that matter, each with a side on
which it helps. For each row and column the tactic keeps the odds of a few moves: to the rim on either side, half-way, home,
or stay where the best evasion is. Each turn draws changes from these odds inside radii a little smaller than the best one's;
those that pass move the odds towards what they did, as in the cross-entropy method for rare events (Rubinstein 1999), and
how far the next radii reach follows how many passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.ball import Ball, Norm
from hauberk.attack.evasion.problem import Matrix, Rows
from hauberk.attack.evasion.scene import Ask, Draft, Scene, When

MOVES = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Where a column can be moved, in radii from its origin; beside these it can go anywhere inside, or stay."""

_HOME = MOVES.index(0.0)
_INSIDE, _STAY = len(MOVES), len(MOVES) + 1
_WAYS = _STAY + 1
_STAYS, _STAYS_SPARSE = 0.5, 0.7
"""Odds of staying at first; more where a change of many columns costs more than one of few."""

_LEARN, _ENOUGH, _FLOOR = 0.3, 8.0, 0.01
"""How far odds move towards what passed, from how many passes on they do so fully, and the smallest odds."""

_LINES = (0.25, 0.5, 1.0, 2.0)
"""The best evasion itself is tried this many steps nearer."""

_FIRST, _SHORTEST, _LONGEST = 0.15, 0.002, 0.5
"""Step as a share of the radius: the first, the shortest and the longest."""

_UNIFORM = 4
"""Of the first draws one in so many is uniform over the box; the others go along random signs."""

_ANYWHERE, _FROM_HOME, _FROM_BEST = 0, 1, 2
"""What such a candidate changes: about half of the columns, a few against the origin, or a few against the best evasion."""

_FEW = 2.0
"""How many columns a few are, on average."""

_FAR = 30.0
"""How many times nearer than the best evasion those look that change a few columns against the origin, at most."""

_SEARCHING = 0.3
"""Share of a turn's candidates that lie at any smaller radius and follow no odds: what is near may lie in a narrow gap."""


@dataclass(slots=True, kw_only=True)
class Squeeze:
    """Squeeze the best evasion of each row towards its origin.

    Attributes:
        scene: what all tactics share; its ground is a `Ball`.
        most: candidates that are asked for each row in one turn.
        odds: of each move, by row and column, shape (n, k, ways).
        step: share of the radius by which the next candidates are nearer, by row.
    """

    scene: Scene
    most: int = 128
    when: When = When.ALWAYS
    again: bool = False
    odds: NDArray[np.float64] = field(init=False)
    step: NDArray[np.float64] = field(init=False)
    _drawn: NDArray[np.int8] = field(init=False)

    def __post_init__(self) -> None:
        n, k = self.scene.problem.origin.shape
        stays = _STAYS if getattr(self.ball, "norm", Norm.LINF) is Norm.LINF else _STAYS_SPARSE
        self.odds = np.full((n, k, _WAYS), (1.0 - stays) / _STAY)
        self.odds[:, :, _STAY] = stays
        self.step = np.full(n, _FIRST)
        self._drawn = np.zeros((0, self.most, k), dtype=np.int8)

    @property
    def ball(self) -> Ball:
        """The ground.

        Raises:
            TypeError: it is no ball.
        """
        ground = self.scene.problem.ground
        if not isinstance(ground, Ball):
            raise TypeError("this tactic needs a ground in which changes can be shrunk")
        return ground

    def draft(self, rows: Rows) -> Draft:
        """`most` candidates for each row: nearer than its evasion, or anywhere while it has none."""
        board = self.scene.board
        k = board.origin.shape[1]
        chance = self.scene.luck.draw(rows, self.most, k + 1).reshape(rows.size, self.most, k + 1)
        evaded = board.evaded(rows)
        points = np.empty((rows.size, self.most, k))
        self._drawn = np.full((rows.size, self.most, k), _STAY, dtype=np.int8)
        points[~evaded] = self._anywhere(rows[~evaded], chance[~evaded])
        points[evaded] = self._nearer(rows[evaded], chance[evaded], evaded)
        home = board.origin[rows][:, None, :]
        prices = self.scene.problem.ground.price(points, home)
        return Draft(
            rows=np.repeat(rows, self.most),
            points=points.reshape(-1, k),
            tag=np.zeros(rows.size * self.most, dtype=np.intp),
            prices=prices.ravel(),
        )

    def settle(self, ask: Ask) -> Ask:
        """All of them: they were made to be cheaper."""
        return ask

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Move odds and steps by what passed."""
        rows = ask.rows[:: self.most]
        passed = (margins < 0).reshape(-1, self.most)
        led = self.most - self._searching
        share = passed[:, :led].mean(axis=1)
        rate = _LEARN * np.minimum(passed.sum(axis=1) / _ENOUGH, 1.0)[:, None]
        counted = np.maximum(passed.sum(axis=1), 1)[:, None]
        odds = self.odds[rows]
        for move in range(_WAYS):
            did = ((self._drawn == move) & passed[:, :, None]).sum(axis=1) / counted
            odds[:, :, move] += rate * (did - odds[:, :, move])
        odds = np.maximum(odds, _FLOOR)
        self.odds[rows] = odds / odds.sum(axis=2, keepdims=True)
        turn = np.where(share > 0.2, 1.3, np.where(share < 0.05, 0.6, 1.0))
        self.step[rows] = np.clip(self.step[rows] * turn, _SHORTEST, _LONGEST)

    def forget(self, rows: Rows) -> None:
        """Nothing grows."""

    def _anywhere(self, rows: Rows, chance: NDArray[np.float64]) -> Matrix:
        """Along random signs, from near to far, and some uniform over the box."""
        ball, home = self.ball, self.scene.board.origin[rows][:, None, :]
        span = ball.high - ball.low
        reach = np.geomspace(0.05, 1.0, self.most)[None, :, None] * span.max(initial=0.0)
        sign = np.where(chance[:, :, 1:] < 0.4, -1.0, np.where(chance[:, :, 1:] < 0.6, 0.0, 1.0))
        along = np.clip(home + sign * reach, ball.low, ball.high)
        uniform = ball.low + chance[:, :, 1:] * span
        points = np.where((np.arange(self.most) % _UNIFORM == 0)[None, :, None], uniform, along)
        return np.where(ball.mutable, points, home)

    @property
    def _searching(self) -> int:
        """How many of a turn's candidates follow no odds; they come last."""
        return int(_SEARCHING * self.most)

    def _nearer(self, rows: Rows, chance: NDArray[np.float64], evaded: NDArray[np.bool_]) -> Matrix:
        ball, board = self.ball, self.scene.board
        home, best = board.origin[rows][:, None, :], board.best[rows][:, None, :]
        led, free = self.most - self._searching, chance[:, :, 1:]
        step = self.step[rows][:, None] * 1.5 * chance[:, :, 0]
        step[:, : len(_LINES)] = self.step[rows][:, None] * np.array(_LINES)
        share = np.clip(1.0 - step, 0.05, 0.9999)
        share[:, led:] = (
            np.where(self._kind == _FROM_HOME, _FAR ** -chance[:, led:, 0], np.sqrt(chance[:, led:, 0])) * 0.9999
        )
        radius = board.cost[rows][:, None] * share
        drawn, within = self._ways(rows, free, led)
        drawn[:, : len(_LINES)] = _STAY
        drawn[:, :, ~ball.mutable] = _STAY
        self._drawn[evaded] = drawn
        away = np.array([*MOVES, 0.0, 0.0])[drawn]
        away = np.where(drawn == _INSIDE, 2.0 * within - 1.0, away) * radius[:, :, None]
        moved = np.where(drawn == _STAY, best, np.clip(home + away, ball.low, ball.high))
        return ball.fit(moved, home, radius)

    def _ways(self, rows: Rows, chance: NDArray[np.float64], led: int) -> tuple[NDArray[np.int8], Matrix]:
        """A way for each column of each candidate, and a number from 0 to 1 for those that go anywhere inside.

        The numbers are what is left of the chance that chose the way: where it fell between the two bounds of that way.
        """
        bounds = self.odds[rows].cumsum(axis=2)
        drawn = np.zeros(chance.shape, dtype=np.int8)
        for way in range(_STAY):
            drawn += chance > bounds[:, None, :, way]
        low, high = bounds[:, None, :, _INSIDE - 1], bounds[:, None, :, _INSIDE]
        within = np.clip((chance - low) / (high - low), 0.0, 1.0)
        flat, few = chance[:, led:], min(_FEW / max(int(self.ball.mutable.sum()), 1), 0.5)
        kind = self._kind[None, :, None]
        moved = np.where(kind == _ANYWHERE, 0.5, few)
        rest = np.where(
            kind == _ANYWHERE, np.where(flat < 0.75, _HOME, _STAY), np.where(kind == _FROM_HOME, _HOME, _STAY)
        )
        drawn[:, led:] = np.where(flat < moved, _INSIDE, rest)
        within[:, led:] = np.clip(flat / moved, 0.0, 1.0)
        return drawn, within

    @property
    def _kind(self) -> NDArray[np.int64]:
        """How each of the candidates that follow no odds is made, shape (searching,)."""
        return np.arange(self._searching) % 3
