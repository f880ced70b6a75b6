# SPDX-License-Identifier: Apache-2.0
"""Make an evasion cheaper: take changes back one by one and two by two, and walk numeric ones home by sections."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.board import differs
from hauberk.attack.evasion.problem import Flags, Matrix, Rows
from hauberk.attack.evasion.scene import Ask, Draft, Scene, When

SECTIONS = (0.25, 0.5, 0.75)
"""Where a change is tried between the value that fails and the value that evades."""

WHOLE = -1
"""Column of a trial that touches more than one."""

_PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Ways to make evasions cheaper, before projection.

    Attributes:
        rows: whose trial it is, shape (m,), in ascending order of row.
        column: the one column it walks home, or `WHOLE`, shape (m,).
        points: shape (m, k).
    """

    rows: Rows
    column: NDArray[np.intp]
    points: Matrix


@dataclass(slots=True, kw_only=True)
class Shrinker:
    """Keeps, for each row and column, the value nearest to the evasion that is known to fail.

    Attributes:
        origin: where each row starts, shape (n, k).
        columns: the coordinates that an attacker can change.
        failing: shape (n, k); at first the origin's values.
    """

    origin: Matrix
    columns: NDArray[np.intp]
    failing: Matrix = field(init=False)

    def __post_init__(self) -> None:
        self.failing = self.origin.copy()

    def reset(self, rows: Rows) -> None:
        """Forget what fails: the evasion of these rows is another one now."""
        self.failing[rows] = self.origin[rows]

    def trials(self, rows: Rows, best: Matrix) -> Trials:
        """Propose trials around the cheapest evasions.

        Args:
            rows: which rows, ascending, shape (g,).
            best: their cheapest evasions, shape (g, k).
        """
        changed = differs(best, self.origin[rows])[:, self.columns]
        parts = [self._home(rows, best, changed), self._whole(rows, best), *self._pairs(rows, best, changed)]
        parts.extend(self._section(rows, best, changed, fraction) for fraction in SECTIONS)
        order = np.argsort(np.concatenate([part.rows for part in parts]), kind="stable")
        return Trials(
            rows=np.concatenate([part.rows for part in parts])[order],
            column=np.concatenate([part.column for part in parts])[order],
            points=np.concatenate([part.points for part in parts])[order],
        )

    def learn(self, trials: Trials, points: Matrix, failed: Flags, best: Matrix) -> None:
        """Take in which trials failed.

        Args:
            trials: as proposed.
            points: the projected points that were asked, shape (m, k).
            failed: which of them were caught, shape (m,).
            best: cheapest evasion of each trial's row, shape (m, k).
        """
        told = np.flatnonzero(failed & (trials.column != WHOLE))
        rows, column = trials.rows[told], trials.column[told]
        value, goal = points[told, column], best[told, column]
        far = np.abs(value - goal)
        order = np.argsort(-far, kind="stable")  # the nearest failure is written last and stays
        rows, column, value, far, goal = rows[order], column[order], value[order], far[order], goal[order]
        nearer = far < np.abs(self.failing[rows, column] - goal)
        self.failing[rows[nearer], column[nearer]] = value[nearer]

    def _home(self, rows: Rows, best: Matrix, changed: Flags) -> Trials:
        at, place = np.nonzero(changed)
        points = best[at].copy()
        column = self.columns[place]
        points[np.arange(at.size), column] = self.origin[rows[at], column]
        return Trials(rows=rows[at], column=np.full(at.size, WHOLE), points=points)

    def _section(self, rows: Rows, best: Matrix, changed: Flags, fraction: float) -> Trials:
        at, place = np.nonzero(changed)
        column = self.columns[place]
        points = best[at].copy()
        low = self.failing[rows[at], column]
        points[np.arange(at.size), column] = low + fraction * (points[np.arange(at.size), column] - low)
        usable = ~np.isnan(points[np.arange(at.size), column])
        return Trials(rows=rows[at][usable], column=column[usable], points=points[usable])

    def _whole(self, rows: Rows, best: Matrix) -> Trials:
        points = 0.5 * (best + self.origin[rows])
        points = np.where(np.isnan(points), best, points)
        return Trials(rows=rows, column=np.full(rows.size, WHOLE), points=points)

    def _pairs(self, rows: Rows, best: Matrix, changed: Flags) -> list[Trials]:
        found: list[Trials] = []
        order = np.argsort(~changed, axis=1, kind="stable")
        many = changed.sum(axis=1)
        pairs = [(i, j) for j in range(1, 5) for i in range(j)][:_PAIRS]
        for i, j in pairs:
            if j >= changed.shape[1]:
                break
            at = np.flatnonzero(many > max(j, 2))
            points = best[at].copy()
            for place in (i, j):
                column = self.columns[order[at, place]]
                points[np.arange(at.size), column] = self.origin[rows[at], column]
            found.append(Trials(rows=rows[at], column=np.full(at.size, WHOLE), points=points))
        return found


@dataclass(slots=True, kw_only=True)
class Shrink:
    """Make each row's cheapest evasion cheaper, again and again for as long as that works.

    Attributes:
        scene: what all tactics share.
        most: candidates that are asked for each row in one turn.
        shrinker: what is known to fail.
        known: the evasion that the shrinker's knowledge is about, by row, shape (n, k).
    """

    scene: Scene
    most: int = 64
    when: When = When.EVADED
    again: bool = True
    shrinker: Shrinker = field(init=False)
    known: Matrix = field(init=False)

    def __post_init__(self) -> None:
        self.shrinker = Shrinker(origin=self.scene.problem.origin, columns=self.scene.menu.columns)
        self.known = np.full(self.scene.problem.origin.shape, np.nan)

    def draft(self, rows: Rows) -> Draft:
        """The shrinker's trials around each row's cheapest evasion."""
        best = self.scene.board.best[rows]
        self.shrinker.reset(rows[differs(best, self.known[rows]).any(axis=1)])
        self.known[rows] = best
        trials = self.shrinker.trials(rows, best)
        return Draft(rows=trials.rows, points=trials.points, tag=trials.column)

    def settle(self, ask: Ask) -> Ask:
        """Up to `most` bargains for each row, known answers included: the shrinker learns from them."""
        return self.scene.bargains(ask, self.most, fresh=False)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Note which values fail, relative to the evasion that the trials started from."""
        trials = Trials(rows=ask.rows, column=ask.tag, points=ask.points)
        self.shrinker.learn(trials, ask.points, margins > 0, self.known[ask.rows])
        best = self.scene.board.best[ask.rows]
        mine = ~differs(ask.points, best).any(axis=1)  # a better evasion from elsewhere is not one of these trials
        self.known[ask.rows[mine]] = best[mine]

    def forget(self, rows: Rows) -> None:
        """Nothing grows."""
