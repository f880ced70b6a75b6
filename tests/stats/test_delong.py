# SPDX-License-Identifier: Apache-2.0
"""The paired difference of two areas: its value, its variance against resampling, and its symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.stats import auc, auc_difference


def scores(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    event = rng.random(n) < 0.3
    base = rng.normal(size=n) + event
    return base + rng.normal(scale=0.4, size=n), base + rng.normal(scale=0.8, size=n), event


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_it_is_the_difference_of_the_areas_and_changes_sign_with_the_order(seed: int) -> None:
    first, second, event = scores(seed, 60)
    if 2 <= event.sum() <= event.size - 2:
        found = auc_difference(np.round(first, 1), np.round(second, 1), event)
        assert found[0] == pytest.approx(auc(np.round(first, 1), event) - auc(np.round(second, 1), event))
        back = auc_difference(np.round(second, 1), np.round(first, 1), event)
        assert back == pytest.approx((-found[0], -found[2], -found[1]))


def test_its_interval_is_as_wide_as_resampling_says() -> None:
    first, second, event = scores(1, 2000)
    middle, low, high = auc_difference(first, second, event)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        rows = rng.integers(0, event.size, event.size)
        drawn.append(auc(first[rows], event[rows]) - auc(second[rows], event[rows]))
    assert (high - low) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.2)
    assert low < middle < high


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    truth = np.mean([auc(a, e) - auc(b, e) for a, b, e in (scores(seed, 4000) for seed in range(40))])
    hits = 0
    for seed in range(300):
        first, second, event = scores(1000 + seed)
        _, low, high = auc_difference(first, second, event)
        hits += low <= truth <= high
    assert hits >= 270


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="two rows"):
        auc_difference(np.arange(3.0), np.arange(3.0), np.array([True, True, False]))
