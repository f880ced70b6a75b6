# SPDX-License-Identifier: Apache-2.0
"""Rows on which a model fails are set apart from those that it scores."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import Incomplete, UsageError
from hauberk.model import ModelView
from hauberk.model.partial import CALLS, partial_scores


def view(scorer):
    return ModelView(name="toy", digest="", framework="callable", features=("x",), scorer=scorer)


def frame(values):
    return pl.DataFrame({"x": np.asarray(values, dtype=np.float64)})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.sampled_from(["raises", "nan", "two", "refuses"]))
def test_exactly_the_rows_that_fail_have_no_score(bad, how):
    calls = []

    def scorer(rows):
        calls.append(rows.height)
        x = rows["x"].to_numpy()
        if how == "raises" and (x < 0).any():
            raise KeyError("unseen")
        if how == "refuses" and (x < 0).any():
            raise UsageError("a category that the model was not trained on")
        return np.where(x < 0, {"nan": np.nan, "two": 2.0}.get(how, 0.0), 0.25)

    found = partial_scores(view(scorer), frame([-1.0 if one else 1.0 for one in bad]))
    assert np.array_equal(found.answered, ~np.array(bad, dtype=bool))
    assert (found.scores[found.answered] == 0.25).all()
    assert bool(found.trouble) == any(bad)
    assert len(calls) <= CALLS


def test_a_model_that_fails_on_everything_is_asked_a_bounded_number_of_times():
    calls = []

    def scorer(rows):
        calls.append(rows.height)
        raise ValueError("secret 4711")

    found = partial_scores(view(scorer), frame(np.zeros(5000)))
    assert not found.answered.any()
    assert len(calls) <= CALLS
    assert "4711" not in found.trouble


def test_a_model_that_is_gone_is_not_asked_again():
    calls = []

    def scorer(rows):
        calls.append(rows.height)
        raise Incomplete("the model's process ended")

    with pytest.raises(Incomplete, match="ended"):
        partial_scores(view(scorer), frame(np.zeros(50)))
    assert len(calls) == 1


def test_a_missing_column_is_a_usage_error():
    with pytest.raises(UsageError, match="missing: x"):
        partial_scores(view(lambda rows: np.zeros(rows.height)), pl.DataFrame({"y": [1.0]}))
