# SPDX-License-Identifier: Apache-2.0
"""The attacker who holds the model's trees: the price of getting through, from both sides.

From above by a record that gets through, from below by a proof that nothing cheaper does. The proof is about the trees and
about each column by itself: it leaves rules out, and lets loose columns take any value, so that it stays true of every
valid record. The witness is a whole record: repaired and priced by the domain, and scored by the model as shipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.desk import charge, scores_of
from hauberk.attack.evasion.problem import Matrix, Problem, Rows
from hauberk.attack.evasion.proof import Claims, prove
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.tree_listing import leaves_of_all
from hauberk.attack.evasion.tree_purse import search_cases, solver
from hauberk.attack.evasion.tree_ways import Way, Ways
from hauberk.core.errors import Incomplete, OverBudget
from hauberk.model.trees import Trees

VISITS = 200_000
"""Leaves that are looked at for each row, where nobody says otherwise."""

_OFFERS = 200
"""Witnesses of one row that the domain is asked about; those beyond are refused unseen, which weakens no proof."""


def bracket_rows(
    problem: Problem, rows: Rows, budget: Budget, *, visits: int = VISITS, seed: Result | None = None
) -> Result:
    """Bracket the price of the cheapest evasion of each row.

    Args:
        problem: model, ground, threshold and records; the model has to give trees.
        rows: which records of the problem, each once, ascending.
        budget: account for `visits`, `queries` and `proofs`; its limit of visits is divided evenly among the rows.
        visits: leaves that may be looked at for each row.
        seed: what another attack found for the same rows: upper bounds to begin with.

    Returns:
        For each row the cheapest evasion found, by whomever, proved, and in `lower` what is proven about all others.

    Raises:
        UsageError: the model gives no trees.
        OverBudget: the budget does not cover one leaf for each row.
        Incomplete: the model does not score as its trees do, or an evasion does not survive a journey through a file.
        TimedOut: the deadline has passed.
    """
    trees = problem.model.trees()
    _refuse_strangers(problem, trees, rows)
    ways = Ways(problem, trees)
    solve = solver(trees.forest, _cut(problem, trees))
    each = _each(visits, rows.size, budget)
    cost, lower = np.full(rows.size, np.inf), np.zeros(rows.size)
    witness = problem.origin[rows].copy()
    for place, row in enumerate(rows.tolist()):
        judge = Judge(problem=problem, trees=trees, way=ways.of(row), budget=budget)
        if seed is not None and np.isfinite(seed.cost[place]):
            judge.know(float(seed.cost[place]), seed.witness[place])
        few = leaves_of_all(trees.forest, judge.way.choices) <= each
        floor, seen = search_cases(solve, judge.way.choices, each, judge, judge.purse, few=few)
        # the last step of a search may look at a few leaves more than it was granted
        charge(budget, "visits", min(seen, each), Method.TREES)
        lower[place], cost[place] = floor, judge.cost
        if judge.best is not None:
            witness[place] = judge.best
    done = np.flatnonzero(np.isfinite(cost))
    prove(problem, Claims(rows=rows[done], witness=witness[done], cost=cost[done]), budget, by=Method.TREES)
    return _result(rows, cost, lower, witness, seed)


@dataclass(slots=True, kw_only=True)
class Judge:
    """The domain's word, and the model's, on what a search in the trees proposes for one row.

    Attributes:
        problem: the task.
        trees: of its model.
        way: what the row can become.
        budget: account for questions to the model.
        cost: price of the cheapest evasion so far; infinite while there is none.
        best: that evasion, shape (k,).
        asked: how many witnesses were looked at.
    """

    problem: Problem
    trees: Trees
    way: Way
    budget: Budget
    cost: float = np.inf
    best: Matrix | None = None
    asked: int = 0

    def purse(self) -> float:
        """The price of the cheapest evasion so far."""
        return self.cost

    def know(self, cost: float, point: Matrix) -> None:
        """Take in an evasion that was proved elsewhere."""
        self.cost, self.best = cost, point

    def __call__(self, witness: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]] | None:
        """True price and true row of a witness, or None where no valid record near it gets through."""
        self.asked += 1
        if self.asked > _OFFERS:
            return None
        ground, origin = self.problem.ground, self.way.origin[None, :]
        wished = self.way.point(witness)[None, :]
        point = ground.project(wished, origin)
        row = witness
        if self.way.choices.loose or not np.array_equal(point, wished, equal_nan=True):
            row = self.trees.matrix(ground.decode(point))[0]
        if not self._passes(row, point):
            return None
        price = float(ground.price(point, origin)[0])
        if price < self.cost:
            self.cost, self.best = price, point[0]
        return price, row

    def _passes(self, row: NDArray[np.float64], point: Matrix) -> bool:
        threshold = self.problem.threshold
        margin = float(self.trees.forest.margins(row[None, :])[0, 0])
        cut, slack = self.trees.cut(threshold), self.trees.slack(threshold)
        if not cut - slack <= margin <= cut + slack:
            return margin < cut
        if self.budget.left("queries") == 0:
            return False
        # so near the threshold that only the model itself can tell
        charge(self.budget, "queries", 1, Method.TREES)
        return bool(scores_of(self.problem, self.problem.ground.decode(point))[0] < threshold)


def _each(visits: int, rows: int, budget: Budget) -> int:
    """Leaves that each row may look at, so that the budget's limit is divided evenly."""
    left = budget.left("visits")
    each = visits if left is None else min(visits, left // max(rows, 1))
    if each < 1:
        raise OverBudget(
            f"{left} visits do not cover one leaf for each of {rows} rows",
            next_step="raise the budget or attack fewer rows",
        )
    return each


def _cut(problem: Problem, trees: Trees) -> float:
    """Whatever lies this near to the cut may pass in the model itself; the judge decides."""
    cut = trees.cut(problem.threshold) + trees.slack(problem.threshold)
    return min(cut, float(np.finfo(np.float64).max))


def _refuse_strangers(problem: Problem, trees: Trees, rows: Rows) -> None:
    """Refuse a model whose scores for the records are not those of its trees."""
    frame = problem.ground.decode(problem.origin[rows])
    apart = np.abs(trees.scores(frame) - scores_of(problem, frame))
    allowed = 2e-6 if trees.forest.values.dtype == np.float32 else 1e-8
    if not (apart <= allowed).all():
        raise Incomplete(
            f"the model does not score {int((apart > allowed).sum())} of {rows.size} records as its trees do",
            where=problem.model.name,
            why=f"the scores differ by up to {apart.max():.3g}",
            next_step="attack the model by its scores, and report its kind to Hauberk",
        )


def _result(
    rows: Rows, cost: NDArray[np.float64], lower: NDArray[np.float64], witness: Matrix, seed: Result | None
) -> Result:
    none = np.zeros(rows.size, dtype=np.int64)
    first = none if seed is None else seed.first
    return Result(
        method=Method.TREES,
        allowance=0 if seed is None else seed.allowance,
        rows=rows,
        cost=cost,
        witness=witness,
        queries=none if seed is None else seed.queries,
        first=np.where(np.isfinite(cost), np.maximum(first, 1), 0),
        lower=lower,
    )
