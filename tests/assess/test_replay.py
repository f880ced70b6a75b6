# SPDX-License-Identifier: Apache-2.0
"""Replay: a recorded run gives the same bytes again, and what differs shows."""

import dataclasses

import pytest

from hauberk.assess import InProcess, Selection, plan, replay_plan, result_bytes, run_plan, same_findings
from hauberk.core.entry import Entry
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.core.outcome import Status
from hauberk.core.run import Environment, Run
from hauberk.report import dump_run, load_run

NAMES = ("passes", "finds", "raises", "counts", "nothing", "needs_scores")


@pytest.fixture
def recorded(entries, situation):
    """A run that was written to a file and read again."""
    selection = Selection(params={"TEST-A002": {"count": 1}}, ignore=("TEST-A001",))
    with InProcess(situation) as executor:
        outcomes = run_plan(plan(entries(*NAMES), situation, selection, seed=99), executor).outcomes
    environment = Environment(hauberk="0", python="3", platform="test", cpu="test", threads=1)
    run = Run(
        id="r", project="p", command="c", started_us=0, ended_us=1, seed=99, environment=environment, assets=(),
        outcomes=outcomes,
    )  # fmt: skip
    return load_run(dump_run(run))


def replayed(run, entries, situation, check=""):
    with InProcess(situation) as executor:
        return run_plan(replay_plan(run, entries, situation, check), executor).outcomes


def test_a_replay_gives_the_same_bytes(recorded, entries, situation):
    again = replayed(recorded, entries(*NAMES), situation)
    assert [outcome.check for outcome in again] == ["TEST-A002", "TEST-A003", "TEST-D001"]
    called = [outcome for outcome in recorded.outcomes if outcome.check in {one.check for one in again}]
    equal, different = same_findings(called, again)
    assert (equal, different) == (("TEST-A002", "TEST-A003", "TEST-D001"), ())
    assert again[0].params == {"count": 1}


def test_one_check_replays_alone(recorded, entries, situation):
    (again,) = replayed(recorded, entries(*NAMES), situation, "TEST-A002")
    assert result_bytes(again) == result_bytes(recorded.outcomes[1])


def test_another_input_shows_as_a_difference(recorded, entries, situation):
    again = replayed(recorded, entries(*NAMES), dataclasses.replace(situation, data=None))
    equal, different = same_findings(recorded.outcomes[1:3], again)
    assert (equal, different) == (("TEST-A002", "TEST-A003"), ("TEST-D001",))
    assert again[-1].status is Status.NOT_APPLICABLE


def test_one_changed_number_is_a_difference(recorded):
    (outcome,) = [one for one in recorded.outcomes if one.check == "TEST-D001"]
    moved = dataclasses.replace(
        outcome,
        measurements=(dataclasses.replace(outcome.measurements[0], value=outcome.measurements[0].value + 1e-12),),
    )
    assert same_findings([outcome], [moved]) == ((), ("TEST-D001",))


def test_the_reason_of_an_error_may_differ(recorded):
    (outcome,) = [one for one in recorded.outcomes if one.status is Status.ERROR]
    assert same_findings([outcome], [dataclasses.replace(outcome, reason="other words")]) == ((outcome.check,), ())


def test_what_cannot_be_replayed_says_why(recorded, entries, situation):
    with pytest.raises(UsageError, match="no check 'TEST-A999'"):
        replay_plan(recorded, entries(*NAMES), situation, "TEST-A999")
    with pytest.raises(UsageError, match="any more"):
        replay_plan(recorded, entries("passes"), situation)
    changed = [
        Entry(**{n: getattr(entry, n) for n in Entry.__slots__} | ({"params": {"kount": 1}} if entry.params else {}))
        for entry in entries(*NAMES)
    ]
    with pytest.raises(UsageError, match="other parameters"):
        replay_plan(recorded, changed, situation)
    with pytest.raises(NothingToExamine):
        replay_plan(dataclasses.replace(recorded, outcomes=recorded.outcomes[:1]), entries(*NAMES), situation)
