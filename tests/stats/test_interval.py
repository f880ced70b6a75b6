# SPDX-License-Identifier: Apache-2.0
"""Intervals against scipy's distributions and against their own promise of coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hauberk.stats import quantile_interval, rate_interval


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10**7), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.999]))
def test_rate_interval_is_clopper_pearson(n: int, share: float, level: float) -> None:
    hits = int(share * n)
    low, high = rate_interval(hits, n, level)
    tail = (1 - level) / 2
    assert low == pytest.approx(0.0 if hits == 0 else stats.beta.ppf(tail, hits, n - hits + 1), rel=1e-6, abs=1e-12)
    assert high == pytest.approx(
        1.0 if hits == n else stats.beta.ppf(1 - tail, hits + 1, n - hits), rel=1e-6, abs=1e-12
    )
    assert 0.0 <= low <= hits / n <= high <= 1.0


@pytest.mark.parametrize("rate", [0.001, 0.03, 0.5])
def test_rate_interval_covers(rate: float) -> None:
    n = 200
    counts = np.arange(n + 1)
    ends = np.array([rate_interval(int(hits), n) for hits in counts])
    inside = (ends[:, 0] <= rate) & (rate <= ends[:, 1])
    assert stats.binom.pmf(counts, n, rate)[inside].sum() >= 0.95


def test_rate_interval_without_trials_and_with_nonsense() -> None:
    assert rate_interval(0, 0) == (0.0, 1.0)
    for hits, n in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="out of"):
            rate_interval(hits, n)


@pytest.mark.parametrize(("n", "q"), [(1, 0.5), (5, 0.5), (99, 0.5), (400, 0.9)])
def test_quantile_interval_takes_the_order_statistics_of_scipy(n: int, q: float) -> None:
    values = np.random.default_rng(n).permutation(np.arange(float(n)))
    middle, low, high = quantile_interval(values, q)
    assert low == max(int(stats.binom.ppf(0.025, n, q)) - 1, 0)
    assert high == min(int(stats.binom.ppf(0.975, n, q)), n - 1)
    assert low <= middle <= high
    with pytest.raises(ValueError, match="no values"):
        quantile_interval(np.array([]))
