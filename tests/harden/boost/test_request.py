# SPDX-License-Identifier: Apache-2.0
"""What cannot be fitted is refused with a sentence."""

import numpy as np
import pytest

from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.harden.boost import Validation, fit_robust

X = np.random.default_rng(0).normal(size=(20, 2))
Y = np.arange(20) % 2
BAD = X.copy()
BAD[3, 1] = np.inf


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": X[0]}, "shape"),
        ({"x": [["a", "b"]] * 20}, "not all numbers"),
        ({"x": BAD}, "row 3, column 1 is infinite"),
        ({"x": X * 1e300}, "float32"),
        ({"y": Y[:5]}, "labels of shape"),
        ({"y": Y * 2}, "2 is no label"),
        ({"y": np.full(20, np.nan)}, "nan is no label"),
        ({"y": np.zeros(20)}, "every label is 0"),
        ({"down": [1, 2, 3]}, "'down' has shape"),
        ({"up": -1.0}, "'up' holds -1"),
        ({"up": np.nan}, "'up' holds nan"),
        ({"integer": [7]}, "no column 7"),
        ({"integer": [0]}, "declared whole"),
        ({"weight": np.ones(3)}, "weights of shape"),
        ({"weight": np.zeros(20)}, "above 0"),
        ({"class_weight": (1, 0)}, "class_weight"),
        ({"trees": 0}, "trees is 0"),
        ({"trees": 2.5}, "trees is 2.5"),
        ({"depth": True}, "depth is True"),
        ({"eta": 1.5}, "eta is 1.5"),
        ({"eta": float("nan")}, "eta is nan"),
        ({"reg": 0}, "reg is 0"),
        ({"min_child": 0}, "min_child is 0"),
        ({"bins": 70_000}, "bins is 70000"),
        ({"column_share": 0}, "column_share is 0"),
        ({"robust_share": 0}, "robust_share is 0"),
        ({"loss": "hinge"}, "no loss 'hinge'"),
        ({"names": ["a"]}, "1 names for 2 columns"),
        ({"names": ["a", "a"]}, "one name"),
        ({"names": ["a", "b c"]}, "cannot be written"),
        ({"validation": Validation(x=X[:, :1], y=Y, down=0, up=0)}, "validation rows have 1 columns"),
        ({"validation": Validation(x=X, y=np.ones(20), down=0, up=0)}, "every label is 1"),
    ],
)
def test_bad_input_is_named(change, sentence):
    given = {"x": X, "y": Y, "down": 0.1, "up": 0.1, "trees": 2} | change
    x, y = given.pop("x"), given.pop("y")
    with pytest.raises(UsageError, match=sentence) as caught:
        fit_robust(x, y, **given)
    assert caught.value.next_step


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_to_fit(shape):
    with pytest.raises(NothingToExamine):
        fit_robust(np.empty(shape), np.zeros(shape[0]), down=0, up=0)
