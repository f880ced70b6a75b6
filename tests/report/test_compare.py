# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side: what is new, what is fixed, and what only looks fixed because nobody looked."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.core.errors import UsageError
from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Status
from hauberk.report import DIFF_FORMATS, diff_runs, render_diff
from hauberk.report.compare import Trend, compare


def without(run, check, status):
    changed = tuple(
        replace(item, findings=(), status=status, reason="x") if item.check == check else item for item in run.outcomes
    )
    return replace(run, id="later", outcomes=changed)


def number(value, low=None, high=None, better=Better.LOWER):
    return Measurement(name="x", value=value, unit="TWD", n=9, low=low, high=high, better=better)


def test_a_run_does_not_differ_from_itself(any_run):
    diff = diff_runs(any_run, any_run)
    assert diff.empty
    assert b"Nothing differs: this is one run, compared with itself." in render_diff(diff, "text")
    assert b"Nothing differs." in render_diff(replace(diff, after="another"), "text")
    assert len(diff.unchanged) == len({item.fingerprint for item in any_run.findings(waived=True)})


def test_a_finding_is_fixed_only_where_its_check_ran(story):
    fixed = diff_runs(story, without(story, "HB-E002", Status.PASSED))
    assert [item.check for item in fixed.fixed] == ["HB-E002"]
    assert not fixed.unseen
    for status in (Status.ERROR, Status.TIMED_OUT, Status.SKIPPED, Status.NOT_APPLICABLE):
        unseen = diff_runs(story, without(story, "HB-E002", status))
        assert [item.check for item in unseen.unseen] == ["HB-E002"]
        assert not unseen.fixed
    gone = diff_runs(story, replace(story, outcomes=story.outcomes[:5]))
    assert [item.check for item in gone.unseen] == ["HB-E002"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_finding_lands_in_exactly_one_place(runs, data):
    before, after = data.draw(runs), data.draw(runs)
    diff = diff_runs(before, after)
    old = {item.fingerprint for item in before.findings(waived=True)}
    now = {item.fingerprint for item in after.findings(waived=True)}
    placed = [{item.fingerprint for item in part} for part in (diff.new, diff.fixed, diff.unseen, diff.unchanged)]
    assert placed[0] == now - old
    assert placed[1] | placed[2] == old - now
    assert not placed[1] & placed[2]
    assert placed[3] == old & now
    back = diff_runs(after, before)
    assert {item.fingerprint for item in back.new} == placed[1] | placed[2]
    for name in DIFF_FORMATS:
        assert render_diff(diff, name)


@pytest.mark.parametrize(
    ("before", "after", "trend"),
    [
        (number(5, 4, 6), number(6, 5, 7), Trend.INDISTINGUISHABLE),
        (number(5, 4, 6), number(9, 8, 10), Trend.WORSE),
        (number(9, 8, 10), number(5, 4, 6), Trend.BETTER),
        (number(5, 4, 6, Better.HIGHER), number(9, 8, 10, Better.HIGHER), Trend.BETTER),
        (number(5, 4, 6, Better.NEITHER), number(9, 8, 10, Better.NEITHER), Trend.DIFFERENT),
        (number(5), number(6), Trend.WORSE),
        (number(5), number(5, 4, 6), Trend.INDISTINGUISHABLE),
        (number(7), number(5, 4, 6), Trend.BETTER),
    ],
)
def test_the_trend_respects_the_intervals(before, after, trend):
    assert compare(before, after) is trend


def test_what_did_not_move_is_counted_and_not_listed(story):
    target = next(outcome for outcome in story.outcomes if outcome.measurements)
    before = replace(story, outcomes=(replace(target, measurements=(number(5, 4, 6), replace(number(1), name="y"))),))
    moved = (number(6, 5, 7), replace(number(3), name="y"))
    after = replace(before, id="later", outcomes=(replace(target, measurements=moved),))
    diff = diff_runs(before, after)
    assert len(diff.changes) == 2
    for name in ("text", "markdown"):
        shown = render_diff(diff, name).decode()
        assert "indistinguishable" not in shown
        assert "1 measurement stayed within the intervals" in shown
        assert "worse" in shown
    assert b"indistinguishable" in render_diff(diff, "json")


def test_renderings_say_what_changed(story):
    model = next(item for item in story.assets if item.role == "model")
    assets = tuple(replace(item, digest="sha256:" + "00" * 32) if item is model else item for item in story.assets)
    later = replace(without(story, "HB-D004", Status.PASSED), assets=assets)
    diff = diff_runs(story, later)
    assert [item.role for item in diff.assets] == ["model"]
    assert [item.check for item in diff.outcomes] == ["HB-D004"]
    text = render_diff(diff, "text", width=80).decode()
    assert "2 fixed" in text
    assert max(map(len, text.splitlines())) <= 80
    document = json.loads(render_diff(diff, "json"))
    assert len(document["fixed"]) == 2
    assert "evidence" not in document["fixed"][0]
    assert len(document["fixed"][0]["fingerprint"]) == 32
    assert "## Fixed findings" in render_diff(diff, "markdown").decode()


def test_hostile_runs_stay_harmless(hostile, empty):
    for name in DIFF_FORMATS:
        text = render_diff(diff_runs(empty, hostile), name).decode()
        assert "\x1b" not in text
        assert name != "markdown" or not re.search(r"(?<!\\)\]\(", text)


def test_unknown_formats_are_usage_errors(story):
    with pytest.raises(UsageError):
        render_diff(diff_runs(story, story), "html")
