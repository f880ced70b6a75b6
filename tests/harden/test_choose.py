# SPDX-License-Identifier: Apache-2.0
"""Which candidate is taken, what counts as shown, how rows are parted, and how options are taken up."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.attack.evasion import Method
from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.result import Result
from hauberk.core.errors import NothingToExamine
from hauberk.harden.candidate import Candidate
from hauberk.harden.choose import Tried, choose, enough
from hauberk.harden.greedy import affordable
from hauberk.harden.measure import Figures
from hauberk.harden.setting import threshold_of
from hauberk.harden.split import part


def figures(through: int, n: int, *, caught: float = 0.5) -> Figures:
    """Figures in which so many of n attacked records get through for 10."""
    cost = np.where(np.arange(n) < through, 10.0, np.inf)
    result = Result(
        method=Method.SCORES,
        allowance=1,
        rows=np.arange(n),
        cost=cost,
        witness=np.zeros((n, 1)),
        queries=np.ones(n, dtype=np.int64),
        first=np.zeros(n, dtype=np.int64),
    )
    event = np.arange(200) < 100
    scores = np.where(event, np.where(np.arange(200) < 100 * caught, 0.9, 0.3), 0.2)
    found = Assessment(cases=None, result=result, loss=None)
    return Figures(
        scores=scores, event=event, threshold=0.5, found=found, nothing="", closed=False, methods=(Method.SCORES,)
    )


def tried(name: str, through: int, lost: float, *, n: int = 100, threshold: float | None = None) -> Tried:
    candidate = Candidate(strategy=name, content=b"m", suffix=".txt", features=(), done=(), threshold=threshold)
    return Tried(name=name, candidate=candidate, figures=figures(through, n), lost=lost)


def test_the_least_rate_wins_and_within_one_standard_error_accuracy_does() -> None:
    assert choose([tried("a", 40, 0.0), tried("b", 5, 0.009)], 10.0, 0.01, 0.5).name == "b"
    assert choose([tried("a", 7, 0.0), tried("b", 5, 0.009)], 10.0, 0.01, 0.5).name == "a"
    assert choose([tried("a", 0, 0.005), tried("b", 0, 0.001)], 10.0, 0.01, 0.5).name == "b"


def test_what_costs_too_much_or_helps_nothing_is_never_chosen() -> None:
    assert choose([tried("a", 0, 0.011)], 10.0, 0.01, 0.5) is None
    assert choose([tried("a", 50, 0.0)], 10.0, 0.01, 0.5) is None
    assert choose([Tried(name="a", reason="cannot")], 10.0, 0.01, 0.5) is None
    assert choose([], 10.0, 0.01, 0.5) is None


def test_a_moved_threshold_is_chosen_only_where_it_alone_is_asked_for() -> None:
    moved = tried("threshold", 0, 0.0, threshold=0.2)
    assert choose([moved, tried("a", 30, 0.0)], 10.0, 0.01, 0.5).name == "a"
    assert choose([moved], 10.0, 0.01, 0.5).name == "threshold"


@pytest.mark.parametrize(
    ("before", "after", "lost", "good"),
    [(50, 5, 0.005, True), (50, 5, 0.02, False), (50, 45, 0.0, False), (100, 60, 0.0, False), (50, 20, -0.01, True)],
)
def test_a_fix_holds_where_half_get_through_beyond_both_intervals_and_area_allows(
    before: int, after: int, lost: float, good: bool
) -> None:
    found, sentence = enough(figures(before, 100), figures(after, 100), 10.0, lost, 0.01)
    assert found is good
    assert sentence


def test_few_records_show_nothing() -> None:
    assert enough(figures(4, 8), figures(1, 8), 10.0, 0.0, 0.01)[0] is False


def test_the_purse_decides_who_gets_through_and_the_product_has_an_interval() -> None:
    found = figures(30, 100)
    assert (found.through(9.9).hits, found.through(10.0).hits, found.through(np.inf).hits) == (0, 30, 30)
    middle, low, high = found.held(10.0)
    assert middle == pytest.approx(0.5 * 0.7)
    assert low < middle < high
    assert found.proven(10.0).hits == 0


@given(st.integers(0, 10_000), st.floats(0.1, 0.5))
@settings(max_examples=30, deadline=None)
def test_parts_are_disjoint_whole_in_order_and_hold_both_classes(seed: int, share: float) -> None:
    frame = pl.DataFrame({"id": range(400), "label": [int(at % 2 == 0) for at in range(400)]})
    first, second = part(frame, "label", share, seed)
    assert sorted(first["id"].to_list() + second["id"].to_list()) == list(range(400))
    assert first["id"].is_sorted()
    assert second["id"].is_sorted()
    assert abs(second.height - share * 400) <= 2
    assert 0.4 < second["label"].mean() < 0.6


def test_where_there_is_a_time_the_latest_rows_are_chosen_on() -> None:
    frame = pl.DataFrame({"t": [at * 7 % 200 for at in range(200)], "label": [at % 2 for at in range(200)]})
    first, second = part(frame, "label", 0.25, 0, time="t")
    assert first["t"].max() < second["t"].min()


def test_too_few_events_are_refused() -> None:
    frame = pl.DataFrame({"label": [1] * 25 + [0] * 500})
    with pytest.raises(NothingToExamine, match="too few events"):
        part(frame, "label", 0.25, 0)


@given(st.dictionaries(st.sampled_from("abcdefg"), st.floats(-0.01, 0.05), max_size=7), st.floats(0.0, 0.1))
@settings(max_examples=60, deadline=None)
def test_options_taken_together_stay_within_the_allowance(cost: dict[str, float], allowance: float) -> None:
    asked: list[tuple[str, ...]] = []

    def area(taken: tuple[str, ...]) -> float:
        asked.append(taken)
        return 0.8 - sum(cost[name] for name in taken)

    found = affordable(tuple(cost), area, 0.8 - allowance, 14)
    assert sum(cost[name] for name in found) <= allowance + 1e-12
    assert len(asked) <= 14
    if found == ():
        assert all(value > allowance for value in cost.values())


@given(st.lists(st.floats(0.01, 0.99), min_size=20, max_size=200), st.floats(0.05, 0.9))
@settings(max_examples=50, deadline=None)
def test_a_threshold_gives_the_share_of_alerts_that_was_asked_for(scores: list[float], share: float) -> None:
    values = np.array(scores)
    threshold = threshold_of(values, share)
    assert 0.0 < threshold <= 1.0
    above = int((values > threshold * (1 + 1e-5)).sum())
    at_least = int((values >= threshold * (1 - 1e-5)).sum())
    assert above <= share * values.size + 1
    assert at_least >= share * values.size - 1
