# SPDX-License-Identifier: Apache-2.0
"""The scheduler: full batches, rows that leave when they are done, accounts by attack, and models that stop answering."""

from dataclasses import replace

import numpy as np
import pytest

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, attack
from hauberk.attack.evasion.schedule import Goal
from hauberk.attack.evasion.scheduled import Attempt, run_attempts
from hauberk.core.errors import Incomplete, OverBudget

METHODS = pytest.mark.parametrize("method", [Method.SCORES, Method.LABELS, Method.RANDOM])


@pytest.fixture
def toy(toys):
    grid = toys.Grid((6,) * 5, (1.0, 0.0, 5.0, 0.0, 2.0), (1.0, 3.0, 0.5, 1.0, 10.0), frozen=(4,), cap=18)
    return toys.problem(grid, toys.forest(2, grid.high), 0.5, rows=40)


def run(problem, method, *, budget=None, **options):
    rows = np.arange(problem.origin.shape[0])
    return attack(problem, rows, budget or Budget(), np.random.default_rng(0), method=method, **options)


def attempts(problem, *methods, queries=200, seed=5):
    return [Attempt(problem=problem, method=method, queries=queries, seed=seed) for method in methods]


class Failing:
    """A model that raises on some points, and says how often it was called."""

    def __init__(self, score, bad):
        self.score, self.bad, self.calls = score, bad, 0

    def __call__(self, frame):
        points = frame.to_numpy().astype(np.float64)
        self.calls += 1
        if self.bad(points).any():
            raise ValueError(f"cannot score {points[0]}")
        return self.score(points)


def test_every_question_and_proof_is_counted_in_all_and_by_attack(toy):
    budget = Budget()
    rows = np.arange(40)
    found = run_attempts(attempts(toy, Method.SCORES, Method.RANDOM, Method.LABELS), rows, budget)
    for result in found:
        assert budget.spent[f"queries by {result.method}"] == result.queries.sum()
        assert budget.spent[f"proofs by {result.method}"] == 2 * result.evaded.sum()
    for kind in ("queries", "proofs"):
        assert budget.spent[kind] == sum(n for name, n in budget.spent.items() if name.startswith(f"{kind} by "))
    assert toy.model.scorer.rows == budget.spent["queries"] + budget.spent["proofs"]


def test_attacks_that_run_side_by_side_find_what_each_finds_alone(toy):
    rows = np.arange(40)
    together = run_attempts(attempts(toy, Method.SCORES, Method.RANDOM, Method.LABELS), rows, Budget(), width=37)
    for result in together:
        (alone,) = run_attempts(attempts(toy, result.method), rows, Budget())
        assert np.array_equal(alone.cost, result.cost)
        assert np.array_equal(alone.witness, result.witness)
        assert np.array_equal(alone.queries, result.queries)


def test_questions_of_all_attacks_and_rows_share_batches(toy):
    rows = np.arange(40)
    apart = 0
    for method in (Method.SCORES, Method.RANDOM, Method.LABELS):
        budget = Budget()
        run_attempts(attempts(toy, method), rows, budget)
        apart += budget.spent["batches"]
    budget = Budget()
    run_attempts(attempts(toy, Method.SCORES, Method.RANDOM, Method.LABELS), rows, budget)
    assert budget.spent["batches"] < apart
    tiny = Budget()
    run_attempts(attempts(toy, Method.SCORES), rows, tiny, batch=16)
    assert tiny.spent["batches"] >= tiny.spent["queries"] // 16


def test_targets_are_lanes_of_their_own(toy):
    """A lower threshold is a harder target: what passes there passes the other one too."""
    rows = np.arange(40)
    harder = replace(toy, threshold=0.35)
    near, far = run_attempts([*attempts(toy, Method.SCORES), *attempts(harder, Method.SCORES)], rows, Budget())
    assert (toy.model.scorer.score(far.witness[far.evaded]) < 0.35).all()
    both = near.evaded & far.evaded
    assert both.sum() > 10
    assert near.cost[both].mean() <= far.cost[both].mean()


@METHODS
def test_a_row_leaves_the_moment_any_evasion_is_proved(toy, method):
    cheapest, any_ = Budget(), Budget()
    best = run(toy, method, budget=cheapest)
    first = run(toy, method, budget=any_, goal=Goal.ANY)
    assert np.array_equal(first.evaded, best.evaded)
    assert any_.spent["queries"] < cheapest.spent["queries"]
    assert (toy.model.scorer.score(first.witness[first.evaded]) < toy.threshold).all()


def test_a_row_that_is_through_leaves_every_attack(toy):
    rows = np.arange(40)
    clever, floor = run_attempts(attempts(toy, Method.SCORES, Method.RANDOM), rows, Budget(), goal=Goal.ANY, width=4096)
    through = clever.evaded | floor.evaded
    assert through.all()
    assert not clever.unknown.any()
    assert not floor.unknown.any()
    alone = run(toy, Method.RANDOM, goal=Goal.ANY)
    assert floor.queries.sum() <= alone.queries.sum()


def test_restarts_share_the_allowance(toy):
    one, four = run(toy, Method.SCORES, queries=240), run(toy, Method.SCORES, queries=240, restarts=4)
    assert (four.queries <= 240).all()
    assert four.evaded.sum() >= one.evaded.sum() - 1
    with pytest.raises(OverBudget, match="do not cover 4"):
        run(toy, Method.SCORES, restarts=4, budget=Budget(limits={"queries": 3 * 40}))


@METHODS
def test_candidates_on_which_the_model_fails_cost_a_question_and_nothing_else(toy, toys, method):
    scorer = Failing(toy.model.scorer.score, lambda points: points[:, 0] == 3)
    broken = replace(toy, model=replace(toy.model, scorer=scorer), origin=toy.origin[toy.origin[:, 0] != 3])
    broken = replace(broken, keys=toy.keys[toy.origin[:, 0] != 3])
    budget = Budget()
    result = run(broken, method, queries=150, budget=budget)
    assert result.evaded.any()
    assert (result.witness[result.evaded][:, 0] != 3).all()
    assert not (result.unknown & result.evaded).any()
    assert result.queries.sum() == budget.spent["queries"]


@METHODS
def test_not_found_beside_failures_is_unknown_and_never_more(toys, method):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0))
    problem = toys.problem(grid, lambda points: np.full(points.shape[0], 0.9), 0.5, rows=5)
    odd = toys.view(lambda points: np.where(points[:, 0] == 4, np.nan, 0.9), grid.names)
    start = problem.origin[:, 0] != 4
    problem = replace(problem, model=odd, origin=problem.origin[start], keys=problem.keys[start])
    result = run(problem, method, queries=100)
    assert not result.evaded.any()
    assert result.unknown.all()
    assert "NaN" in result.trouble


def test_a_model_that_is_gone_leaves_what_was_proved_and_the_rest_unknown(toy):
    class Dying:
        def __init__(self, score, calls):
            self.score, self.left = score, calls

        def __call__(self, frame):
            self.left -= 1
            if self.left < 0:
                raise Incomplete("the model's process ended", why="out of memory")
            return self.score(frame.to_numpy().astype(np.float64))

    for calls in (0, 1, 6, 25):
        model = replace(toy.model, scorer=Dying(toy.model.scorer.score, calls), framework="endpoint")
        budget = Budget()
        result = run(replace(toy, model=model), Method.SCORES, budget=budget, width=10)
        assert result.unknown.any()
        assert not (result.unknown & result.evaded).any()
        assert result.unknown.sum() + result.evaded.sum() == 40
        assert result.trouble == "the model's process ended: out of memory"
        assert result.queries.sum() <= budget.spent.get("queries", 0) <= 40 * 1000
        if calls == 25:
            assert result.evaded.any()
            assert (toy.model.scorer.score(result.witness[result.evaded]) < toy.threshold).all()


def test_a_result_joined_with_an_unknown_one_stays_unknown_where_nothing_was_found(toy):
    rows = np.arange(40)
    (known,) = run_attempts(attempts(toy, Method.RANDOM, queries=1), rows, Budget())
    lost = replace(known, unknown=np.ones(40, dtype=bool), cost=np.full(40, np.inf), trouble="busy")
    joined = known.cheapest(lost)
    assert np.array_equal(joined.unknown, ~known.evaded)
    assert joined.trouble == "busy"
