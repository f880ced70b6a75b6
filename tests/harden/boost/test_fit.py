# SPDX-License-Identifier: Apache-2.0
"""Robust boosting against what can be worked out by hand, and its behaviour on real rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss, roc_auc_score

from hauberk.harden.boost import Validation, fit_robust, worst_margins

REACH = {"down": 0.15, "up": 0.15}


def _stump_loss(x, sign, weight, cut, reach):
    """The least robust exponential loss of one threshold, by a general optimiser."""
    left, right = x - reach <= cut, x + reach > cut

    def loss(values):
        worst = np.minimum(np.where(left, sign * values[0], np.inf), np.where(right, sign * values[1], np.inf))
        return float((weight * np.exp(-worst)).sum() + 0.01 * np.cosh(values).sum() * 2 - 0.04)

    starts = [(0.0, 0.0), (1.0, -1.0), (-1.0, 1.0)]
    return min(
        minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).fun for start in starts
    )


@pytest.mark.parametrize("reach", [0.0, 0.3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_stump_is_the_best_of_all_stumps(make_rows, seed, reach):
    x, y = make_rows(16, 2, seed)
    sign = np.where(y == 1, 1.0, -1.0)
    fitted = fit_robust(
        x, y, down=reach, up=reach, trees=1, depth=1, eta=1, reg=0.01, min_child=1, loss="exponential", calibrate=False
    )
    weight = np.exp(-sign * 0.5 * np.log((y == 1).sum() / (y == 0).sum()))
    best = np.inf
    for column in range(2):
        ends = np.unique(np.concatenate([x[:, column] - reach, x[:, column] + reach]))
        for cut in (ends[1:] + ends[:-1]) / 2:
            best = min(best, _stump_loss(x[:, column], sign, weight, cut, reach))
    values = fitted.forest.values[:, 0].astype(float)
    start = 0.5 * np.log((y == 1).sum() / (y == 0).sum())
    ours = fitted.bound[-1] * 16 + 0.01 * (2 * np.cosh(values - start) - 2).sum()
    assert ours == pytest.approx(best, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    loss=st.sampled_from(["logistic", "exponential"]),
    reach=st.sampled_from([0.0, 0.2, np.inf]),
    share=st.sampled_from([1.0, 0.5]),
    reg=st.sampled_from([0.01, 1.0]),
)
def test_the_bound_never_rises(make_rows, seed, loss, reach, share, reg):
    x, y = make_rows(60, 3, seed, gaps=0.1)
    fitted = fit_robust(
        x,
        y,
        down=[reach, 0, 0.1],
        up=[0, 0.1, reach],
        trees=12,
        eta=0.5,
        loss=loss,
        reg=reg,
        column_share=share,
        seed=seed,
    )
    assert (np.diff(fitted.bound) <= 1e-9).all()


def test_without_reach_it_boosts_as_others_do():
    x, y = load_breast_cancer(return_X_y=True)
    fit, test = np.arange(len(x)) % 3 > 0, np.arange(len(x)) % 3 == 0
    fitted = fit_robust(x[fit], y[fit], down=0, up=0, trees=60, eta=0.2)
    assert roc_auc_score(y[test], fitted.scores(x[test])) > 0.985
    assert log_loss(y[test], fitted.scores(x[test])) < 0.13
    assert fitted.scale > 0


def test_it_withstands_what_ordinary_boosting_does_not():
    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))
    fit, test = np.arange(len(x)) % 3 > 0, np.arange(len(x)) % 3 == 0
    sign = np.where(y == 1, 1.0, -1.0)
    share = []
    for reach in (0.0, 0.1):
        fitted = fit_robust(x[fit], y[fit], down=reach, up=reach, trees=30, eta=0.3, calibrate=False)
        worst = worst_margins(fitted.forest, x[test] - 0.1, x[test] + 0.1, sign[test])
        share.append((worst <= 0).mean())
        assert (sign[test] * fitted.margins(x[test]) > 0).mean() > 0.9
    assert share[1] < 0.3 < 0.5 < share[0]


def test_a_column_that_everybody_can_move_at_will_is_not_tested(make_rows):
    x, y = make_rows(300, 3, 4)
    fitted = fit_robust(x, y, down=[np.inf, 0, 0], up=[np.inf, 0, 0], trees=10)
    assert 0 not in fitted.forest.feature[fitted.forest.child >= 0]
    # one way alone, and by events alone: a low value then proves nothing, a high one does
    down = np.where((y == 1)[:, None], [np.inf, 0, 0], 0.0)
    fitted = fit_robust(x, y, down=down, up=0, trees=10)
    sign = np.where(y == 1, 1.0, -1.0)
    assert (worst_margins(fitted.forest, x - down, x, sign) <= sign * fitted.forest.margins(x)[:, 0] + 1e-6).all()


def test_same_arguments_same_bytes_and_the_seed_draws_columns(make_rows):
    x, y = make_rows()
    models = [fit_robust(x, y, **REACH, trees=8, column_share=0.5, seed=seed) for seed in (1, 1, 2)]
    assert models[0].xgboost_json() == models[1].xgboost_json()
    assert models[0].lightgbm_text() == models[1].lightgbm_text()
    assert models[0].xgboost_json() != models[2].xgboost_json()


def test_inputs_are_left_alone(make_rows):
    x, y = make_rows(gaps=0.1)
    before = x.copy(), y.copy()
    fit_robust(x, y, **REACH, trees=3)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_a_weight_of_two_is_the_row_twice(make_rows):
    x, y = make_rows()
    twice = np.arange(len(x)) % 2 == 0
    options = {"trees": 6, "min_child": 1, "depth": 2, "calibrate": False}
    one = fit_robust(x, y, **REACH, weight=1.0 + twice, **options)
    two = fit_robust(np.concatenate([x, x[twice]]), np.concatenate([y, y[twice]]), **REACH, **options)
    np.testing.assert_allclose(one.margins(x), two.margins(x), atol=1e-5)


def test_class_weight_is_a_weight(make_rows):
    x, y = make_rows()
    one = fit_robust(x, y, **REACH, trees=5, class_weight=(1.0, 3.0))
    two = fit_robust(x, y, **REACH, trees=5, weight=np.where(y == 1, 3.0, 1.0))
    assert one.xgboost_json() == two.xgboost_json()
    assert one.scores(x).mean() > fit_robust(x, y, **REACH, trees=5).scores(x).mean()


def test_a_share_of_the_weight_counts_at_the_row_itself(make_rows):
    x, y = make_rows(200, 3, 4)
    reach = {"down": np.where((y == 1)[:, None], [0.5, 0, 0], 0.0), "up": 0.0}
    options = {"trees": 10, "min_child": 1, "calibrate": False}
    mixed = fit_robust(x, y, **reach, robust_share=0.3, **options)
    event = y == 1
    by_hand = fit_robust(
        np.concatenate([x, x[event]]),
        np.concatenate([y, y[event]]),
        down=np.concatenate([reach["down"], np.zeros((int(event.sum()), 3))]),
        up=0.0,
        weight=np.concatenate([np.where(event, 0.3, 1.0), np.full(int(event.sum()), 0.7)]),
        **options,
    )
    np.testing.assert_array_equal(mixed.margins(x), by_hand.margins(x))
    clean = []
    for share in (0.1, 1.0):
        margins = fit_robust(x, y, **reach, robust_share=share, **options).margins(x)
        clean.append(np.logaddexp(0, -np.where(event, 1, -1) * margins).mean())
    assert clean[0] < clean[1]


def test_missing_values_go_where_they_help():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = (rng.random(400) < 0.3).astype(int)
    x[(y == 1) & (rng.random(400) < 0.9), 1] = np.nan
    fitted = fit_robust(x, y, **REACH, trees=10)
    assert roc_auc_score(y, fitted.scores(x)) > 0.9


def test_whole_columns_move_by_whole_steps(make_rows):
    x, y = make_rows(200, 2, 6)
    x = np.rint(3 * x)
    still = fit_robust(x, y, down=0.0, up=0.0, trees=5, integer=[0, 1])
    short = fit_robust(x, y, down=0.9, up=0.9, trees=5, integer=[0, 1])
    long = fit_robust(x, y, down=1.2, up=1.2, trees=5, integer=[0, 1])
    assert still.xgboost_json() == short.xgboost_json() != long.xgboost_json()


def test_validation_rows_decide_how_many_trees_are_kept(make_rows):
    x, y = make_rows(120, 4, 7)
    x_held, y_held = make_rows(120, 4, 8)
    held = Validation(x=x_held, y=y_held, **REACH, patience=5)
    fitted = fit_robust(x, y, **REACH, trees=300, eta=0.5, depth=6, reg=0.01, validation=held, calibrate=False)
    kept = int(np.argmin(fitted.validation))
    assert 0 < kept < 300
    assert fitted.forest.trees == kept
    assert len(fitted.validation) == kept + 6
    sign = np.where(y_held == 1, 1.0, -1.0)
    worst = worst_margins(fitted.forest, x_held - 0.15, x_held + 0.15, sign)
    assert np.logaddexp(0, -worst).mean() == pytest.approx(fitted.validation[kept], abs=1e-5)


def test_scores_are_probabilities(make_rows):
    x, y = make_rows(3000, 3, 9)
    x_new, y_new = make_rows(3000, 3, 10)
    raw = fit_robust(x, y, **REACH, trees=40, calibrate=False)
    fitted = fit_robust(x, y, **REACH, trees=40)
    assert fitted.scale > 1
    assert log_loss(y_new, fitted.scores(x_new)) < log_loss(y_new, raw.scores(x_new))
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        here = (fitted.scores(x_new) >= low) & (fitted.scores(x_new) < high)
        assert abs(fitted.scores(x_new)[here].mean() - y_new[here].mean()) < 0.08


def test_rows_that_cannot_be_told_apart_give_one_score():
    fitted = fit_robust(np.ones((30, 2)), np.arange(30) % 2, down=0, up=0, trees=5)
    assert fitted.forest.trees == 1
    assert fitted.scores(np.ones((1, 2)))[0] == pytest.approx(0.5)
