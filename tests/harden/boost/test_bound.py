# SPDX-License-Identifier: Apache-2.0
"""The bound over boxes against every cell tried, and against the exact search of the certifier."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.attack.certify import bracket_many, norm_choices
from hauberk.core.errors import UsageError
from hauberk.harden.boost import fit_robust, worst_margins
from hauberk.model.forest import forest_of


def _mean_loss(worst, loss):
    return float((np.logaddexp(0, -worst) if loss == "logistic" else np.exp(-worst)).mean())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    trees=st.integers(1, 4),
    depth=st.integers(1, 3),
    reach=st.sampled_from([0.0, 0.1, 0.4]),
    loss=st.sampled_from(["logistic", "exponential"]),
    gaps=st.sampled_from([0.0, 0.15]),
)
def test_the_loss_is_never_below_the_true_worst_case(make_rows, true_worst, seed, trees, depth, reach, loss, gaps):
    x, y = make_rows(40, 3, seed, gaps=gaps)
    rng = np.random.default_rng(seed)
    down, up = reach * rng.random(x.shape), np.array([reach, 0.0, 2 * reach])
    fitted = fit_robust(
        x, y, down=down, up=up, trees=trees, depth=depth, eta=0.7, loss=loss, min_child=2, calibrate=False
    )
    sign = np.where(y == 1, 1.0, -1.0)
    bounds = worst_margins(fitted.forest, x - down, x + up, sign)
    truth = np.array([true_worst(fitted.forest, *box, s) for *box, s in zip(x - down, x + up, sign, strict=True)])
    assert (bounds <= truth + 1e-5).all()
    assert fitted.bound[-1] >= _mean_loss(truth, loss) - 1e-6
    # what training believed is what the finished forest gives
    assert fitted.bound[-1] == pytest.approx(_mean_loss(bounds, loss), abs=1e-5)
    if len(fitted.bound) == 2:
        np.testing.assert_allclose(bounds, truth, atol=1e-5)


def test_a_row_within_the_bound_is_not_evaded_by_exact_search(make_rows):
    x, y = make_rows(150, 3, 3)
    fitted = fit_robust(x, y, down=0.2, up=0.2, trees=15, depth=3, eta=0.3)
    sign = np.where(y == 1, 1.0, -1.0)
    safe = worst_margins(fitted.forest, x - 0.2, x + 0.2, sign) > 0
    assert 20 < safe.sum() < 150
    for label, flip in ((1, False), (0, True)):
        mine = np.flatnonzero(safe & (y == label)).tolist()
        choices = [norm_choices(fitted.forest, x[row], norm="linf") for row in mine]
        for found in bracket_many(fitted.forest, choices, cut=0.0, visits=20_000, flip=flip):
            assert found.upper > 0.2


def test_the_bound_holds_for_other_libraries_trees(make_rows, true_worst):
    x, y = make_rows(200, 3, 5, gaps=0.1)
    booster = lightgbm.train(
        {"verbose": -1, "objective": "binary", "num_leaves": 6, "seed": 0}, lightgbm.Dataset(x, y), 4
    )
    forest = forest_of(booster)
    sign = np.where(y == 1, 1.0, -1.0)
    bounds = worst_margins(forest, x - 0.3, x + 0.3, sign)
    truth = [true_worst(forest, *box, s) for *box, s in zip(x - 0.3, x + 0.3, sign, strict=True)]
    assert (bounds[:60] <= np.array(truth)[:60] + 1e-9).all()
    assert (bounds <= sign * forest.margins(x)[:, 0] + 1e-9).all()


def test_several_outputs_are_refused(make_rows):
    x, _ = make_rows(120, 3, 1)
    three = np.arange(120) % 3
    booster = lightgbm.train({"verbose": -1, "objective": "multiclass", "num_class": 3}, lightgbm.Dataset(x, three), 1)
    with pytest.raises(UsageError, match="one output"):
        worst_margins(forest_of(booster), x, x, np.ones(120))
