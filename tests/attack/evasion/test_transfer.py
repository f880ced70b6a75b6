# SPDX-License-Identifier: Apache-2.0
"""The attack by transfer: what it asks, what it counts, and that only the model's own word makes an evasion."""

from dataclasses import replace

import numpy as np
import pytest

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, attack
from hauberk.attack.evasion.transfer import SPARE, Transfer
from hauberk.core.errors import Incomplete


@pytest.fixture
def toy(toys):
    grid = toys.Grid((6,) * 5, (1.0, 0.0, 5.0, 0.0, 2.0), (1.0, 3.0, 0.5, 1.0, 10.0), frozen=(4,), cap=18)
    return toys.problem(grid, toys.forest(2, grid.high), 0.5, rows=40)


def transfer(problem, budget=None, *, allowance=25, labels_only=True, seed=1, rows=None):
    rows = np.arange(problem.origin.shape[0]) if rows is None else rows
    return Transfer(
        problem=problem,
        rows=rows,
        budget=budget or Budget(),
        seed=seed,
        allowance=allowance,
        labels_only=labels_only,
    )


@pytest.mark.parametrize("labels_only", [True, False])
def test_most_rows_pass_by_way_of_the_copy_and_every_question_is_counted(toy, labels_only):
    budget = Budget()
    result = transfer(toy, budget, labels_only=labels_only).run()
    assert result.evaded.mean() >= 0.7
    assert (result.queries <= 25).all()
    assert budget.spent["queries"] == budget.spent["queries by transfer"] == result.queries.sum()
    assert toy.model.scorer.rows == budget.spent["queries"] + budget.spent["proofs"]
    assert budget.spent["copy queries"] > result.queries.sum()
    found = result.evaded
    assert (toy.model.scorer.score(result.witness[found]) < toy.threshold).all()
    assert toy.ground.valid(result.witness[found]).all()
    assert toy.ground.reachable(result.witness[found], toy.origin[found]).all()
    assert np.array_equal(toy.ground.price(result.witness[found], toy.origin[found]), result.cost[found])
    assert ((result.first > 0) == found).all()
    assert (result.first[found] > 25 - len(SPARE)).all()  # nothing counts that was bought as an answer


def test_the_order_of_records_does_not_matter(toy):
    turned = np.random.default_rng(4).permutation(40)
    one = transfer(toy).run()
    other = transfer(replace(toy, origin=toy.origin[turned], keys=toy.keys[turned])).run()
    assert np.array_equal(other.cost, one.cost[turned])
    assert np.array_equal(other.queries, one.queries[turned])


def test_the_method_hears_scores_where_the_model_gives_them(toy):
    rows = np.arange(40)
    result = attack(toy, rows, Budget(), np.random.default_rng(0), method=Method.TRANSFER, queries=25)
    assert result.method is Method.TRANSFER
    assert result.evaded.any()


def test_a_budget_of_one_question_teaches_nothing_and_finds_nothing(toy):
    for allowance in (1, 2):
        result = transfer(toy, allowance=allowance).run()
        assert not result.evaded.any()
        assert not result.unknown.any()
        assert (result.queries <= allowance).all()


def test_answers_that_are_all_alike_train_no_copy(toys):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0))
    problem = toys.problem(grid, lambda points: np.full(points.shape[0], 0.9), 0.5, rows=10)
    job = transfer(problem)
    result = job.run()
    assert job.copy is None
    assert not result.evaded.any()


@pytest.mark.parametrize("calls", [0, 1, 2, 4])
def test_a_model_that_stops_answering_leaves_the_rest_unknown(toy, calls):
    left = [calls]

    def score(frame):
        left[0] -= 1
        if left[0] < 0:
            raise Incomplete("the model server is busy (HTTP 429)")
        return toy.model.scorer.score(frame.to_numpy().astype(np.float64))

    gone = replace(toy, model=replace(toy.model, scorer=score, framework="endpoint"))
    result = transfer(gone).run()
    assert result.unknown.any()
    assert (result.unknown ^ result.evaded).all()
    assert "429" in result.trouble
    if calls == 4:
        assert result.evaded.any()
