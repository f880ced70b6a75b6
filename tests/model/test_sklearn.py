# SPDX-License-Identifier: Apache-2.0
import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from hauberk.core.check import Need
from hauberk.core.errors import Incomplete, UsageError
from hauberk.model import open_model
from hauberk.model.adapters.missing_words import learned_nan

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 2))
Y = (X[:, 0] > 0.2).astype(int)
FRAME = pl.DataFrame(X, schema=["a", "b"], orient="row")
NAMES = ["a", "b"]


def test_a_matrix_fitted_model_needs_names():
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(UsageError, match="reads 2 columns and carries no names"):
        open_model(model)
    view = open_model(model, features=NAMES)
    np.testing.assert_array_equal(view.scores(FRAME), model.predict_proba(X)[:, 1])
    assert view.name == "LogisticRegression"
    assert view.digest == ""


def test_a_frame_fitted_model_names_its_own_columns_and_stays_silent():
    model = LogisticRegression().fit(FRAME, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(
            open_model(model).scores(FRAME.select("b", "a")), model.predict_proba(FRAME)[:, 1]
        )


@pytest.mark.parametrize("classes", [[False, True], [0.0, 1.0], ["0", "1"]])
def test_ways_to_spell_one(classes):
    model = GaussianNB().fit(FRAME, np.array(classes)[Y])
    np.testing.assert_array_equal(open_model(model).scores(FRAME), model.predict_proba(FRAME)[:, 1])


def test_classes_in_words_need_to_be_told():
    model = GaussianNB().fit(FRAME, np.where(Y == 1, "bad", "good"))
    with pytest.raises(UsageError, match="none of the model's classes is the event 1"):
        open_model(model)
    np.testing.assert_array_equal(open_model(model, positive="bad").scores(FRAME), model.predict_proba(FRAME)[:, 0])


@pytest.mark.parametrize("model", [LinearSVC(), RidgeClassifier(), make_pipeline(StandardScaler(), LinearSVC())])
def test_without_probabilities_there_are_labels_alone(model):
    view = open_model(model.fit(FRAME, Y))
    assert view.capabilities == {Need.LABELS}
    assert view.scores(FRAME).tolist() == model.predict(FRAME).astype(float).tolist()


@pytest.mark.parametrize(
    "model",
    [
        CalibratedClassifierCV(LinearSVC(), cv=2),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2),
        VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
        make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)),
    ],
)
def test_wrappers_answer_as_themselves(model):
    view = open_model(model.fit(FRAME, Y))
    assert view.capabilities == {Need.SCORES, Need.LABELS}
    np.testing.assert_allclose(view.scores(FRAME), model.predict_proba(FRAME)[:, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (LinearRegression().fit(FRAME, Y), "not a classifier"),
        (LogisticRegression(), "not fitted"),
        (make_pipeline(StandardScaler(), GaussianNB()), "not fitted"),
        (GaussianNB().fit(FRAME, np.arange(200) % 3), "tells 3 classes apart"),
        (RandomForestClassifier(2).fit(FRAME, np.zeros(200)), "tells 1 classes apart"),
        (RandomForestClassifier(2).fit(FRAME, np.c_[Y, Y]), "not a classifier with one target"),
    ],
)
def test_what_cannot_be_asked_is_said(model, said):
    with pytest.raises(UsageError, match=said):
        open_model(model)


def only_pandas(table):
    return table.assign(a=table["a"].fillna(0.0))


def test_a_step_that_needs_pandas_gets_pandas():
    model = make_pipeline(FunctionTransformer(only_pandas), GaussianNB()).fit(FRAME.to_pandas(), Y)
    view = open_model(model, features=NAMES)
    np.testing.assert_array_equal(view.scores(FRAME), model.predict_proba(FRAME.to_pandas())[:, 1])


def test_a_model_that_refuses_gaps_says_on_how_many_rows():
    model = LogisticRegression().fit(FRAME, Y)
    gaps = FRAME.with_columns(a=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise(pl.col("a")))
    with pytest.raises(Incomplete, match="failed on 3 of 200 rows, first on row 0") as caught:
        open_model(model).scores(gaps)
    assert "NaN" in caught.value.why


def test_the_mark_for_missing_words_is_read_off_the_model(tools):
    """Without it the same pipeline scores the same rows otherwise, silently."""
    rows = tools.with_word_gaps(tools.make_rows())
    y = tools.labels(rows)
    for name, model in tools.pipelines().items():
        assert learned_nan(model.fit(tools.as_pandas(rows), y)), name
        if name != "imputed":
            assert not learned_nan(model.fit(rows, y)), name
    imputed = tools.pipelines()["imputed"].fit(tools.as_pandas(rows), y)
    right = imputed.predict_proba(tools.as_pandas(rows))[:, 1]
    assert np.abs(imputed.predict_proba(rows)[:, 1] - right).max() > 0.1
    np.testing.assert_array_equal(open_model(imputed).scores(rows), right)
