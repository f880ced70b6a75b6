# SPDX-License-Identifier: Apache-2.0
import numpy as np
import polars as pl
import pytest

from hauberk.core.check import Need
from hauberk.core.errors import HauberkError, Incomplete, UsageError
from hauberk.model import ModelView, open_model


def view(function, features=("x",)) -> ModelView:
    return open_model(function, features=features, name="m")


FRAME = pl.DataFrame({"x": [0.1, 0.2, 0.3, 0.4]})


def test_a_function_is_a_model():
    model = view(lambda frame: frame["x"])
    assert model.framework == "callable"
    assert model.capabilities == {Need.SCORES, Need.LABELS}
    assert model.scores(FRAME).tolist() == [0.1, 0.2, 0.3, 0.4]
    model.close()


def test_the_scorer_sees_exactly_the_features_in_order():
    seen = []
    model = view(lambda frame: seen.append(frame.columns) or np.zeros(frame.height), ("b", "a"))
    model.scores(pl.DataFrame({"a": [1], "x": [2], "b": [3]}))
    assert seen == [["b", "a"]]


def test_no_rows_no_call():
    model = view(lambda frame: pytest.fail("called"))
    assert model.scores(FRAME.clear()).shape == (0,)


def test_missing_columns_are_counted_and_named():
    model = view(lambda frame: frame["x0"], [f"x{i}" for i in range(100)])
    with pytest.raises(UsageError, match=r"model reads 100 columns, the data has 99; missing: x57\n"):
        model.scores(pl.DataFrame({f"x{i}": [0.0] for i in range(100) if i != 57}))
    with pytest.raises(UsageError, match="x0, x1, x2, x3, x4 and 95 more"):
        model.scores(FRAME)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([0.1, np.nan, 0.3, np.inf], "NaN or infinity for 2 of 4 rows"),
        ([0.1, 1.5, -0.2, 0.3], "2 of 4 scores lie outside 0 to 1"),
        ([0.1, 0.2], r"returned shape \(2,\) for 4 rows"),
        ([[0.1, 0.9]] * 4, r"returned shape \(4, 2\)"),
        (["a", "b", "c", "d"], "did not return numbers"),
    ],
)
def test_answers_that_are_not_probabilities_are_refused(answer, said):
    class Answers:
        def __call__(self, frame):
            return answer

    model = ModelView(name="m", digest="", framework="callable", features=("x",), scorer=Answers())
    with pytest.raises(UsageError, match=said):
        model.scores(FRAME)


def test_single_precision_overshoot_is_clipped():
    model = view(lambda frame: np.array([1 + 1e-7, -1e-7, 0.5, 1]))
    assert model.scores(FRAME).tolist() == [1.0, 0.0, 0.5, 1.0]


def test_rows_that_a_model_fails_on_are_counted():
    def fails(frame):
        if (frame["x"] > 0.25).any():
            raise ValueError("secret detail " + "x" * 1000)
        return frame["x"]

    with pytest.raises(Incomplete, match="failed on 2 of 4 rows, first on row 2") as caught:
        view(fails).scores(FRAME)
    assert len(str(caught.value)) < 900

    def always(frame):
        raise KeyError("no")

    with pytest.raises(Incomplete, match="failed on every one of 4 rows"):
        view(always).scores(FRAME)
    with pytest.raises(Incomplete, match=r"failed on at least \d+ of 5000 rows, first on row 0"):
        view(always).scores(pl.DataFrame({"x": np.zeros(5000)}))


def test_errors_of_our_own_pass_unchanged():
    def refuses(frame):
        raise HauberkError("mine")

    with pytest.raises(HauberkError, match="mine"):
        view(refuses).scores(FRAME)


def test_a_function_needs_column_names():
    with pytest.raises(UsageError, match="does not say which columns"):
        open_model(lambda frame: frame["x"])


def test_an_object_that_is_no_model():
    with pytest.raises(UsageError, match="not a model that Hauberk can ask"):
        open_model(object())
