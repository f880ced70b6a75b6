# SPDX-License-Identifier: Apache-2.0
"""Leaf values against a plain search over the number line."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.harden.boost.leaves import Leaves, best_value, loss_at


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(1, 25), extra=st.sampled_from([0.01, 1.0]))
def test_one_value_is_the_best_there_is(seed, n, extra):
    rng = np.random.default_rng(seed)
    facts = rng.choice([-1.0, 1.0], n), rng.random(n) + 0.1
    rest = np.where(rng.random(n) < 0.4, np.inf, rng.normal(size=n).round(1))
    rows = np.arange(n, dtype=np.int32)
    value = best_value(rows, rest, facts, extra)
    found = loss_at(rows, rest, facts, value, extra)
    tried = [loss_at(rows, rest, facts, other, extra) for other in np.linspace(-6, 6, 1201)]
    assert found <= min(tried) + 1e-9


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), leaves=st.integers(2, 5))
def test_going_round_and_merging_never_raise_the_loss(seed, leaves):
    rng = np.random.default_rng(seed)
    n = 30
    facts = rng.choice([-1.0, 1.0], n), rng.random(n) + 0.1
    reach = rng.random((leaves, n)) < 0.4
    reach[0] |= ~reach.any(axis=0)
    fitted = Leaves([np.flatnonzero(each).astype(np.int32) for each in reach if each.any()], facts, 0.1)

    def loss() -> float:
        used = [value for rows, value in zip(fitted.rows, fitted.values, strict=True) if rows is not None]
        return float((facts[1] * np.exp(-fitted.worst())).sum() + 0.1 * sum(2 * np.cosh(value) - 2 for value in used))

    before = loss()
    fitted.refit()
    after = loss()
    assert after <= before + 1e-9
    if len(fitted.rows) > 1:
        fitted.merge(0, 1)
        assert loss() <= after * (1 + 1e-6)
