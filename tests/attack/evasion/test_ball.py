# SPDX-License-Identifier: Apache-2.0
"""Norm balls as grounds, and the label-only search in them beside the exact optimum."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine
from sklearn.ensemble import GradientBoostingClassifier

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, Problem, attack
from hauberk.attack.evasion.ball import Ball, Box, Norm
from hauberk.core.errors import UsageError
from hauberk.model import ModelView, open_model


def box(norm, k=3, **options):
    return Box(names=[f"f{j}" for j in range(k)], low=np.zeros(k), high=np.ones(k), norm=norm, **options)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(Norm)), st.integers(0, 2**32 - 1), st.floats(0.0, 2.0))
def test_what_is_fitted_is_valid_and_within_the_radius(norm, seed, radius):
    rng = np.random.default_rng(seed)
    ground = box(norm)
    origin, points = rng.random((5, 3)), rng.random((5, 3))
    fitted = ground.fit(points, origin, np.full(5, radius))
    assert ground.valid(fitted).all()
    assert (ground.price(fitted, origin) <= radius * (1 + 1e-12) + 1e-12).all()
    near = ground.price(points, origin) <= radius
    assert np.allclose(fitted[near], points[near])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(Norm)), st.integers(0, 2**32 - 1))
def test_projections_are_valid_reachable_and_leave_good_points_alone(norm, seed):
    rng = np.random.default_rng(seed)
    ground = box(norm, fixed=("f1",))
    origin = rng.random((6, 3))
    moved = ground.project(rng.normal(size=(6, 3)) * 3, origin)
    assert ground.valid(moved).all()
    assert ground.reachable(moved, origin).all()
    assert np.array_equal(ground.project(moved, origin), moved)
    assert np.array_equal(ground.encode(ground.decode(moved)), moved)
    assert isinstance(ground, Ball)


def test_norms_are_norms():
    change = np.array([[3.0, -4.0]])
    for norm, size in ((Norm.LINF, 4.0), (Norm.L1, 7.0), (Norm.L2, 5.0)):
        ground = Box(names=("a", "b"), low=np.full(2, -9.0), high=np.full(2, 9.0), norm=norm)
        assert ground.price(change, np.zeros((1, 2)))[0] == size


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": np.zeros(2)},
        {"low": np.full(3, 2.0)},
        {"high": np.array([1.0, np.inf, 1.0])},
        {"low": np.array([0.0, np.nan, 0.0])},
        {"fixed": ("f9",)},
    ],
)
def test_a_box_that_means_nothing_is_refused(wrong):
    given_ = {"names": ("f0", "f1", "f2"), "low": np.zeros(3), "high": np.ones(3), **wrong}
    with pytest.raises(UsageError):
        Box(**given_)


@pytest.fixture(scope="module")
def wine():
    data = load_wine()
    x = (data.data - data.data.min(axis=0)) / np.ptp(data.data, axis=0)
    x = x.astype(np.float32).astype(np.float64)
    y = (data.target == 1).astype(int)
    model = GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=0).fit(x, y)
    names = tuple(f"f{j}" for j in range(x.shape[1]))
    view = open_model(model, features=names, threads=1)
    scores = view.scores(pl.DataFrame(x, schema=list(names), orient="row"))
    return view, names, x[(scores >= 0.5) & (y == 1)][:24]


def posed(wine, norm):
    view, names, rows = wine
    ground = Box(names=names, low=np.zeros(len(names)), high=np.ones(len(names)), norm=norm)
    return Problem.of(view, ground, 0.5, rows)


def run(problem, **options):
    rows = np.arange(len(problem.origin))
    settings_ = {"method": Method.LABELS, "queries": 5000, **options}
    return attack(problem, rows, Budget(), np.random.default_rng(0), **settings_)


@pytest.fixture(scope="module")
def narrow():
    """A model of three columns, and the exact optimum of each row by enumeration of its cells."""
    data = load_wine()
    x = (data.data - data.data.min(axis=0)) / np.ptp(data.data, axis=0)
    x = x[:, [0, 6, 9]].astype(np.float32).astype(np.float64)
    y = (data.target == 1).astype(int)
    model = GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=0).fit(x, y)
    view = open_model(model, features=("f0", "f1", "f2"), threads=1)
    cuts = [
        np.unique(
            [
                cut
                for tree in model.estimators_.ravel()
                for at, cut in zip(tree.tree_.feature, tree.tree_.threshold, strict=True)
                if at == j
            ]
        )
        for j in range(3)
    ]
    problem = Problem.of(view, box(Norm.LINF), 0.5, x[(view.scores(frame(x)) >= 0.5) & (y == 1)][:40])
    return problem, np.array([_optimum(view, cuts, row) for row in problem.origin])


def frame(points):
    return pl.DataFrame(points, schema=["f0", "f1", "f2"], orient="row")


def _optimum(view, cuts, row):
    """Nearest value of each cell in each column, all combinations, the nearest that passes."""
    nearest = []
    for value, cut in zip(row, cuts, strict=True):
        above = np.nextafter(cut.astype(np.float32), np.float32(2)).astype(np.float64)
        below = cut.astype(np.float32).astype(np.float64)
        below = np.where(below > cut, np.nextafter(cut.astype(np.float32), np.float32(-2)).astype(np.float64), below)
        nearest.append(np.unique(np.concatenate([[value], below[below < value], above[above > value]])))
    cells = np.stack(np.meshgrid(*nearest, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.abs(cells - row).max(axis=1)
    return distance[view.scores(frame(cells)) < 0.5].min()


def test_labels_alone_come_close_to_the_optimum(narrow):
    problem, exact = narrow
    result = run(problem)
    assert len(exact) >= 20
    assert result.evaded.all()
    assert (result.queries <= 5000).all()
    assert (result.cost >= exact * (1 - 1e-6) - 1e-9).all()  # nothing is nearer than the optimum
    assert (result.cost / exact).mean() <= 1.05


@pytest.mark.parametrize("norm", list(Norm))
def test_every_norm_beats_random_search(wine, norm):
    problem = posed(wine, norm)
    clever, floor = run(problem, queries=2000), run(problem, queries=2000, method=Method.RANDOM)
    both = clever.evaded & floor.evaded
    assert clever.evaded.all()
    assert clever.cost[both].mean() < 0.9 * floor.cost[both].mean()
    again = problem.ground.price(clever.witness, problem.origin)
    assert np.array_equal(again, clever.cost)


def test_neither_company_nor_width_nor_batch_changes_a_row(wine):
    problem = posed(wine, Norm.LINF)
    whole = run(problem, queries=700)
    parts = run(problem, queries=700, width=5, batch=333)
    assert np.array_equal(whole.cost, parts.cost)
    assert np.array_equal(whole.witness, parts.witness)
    alone = attack(problem, np.array([7]), Budget(), np.random.default_rng(0), method=Method.LABELS, queries=700)
    assert alone.cost[0] == whole.cost[7]


def test_scores_are_never_looked_at(wine):
    view, names, rows = wine
    hard = ModelView(
        name="hard",
        digest="",
        framework="callable",
        features=names,
        scorer=lambda frame: (view.scores(frame) >= 0.5) * 1.0,
    )
    problem = posed(wine, Norm.LINF)
    blunt = Problem.of(hard, problem.ground, 0.5, rows)
    one, other = run(problem, queries=900), run(blunt, queries=900)
    assert np.array_equal(one.cost, other.cost)


def test_a_fixed_column_stays_and_a_model_that_never_turns_is_not_found(wine):
    view, names, rows = wine
    ground = Box(names=names, low=np.zeros(len(names)), high=np.ones(len(names)), fixed=names[:3])
    result = run(Problem.of(view, ground, 0.5, rows), queries=1500)
    found = result.evaded
    assert np.array_equal(result.witness[found][:, :3], rows[found][:, :3])
    constant = ModelView(
        name="constant",
        digest="",
        framework="callable",
        features=names,
        scorer=lambda frame: np.full(frame.height, 0.9),
    )
    nothing = run(Problem.of(constant, ground, 0.5, rows), queries=500)
    assert not nothing.evaded.any()
    assert not nothing.unknown.any()
    assert (nothing.queries == 500).all()
