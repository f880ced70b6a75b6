# SPDX-License-Identifier: Apache-2.0
"""Real models of every library, and forests that must score as they do; a wrong one must be refused."""

import subprocess
import sys
from dataclasses import replace

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, ExtraTreeRegressor

from hauberk.core.errors import UsageError
from hauberk.model.forest import Forest, forest_of
from hauberk.model.forest.from_lightgbm import TINY
from hauberk.model.forest.proof import Source, proven
from hauberk.model.forest.walk import leaves_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 5))
X[:, 3] = RNG.integers(0, 40, 600)
X[RNG.random(600) < 0.3, 4] = 0
Y = ((X[:, 0] + np.sin(X[:, 1] * 3) + (X[:, 3] % 3 == 0)) > 0.5).astype(int)
Y3 = Y + (X[:, 2] > 0.7)
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)


def lgb(x=GAPS, y=Y, fit=None, **more):
    return lightgbm.LGBMClassifier(n_estimators=12, verbose=-1, n_jobs=1, **more).fit(x, y, **(fit or {}))


def xgb(x=GAPS, y=Y, **more):
    return xgboost.XGBClassifier(**{"n_estimators": 12, "max_depth": 5, "n_jobs": 1, **more}).fit(x, y)


def xgb_categories(width):
    kinds = ["q", "q", "q", "c", "q"]
    rows = xgboost.DMatrix(GAPS, Y, feature_types=kinds, enable_categorical=True)
    return xgboost.train({"objective": "binary:logistic", "max_cat_to_onehot": width, "nthread": 1}, rows, 12)


def cat(x=GAPS, y=Y, kind=catboost.CatBoostClassifier, **more):
    options = {"iterations": 10, "depth": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    return kind(**options, **more).fit(x, y)


SPECIES = {
    "lightgbm": lgb,
    "lightgbm-whole": lambda: lgb(X),
    "lightgbm-zero-missing": lambda: lgb(zero_as_missing=True),
    "lightgbm-no-missing": lambda: lgb(use_missing=False),
    "lightgbm-categories": lambda: lgb(fit={"categorical_feature": [3]}, min_child_samples=5, cat_smooth=1),
    "lightgbm-forest": lambda: lgb(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7),
    "lightgbm-dart": lambda: lgb(boosting_type="dart"),
    "lightgbm-goss": lambda: lgb(data_sample_strategy="goss"),
    "lightgbm-three": lambda: lgb(y=Y3),
    "lightgbm-sigma": lambda: lgb(sigmoid=2.5),
    "lightgbm-stumps": lambda: lgb(num_leaves=2),
    "lightgbm-constant": lambda: lgb(X * 0),
    "xgboost-hist": xgb,
    "xgboost-exact": lambda: xgb(tree_method="exact"),
    "xgboost-approx": lambda: xgb(tree_method="approx"),
    "xgboost-dart": lambda: xgb(booster="dart", rate_drop=0.3),
    "xgboost-three": lambda: xgb(y=Y3),
    "xgboost-base": lambda: xgb(base_score=0.03),
    "xgboost-hinge": lambda: xgb(objective="binary:hinge"),
    "xgboost-single-leaves": lambda: xgb(gamma=1e9),
    "xgboost-deep": lambda: xgb(max_depth=14, min_child_weight=0),
    "xgboost-sets": lambda: xgb_categories(1),
    "xgboost-one-hot": lambda: xgb_categories(100),
    "xgboost-amounts": lambda: xgboost.XGBRegressor(n_estimators=9, n_jobs=1).fit(GAPS, X[:, 0] * 1e6),
    "tree-gaps": lambda: DecisionTreeClassifier(random_state=0).fit(GAPS, Y),
    "tree-three": lambda: DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, Y3),
    "tree-one-class": lambda: DecisionTreeClassifier().fit(X, Y * 0),
    "extra-tree": lambda: ExtraTreeRegressor(random_state=0).fit(X, X[:, 0]),
    "forest": lambda: RandomForestClassifier(8, random_state=0).fit(GAPS, Y),
    "forest-amounts": lambda: RandomForestRegressor(5, random_state=0).fit(X, X[:, 1]),
    "extra-trees": lambda: ExtraTreesClassifier(5, random_state=0).fit(GAPS, Y3),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=10).fit(X, Y),
    "boosting-exponential": lambda: GradientBoostingClassifier(loss="exponential", n_estimators=10).fit(X, Y),
    "boosting-three": lambda: GradientBoostingClassifier(n_estimators=5).fit(X, Y3),
    "boosting-zero": lambda: GradientBoostingClassifier(init="zero", n_estimators=5).fit(X, Y),
    "boosting-amounts": lambda: GradientBoostingRegressor(n_estimators=5).fit(X, X[:, 0]),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=10).fit(GAPS, Y),
    "histogram-three": lambda: HistGradientBoostingClassifier(max_iter=5).fit(GAPS, Y3),
    "histogram-categories": lambda: HistGradientBoostingClassifier(max_iter=10, categorical_features=[3]).fit(GAPS, Y),
    "isolation": lambda: IsolationForest(n_estimators=10, max_features=0.5, random_state=0).fit(X),
    "isolation-tiny": lambda: IsolationForest(n_estimators=5, max_samples=1, random_state=0).fit(X),
    "catboost": cat,
    "catboost-max": lambda: cat(nan_mode="Max"),
    "catboost-three": lambda: cat(y=Y3),
    "catboost-depthwise": lambda: cat(grow_policy="Depthwise"),
    "catboost-lossguide": lambda: cat(grow_policy="Lossguide", max_leaves=9),
    "catboost-lossguide-three": lambda: cat(y=Y3, grow_policy="Lossguide", nan_mode="Max"),
    "catboost-amounts": lambda: cat(y=X[:, 0], kind=catboost.CatBoostRegressor),
}


@pytest.fixture(scope="module", params=sorted(SPECIES))
def pair(request):
    model = SPECIES[request.param]()
    return request.param, model, forest_of(model)


def margins(model, rows):
    """The library's own margins, asked in another way than the converters do where there is one."""
    if isinstance(model, lightgbm.LGBMModel):
        averaged = model.n_estimators if model.boosting_type == "rf" else 1
        return model.booster_.predict(rows, raw_score=True) / averaged
    if isinstance(model, xgboost.XGBModel):
        return model.get_booster().predict(xgboost.DMatrix(rows), output_margin=True)
    if isinstance(model, xgboost.Booster):
        return model.predict(xgboost.DMatrix(rows, feature_types=["q", "q", "q", "c", "q"]), output_margin=True)
    if isinstance(model, catboost.CatBoost):
        return model.predict(rows, prediction_type="RawFormulaVal")
    if isinstance(model, IsolationForest):
        return -np.log2(-model.score_samples(rows))
    if hasattr(model, "decision_function"):
        return model.decision_function(rows)
    if not hasattr(model, "predict_proba"):
        return model.predict(rows)
    answer = model.predict_proba(rows)
    return answer[:, 1] if answer.shape[1] == 2 else answer


def test_margins_equal_the_library_on_its_own_rows(pair):
    _, model, forest = pair
    rows = GAPS if forest.takes_nan else X
    theirs = np.asarray(margins(model, rows), dtype=float).reshape(len(rows), -1)
    codes = forest.categories.get(3)
    given = rows.copy()
    if codes:
        given[:, 3] = [codes.index(value) if value == value else np.nan for value in rows[:, 3]]
    assert np.abs(forest.margins(given) - theirs).max() <= 2e-6 * max(1, np.abs(theirs).max())
    assert forest.probed > 3000
    assert forest.gap <= 2e-6 * max(1, np.abs(theirs).max())


def test_leaves_and_visits_tell_the_same_story(pair):
    _, _, forest = pair
    rows = forest.prepare(X[:50])
    leaves = leaves_of(forest, rows)
    sums = np.repeat(forest.start[None], 50, axis=0)
    for tree in range(forest.trees):
        for output in range(forest.values.shape[1]):
            sums[:, forest.slots[tree] + output] += forest.values[leaves[:, tree], output]
    assert np.allclose(sums / forest.divisor, forest.margins_of(rows), rtol=0, atol=0)
    assert 50 * forest.trees <= forest.visits(rows) <= 50 * len(forest.child)


def test_a_forest_with_one_moved_threshold_or_leaf_is_refused(pair):
    _, _, forest = pair
    inner = np.flatnonzero(np.isfinite(forest.threshold))
    if len(inner):
        root = next((int(node) for node in forest.roots if np.isfinite(forest.threshold[node])), int(inner[0]))
        moved = forest.threshold.copy()
        with np.errstate(under="ignore"):
            moved[root] = (
                np.nextafter(np.float32(moved[root]), np.float32(np.inf))
                if forest.single
                else np.nextafter(moved[root], np.inf)
            )
        wrong = replace(forest, threshold=moved)
    else:
        wrong = replace(forest, values=forest.values + 1, start=forest.start + 1)
    with pytest.raises(UsageError, match="cannot be read so that they score"):
        proven(wrong, Source(margins=forest.margins), where="moved")


def test_the_other_side_of_a_missing_value_is_refused():
    forest = forest_of(lgb())
    turned = replace(forest, flags=forest.flags ^ np.uint8(1))
    with pytest.raises(UsageError, match="margins differ"):
        proven(turned, Source(margins=forest.margins), where="turned")


hostile = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-45, TINY, np.nextafter(TINY, 1), -TINY, 3.5e38, -1e300, 39.0, 39.5, -0.5]),
)


@pytest.fixture(scope="module")
def open_forests():
    names = (
        "lightgbm",
        "lightgbm-zero-missing",
        "lightgbm-categories",
        "xgboost-hist",
        "xgboost-sets",
        "catboost",
        "histogram",
    )
    made = {name: SPECIES[name]() for name in names}
    return {name: (model, forest_of(model)) for name, model in made.items()}


@settings(max_examples=60, deadline=None)
@given(row=st.lists(hostile, min_size=5, max_size=5))
def test_any_row_scores_as_the_library_scores_it(open_forests, row):
    rows = np.array([row])
    for name, (model, forest) in open_forests.items():
        with np.errstate(over="ignore", under="ignore"):
            given = rows.astype(np.float32) if forest.single else rows
        if forest.library == "xgboost":
            booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
            theirs = booster.inplace_predict(given, predict_type="margin", validate_features=False)
        else:
            theirs = margins(model, given)
        assert np.allclose(forest.margins(rows)[0], theirs, rtol=2e-6, atol=2e-6), name


@settings(max_examples=30, deadline=None)
@given(scale=st.sampled_from([1e-40, 1e-30, 1e-3, 1.0, 1e8, 1e30]), seed=st.integers(0, 9), leaves=st.integers(2, 40))
def test_columns_of_any_magnitude_convert(scale, seed, leaves):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(120, 3)) * scale
    event = (rows[:, 0] + rows[:, 1] > 0).astype(int)
    event[:2] = 0, 1
    forest = forest_of(DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0).fit(rows, event))
    assert forest.gap == 0.0
    boosted = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=leaves, min_child_samples=2, verbose=-1, n_jobs=1)
    assert forest_of(boosted.fit(rows, event)).gap == 0.0


def test_words_as_categories_are_taken_by_code(tools):
    rows = tools.with_word_gaps(tools.make_rows())
    model = HistGradientBoostingClassifier(max_iter=10).fit(
        tools.as_pandas(rows, category=("word",)), tools.labels(rows)
    )
    forest = forest_of(model)
    assert forest.categories == {2: ("blue", "green", "red")}
    assert forest.scores(np.array([[50.0, 30.0, 7.0, 1.0]])) == forest.scores(np.array([[50.0, 30.0, np.nan, 1.0]]))


def test_files_are_read_as_the_models_in_memory(tmp_path):
    boosted, plain = xgb(), lgb()
    boosted.save_model(tmp_path / "m.json")
    boosted.save_model(tmp_path / "m.ubj")
    plain.booster_.save_model(tmp_path / "m.txt")
    for name, model in (("m.json", boosted), ("m.ubj", boosted), ("m.txt", plain)):
        assert np.array_equal(forest_of(tmp_path / name).margins(GAPS), forest_of(model).margins(GAPS)), name


def test_early_stopping_counts_the_rounds_that_the_library_counts():
    model = xgboost.XGBClassifier(n_estimators=80, max_depth=6, early_stopping_rounds=2, n_jobs=1)
    model.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], verbose=False)
    assert forest_of(model).trees == model.best_iteration + 1 < 80
    assert np.allclose(forest_of(model).scores(X)[:, 0], model.predict_proba(X)[:, 1], atol=1e-6)


REFUSED = {
    "linear leaves": lambda: lgb(linear_tree=True),
    "not made of trees": lambda: xgb(booster="gblinear", updater="coord_descent", max_depth=None),
    "vector leaves": lambda: xgb(y=np.stack([Y, 1 - Y], axis=1), multi_strategy="multi_output_tree"),
    "categorical features": lambda: cat(
        np.stack([X[:, 3].astype(int).astype(str), X[:, 0].astype(str)], 1), cat_features=[0]
    ),
    "another model's predictions": lambda: GradientBoostingClassifier(init=LogisticRegression(), n_estimators=3).fit(
        X, Y
    ),
    "cannot be read": lambda: LogisticRegression().fit(X, Y),
    "not fitted": lambda: DecisionTreeClassifier(),
    "questions at once": lambda: DecisionTreeClassifier().fit(X, np.stack([Y, Y3], 1)),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_cannot_be_converted_is_refused_with_a_next_step(what):
    with pytest.raises(UsageError, match=what) as caught:
        forest_of(REFUSED[what]())
    assert caught.value.next_step


def test_rows_of_another_width_are_refused():
    with pytest.raises(UsageError, match="reads 5 columns"):
        forest_of(lgb()).margins(X[:, :4])


def test_arrays_are_read_only_and_conversion_is_reproducible():
    model = xgb()
    one, two = forest_of(model), forest_of(model)
    assert (one.gap, one.probed) == (two.gap, two.probed)
    with pytest.raises(ValueError, match="read-only"):
        one.threshold[0] = 0
    assert isinstance(one, Forest)


def test_the_room_loads_no_library_and_no_kernel():
    code = (
        "import sys, hauberk.model, hauberk.model.forest\n"
        "print([name for name in ('numba', 'xgboost', 'catboost', 'lightgbm', 'sklearn') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("rows", [63, 64, 65, 200])
def test_rows_in_step_and_rows_alone_sum_to_the_same_bits(pair, rows):
    _, _, forest = pair
    given = (GAPS if forest.takes_nan else X)[:rows]
    together = forest.margins(given)
    alone = np.concatenate([forest.margins(given[at : at + 1]) for at in range(rows)])
    assert np.array_equal(together, alone)


def test_trees_too_deep_to_walk_in_step_are_walked_all_the_same():
    deep = ExtraTreesClassifier(4, max_features=1, random_state=0).fit(np.arange(600.0)[:, None], Y)
    chain = DecisionTreeClassifier(random_state=0).fit(1.5 ** np.arange(600.0)[:, None] ** 0.5, np.arange(600) % 2)
    for model in (deep, chain):
        rows = np.repeat(X[:200, :1], 1, axis=1)
        assert np.array_equal(forest_of(model).margins(rows)[:, 0], model.predict_proba(rows)[:, 1])
