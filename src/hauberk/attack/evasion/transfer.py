# SPDX-License-Identifier: Apache-2.0
"""The attack by transfer: buy answers to valid records, train a copy, attack the copy, and try the result once or twice.

The copy can be asked for nothing and as often as one likes. Candidates that pass it with more and more to spare are then
tried on the model itself, the cheapest first; what the model says of a failed try teaches the next copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.desk import Desk, Interrupted, Question, charge
from hauberk.attack.evasion.luck import Luck
from hauberk.attack.evasion.moves import Menu, scatter
from hauberk.attack.evasion.problem import Matrix, Problem, Rows
from hauberk.attack.evasion.proof import Claims, prove
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.scheduled import Attempt, run_attempts
from hauberk.attack.evasion.surrogate import Coded, Copy, train_copy

SPARE = (0.0, 0.3, 0.8, 1.5, 2.5)
"""Log-odds by which the tries pass the copy, one after the other."""

COPY_QUERIES = 150
"""Questions to the copy for each row and try."""

_NAME = Method.TRANSFER.value
_EDGE = 1e-9


@dataclass(slots=True, kw_only=True)
class Transfer:
    """One attack by transfer; `run` does it once.

    Attributes:
        problem: the task.
        rows: which records, each once.
        budget: account for `queries` to the model, `copy queries` and `proofs`.
        seed: of crafted records, training and search.
        allowance: questions to the model for each row, tries included.
        labels_only: the copy is trained on decisions rather than scores.
        copy: the copy, once it is trained.
    """

    problem: Problem
    rows: Rows
    budget: Budget
    seed: int
    allowance: int
    labels_only: bool = True
    copy: Copy | None = field(init=False, default=None)
    _cost: NDArray[np.float64] = field(init=False)
    _witness: Matrix = field(init=False)
    _used: NDArray[np.int64] = field(init=False)
    _first: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        n = self.problem.origin.shape[0]
        self._cost = np.full(n, np.inf)
        self._witness = self.problem.origin.copy()
        self._used = np.zeros(n, dtype=np.int64)
        self._first = np.zeros(n, dtype=np.int64)

    @property
    def tries(self) -> int:
        """How many candidates of each row are tried on the model, at most."""
        return min(len(SPARE), max(self.allowance // 2, 1))

    def run(self) -> Result:
        """Buy answers, train, attack the copy, try.

        Raises:
            TimedOut: the deadline has passed.
            Incomplete: a candidate that passed does not hold when it is proved.
        """
        desk = Desk(budget=self.budget)
        trouble = ""
        try:
            self._attack(desk)
        except Interrupted as error:
            trouble = error.sentence
        rows, cost = self.rows, self._cost[self.rows]
        return Result(
            method=Method.TRANSFER,
            allowance=self.allowance,
            rows=rows,
            cost=cost,
            witness=self._witness[rows],
            queries=self._used[rows],
            first=self._first[rows],
            unknown=np.isinf(cost) if trouble else np.zeros(rows.size, dtype=np.bool_),
            trouble=trouble,
        )

    def _attack(self, desk: Desk) -> None:
        owner, points = self._crafted(self.allowance - self.tries)
        answers = self._told(desk, owner, points)
        for spare in SPARE[: self.tries]:
            rows = self.rows[np.isinf(self._cost[self.rows])]
            if rows.size == 0 or not self._train(points, answers):
                return
            tried, said = self._try(desk, rows, spare)
            points, answers = np.concatenate([points, tried]), np.concatenate([answers, said])

    def _train(self, points: Matrix, answers: NDArray[np.float64]) -> bool:
        """Train the copy on all answers so far, failed tries included; false if they are all alike and teach nothing."""
        known = ~np.isnan(answers)
        if np.unique(answers[known] >= self._cut).size < 2:
            return False
        self.copy = train_copy(replace(self.problem, threshold=self._cut), points[known], answers[known], self.seed)
        return True

    @property
    def _cut(self) -> float:
        """Where the two sides of an answer meet."""
        return 0.5 if self.labels_only else self.problem.threshold

    def _crafted(self, each: int) -> tuple[Rows, Matrix]:
        """Valid records around each row, the row itself first, few changes more often than many."""
        problem, rows = self.problem, self.rows
        if each < 1:
            return rows[:0], problem.origin[:0]
        menu = Menu.of(problem.ground, problem.origin)
        owner = np.repeat(rows, each)
        chance = Luck(seed=self.seed, keys=problem.keys).draw(rows, each, 1 + 2 * menu.columns.size)
        chance[:, 0] **= 2
        wishes = scatter(menu, owner, problem.origin[owner], chance)
        wishes[::each] = problem.origin[rows]
        return owner, problem.ground.project(wishes, problem.origin[owner])

    def _told(self, desk: Desk, owner: Rows, points: Matrix) -> NDArray[np.float64]:
        """What the model answers: its scores, or 1 and 0 for its decisions; NaN where it fails."""
        (scores,) = desk.ask([Question(by=_NAME, problem=self.problem, points=points)])
        self._used += np.bincount(owner, minlength=self._used.size)
        if not self.labels_only:
            return scores
        return np.where(np.isnan(scores), np.nan, (scores >= self.problem.threshold).astype(np.float64))

    def _try(self, desk: Desk, rows: Rows, spare: float) -> tuple[Matrix, NDArray[np.float64]]:
        """Attack the copy with something to spare, ask the model once a row about what comes out, and prove what passes.

        Returns:
            The candidates and what the model answered.
        """
        if self.copy is None:
            raise RuntimeError("there is no copy to attack")
        cut = min(self._cut, 1.0 - _EDGE)
        odds = cut / (1.0 - cut) * float(np.exp(-spare))
        aim = replace(
            self.problem, model=self.copy.view, ground=Coded(self.problem.ground), threshold=odds / (1.0 + odds)
        )
        account = Budget(deadline=self.budget.deadline)
        attempt = Attempt(problem=aim, method=Method.SCORES, queries=COPY_QUERIES, seed=self.seed)
        (found,) = run_attempts([attempt], rows, account)
        charge(self.budget, "copy queries", account.spent.get("queries", 0), _NAME)
        told, points, cost = rows[found.evaded], found.witness[found.evaded], found.cost[found.evaded]
        answers = self._told(desk, told, points)
        passed = answers < self._cut
        claims = Claims(rows=told[passed], witness=points[passed], cost=cost[passed])
        prove(self.problem, claims, self.budget, by=_NAME)
        self._cost[claims.rows], self._witness[claims.rows] = claims.cost, claims.witness
        self._first[claims.rows] = self._used[claims.rows]
        return points, answers
