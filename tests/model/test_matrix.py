# SPDX-License-Identifier: Apache-2.0
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import UsageError
from hauberk.model.matrix import category_codes, numeric_matrix


def test_numbers_booleans_and_gaps():
    frame = pl.DataFrame({"i": [1, None, 3], "b": [True, False, None], "f": [0.5, float("inf"), None], "n": [None] * 3})
    matrix = numeric_matrix(frame)
    assert matrix.dtype == np.float64
    assert matrix.flags.f_contiguous
    np.testing.assert_array_equal(matrix[:, :3], [[1, 1, 0.5], [np.nan, 0, np.inf], [3, np.nan, np.nan]])
    assert np.isnan(matrix[:, 3]).all()


@pytest.mark.parametrize("column", [["a"], [[1.0]], [b"x"]])
def test_what_is_no_number_is_refused_by_name(column):
    with pytest.raises(UsageError, match="column 'c' as a number"):
        numeric_matrix(pl.DataFrame({"c": column}))


def test_days_are_not_silently_numbers():
    frame = pl.DataFrame({"day": ["2024-01-01"]}).with_columns(pl.col("day").str.to_date())
    with pytest.raises(UsageError, match="holds Date"):
        numeric_matrix(frame)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text(max_size=4), min_size=1, max_size=8, unique=True),
    st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=30),
    st.sampled_from([pl.String, pl.Categorical]),
)
def test_codes_of_words_are_positions(categories, values, dtype):
    codes = category_codes(pl.Series("c", values, dtype=pl.String).cast(dtype), categories)
    assert codes.to_list() == [None if v is None or v not in categories else categories.index(v) for v in values]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=8, unique=True),
    st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=30),
    st.sampled_from([pl.Int64, pl.Float32, pl.Int8]),
)
def test_codes_of_numbers_are_positions(categories, values, dtype):
    codes = category_codes(pl.Series("c", values, dtype=dtype), categories)
    assert codes.to_list() == [None if v is None or v not in categories else categories.index(v) for v in values]


def test_words_against_numbers_is_an_error_not_a_column_of_gaps():
    with pytest.raises(UsageError, match="of another kind") as caught:
        category_codes(pl.Series("c", [1, 2]), ["1", "2"])
    assert "words" in caught.value.why
    with pytest.raises(UsageError, match="of another kind"):
        category_codes(pl.Series("c", ["1"]), [1, 2])


def test_unknown_categories_may_be_refused_and_gaps_are_not_unknown():
    frame = pl.DataFrame({"c": [1.0, float("nan"), None, 2.0]})
    assert np.isnan(numeric_matrix(frame, {"c": [1, 2]}, refuse_unknown=True)[1:3, 0]).all()
    with pytest.raises(UsageError, match="not trained on, in 1 rows"):
        numeric_matrix(frame, {"c": [1]}, refuse_unknown=True)
