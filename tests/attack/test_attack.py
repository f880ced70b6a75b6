# SPDX-License-Identifier: Apache-2.0
"""Promises that every attack keeps: determinism, independence, budgets, and only records that the domain accepts."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Budget, TimedOut
from hauberk.attack.evasion import Method, Problem, attack
from hauberk.core.errors import Incomplete, NothingToExamine, OverBudget, UsageError
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule, Space, validate
from hauberk.model import ModelView

SEARCHES = (Method.SCORES, Method.LABELS, Method.RANDOM)
METHODS = pytest.mark.parametrize("method", SEARCHES)


@pytest.fixture
def toy(toys):
    grid = toys.Grid((6,) * 5, (1.0, 0.0, 5.0, 0.0, 2.0), (1.0, 3.0, 0.5, 1.0, 10.0), frozen=(4,), cap=18)
    return toys.problem(grid, toys.forest(2, grid.high), 0.5, rows=40)


def run(problem, method, *, seed=0, rows=None, budget=None, **options):
    rows = np.arange(problem.origin.shape[0]) if rows is None else rows
    return attack(problem, rows, budget or Budget(), np.random.default_rng(seed), method=method, **options)


def same(one, other):
    return (
        np.array_equal(one.cost, other.cost)
        and np.array_equal(one.witness, other.witness, equal_nan=True)
        and np.array_equal(one.queries, other.queries)
        and np.array_equal(one.first, other.first)
    )


@METHODS
def test_the_same_seed_gives_the_same_result(toy, method):
    assert same(run(toy, method), run(toy, method))


@METHODS
def test_another_seed_gives_another_search(toy, method):
    assert not same(run(toy, method, queries=60), run(toy, method, queries=60, seed=1))


@METHODS
@pytest.mark.parametrize("width", [1, 17])
def test_neither_width_nor_batch_changes_a_result(toy, method, width):
    assert same(run(toy, method, queries=120), run(toy, method, queries=120, width=width, batch=7))


@METHODS
def test_neither_order_nor_company_changes_a_row(toy, method):
    whole = run(toy, method, queries=200)
    turned = np.random.default_rng(9).permutation(toy.origin.shape[0])
    other = run(Problem.of(toy.model, toy.ground, toy.threshold, toy.origin[turned]), method, queries=200)
    assert np.array_equal(other.cost, whole.cost[turned])
    assert np.array_equal(other.witness, whole.witness[turned])
    alone = run(toy, method, rows=np.array([5]), queries=200)
    assert alone.cost[0] == whole.cost[5]
    assert np.array_equal(alone.witness[0], whole.witness[5])


@METHODS
@pytest.mark.parametrize("queries", [1, 7, 100])
def test_a_row_never_asks_more_than_its_allowance(toy, method, queries):
    budget = Budget()
    toy.model.scorer.rows = 0
    result = run(toy, method, queries=queries, budget=budget)
    assert (result.queries <= queries).all()
    assert result.queries.sum() == budget.spent["queries"]
    assert toy.model.scorer.rows == budget.spent["queries"] + budget.spent.get("proofs", 0)
    assert (result.first <= result.queries).all()
    assert ((result.first > 0) == result.evaded).all()


@METHODS
def test_the_total_budget_is_divided_evenly(toy, method):
    rows = toy.origin.shape[0]
    budget = Budget(limits={"queries": 50 * rows + rows - 1})
    result = run(toy, method, budget=budget)
    assert result.allowance == 50
    assert budget.spent["queries"] <= 50 * rows


def test_a_budget_below_one_question_a_row_is_refused(toy):
    with pytest.raises(OverBudget, match="do not cover"):
        run(toy, Method.SCORES, budget=Budget(limits={"queries": toy.origin.shape[0] - 1}))


def test_a_deadline_ends_the_attack(toy):
    with pytest.raises(TimedOut):
        run(toy, Method.SCORES, budget=Budget(deadline=0.0))


@METHODS
def test_every_evasion_is_valid_reachable_and_priced(toy, method):
    result = run(toy, method)
    found = np.flatnonzero(result.evaded)
    assert found.size
    witness, origin = result.witness[found], toy.origin[found]
    assert toy.ground.valid(witness).all()
    assert toy.ground.reachable(witness, origin).all()
    assert (toy.model.scorer.score(witness) < toy.threshold).all()
    assert np.array_equal(toy.ground.price(witness, origin), result.cost[found])
    assert np.array_equal(result.witness[~result.evaded], toy.origin[~result.evaded])


def test_a_row_that_cannot_evade_is_not_found_and_not_called_anything_else(toys):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0), frozen=(0,))
    problem = toys.problem(grid, lambda points: np.where(points[:, 0] > 2, 0.1, 0.9), 0.5, rows=10)
    for method in SEARCHES:
        result = run(problem, method, queries=50)
        assert not result.evaded.any()
        assert np.isinf(result.cost).all()
        assert (result.queries <= 5 + 1).all()  # the ground has five points: nothing is asked twice


def test_a_model_that_answers_twice_in_two_ways_is_refused(toys):
    grid = toys.Grid((6, 6), (1.0, 1.0), (1.0, 1.0))
    rng = np.random.default_rng(0)
    problem = toys.problem(grid, lambda points: np.full(points.shape[0], 0.9), 0.5, rows=20)
    shaky = replace(problem, model=toys.view(lambda points: rng.uniform(0.3, 0.7, points.shape[0]), grid.names))
    with pytest.raises(Incomplete, match="caught when they come back"):
        run(shaky, Method.SCORES)


def test_a_ground_without_a_free_column_has_nothing_to_examine(toys):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0), frozen=(0, 1))
    with pytest.raises(NothingToExamine, match="can change no column"):
        Problem.of(toys.view(lambda points: np.ones(points.shape[0]), grid.names), grid, 0.5, np.ones((3, 2)))


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5, np.nan])
def test_a_threshold_that_means_nothing_is_refused(toys, threshold):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0))
    with pytest.raises(UsageError, match="threshold"):
        Problem.of(toys.view(lambda points: np.ones(points.shape[0]), grid.names), grid, threshold, np.ones((3, 2)))


def test_an_attack_starts_from_valid_records_alone(toys):
    grid = toys.Grid((4, 4), (1.0, 1.0), (1.0, 1.0))
    with pytest.raises(UsageError, match="valid records"):
        Problem.of(toys.view(lambda points: np.ones(points.shape[0]), grid.names), grid, 0.5, np.full((3, 2), 9.0))


@pytest.fixture(scope="module")
def bank():
    """A domain with every kind of column, ties between them, and a model that reads them."""
    free = {"changed_by": Actor.APPLICANT}
    domain = Domain(
        name="bank",
        confirmed=True,
        currency="EUR",
        groups=(Group(name="home", columns=("rents", "owns", "lives_in")),),
        columns=(
            Column(name="income", kind=Kind.INTEGER, low=0, high=9_000, cost=Cost(per_unit=0.1), **free),
            Column(name="debt", kind=Kind.NUMERIC, low=0.0, high=50_000.0, direction=Direction.DOWN,
                   cost=Cost(per_unit=0.02), **free),
            Column(name="ratio", kind=Kind.NUMERIC, derived="debt / (income + 1)"),
            Column(name="step", kind=Kind.STEP, low=0.5, high=10.5, step=0.5, cost=Cost(fixed=3.0), **free),
            Column(name="job", kind=Kind.CATEGORY, choices=("none", "part", "full"), cost=Cost(fixed=50.0), **free),
            Column(name="phone", kind=Kind.BOOLEAN, cost=Cost(fixed=1.0), **free),
            Column(name="rents", kind=Kind.ONE_HOT, cost=Cost(fixed=20.0), **free),
            Column(name="owns", kind=Kind.ONE_HOT, cost=Cost(fixed=900.0), **free),
            Column(name="lives_in", kind=Kind.ONE_HOT, cost=Cost(fixed=20.0), **free),
            Column(name="gap", kind=Kind.NUMERIC, low=0.0, high=10.0, nullable=True, cost=Cost(fixed=5.0), **free),
            Column(name="since", kind=Kind.DATE, cost=Cost(per_unit=0.2), direction=Direction.DOWN, **free),
            Column(name="age", kind=Kind.INTEGER, low=18, high=99),
        ),
        rules=(Rule(name="sane", says="debt <= 20 * income + 5000", because="no bank lends more"),),
    )  # fmt: skip
    rng = np.random.default_rng(4)
    n = 120
    income = rng.integers(500, 5_000, n)
    debt = np.round(rng.uniform(0, 20_000, n).clip(max=20 * income), 2)
    home = rng.integers(0, 3, n)
    frame = pl.DataFrame(
        {
            "income": pl.Series(income, dtype=pl.Int32),
            "debt": debt,
            "ratio": debt / (income + 1),
            "step": pl.Series(rng.integers(1, 21, n) * 0.5, dtype=pl.Float32),
            "job": pl.Series(rng.choice(["none", "part", "full"], n)).cast(pl.Categorical),
            "phone": rng.random(n) < 0.5,
            "rents": pl.Series((home == 0).astype(np.int8)),
            "owns": pl.Series((home == 1).astype(np.int8)),
            "lives_in": pl.Series((home == 2).astype(np.int8)),
            "gap": pl.Series([None if x < 0.3 else round(float(x) * 10, 3) for x in rng.random(n)]),
            "since": pl.Series(rng.integers(15_000, 20_000, n), dtype=pl.Int32).cast(pl.Date),
            "age": pl.Series(rng.integers(18, 100, n), dtype=pl.UInt8),
        }
    )

    def score(rows):
        """Types are asserted: a model as shipped gets what it was trained on."""
        assert rows.schema == frame.select(rows.columns).schema
        margin = (
            2.0
            + rows["ratio"].to_numpy() / 2.0
            - rows["income"].to_numpy() / 4_000.0
            - 0.8 * (rows["job"].cast(pl.String) == "full").to_numpy()
            - 0.6 * rows["phone"].to_numpy()
            - 0.7 * rows["owns"].to_numpy()
            + 0.2 * rows["step"].to_numpy()
            + 0.5 * rows["gap"].is_null().to_numpy()
            + (rows["since"].cast(pl.Int32).to_numpy() - 17_500) / 4_000.0
            + (rows["age"].to_numpy().astype(float) - 50) / 60.0
        )
        return 1.0 / (1.0 + np.exp(-margin))

    view = ModelView(name="bank", digest="", framework="callable", features=tuple(frame.columns), scorer=score)
    caught = frame.filter(pl.Series(score(frame) >= 0.5) & pl.Series(validate(domain, frame).valid))
    space = Space(domain, view.features, caught)
    return domain, caught, view, Problem.of(view, space, 0.5, space.encode(caught))


@METHODS
def test_a_real_domain_is_kept_to_the_letter(bank, method):
    domain, caught, view, problem = bank
    result = run(problem, method, queries=600)
    assert result.evaded.mean() > 0.9
    rows = np.flatnonzero(result.evaded)
    before = caught[rows.tolist()]
    after = problem.ground.decode(result.witness[rows])
    assert after.schema == before.schema
    assert validate(domain, after).valid.all()
    assert after["age"].equals(before["age"])
    assert (after["debt"] <= before["debt"]).all()
    assert (after["since"] <= before["since"]).all()
    assert np.allclose(after["ratio"], after["debt"] / (after["income"] + 1))
    assert (after["rents"] + after["owns"] + after["lives_in"] == 1).all()
    assert (view.scores(after) < 0.5).all()
    untouched = [name for name in after.columns if not (after[name].eq_missing(before[name])).all()]
    assert untouched  # something changed


def test_scores_are_no_dearer_than_chance(bank):
    _, _, _, problem = bank
    clever, floor = run(problem, Method.SCORES, queries=600), run(problem, Method.RANDOM, queries=600)
    both = clever.evaded & floor.evaded
    assert np.median(clever.cost[both]) <= np.median(floor.cost[both])
    assert clever.evaded.sum() >= floor.evaded.sum()


def test_one_hot_columns_are_used_as_one(bank):
    """With everything else frozen, the only way through is to own the home."""
    domain, caught, view, _ = bank
    columns = tuple(
        replace(column, changed_by=Actor.NOBODY)
        if column.name not in {"rents", "owns", "lives_in"} and column.derived is None
        else column
        for column in domain.columns
    )
    space = Space(replace(domain, columns=columns), view.features, caught)
    points = space.encode(caught)
    scores = view.scores(caught)
    near = points[(scores >= 0.7) & (scores < 0.815) & (caught["owns"] == 0).to_numpy()]
    assert len(near) >= 3
    problem = Problem.of(view, space, 0.7, near)
    for method in SEARCHES:
        result = run(problem, method, queries=60)
        assert result.evaded.all()
        after = space.decode(result.witness)
        assert (after["owns"] == 1).all()
        assert (result.cost == 900.0).all()
