# SPDX-License-Identifier: Apache-2.0
"""What single native formats do beside the common law."""

from pathlib import Path

import catboost
import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.check import Need
from hauberk.core.errors import Unreadable, UsageError
from hauberk.model import open_model
from hauberk.model.adapters.lightgbm_booster import open_text
from hauberk.model.adapters.opened import Request
from hauberk.model.lightgbm_text import text_fault
from hauberk.model.tree_shape import fault

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = (X[:, 0] + X[:, 1] > 0.3).astype(int)
FRAME = pl.DataFrame(X, schema=["a", "b", "c"], orient="row")
NAMES = ["a", "b", "c"]


def train_lightgbm(rounds=5, **options):
    data = lightgbm.Dataset(X, Y, feature_name=NAMES, params={"linear_tree": options.get("linear_tree", False)})
    return lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1, **options}, data, rounds)


def saved(booster, tmp_path, name="model"):
    path = tmp_path / name
    booster.save_model(path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sigmoid": 2.5},
        {"boosting": "dart"},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"linear_tree": True},
        {"objective": "cross_entropy"},
        {"is_unbalance": True},
        {"min_gain_to_split": 1e9},
        {"objective": "multiclass", "num_class": 2},
    ],
)
def test_lightgbm_kinds(options, tmp_path):
    booster = train_lightgbm(**options)
    expected = booster.predict(X)
    expected = expected[:, 1] if expected.ndim == 2 else expected
    for source in (saved(booster, tmp_path), booster):
        np.testing.assert_allclose(open_model(source).scores(FRAME), expected, atol=1e-12)


def test_lightgbm_names_with_blanks_are_found_in_the_data(tmp_path):
    names = ["mean radius", "a", "b c"]
    data = lightgbm.Dataset(X, Y, feature_name=names)
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 5)
    assert "mean_radius" in booster.feature_name()
    frame = FRAME.rename(dict(zip(FRAME.columns, names, strict=True)))
    view = open_model(saved(booster, tmp_path), features=[*names, "other"])
    assert view.features == tuple(names)
    np.testing.assert_allclose(view.scores(frame), booster.predict(X), atol=1e-12)


def test_lightgbm_names_with_blanks_are_not_guessed_between_two_columns(tmp_path):
    data = lightgbm.Dataset(X, Y, feature_name=["b_c d", "a", "c"])
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 2)
    with pytest.raises(UsageError, match="missing: b_c_d"):
        open_model(saved(booster, tmp_path), features=["b_c d", "b c_d", "a", "c"])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"objective": "regression"}, "regression"),
        ({"objective": "poisson"}, "poisson"),
        ({"objective": "cross_entropy_lambda"}, "cross_entropy_lambda"),
        ({"objective": "multiclass", "num_class": 3}, "num_class:3"),
        ({"objective": "lambdarank"}, "lambdarank"),
    ],
)
def test_lightgbm_that_gives_no_probability_is_refused(options, why, tmp_path):
    data = lightgbm.Dataset(X, Y, feature_name=NAMES, group=[100, 100, 100] if "rank" in why else None)
    booster = lightgbm.train({"verbose": -1, **options}, data, 2)
    with pytest.raises(UsageError, match="probability of two classes") as caught:
        open_model(saved(booster, tmp_path))
    assert why in caught.value.why


def test_lightgbm_custom_objective_is_refused(tmp_path):
    booster = train_lightgbm(objective=lambda scores, data: (scores - data.get_label(), np.ones(len(scores))))
    with pytest.raises(UsageError, match="probability of two classes") as caught:
        open_model(saved(booster, tmp_path))
    assert "custom" in caught.value.why


def test_lightgbm_without_names_takes_those_given(tmp_path):
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(X, Y), 3)
    path = saved(booster, tmp_path)
    with pytest.raises(UsageError, match="reads 3 columns and carries no names"):
        open_model(path)
    with pytest.raises(UsageError, match="reads 3 columns, the data has 2"):
        open_model(path, features=["a", "b"])
    np.testing.assert_allclose(open_model(path, features=NAMES).scores(FRAME), booster.predict(X), atol=1e-12)


def test_lightgbm_classifier_with_words_for_classes():
    model = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1).fit(X, np.where(Y == 1, "bad", "good"))
    scores = open_model(model, positive="bad", features=NAMES).scores(FRAME)
    np.testing.assert_allclose(scores, model.predict_proba(X)[:, 0], atol=1e-12)
    with pytest.raises(UsageError, match="'bad', 'good'"):
        open_model(model, features=NAMES)


def test_lightgbm_best_iteration_counts():
    model = lightgbm.LGBMClassifier(n_estimators=50, verbose=-1)
    model.fit(X, Y, eval_X=X[:50], eval_y=1 - Y[:50], callbacks=[lightgbm.early_stopping(2, verbose=False)])
    assert model.best_iteration_ < 50
    np.testing.assert_allclose(
        open_model(model, features=NAMES).scores(FRAME), model.predict_proba(X)[:, 1], atol=1e-12
    )


@pytest.mark.parametrize("kind", [lightgbm.LGBMClassifier(), xgboost.XGBClassifier(), catboost.CatBoostClassifier()])
def test_unfitted_is_said(kind):
    with pytest.raises(UsageError, match="not fitted"):
        open_model(kind)


# LightGBM ends the whole process on broken text, which no `except` catches. What must never reach it:
WHOLE = train_lightgbm(3, num_leaves=5).model_to_string()


def test_whole_text_has_no_fault():
    assert text_fault(WHOLE) == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("left_child=1", "left_child=0", "lead"),
        ("left_child=1", "left_child=77", "outside the tree"),
        ("split_feature=", "split_feature=9", "column"),
        ("threshold=", "threshold=1 ", "threshold does not hold"),
        ("threshold=", "threshold=x", "lacks"),
        ("leaf_value=", "leaf_valve=", "lacks 'leaf_value'"),
        ("\nend of trees", "\n", "without the mark"),
        ("\nTree=1", "\nTreee=1", ""),
        ("max_feature_idx=2", "max_feature_idx=two", "how many columns"),
        ("\nend of parameters", "", "inside the list of parameters"),
        ("\nthreshold=", "\n\nthreshold=", "not NAME=VALUES"),
    ],
)
def test_broken_text_is_refused_before_the_library_sees_it(old, new, said, tmp_path):
    assert old in WHOLE
    broken = WHOLE.replace(old, new, 1)
    assert text_fault(broken)
    assert said in text_fault(broken)
    path = tmp_path / "m"
    path.write_text(broken)
    with pytest.raises(Unreadable, match="cannot be read as one"):
        open_model(path)


def test_a_ring_of_nodes_is_found():
    left, right = np.array([1, 2, 3, -1]), np.array([-2, -3, 1, -4])
    assert fault(left, right, np.zeros(4, dtype=np.int64), leaves=5, width=1) == "two branches lead to one node"
    left, right = np.array([-1, 2, 1]), np.array([-2, -3, -4])
    assert fault(left, right, np.zeros(3, dtype=np.int64), leaves=4, width=1) == "nodes form a ring"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_every_truncation_is_found_or_harmless(cut):
    text = WHOLE[:cut]
    wrong = text_fault(text)
    tail = WHOLE.index("end of trees") + len("end of trees")
    parameters = WHOLE.index("\nparameters:")
    whole_trees = tail <= cut < parameters + len("\nparameters:") or cut >= WHOLE.index("end of parameters") + 17
    assert bool(wrong) != whole_trees
    if wrong:
        return
    try:
        assert lightgbm.Booster(model_str=text).num_trees() == 3
    except ValueError:  # the list of categories on the last line is cut off, which LightGBM refuses by itself
        with pytest.raises(Unreadable):
            open_text(text.encode(), Request(where="m", features=None, positive=1, threads=1))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"booster": "dart", "rate_drop": 0.3},
        {"booster": "gblinear"},
        {"tree_method": "exact"},
        {"base_score": 0.2},
        {"objective": "reg:logistic"},
        {"objective": "multi:softprob", "num_class": 2},
        {"grow_policy": "lossguide", "max_leaves": 5},
    ],
)
@pytest.mark.parametrize("kind", ["json", "ubj"])
def test_xgboost_kinds(options, kind, tmp_path):
    data = xgboost.DMatrix(np.where(X > 2, np.nan, X), Y, feature_names=NAMES)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1, **options}, data, 6)
    expected = booster.predict(data)
    expected = expected[:, 1] if expected.ndim == 2 else expected
    path = tmp_path / f"m.{kind}"
    booster.save_model(path)
    rows = FRAME.select(pl.when(pl.all() > 2).then(None).otherwise(pl.all()).name.keep())
    for source in (path, booster):
        np.testing.assert_allclose(open_model(source).scores(rows), expected, atol=1e-7)


def test_xgboost_margins_become_probabilities_and_hinges_are_labels(tmp_path):
    data = xgboost.DMatrix(X, Y, feature_names=NAMES)
    plain = xgboost.train({"objective": "binary:logistic"}, data, 4)
    raw = xgboost.train({"objective": "binary:logitraw"}, data, 4)
    np.testing.assert_allclose(
        open_model(raw).scores(FRAME), 1 / (1 + np.exp(-raw.predict(data, output_margin=True))), atol=1e-6
    )
    hinge = open_model(xgboost.train({"objective": "binary:hinge"}, data, 4))
    assert hinge.capabilities == {Need.LABELS}
    assert set(np.unique(hinge.scores(FRAME))) <= {0.0, 1.0}
    assert Need.SCORES in open_model(plain).capabilities


def test_xgboost_own_mark_for_missing_is_kept():
    holes = np.where(X > 1, -999.0, X)
    model = xgboost.XGBClassifier(n_estimators=5, missing=-999.0).fit(holes, Y)
    rows = pl.DataFrame(holes, schema=NAMES, orient="row")
    np.testing.assert_allclose(
        open_model(model, features=NAMES).scores(rows), model.predict_proba(holes)[:, 1], atol=1e-7
    )


@pytest.mark.parametrize("objective", ["reg:squarederror", "count:poisson", "multi:softprob"])
def test_xgboost_that_gives_no_probability_is_refused(objective):
    options = {"objective": objective} | ({"num_class": 3} if "multi" in objective else {})
    booster = xgboost.train(options, xgboost.DMatrix(X, Y, feature_names=NAMES), 2)
    with pytest.raises(UsageError, match="probability of two classes") as caught:
        open_model(booster)
    assert objective in caught.value.why


@pytest.mark.parametrize("name", ["xgboost-json", "xgboost-ubj", "catboost-cbm", "catboost-json", "onnx"])
def test_truncated_files_are_unreadable_and_kill_nothing(name, species, tmp_path):
    content = Path(species(name).source).read_bytes()
    path = tmp_path / "cut"
    rng = np.random.default_rng(1)
    for cut in [1, 5, len(content) - 1, len(content) - 9, *rng.integers(6, len(content), 25)]:
        path.write_bytes(content[: int(cut)])
        with pytest.raises(Unreadable):
            open_model(path)


def test_damage_that_a_library_notices_late_is_unreadable(species, tmp_path):
    content = Path(species("catboost-cbm").source).read_bytes()
    assert b'{"detailed_profile"' in content
    path = tmp_path / "m"
    path.write_bytes(content.replace(b'{"detailed_profile"', b'{"detailed_pr\xff\xffile"'))
    with pytest.raises(Unreadable, match="cannot be read as one"):
        open_model(path)


def test_xgboost_trees_that_are_no_trees_are_refused(tmp_path):
    booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, Y, feature_names=NAMES), 2)
    text = booster.save_raw("json").decode()
    start = text.index('"left_children":[') + len('"left_children":[')
    path = tmp_path / "m.json"
    path.write_text(text[:start] + "99999" + text[text.index(",", start) :])
    with pytest.raises(Unreadable) as caught:
        open_model(path)
    assert "tree 0: a branch leads outside the tree" in caught.value.why


def test_catboost_integers_as_categories_match_whatever_type_they_come_in(species, tools):
    model = open_model(species("catboost-cbm").source)
    rows = tools.make_rows(50, seed=3)
    expected = model.scores(rows)
    for dtype in (pl.Float64, pl.String, pl.Int8):
        np.testing.assert_array_equal(model.scores(rows.with_columns(pl.col("code").cast(dtype))), expected)
    with pytest.raises(UsageError, match="'code' is categorical, and the data holds Float64"):
        model.scores(rows.with_columns(code=pl.col("code") + 0.5))


def test_catboost_with_words_for_classes():
    model = catboost.CatBoostClassifier(iterations=4, verbose=0, allow_writing_files=False)
    model.fit(FRAME.to_numpy(), np.where(Y == 1, "bad", "good"))
    scores = open_model(model, features=NAMES, positive="bad").scores(FRAME)
    np.testing.assert_allclose(scores, model.predict_proba(X)[:, 0], atol=1e-9)


def test_catboost_regression_is_refused():
    model = catboost.CatBoostRegressor(iterations=2, verbose=0, allow_writing_files=False).fit(X, Y)
    with pytest.raises(UsageError, match="probability of two classes"):
        open_model(model, features=NAMES)


def test_no_trees_at_all(tmp_path):
    text = train_lightgbm(1).model_to_string()
    start, end = text.index("Tree=0"), text.index("end of trees")
    empty = text[:start] + text[end:]
    sizes = next(line for line in text.splitlines() if line.startswith("tree_sizes="))
    path = tmp_path / "m"
    path.write_text(empty.replace(sizes, "tree_sizes="))
    assert open_model(path).scores(FRAME).tolist() == [0.5] * 300
