# SPDX-License-Identifier: Apache-2.0
"""The attacker who holds the trees, against every valid record tried one by one: witnesses real, bounds never above them."""

import itertools
from dataclasses import replace

import catboost
import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from hauberk.assess import Budget
from hauberk.attack.certify import Block, Choices
from hauberk.attack.evasion import Method, Problem, attack
from hauberk.attack.evasion.by_trees import bracket_rows
from hauberk.attack.evasion.tree_edges import edges_of
from hauberk.attack.evasion.tree_listing import leaves_of_all, try_all
from hauberk.attack.evasion.tree_purse import cases_of, search_cases, solver
from hauberk.core.errors import Incomplete, UsageError
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule
from hauberk.domain.space import Space
from hauberk.model import open_model
from hauberk.model.forest.walk import leaves_of

WHO = Actor.APPLICANT
FEATURES = tuple("abcfrghsdt")
WHOLE, STEPS, CODES = range(8), np.arange(0.0, 3.5, 0.5), (1, 2, 4)


def domain(rules=("a + b <= s + 3", "f or b <= 2"), direction=Direction.UP):
    price = {"a": Cost(fixed=1.0, per_unit=0.7), "b": Cost(per_unit=2.0), "c": Cost(fixed=3.0), "f": Cost(effort=0.1)}
    one_hot = [
        Column(name=name, kind=Kind.ONE_HOT, changed_by=WHO, cost=Cost(fixed=cost))
        for name, cost in (("r", 1.5), ("g", 2.0), ("h", 2.2))
    ]
    return Domain(
        name="small",
        hour=30.0,
        columns=(
            Column(name="a", kind=Kind.INTEGER, low=0, high=7, changed_by=WHO, cost=price["a"]),
            Column(name="b", kind=Kind.STEP, low=0.0, high=3.0, step=0.5, changed_by=WHO, direction=direction,
                   cost=price["b"]),
            Column(name="c", kind=Kind.CATEGORY, choices=CODES, changed_by=WHO, cost=price["c"]),
            Column(name="f", kind=Kind.BOOLEAN, changed_by=WHO, cost=price["f"]),
            *one_hot,
            Column(name="s", kind=Kind.INTEGER, low=0, high=12),
            Column(name="d", kind=Kind.INTEGER, low=0, high=14, derived="2 * a"),
            Column(name="t", kind=Kind.NUMERIC, derived="a * b"),
        ),
        groups=(Group(name="colour", columns=("r", "g", "h")),),
        rules=tuple(Rule(name=f"rule{at}", says=says) for at, says in enumerate(rules)),
    )  # fmt: skip


def records(seed, n=260):
    rng = np.random.default_rng(seed)
    colour, a, b = rng.integers(0, 3, n), rng.integers(0, 8, n), rng.choice(STEPS, n)
    rows = pl.DataFrame(
        {
            "a": a, "b": b, "c": rng.choice(CODES, n), "f": rng.random(n) < 0.5,
            "r": (colour == 0) * 1, "g": (colour == 1) * 1, "h": (colour == 2) * 1,
            "s": rng.integers(0, 13, n), "d": 2 * a, "t": a * b,
        }
    ).filter((pl.col("a") + pl.col("b") <= pl.col("s") + 3) & (pl.col("f") | (pl.col("b") <= 2)))  # fmt: skip
    margin = rng.normal(size=rows.height) + 0.4 * rows["a"] - 0.6 * rows["b"] + (rows["c"] == 2) - 0.6 * rows["f"]
    return rows, ((margin + rows["r"] + 0.05 * rows["t"] + 0.1 * rows["s"]).to_numpy() > 1.7).astype(int)


MODELS = {
    "lightgbm": lambda x, y, s: lightgbm.LGBMClassifier(
        n_estimators=12, num_leaves=8, verbose=-1, n_jobs=1, random_state=s
    ).fit(x, y),
    "xgboost": lambda x, y, s: xgboost.XGBClassifier(n_estimators=12, max_depth=4, n_jobs=1, random_state=s).fit(x, y),
    "catboost": lambda x, y, s: catboost.CatBoostClassifier(
        iterations=12, depth=4, verbose=0, allow_writing_files=False, random_seed=s, thread_count=1
    ).fit(x, y),
    "forest": lambda x, y, s: RandomForestClassifier(9, max_depth=5, random_state=s).fit(x, y),
    "histogram": lambda x, y, s: HistGradientBoostingClassifier(max_iter=12, max_depth=4, random_state=s).fit(x, y),
    "boosting": lambda x, y, s: GradientBoostingClassifier(n_estimators=12, random_state=s).fit(x, y),
}


def posed(name, seed, n=6, **changes):
    rows, events = records(seed)
    space = Space(domain(**changes), FEATURES, rows)
    matrix = rows.select(FEATURES).cast(pl.Float64).to_numpy()
    view = open_model(MODELS[name](matrix, events, seed), features=FEATURES, threads=1)
    origin = space.encode(rows)
    scores = view.scores(rows)
    threshold = float(np.quantile(scores, 0.6))
    caught = (scores >= threshold) & space.valid(origin)
    return Problem.of(view, space, threshold, origin[caught][:n])


def every_record(space, origin):
    kinds = itertools.product(WHOLE, STEPS, range(3), (0, 1), np.eye(3).tolist())
    points = np.array([[a, b, c, f, *colour, origin[7], 2 * a, a * b] for a, b, c, f, colour in kinds])
    return points[space.valid(points) & space.reachable(points, origin)]


def optimum(problem, origin):
    points = every_record(problem.ground, origin)
    scores = problem.model.scores(problem.ground.decode(points).select(FEATURES))
    passing = points[scores < problem.threshold]
    return float(problem.ground.price(passing, origin).min()) if len(passing) else np.inf


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("direction", [Direction.UP, Direction.DOWN])
def test_the_bracket_holds_the_true_price_whatever_the_budget(name, direction):
    problem = posed(name, 5, direction=direction)
    true = np.array([optimum(problem, origin) for origin in problem.origin])
    rows = np.arange(len(true))
    for visits in (10, 400, 60_000):
        found = bracket_rows(problem, rows, Budget(), visits=visits)
        assert (found.lower <= true * (1 + 1e-9)).all()
        assert (found.cost >= true * (1 - 1e-9)).all()
        assert problem.ground.valid(found.witness).all()
        evaded = found.evaded
        scores = problem.model.scores(problem.ground.decode(found.witness).select(FEATURES))
        assert (scores[evaded] < problem.threshold).all()
        assert np.allclose(problem.ground.price(found.witness, problem.origin)[evaded], found.cost[evaded])
    assert np.isfinite(found.cost[np.isfinite(true)]).all()
    assert np.mean(found.cost[np.isfinite(true)] / np.maximum(true[np.isfinite(true)], 1e-12)) <= 1.01


def test_without_rules_the_bracket_closes_on_the_optimum_or_on_a_proof_that_there_is_none():
    problem = posed("lightgbm", 2, n=12, rules=())
    held = replace(problem, threshold=float(problem.model.scores(records(2)[0]).min()) * 0.9)
    for task in (problem, held):
        true = np.array([optimum(task, origin) for origin in task.origin])
        # the column that derives from two is listed with both, so that nothing stays loose
        found = bracket_rows(task, np.arange(len(true)), Budget(), visits=500_000)
        assert np.array_equal(np.isinf(found.lower), np.isinf(true))
        finite = np.isfinite(true)
        assert np.allclose(found.lower[finite], true[finite])
        assert np.allclose(found.cost[finite], true[finite])
    assert np.isinf(true).all()


@given(seed=st.integers(0, 400), name=st.sampled_from(sorted(MODELS)), visits=st.sampled_from([1, 50, 20_000]))
@settings(max_examples=12, deadline=None)
def test_no_bound_is_ever_above_a_record_that_gets_through(seed, name, visits):
    problem = posed(name, seed, n=2, rules=("a + b <= s + 3",) if seed % 2 else ())
    true = np.array([optimum(problem, origin) for origin in problem.origin])
    found = bracket_rows(problem, np.arange(len(true)), Budget(), visits=visits)
    assert (found.lower <= true * (1 + 1e-9)).all()
    assert (found.cost >= true * (1 - 1e-9)).all()


def test_the_attack_by_trees_begins_with_what_the_search_by_scores_found():
    problem = posed("xgboost", 1)
    budget, rows = Budget(), np.arange(len(problem.origin))
    rng = np.random.default_rng(0)
    scored = attack(problem, rows, Budget(), rng, method=Method.SCORES, queries=60)
    both = attack(problem, rows, budget, np.random.default_rng(0), method=Method.TREES, queries=60, visits=20)
    assert both.method is Method.TREES
    assert (both.cost <= scored.cost).all()
    assert (both.lower <= both.cost).all()
    assert np.array_equal(both.queries, scored.queries)
    assert (scored.lower == 0).all()
    assert budget.spent["visits"] > 0
    alone = attack(problem, rows, Budget(), rng, method=Method.TREES, queries=0, visits=50_000)
    assert (alone.queries == 0).all()
    assert (alone.cost <= both.cost + 1e-9).all()


def test_the_same_rows_give_the_same_bracket_in_any_company():
    problem = posed("histogram", 3)
    whole = bracket_rows(problem, np.arange(len(problem.origin)), Budget(), visits=3000)
    alone = bracket_rows(problem, np.array([2]), Budget(), visits=3000)
    assert (whole.cost[2], whole.lower[2]) == (alone.cost[0], alone.lower[0])
    assert np.array_equal(whole.witness[2], alone.witness[0])


def test_a_model_that_does_not_score_as_its_trees_is_incomplete_and_nothing_else():
    problem = posed("lightgbm", 4)
    other = posed("xgboost", 4).model
    mixed = replace(problem, model=replace(problem.model, tree_reader=other.tree_reader))
    with pytest.raises(Incomplete, match="does not score"):
        bracket_rows(mixed, np.arange(3), Budget(), visits=100)


def test_a_model_without_trees_is_refused():
    problem = posed("lightgbm", 4)
    with pytest.raises(UsageError, match="gives no trees"):
        bracket_rows(replace(problem, model=replace(problem.model, tree_reader=None)), np.arange(2), Budget())


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "forest"])
def test_nothing_between_two_edges_is_told_apart(name):
    trees = posed(name, 6).model.trees()
    rng, forest = np.random.default_rng(0), trees.forest
    base = np.repeat(rng.uniform(0, 8, (1, forest.width)), 400, axis=0)
    for at, feature in enumerate(trees.features):
        edges = edges_of(trees)[feature]
        values = np.concatenate([edges, np.nextafter(edges, -np.inf), rng.uniform(-1, 15, 60)])[:400]
        rows = base[: len(values)].copy()
        rows[:, at] = values
        leaves = leaves_of(forest, forest.prepare(rows))
        cell = np.searchsorted(edges, values, side="right")
        for one in np.unique(cell):
            assert len(np.unique(leaves[cell == one], axis=0)) == 1
        order = np.argsort(cell, kind="stable")
        told = np.unique(leaves, axis=0).shape[0]
        # every edge separates: each is the threshold of a node that some row reaches, or of one that none does
        assert told <= len(np.unique(cell[order]))


@given(seed=st.integers(0, 10_000), visits=st.sampled_from([5, 300, 2_000_000]))
@settings(max_examples=25, deadline=None)
def test_dear_changes_settled_first_leave_the_bracket_true(seed, visits):
    trees = GROWN[seed % 2]
    rng = np.random.default_rng(seed)
    row = rng.uniform(0, 8, len(FEATURES))
    blocks = []
    for at in range(6):
        count = int(rng.integers(2, 5))
        cost = np.concatenate([[0.0], rng.choice([0.0, 0.4, 1.0, 10.0, 10.0, 25.0]) + rng.uniform(0, 3, count - 1)])
        blocks.append(Block(features=(at,), values=np.r_[row[at], rng.uniform(0, 8, count - 1)][:, None], cost=cost))
    choices = Choices(row=row, blocks=tuple(blocks))
    cases = cases_of(choices)
    chosen = np.array(list(itertools.product(*(range(len(block.cost)) for block in blocks))))
    rows = np.repeat(row[None, :], len(chosen), axis=0)
    rows[:, :6] = np.stack([block.values[chosen[:, at], 0] for at, block in enumerate(blocks)], axis=1)
    price = sum(block.cost[chosen[:, at]] for at, block in enumerate(blocks))
    margins = trees.forest.margins(rows)[:, 0]
    cut = float(np.quantile(margins, rng.choice([0.02, 0.2])))
    true = float(price[margins < cut].min(initial=np.inf))
    kept = [np.inf]

    def accept(witness):
        at = int(np.flatnonzero((rows == witness).all(axis=1))[0])
        kept[0] = min(kept[0], float(price[at]))
        return float(price[at]), witness

    lower, _ = search_cases(solver(trees.forest, cut), choices, visits, accept, lambda: kept[0])
    assert 1 <= len(cases) <= 64
    assert lower <= true * (1 + 1e-9)
    assert kept[0] >= true * (1 - 1e-9)
    if visits == 2_000_000:
        assert kept[0] == pytest.approx(true)
        assert lower == pytest.approx(true)


GROWN = [posed(name, 1).model.trees() for name in ("lightgbm", "xgboost")]


def test_few_choices_are_tried_in_the_order_of_their_costs_until_the_domain_accepts_one():
    trees = GROWN[0]
    rng = np.random.default_rng(3)
    row = rng.uniform(0, 8, len(FEATURES))
    blocks = tuple(
        Block(
            features=(at,), values=np.r_[row[at], rng.uniform(0, 8, 4)][:, None], cost=np.r_[0.0, rng.uniform(1, 9, 4)]
        )
        for at in range(4)
    )
    choices = Choices(row=row, blocks=blocks)
    forest, cut = trees.forest, float(trees.forest.margins(row[None, :])[0, 0]) - 1e-3
    plain = try_all(forest, cut, choices, 10**6, None)
    assert plain.exact
    assert plain.lower == plain.upper < np.inf
    heard = []

    def accept(seen):
        heard.append(seen)
        return (9.0, seen) if len(heard) > 1 else None

    second = try_all(forest, cut, choices, 10**6, accept)
    assert second.lower == plain.lower
    assert second.upper == 9.0
    assert len(heard) >= 2
    short = try_all(forest, cut, choices, 3 * forest.trees, None)
    assert not short.exact or short.lower == plain.lower
    assert short.lower <= plain.lower
    assert short.visits <= 3 * forest.trees
    never = try_all(forest, -1e9, choices, 10**6, None)
    assert np.isinf(never.lower)
    assert never.exact
    assert leaves_of_all(forest, choices) == np.ceil(5**4 * forest.trees / 8)
    assert np.isinf(leaves_of_all(forest, replace(choices, loose=(8,))))
