# SPDX-License-Identifier: Apache-2.0
"""The capability TREES: the trees of a view score as the view does, on any row; otherwise they are refused with a reason."""

import hashlib
from dataclasses import replace

import catboost
import joblib
import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from hauberk.core.check import Need
from hauberk.core.errors import Unreadable, UsageError
from hauberk.model import open_model
from hauberk.model.forest import Link
from hauberk.model.load.tree_wire import packed, unpacked
from hauberk.model.tree_proof import shown_by_scores

RNG = np.random.default_rng(4)
NAMES = ["a", "b", "c"]
X = RNG.normal(size=(400, 3))
X[:, 2] = RNG.integers(0, 9, 400)
Y = ((X[:, 0] + np.sin(3 * X[:, 1]) + (X[:, 2] % 3 == 0)) > 0.4).astype(int)
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)


def _cat(**more):
    return catboost.CatBoostClassifier(
        iterations=8, depth=3, verbose=0, allow_writing_files=False, thread_count=1, **more
    )


MODELS = {
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1).fit(GAPS, Y),
    "lightgbm-softmax": lambda: lightgbm.train(
        {"objective": "multiclass", "num_class": 2, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(GAPS, Y), 6
    ),
    "lightgbm-forest": lambda: lightgbm.LGBMClassifier(
        n_estimators=6, boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, verbose=-1, n_jobs=1
    ).fit(GAPS, Y),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=8, n_jobs=1).fit(GAPS, Y),
    "xgboost-dart": lambda: xgboost.XGBClassifier(n_estimators=8, booster="dart", rate_drop=0.3, n_jobs=1).fit(GAPS, Y),
    "xgboost-raw": lambda: xgboost.train({"objective": "binary:logitraw"}, xgboost.DMatrix(GAPS, Y), 6),
    "xgboost-softmax": lambda: xgboost.train(
        {"objective": "multi:softprob", "num_class": 2}, xgboost.DMatrix(GAPS, Y), 6
    ),
    "catboost": lambda: _cat().fit(GAPS, Y),
    "catboost-softmax": lambda: _cat(loss_function="MultiClass").fit(GAPS, Y),
    "tree": lambda: DecisionTreeClassifier(max_depth=5, random_state=0).fit(GAPS, Y),
    "forest": lambda: RandomForestClassifier(9, random_state=0).fit(GAPS, Y),
    "extra": lambda: ExtraTreesClassifier(6, max_depth=6, random_state=0).fit(GAPS, Y),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=8).fit(X, Y),
    "boosting-exponential": lambda: GradientBoostingClassifier(loss="exponential", n_estimators=8).fit(X, Y),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=8).fit(GAPS, Y),
    "histogram-categories": lambda: HistGradientBoostingClassifier(max_iter=8, categorical_features=[2]).fit(GAPS, Y),
}


def frame(rows):
    return pl.DataFrame(rows, schema=NAMES, orient="row").fill_nan(None)


def beside(trees, rows, seed):
    """Rows with values at thresholds and one step to either side of them."""
    rng = np.random.default_rng(seed)
    forest, out = trees.forest, rows.copy()
    kind = np.float32 if forest.single else np.float64
    for at in range(forest.width):
        marks = forest.threshold[(forest.feature == at) & (np.abs(forest.threshold) < 1e30)].astype(kind)
        if len(marks) and trees.features[at] not in trees.codes:
            near = np.concatenate([marks, np.nextafter(marks, kind(np.inf)), np.nextafter(marks, kind(-np.inf))])
            put = rng.random(len(out)) < 0.6
            out[put, at] = rng.choice(near, int(put.sum())).astype(np.float64)
    return out


@pytest.fixture(scope="module", params=sorted(MODELS))
def grown(request):
    view = open_model(MODELS[request.param](), features=NAMES, name=request.param)
    return view, view.trees()


def test_margins_through_the_link_are_the_scores(grown):
    view, trees = grown
    rows = GAPS if trees.forest.takes_nan else X
    allowed = 2e-6 if trees.forest.values.dtype == np.float32 else 1e-9
    for part in (rows, beside(trees, rows, 0), beside(trees, rows, 1)):
        assert np.abs(trees.scores(frame(part)) - view.scores(frame(part))).max() <= allowed
    assert Need.TREES in view.capabilities
    assert trees.forest.outputs == 1
    assert view.trees() is trees


def test_margins_on_the_safe_side_of_the_cut_are_scores_on_that_side(grown):
    view, trees = grown
    rows = frame(beside(trees, GAPS if trees.forest.takes_nan else X, 2))
    scores, margins = view.scores(rows), trees.margins(rows)
    for threshold in (*np.quantile(scores, [0.1, 0.5, 0.9]), 0.5, 0.9999):
        cut, slack = trees.cut(float(threshold)), trees.slack(float(threshold))
        assert 0 <= slack < 1e-2
        assert (scores[margins > cut + slack] >= threshold).all()
        assert (scores[margins < cut - slack] < threshold).all()


@pytest.mark.parametrize("name", ["lightgbm", "lightgbm-softmax", "xgboost", "forest", "catboost-softmax", "histogram"])
def test_the_other_class_as_the_event_turns_the_margin(name):
    model = MODELS[name]()
    one, other = (open_model(model, features=NAMES, positive=event) for event in (1, 0))
    rows = frame(GAPS)
    assert np.abs(other.trees().scores(rows) - other.scores(rows)).max() < 2e-6
    assert np.allclose(one.trees().scores(rows) + other.trees().scores(rows), 1.0, atol=2e-6)


def test_words_and_codes_reach_the_trees_as_they_reach_the_model(tools):
    rows = tools.with_word_gaps(tools.make_rows())
    table, event = tools.as_pandas(rows, category=("word",)), tools.labels(rows)
    models = [
        lightgbm.LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1).fit(table, event),
        xgboost.XGBClassifier(n_estimators=8, enable_categorical=True, max_cat_to_onehot=1, n_jobs=1).fit(table, event),
        HistGradientBoostingClassifier(max_iter=8).fit(table, event),
    ]
    for model in models:
        view = open_model(model, features=tools.features)
        assert set(view.trees().codes) == {"word"}
        assert np.abs(view.trees().scores(rows) - view.scores(rows)).max() < 2e-6
        # booleans stand as numbers, as in the model
        flags = rows.with_columns(code=pl.col("code") > 2)
        assert np.abs(view.trees().scores(flags) - view.scores(flags)).max() < 2e-6
    strange = rows.with_columns(word=pl.lit("violet"))
    with pytest.raises(UsageError, match="category that the model was not trained on"):
        open_model(models[1], features=tools.features).trees().matrix(strange)


def test_files_give_the_trees_of_the_model_in_memory(tmp_path):
    boosted, plain, cat = (MODELS[name]() for name in ("xgboost", "lightgbm", "catboost"))
    boosted.save_model(tmp_path / "m.json")
    boosted.save_model(tmp_path / "m.ubj")
    plain.booster_.save_model(tmp_path / "m.txt")
    cat.save_model(str(tmp_path / "m.cbm"))
    cat.save_model(str(tmp_path / "m.cbj"), format="json")
    for name, model in (("json", boosted), ("ubj", boosted), ("txt", plain), ("cbm", cat), ("cbj", cat)):
        here = open_model(model, features=NAMES).trees()
        there = open_model(tmp_path / f"m.{name}", features=NAMES).trees()
        # CatBoost's JSON keeps sixteen digits
        assert np.allclose(here.margins(frame(GAPS)), there.margins(frame(GAPS)), rtol=0, atol=1e-12)


def _pickled(model, folder):
    path = folder / "model.joblib"
    joblib.dump(model, path)
    return open_model(path, features=NAMES, trust=[f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"])


@pytest.mark.parametrize("name", ["forest", "histogram-categories", "xgboost"])
def test_a_pickled_model_sends_its_trees_from_its_process(name, tmp_path):
    model = MODELS[name]()
    view = _pickled(model, tmp_path)
    try:
        here, there = open_model(model, features=NAMES).trees(), view.trees()
        assert np.array_equal(here.margins(frame(X)), there.margins(frame(X)))
        assert there.forest.link is here.forest.link
    finally:
        view.close()


def test_a_pickled_model_without_trees_says_so(tmp_path):
    view = _pickled(LogisticRegression().fit(X, Y), tmp_path)
    try:
        assert Need.TREES not in view.capabilities
    finally:
        view.close()


def _sent():
    view = open_model(MODELS["lightgbm"](), features=NAMES)
    return view, *packed(view.trees())


@pytest.mark.parametrize("part", ["child", "feature", "roots", "slots"])
def test_what_a_process_sends_is_checked_before_it_is_followed(part):
    view, header, payload = _sent()
    forest = view.trees().forest
    before = {"roots": 0, "slots": len(forest.roots) * 4, "feature": len(forest.roots) * 8}
    before["child"] = before["feature"] + 12 * len(forest.feature)
    at = before[part]
    for value in (b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80"):
        wrong = payload[:at] + value + payload[at + 4 :]
        with pytest.raises(Unreadable, match="did not send trees"):
            unpacked(header, wrong, tuple(NAMES), where="m")
    ring = payload[:at] + b"\x00\x00\x00\x00" + payload[at + 4 :]
    if part == "child":
        with pytest.raises(Unreadable, match="did not send trees"):
            unpacked(header, ring, tuple(NAMES), where="m")


def test_cut_off_or_mistyped_answers_are_refused():
    _, header, payload = _sent()
    for head, body in ((header, payload[:-9]), ({}, payload), ({**header, "link": "odd"}, payload)):
        with pytest.raises(Unreadable, match="did not send trees"):
            unpacked(head, body, tuple(NAMES), where="m")


def test_trees_of_another_model_are_refused_by_the_scores():
    one, other = (open_model(MODELS[name](), features=NAMES) for name in ("lightgbm", "histogram"))
    with pytest.raises(UsageError, match="cannot be read so that they score"):
        shown_by_scores(one.trees(), other.scorer)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: LogisticRegression().fit(X, Y), "gives no trees"),
        (lambda: make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(X, Y), "gives no trees"),
        (lambda: xgboost.XGBClassifier(n_estimators=3, missing=0.0).fit(X, Y), "as a missing value"),
        (lambda: xgboost.XGBClassifier(n_estimators=3, objective="binary:hinge").fit(X, Y), "gives no trees"),
        (lambda: lightgbm.LGBMClassifier(n_estimators=3, linear_tree=True, verbose=-1).fit(X, Y), "linear leaves"),
        (lambda: lambda rows: rows["a"].to_numpy() * 0, "gives no trees"),
    ],
)
def test_what_gives_no_trees_says_why_each_time_it_is_asked(model, why):
    view = open_model(model(), features=NAMES)
    for _ in range(2):
        with pytest.raises(UsageError, match=why) as caught:
            view.trees()
        assert caught.value.next_step


@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(1e-6, 1 - 1e-6))
@settings(max_examples=30, deadline=None)
def test_the_cut_is_where_the_link_meets_the_threshold(seed, threshold):
    trees = _sent_once()
    rng = np.random.default_rng(seed)
    sigma = float(rng.uniform(0.2, 4))
    for link in (Link.SIGMOID, Link.IDENTITY):
        of = replace(trees, forest=replace(trees.forest, link=link, sigma=sigma))
        at = np.array([of.cut(threshold)])
        assert of.forest.linked(at)[0] == pytest.approx(threshold, rel=1e-9)


_KEPT = []


def _sent_once():
    if not _KEPT:
        _KEPT.append(open_model(MODELS["tree"](), features=NAMES).trees())
    return _KEPT[0]
