# SPDX-License-Identifier: Apache-2.0
"""Runs in this process: every planned check ends in exactly one outcome, whatever it does."""

import logging
import time

import polars as pl
import pytest

from hauberk.assess import Budget, InProcess, Selection, Situation, TimedOut, plan, run_plan
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.core.outcome import Status
from hauberk.table import open_table


def run(entries, situation, *names, selection=None, **more):
    made = plan(entries(*names), situation, selection, seed=7)
    with InProcess(situation) as executor:
        results = run_plan(made, executor, **more)
    assert [outcome.check for outcome in results.outcomes] == [item.entry.id for item in made.checks]
    return results


def only(results):
    (outcome,) = results.outcomes
    return outcome


def test_a_check_that_finds_nothing_passes_with_its_measurements(entries, situation):
    results = run(entries, situation, "passes")
    outcome = only(results)
    assert outcome.status is Status.PASSED
    assert [one.name for one in outcome.measurements] == ["draw"]
    assert results.seconds.keys() == {"TEST-A001"}


def test_findings_come_worst_first_with_everything_that_belongs_to_them(entries, situation):
    outcome = only(run(entries, situation, "finds"))
    assert outcome.status is Status.FINDINGS
    assert [found.severity.value for found in outcome.findings] == ["critical", "low"]
    assert outcome.limits == ("it sees nothing else",)
    assert outcome.work == {"visits": 7}
    assert outcome.params == {"count": 2}
    assert len(outcome.evidence) == 1


def test_parameters_reach_the_check(entries, situation):
    selection = Selection(params={"TEST-A002": {"count": 1}})
    outcome = only(run(entries, situation, "finds", selection=selection))
    assert (len(outcome.findings), outcome.params) == (1, {"count": 1})


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("raises", Status.ERROR, "ZeroDivisionError: oh no: […]"),
        ("nothing", Status.NOT_APPLICABLE, "no row has the event: the label is 0 everywhere"),
        ("over_budget", Status.ERROR, "over budget: the check wanted 10 queries, its budget is 5"),
        ("yields_rubbish", Status.ERROR, "the check yielded a str, which is neither a measurement nor a finding"),
        ("yields_foreign", Status.ERROR, "check TEST-A007 yielded a finding of 'TEST-A001'"),
        ("exits", Status.ERROR, "SystemExit: 0"),
        (
            "doubles",
            Status.ERROR,
            "the check broke its contract: two findings share one place: tell them apart by a key",
        ),
        ("returns_nothing", Status.ERROR, "the check returned a NoneType, not measurements and findings"),
        ("unreadable", Status.ERROR, "the file ends early: 12 bytes are missing; save it again"),
        ("bad_evidence", Status.ERROR, "the check put a str among its evidence"),
        ("bytes_in_evidence", Status.ERROR, "the check yielded a bytes where a value belongs"),
        (
            "broken_loss",
            Status.ERROR,
            (
                "the check yielded a value of the wrong type: Expected `int | null`, got `float`"
                " - at `$.outcomes[0].findings[0].loss`"
            ),
        ),
        ("bad_finish", Status.ERROR, "KeyError: 'gone'"),
    ],
)
def test_whatever_a_check_does_is_its_outcome(entries, situation, name, status, reason):
    outcome = only(run(entries, situation, name))
    assert (outcome.status, outcome.reason) == (status, reason)
    assert not outcome.findings


def test_an_interrupt_is_not_a_check_s_error(entries, situation, samples, monkeypatch):
    def interrupted(ctx):
        raise KeyboardInterrupt

    monkeypatch.setattr(samples.passes.__hauberk__.function, "__code__", interrupted.__code__)
    executor = InProcess(situation)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(entries("passes"), situation), executor)
    with pytest.raises(UsageError, match="closed"):
        run_plan(plan(entries("finds"), situation), executor)


def test_one_bad_data_check_does_not_disturb_the_others_of_its_pass(entries, situation):
    results = run(entries, situation, "counts", "bad_scan", "bad_finish", "passes")
    good, *bad, _ = sorted(results.outcomes, key=lambda outcome: "A" in outcome.check.split("-")[1])
    assert good.status is Status.FINDINGS
    assert good.work == {"rows": 3}
    assert [outcome.status for outcome in bad] == [Status.ERROR, Status.ERROR]


def test_a_table_without_rows_has_nothing_to_examine(entries, frame):
    empty = Situation(data=open_table(frame.head(0)))
    assert only(run(entries, empty, "counts")).status is Status.NOT_APPLICABLE


def test_a_check_that_ends_after_its_deadline_has_no_result(entries, situation):
    selection = Selection(params={"TEST-A020": {"seconds": 0.2}})
    outcome = only(run(entries, situation, "sleeps", selection=selection, timeout_s=0.1))
    assert outcome.status is Status.TIMED_OUT


def test_a_scan_is_ended_at_the_deadline_between_two_blocks(entries, situation):
    results = run(entries, situation, "counts", timeout_s=0.0)
    assert only(results).status is Status.TIMED_OUT


def test_a_pass_that_takes_too_long_is_taken_apart(entries, situation, monkeypatch):
    spent = []

    def slow(budget, kind, amount):
        spent.append(amount)
        if len(spent) == 1:
            raise TimedOut("the check reached its time limit")

    monkeypatch.setattr(Budget, "spend", slow)
    told = []
    results = run(entries, situation, "counts", "bad_finish", progress=lambda **told_: told.append(told_["note"]))
    assert [outcome.status for outcome in results.outcomes] == [Status.FINDINGS, Status.ERROR]
    assert [note.split()[0] for note in told] == ["2", "TEST-D001", "TEST-D001", "TEST-D003", "TEST-D003"]


def test_planned_checks_that_do_not_run_have_their_reason(entries, situation):
    results = run(entries, situation, "needs_scores", "finds", selection=Selection(ignore=("TEST-A002",)))
    assert [outcome.status for outcome in results.outcomes] == [Status.SKIPPED, Status.NOT_APPLICABLE]
    assert all(outcome.reason for outcome in results.outcomes)
    assert not results.seconds


def test_an_empty_plan_is_nothing_to_examine(situation):
    with pytest.raises(NothingToExamine):
        run_plan(plan([], situation), InProcess(situation))


def test_progress_is_told_of_starts_and_ends(entries, situation):
    told = []
    run(entries, situation, "passes", "counts", "bad_scan", progress=lambda **told_: told.append(told_))
    assert [one["done"] for one in told] == [0, 1, 2, 2, 3]
    assert {one["total"] for one in told} == {3}
    assert told[0]["note"] == "2 data checks in one pass"
    assert told[-1]["note"] == "TEST-A001 passed"


def test_every_outcome_is_told_as_soon_as_it_is_known(entries, situation):
    seen = []
    run(entries, situation, "passes", "needs_scores", on_end=seen.append)
    assert [outcome.check for outcome in seen] == ["TEST-A030", "TEST-A001"]


def test_the_same_seed_gives_the_same_outcomes_and_another_one_does_not(entries, situation):
    first, second = (run(entries, situation, "passes", "finds").outcomes for _ in range(2))
    assert first == second
    with InProcess(situation) as executor:
        other = run_plan(plan(entries("passes", "finds"), situation, seed=8), executor).outcomes
    assert other != first


def test_what_a_check_draws_does_not_depend_on_its_neighbours(entries, situation):
    alone = only(run(entries, situation, "finds"))
    assert run(entries, situation, "passes", "finds", "counts").outcomes[1] == alone


def test_the_traceback_is_told_at_debug_level_alone(entries, situation, caplog):
    with caplog.at_level(logging.DEBUG, logger="hauberk.assess"):
        run(entries, situation, "raises")
    assert "Traceback" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="hauberk.assess"):
        run(entries, situation, "raises")
    assert not caplog.records


def test_a_thousand_checks_cost_little_beside_their_work(entries, samples, situation):
    (entry,) = entries("passes")
    spec = samples.passes.__hauberk__
    many = []
    specs = {}
    for number in range(500):
        name = f"MANY-A{number:03}"
        many.append(type(entry)(**{n: getattr(entry, n) for n in type(entry).__slots__} | {"id": name}))
        specs[name] = spec
    begin = time.process_time()
    with InProcess(situation, specs) as executor:
        results = run_plan(plan(many, situation), executor)
    assert {outcome.status for outcome in results.outcomes} == {Status.PASSED}
    assert time.process_time() - begin < 2.0


def test_scans_see_the_whole_table(entries, tmp_path):
    path = tmp_path / "many.parquet"
    pl.DataFrame({"x": range(300_000)}).write_parquet(path)
    outcome = only(run(entries, Situation(data=open_table(path)), "counts"))
    assert outcome.measurements[0].value == 300_000


def test_numbers_of_numpy_become_plain_ones(entries, situation):
    outcome = only(run(entries, situation, "numpy_values"))
    assert outcome.status is Status.FINDINGS
    rows = ((3, 2.5, "a"), (True, "inf", "\\ud800"), (None, "nan", 1))
    assert outcome.evidence[0].rows == rows
    assert outcome.findings[0].evidence[0].rows == rows
    values = [
        outcome.findings[0].loss,
        outcome.measurements[0].value,
        outcome.measurements[0].n,
        outcome.measurements[0].high,
    ]
    assert [(value, type(value)) for value in values] == [(12, int), (3.0, float), (9, int), (7.0, float)]
