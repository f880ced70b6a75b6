# SPDX-License-Identifier: Apache-2.0
"""The one scheduler: rows x attacks x targets x restarts x questions, in full batches.

A lane is one attack on one target with one seed. At each step every lane drafts for the rows that it has at work, and the
questions of all lanes go to the model together. A job, which is one row in one lane, leaves the moment it is done, and a
waiting one takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.desk import Desk, Interrupted, Question
from hauberk.attack.evasion.problem import Flags, Matrix, Problem, Rows
from hauberk.attack.evasion.proof import Claims, prove
from hauberk.attack.evasion.search import Search

_HELD = 256
"""Finished rows of a lane that wait to be proved together."""


class Goal(StrEnum):
    """When a row is done."""

    CHEAPEST = "cheapest"
    """When its search is: allowance spent, evasion free, or no cheaper one in sight."""

    ANY = "any"
    """As soon as one lane has a proved evasion; the row then leaves every lane."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """One attack on one target with one seed.

    Attributes:
        name: of the attack, for the account.
        search: its route, with its own board and its own account of each row.
        rows: which rows of the problem it works on, each once.
        cost: price of the cheapest proved evasion, by row; infinite while there is none.
        witness: that evasion, shape (n, k).
        open: rows that it has not finished.
    """

    name: str
    search: Search
    rows: Rows
    cost: NDArray[np.float64] = field(init=False)
    witness: Matrix = field(init=False)
    open: Flags = field(init=False)

    def __post_init__(self) -> None:
        self.witness = self.problem.origin.copy()
        self.cost = np.full(self.witness.shape[0], np.inf, dtype=np.float64)
        everyone: Rows = np.arange(int(self.witness.shape[0]))
        self.open = np.isin(everyone, self.rows)

    @property
    def problem(self) -> Problem:
        """What it attacks."""
        return self.search.scene.problem

    def unproved(self, rows: Rows) -> Rows:
        """Which of these rows have a cheaper evasion than the one that was proved."""
        return rows[self.search.scene.board.cost[rows] < self.cost[rows]]

    def prove(self, rows: Rows, desk: Desk) -> None:
        """Prove the evasions of these rows that were not proved yet; see `hauberk.attack.evasion.proof`."""
        rows = self.unproved(rows)
        board = self.search.scene.board
        claims = Claims(rows=rows, witness=board.best[rows], cost=board.cost[rows])
        prove(self.problem, claims, desk.budget, by=self.name)
        self.cost[rows], self.witness[rows] = claims.cost, claims.witness


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Runs lanes until every job is done, or until the model stops answering.

    Attributes:
        lanes: the attacks; rows of equal number are the same record in each of them.
        desk: where their questions meet the model.
        width: jobs at work at a time; it bounds memory and changes no result.
        goal: when a row is done.
        careful: prove evasions as soon as they are found rather than at the end, since the model may stop answering.
        broken: why the model stopped answering; None if it did not.
    """

    lanes: Sequence[Lane]
    desk: Desk
    width: int = 256
    goal: Goal = Goal.CHEAPEST
    careful: bool = False
    broken: Interrupted | None = field(init=False, default=None)

    def run(self) -> None:
        """Run.

        Raises:
            TimedOut: the deadline has passed.
            Incomplete: an evasion does not hold when it is proved.
        """
        try:
            self._run()
        except Interrupted as error:
            self.broken = error

    def _run(self) -> None:
        lane, row = self._jobs()
        at = 0
        active = [lane.rows[:0] for lane in self.lanes]
        while at < row.size or any(rows.size for rows in active):
            room = slice(at, at + max(self.width - sum(rows.size for rows in active), 0))
            at = min(room.stop, row.size)
            for place, rows in enumerate(active):
                fresh = row[room][lane[room] == place]
                fresh = fresh[self.lanes[place].open[fresh]]  # with Goal.ANY another lane may be through already
                active[place] = np.sort(np.concatenate([rows, fresh]))
            active = self._step(active)
        for each in self.lanes:
            each.prove(each.rows, self.desk)

    def _jobs(self) -> tuple[NDArray[np.intp], Rows]:
        """Lane and row of every job, row by row, so that all attacks on a row run side by side."""
        lane = np.concatenate([np.full(each.rows.size, place) for place, each in enumerate(self.lanes)])
        row = np.concatenate([each.rows for each in self.lanes])
        order = np.lexsort((lane, row))
        return lane[order], row[order]

    def _step(self, active: list[Rows]) -> list[Rows]:
        """One turn of every job at work; returns those that go on."""
        busy = [(place, self.lanes[place], rows) for place, rows in enumerate(active) if rows.size]
        questions = [
            Question(by=lane.name, problem=lane.problem, points=lane.search.pose(rows)) for _, lane, rows in busy
        ]
        for (_, lane, rows), scores in zip(busy, self.desk.ask(questions), strict=True):
            lane.search.take(scores)
            if self.careful or self.goal is Goal.ANY:
                lane.prove(rows[np.isinf(lane.cost[rows])], self.desk)
        through = self._through()
        for place, lane, rows in busy:
            over = rows[lane.search.done(rows) | through[rows]]
            self._leave(lane, over)
            active[place] = np.setdiff1d(rows, over, assume_unique=True)
        return active

    def _through(self) -> Flags:
        """With `Goal.ANY`, the rows that are through in some lane; otherwise none."""
        through = np.zeros(self.lanes[0].cost.size, dtype=np.bool_)
        if self.goal is Goal.ANY:
            for lane in self.lanes:
                through |= np.isfinite(lane.cost)
            for lane in self.lanes:
                lane.open &= ~through
        return through

    def _leave(self, lane: Lane, over: Rows) -> None:
        lane.open[over] = False
        lane.search.leave(over)
        if self.careful:
            lane.prove(over, self.desk)
        elif over.size and lane.unproved(lane.rows[~lane.open[lane.rows]]).size >= _HELD:
            lane.prove(lane.rows[~lane.open[lane.rows]], self.desk)
