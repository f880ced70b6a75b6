# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.core.errors import UsageError
from hauberk.model.classes import column_names, event_index, generated


@pytest.mark.parametrize(
    ("classes", "positive", "index"),
    [
        ([0, 1], 1, 1),
        ([0, 1], 0, 0),
        (np.array([0, 1]), 1, 1),
        (np.array([False, True]), 1, 1),
        ([0.0, 1.0], 1, 1),
        (["0", "1"], 1, 1),
        ([0.0, 1.0], "1", 1),
        (["bad", "good"], "bad", 0),
        (np.array(["no", "yes"], dtype=object), "yes", 1),
    ],
)
def test_the_event_is_found(classes, positive, index):
    assert event_index(list(classes), positive, where="m") == index


@pytest.mark.parametrize(
    ("classes", "positive", "said"),
    [
        (["bad", "good"], 1, "none of the model's classes is the event 1"),
        ([0, 1, 2], 1, "tells 3 classes apart"),
        ([1], 1, "tells 1 classes apart"),
        (range(1000), 1, "tells 1000 classes apart"),
    ],
)
def test_otherwise_the_error_lists_the_classes(classes, positive, said):
    with pytest.raises(UsageError, match=said) as caught:
        event_index(list(classes), positive, where="m")
    assert repr(next(iter(classes))) in caught.value.why
    assert len(caught.value.why) < 100


def test_names_of_its_own_win_and_must_be_present():
    assert column_names(["a", "b"], 2, None, where="m") == ("a", "b")
    assert column_names(["a", "b"], 2, ["x", "b", "a"], where="m") == ("a", "b")
    with pytest.raises(UsageError, match="reads 2 columns, the data has 2; missing: b"):
        column_names(["a", "b"], 2, ["a", "c"], where="m")


def test_generated_names_give_way_only_on_equal_counts():
    assert column_names(["Column_0", "Column_1"], 2, ["a", "b"], where="m") == ("a", "b")
    assert column_names(["Column_0", "Column_1"], 2, ["Column_1", "Column_0", "z"], where="m") == (
        "Column_0",
        "Column_1",
    )
    assert column_names([], 2, ["a", "b"], where="m") == ("a", "b")
    with pytest.raises(UsageError, match="carries no names for them"):
        column_names([], 2, None, where="m")
    with pytest.raises(UsageError, match="reads 2 columns, the data has 3"):
        column_names(["f0", "f1"], 2, ["a", "b", "c"], where="m")


@given(st.sampled_from(["Column_", "f", "x", ""]), st.integers(0, 30))
def test_what_counts_as_generated(prefix, n):
    names = [f"{prefix}{i}" for i in range(n)]
    assert generated(names)
    if n > 1:
        assert not generated(names[::-1])
        assert not generated([*names[:-1], "age"])
