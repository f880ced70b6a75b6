# SPDX-License-Identifier: Apache-2.0
"""On grounds small enough to enumerate, the attack finds what there is, at nearly the lowest price."""

import numpy as np
import pytest

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, attack


def solved(problem, method, queries=1000, seed=0):
    rows = np.arange(problem.origin.shape[0])
    return attack(problem, rows, Budget(), np.random.default_rng(seed), method=method, queries=queries)


@pytest.mark.parametrize("method", [Method.SCORES, Method.LABELS, Method.RANDOM])
def test_a_single_threshold_is_crossed_at_its_exact_price(toys, method):
    grid = toys.Grid((20, 5), (2.0, 1.0), (0.5, 3.0))

    def score(points):
        return np.where(points[:, 0] >= 13, 0.2, 0.9)

    problem = toys.problem(grid, score, 0.5, rows=30)
    result = solved(problem, method)
    assert result.evaded.all()
    assert np.allclose(result.cost, 2.0 + 0.5 * (13 - problem.origin[:, 0]))


def test_the_cheaper_of_two_additive_columns_is_used(toys):
    grid = toys.Grid((30, 30), (0.0, 0.0), (1.0, 4.0))

    def score(points):
        return toys.sigmoid(20.0 - points[:, 0] - points[:, 1])

    problem = toys.problem(grid, score, 0.5, rows=40)
    result = solved(problem, Method.SCORES)
    expected = grid.cheapest(score, 0.5, problem.origin)
    assert np.allclose(result.cost, expected)


def test_two_columns_that_only_help_together_are_found(toys):
    grid = toys.Grid((9, 9, 9), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))

    def score(points):
        return np.where((points[:, 0] > 6) & (points[:, 1] < 3), 0.1, 0.8)

    problem = toys.problem(grid, score, 0.5, rows=40)
    expected = grid.cheapest(score, 0.5, problem.origin)
    for method in (Method.SCORES, Method.LABELS):
        result = solved(problem, method)
        assert result.evaded.all()
        assert (result.cost / expected).mean() <= 1.05


@pytest.mark.parametrize("linked", [False, True], ids=["free", "linked"])
def test_random_forests_are_evaded_at_nearly_the_lowest_price(toys, linked):
    """At least 95 % of the rows that can evade, at no more than 1.05 times the price of an exhaustive search."""
    found = possible = 0
    ratios = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        high = (5,) * 6
        grid = toys.Grid(
            high,
            tuple(rng.choice([0.0, 1.0, 5.0, 20.0], 6)),
            tuple(rng.choice([0.5, 1.0, 3.0, 10.0], 6)),
            frozen=(3,),
            upward=(0,),
            linked=linked,
            cap=20 if linked else np.inf,
        )
        score = toys.forest(seed, (*high, 10) if linked else high)
        threshold = float(np.quantile(score(grid.everything()), 0.2))
        problem = toys.problem(grid, score, threshold, rows=30, seed=seed)
        expected = grid.cheapest(score, threshold, problem.origin)
        result = solved(problem, Method.SCORES, seed=seed)
        can = np.isfinite(expected)
        assert not (result.evaded & ~can).any()
        assert (result.cost[result.evaded] >= expected[result.evaded] - 1e-9).all()
        found, possible = found + int(result.evaded.sum()), possible + int(can.sum())
        paid = result.evaded & (expected > 0)
        ratios.append(result.cost[paid] / expected[paid])
    assert possible > 120
    assert found >= 0.95 * possible
    assert np.concatenate(ratios).mean() <= 1.05


def test_labels_alone_find_nearly_as_much(toys):
    ratios = []
    for seed in range(4):
        grid = toys.Grid((7,) * 5, (1.0, 0.0, 5.0, 0.0, 2.0), (1.0, 3.0, 0.5, 1.0, 10.0))
        score = toys.forest(seed, grid.high)
        problem = toys.problem(grid, score, 0.5, rows=40)
        expected = grid.cheapest(score, 0.5, problem.origin)
        result = solved(problem, Method.LABELS)
        assert result.evaded[np.isfinite(expected)].mean() >= 0.95
        paid = result.evaded & (expected > 0)
        ratios.append(result.cost[paid] / expected[paid])
    assert np.concatenate(ratios).mean() <= 1.10


def test_the_clever_search_beats_the_random_floor_on_rare_evasions(toys):
    grid = toys.Grid((3,) * 9, (1.0,) * 9, (1.0, 2.0, 3.0) * 3)
    score = toys.forest(5, grid.high, trees=60, depth=5)
    threshold = float(np.quantile(score(grid.everything()), 0.002))
    problem = toys.problem(grid, score, threshold, rows=40)
    clever, floor = solved(problem, Method.SCORES), solved(problem, Method.RANDOM)
    assert clever.evaded.sum() > floor.evaded.sum()
    both = clever.evaded & floor.evaded
    assert clever.cost[both].mean() < 0.8 * floor.cost[both].mean()
    joined = clever.cheapest(floor)
    assert (joined.cost <= np.minimum(clever.cost, floor.cost)).all()
