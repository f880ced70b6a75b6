# SPDX-License-Identifier: Apache-2.0
"""The exported models in the real XGBoost and LightGBM, on random rows and beside every threshold."""

import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.harden.boost import fit_robust
from hauberk.model import open_model
from hauberk.model.forest import forest_of

NAMES = ("amount", "age", "days_late")


def _booster(fitted):
    booster = xgboost.Booster()
    booster.load_model(bytearray(fitted.xgboost_json()))
    return booster


def _xgboost(fitted, rows):
    return _booster(fitted).inplace_predict(
        rows.astype(np.float32), predict_type="margin", validate_features=False, missing=np.nan
    )


def _lightgbm(fitted, rows):
    return lightgbm.Booster(model_str=fitted.lightgbm_text().decode()).predict(rows, raw_score=True, num_threads=1)


def _adjacent(forest, rows):
    """Rows with each threshold in its column, its neighbours, and doubles on both sides of what rounds to it."""
    blocks = []
    for node in np.flatnonzero(forest.child >= 0):
        mark = np.float32(forest.threshold[node])
        above = np.nextafter(mark, np.float32(np.inf))
        between = (float(mark) + float(above)) / 2
        beside = np.nextafter(between, [-np.inf, np.inf])
        for value in (mark, np.nextafter(mark, np.float32(-np.inf)), above, between, *beside):
            block = rows[:5].copy()
            block[:, forest.feature[node]] = value
            blocks.append(block)
    return np.concatenate(blocks)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    size=st.sampled_from([1e-30, 1.0, 1e30]),
    calibrate=st.booleans(),
    depth=st.integers(1, 5),
)
def test_margins_equal_the_libraries(make_rows, seed, size, calibrate, depth):
    x, y = make_rows(150, 3, seed, gaps=0.1)
    x *= size
    fitted = fit_robust(
        x, y, down=0.1 * size, up=[0.1 * size, 0, 0], trees=8, depth=depth, calibrate=calibrate, eta=0.4
    )
    for rows in (x, _adjacent(fitted.forest, x) if (fitted.forest.child >= 0).any() else x):
        ours = fitted.margins(rows)
        np.testing.assert_array_equal(ours.astype(np.float32), _xgboost(fitted, rows))
        np.testing.assert_allclose(ours, _lightgbm(fitted, rows), atol=2e-5)


def test_the_converters_prove_both_to_be_the_same_forest(make_rows):
    x, y = make_rows(200, 3, 1, gaps=0.1)
    fitted = fit_robust(x, y, down=0.1, up=0.1, trees=10, names=NAMES)
    for model in (_booster(fitted), lightgbm.Booster(model_str=fitted.lightgbm_text().decode())):
        forest = forest_of(model)
        assert forest.trees == fitted.forest.trees
        assert forest.probed > 1000
        np.testing.assert_array_equal(forest.threshold.astype(np.float32), fitted.forest.threshold.astype(np.float32))
        np.testing.assert_allclose(forest.margins(x), fitted.forest.margins(x), atol=1e-5)


@pytest.mark.parametrize("kind", ["model.json", "model.txt"])
def test_the_files_open_as_any_model_does(make_rows, tmp_path, kind):
    x, y = make_rows(200, 3, 2, gaps=0.1)
    fitted = fit_robust(x, y, down=0.1, up=0.1, trees=10, names=NAMES)
    path = tmp_path / kind
    path.write_bytes(fitted.xgboost_json() if kind.endswith("json") else fitted.lightgbm_text())
    view = open_model(path)
    assert tuple(view.features) == NAMES
    frame = pl.DataFrame(x, schema=list(NAMES)).fill_nan(None)
    np.testing.assert_allclose(view.scores(frame), fitted.scores(x), atol=1e-6)


def test_contributions_add_up_in_both_libraries(make_rows):
    x, y = make_rows(200, 3, 3)
    fitted = fit_robust(x, y, down=0.1, up=0.1, trees=10)
    theirs = _booster(fitted).predict(xgboost.DMatrix(x), pred_contribs=True)
    np.testing.assert_allclose(theirs.sum(axis=1), fitted.margins(x), atol=1e-4)
    booster = lightgbm.Booster(model_str=fitted.lightgbm_text().decode())
    np.testing.assert_allclose(booster.predict(x, pred_contrib=True).sum(axis=1), fitted.margins(x), atol=1e-4)
    assert fitted.cover[fitted.forest.roots].tolist() == [200.0] * fitted.forest.trees


def test_a_model_of_one_leaf_is_a_model():
    fitted = fit_robust(np.ones((40, 3)), (np.arange(40) < 10).astype(int), down=0, up=0, trees=3)
    rows = np.ones((2, 3))
    np.testing.assert_allclose(_xgboost(fitted, rows), fitted.margins(rows), atol=1e-6)
    np.testing.assert_allclose(_lightgbm(fitted, rows), fitted.margins(rows), atol=1e-6)
    assert fitted.scores(rows)[0] == pytest.approx(0.25, abs=0.02)
