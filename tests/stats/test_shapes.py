# SPDX-License-Identifier: Apache-2.0
"""Histograms with fixed bins, distances and ranks against exact computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from hauberk.stats import (
    RUNGS,
    auc,
    auc_interval,
    count_rungs,
    edges,
    ks_distance,
    ks_margin,
    rung_quantile,
    rungs,
    total_variation,
    variation_margin,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(finite, min_size=1, max_size=50))
def test_rungs_keep_the_order(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    places = rungs(ordered)
    assert np.all(np.diff(places) >= 0)
    assert places.min() >= 0
    assert places.max() < RUNGS


@settings(max_examples=200, deadline=None)
@given(finite)
def test_an_edge_is_within_a_sixteenth_towards_zero(value: float) -> None:
    edge = float(edges(rungs(np.array([value])))[0])
    assert abs(edge) <= abs(value)
    if abs(value) > 1e-300:
        assert abs(value - edge) <= abs(value) / 16
        assert rungs(np.array([edge]))[0] == rungs(np.array([value]))[0]


def test_zero_has_one_rung() -> None:
    assert rungs(np.array([0.0]))[0] == rungs(np.array([-0.0]))[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=60), st.floats(0, 1), st.integers(1, 59))
def test_counts_add_up_and_quantiles_follow(values: list[float], q: float, cut: int) -> None:
    array = np.array(values)
    whole = count_rungs(array)
    assert np.array_equal(whole, count_rungs(array[:cut]) + count_rungs(array[cut:]))
    exact = float(np.quantile(array, q, method="inverted_cdf"))
    assert abs(rung_quantile(whole, q) - exact) <= abs(exact) / 16 + 1e-300


def test_not_finite_is_left_out() -> None:
    assert count_rungs(np.array([np.nan, np.inf, -np.inf, 1.0])).sum() == 1
    with pytest.raises(ValueError, match="nothing"):
        rung_quantile(np.zeros(RUNGS, dtype=np.int64), 0.5)


def test_ks_distance_is_scipys_on_the_bins() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 20, 400), rng.integers(2, 20, 300)
    binned = [np.bincount(part, minlength=20) for part in (first, second)]
    assert ks_distance(*binned) == pytest.approx(stats.ks_2samp(first, second).statistic)
    with pytest.raises(ValueError, match="nothing"):
        ks_distance(binned[0], np.zeros(20, dtype=np.int64))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_total_variation_is_a_distance_above_ks(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(part) for part in zip(*pairs, strict=True))
    if first.sum() and second.sum():
        distance = total_variation(first, second)
        assert distance == total_variation(second, first)
        assert total_variation(first, first) == 0.0
        assert ks_distance(first, second) - 1e-9 <= distance <= 1.0


def test_margins_hold_under_the_null() -> None:
    rng = np.random.default_rng(1)
    n, m, over_ks, over_tv = 500, 800, 0, 0
    for _ in range(300):
        first = np.bincount(rng.integers(0, 8, n), minlength=8)
        second = np.bincount(rng.integers(0, 8, m), minlength=8)
        over_ks += ks_distance(first, second) > ks_margin(n, m)
        over_tv += total_variation(first, second) > variation_margin(n, m, 8)
    assert over_ks <= 15
    assert over_tv <= 15


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60))
def test_auc_is_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    values, event = np.array([float(value) for value, _ in rows]), np.array([flag for _, flag in rows])
    if event.any() and not event.all():
        area = auc(values, event)
        assert area == pytest.approx(roc_auc_score(event, values))
        low, high = auc_interval(area, int(event.sum()), int((~event).sum()))
        assert 0.0 <= low <= area <= high <= 1.0
    else:
        with pytest.raises(ValueError, match="both classes"):
            auc(values, event)
