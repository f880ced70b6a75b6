# SPDX-License-Identifier: Apache-2.0
"""The conformance suite finds each way in which a check can break its contract, and passes one that keeps it."""

import socket
import time

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Situation
from hauberk.assess.budget import Budget
from hauberk.core.check import Examples, Need, Order, Stage, check
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Measurement
from hauberk.domain import Column, Domain, Kind
from hauberk.table import Scan, open_table
from hauberk.testing import Case, check_check, conformance

PAGE = "Word " * 40 + "False alarms: none. Remedy: none."
NAMES = [f"Person number {number}" for number in range(40)]


def situation(low):
    frame = pl.DataFrame({"x": np.arange(40.0) + low, "who": NAMES})
    domain = Domain(
        name="d", columns=(Column(name="x", kind=Kind.NUMERIC), Column(name="who", kind=Kind.TEXT, personal=True))
    )
    return Situation(data=open_table(frame, name="train"), domain=domain)


EXAMPLES = Examples(bad=lambda: situation(-5.0), clean=lambda: situation(0.0))


def finding(message="some are negative", rows=None):
    return Finding(
        check="TEST-D001",
        title="negative",
        message=message,
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        location=Location(asset="train", column="x", rows=rows),
        remedy="repair",
    )


def declared(function, page=PAGE, needs=(Need.DATA,), stage=Stage.ASSESS, **more):
    function.__doc__ = page
    return check(id="TEST-D001", title="t", needs=needs, stage=stage, **more)(function)


def failures(function, examples=EXAMPLES):
    failed = set()
    for case in conformance(function, examples=examples):
        try:
            case.run()
        except AssertionError:
            failed.add(case.name)
    return failed


def scan(finish):
    return Scan(aggregations={"n": (pl.col("x") < 0).sum()}, finish=finish)


def good(ctx):
    def finish(state):
        yield Measurement(name="negative", value=state["n"], unit="rows", n=ctx.data.height)
        if state["n"]:
            yield finding(rows=state["n"])

    return scan(finish)


def test_a_good_check_passes_as_a_whole_and_case_by_case():
    function = declared(good, stage=Stage.ADMIT)
    check_check(function, examples=EXAMPLES)
    cases = conformance(function, examples=EXAMPLES)
    assert len(cases) == 11
    assert all(isinstance(case, Case) and str(case) == case.name for case in cases)


def frame_of(ctx):
    return ctx.data.frame()


def plain(ctx):
    if (frame_of(ctx)["x"] < 0).any():
        yield finding()


def mute(ctx):
    return []


def loud(ctx):
    yield finding()


def random(ctx):
    yield Measurement(name="time", value=time.perf_counter(), unit="s", n=1)
    yield from plain(ctx)


def greedy(ctx):
    ctx.budget.spend("rows", 40)
    Budget.spend(Budget(), "queries", 10)
    ctx.budget.spent["queries"] = 10
    yield from plain(ctx)


def tattling(ctx):
    if (frame_of(ctx)["x"] < 0).any():
        yield finding(message=f"{frame_of(ctx)['who'][3]} is negative")


def tattling_in_limits(ctx):
    ctx.limits.append(f"it did not look at {NAMES[7]}")
    yield from plain(ctx)


def hungry(ctx):
    assert ctx.domain.columns
    yield from plain(ctx)


def first_row(ctx):
    yield Measurement(name="first", value=float(frame_of(ctx)["x"][0]), unit="EUR", n=1)
    yield from plain(ctx)


def by_batch(ctx):
    def finish(state):
        yield Measurement(name="batches", value=state["n"], unit="count", n=1)
        if state["low"]:
            yield finding()

    return Scan(aggregations={"n": pl.lit(1).sum(), "low": (pl.col("x") < 0).sum()}, finish=finish)


def strange(ctx):
    for one in plain(ctx):
        yield Measurement(name="strange", value=np.float64("inf"), unit="EUR", n=1, at="\ud800")
        yield one


UNSTEADY = {"the same seed gives the same bytes", "the order of rows does not matter"}


@pytest.mark.parametrize(
    ("function", "more", "failed"),
    [
        (plain, {}, set()),
        (plain, {"page": "Short."}, {"it is documented"}),
        (plain, {"page": "word " * 60 + "remedy"}, {"it is documented"}),
        (mute, {}, {"the bad example fires"}),
        (loud, {}, {"the clean example stays silent"}),
        (random, {}, UNSTEADY),
        (greedy, {}, {"its budget is kept"}),
        (tattling, {}, {"no record value stands in a message", "the order of rows does not matter"}),
        (tattling_in_limits, {}, {"no record value stands in a message"}),
        (hungry, {}, {"it needs what it declares and nothing else"}),
        (hungry, {"needs": (Need.DATA, Need.DOMAIN)}, set()),
        (first_row, {}, {"the order of rows does not matter"}),
        (first_row, {"order": Order.MATTERS}, set()),
        (by_batch, {"stage": Stage.ADMIT}, {"the size of batches does not matter"}),
    ],
)
def test_each_breach_fails_its_own_case_and_no_other(function, more, failed):
    assert failures(declared(function, **more)) == failed


def test_a_check_that_changes_its_input_is_caught():
    def vandal(ctx):
        yield from plain(ctx)
        ctx.data.source.content[0, "x"] = 99.0

    assert "the inputs stay as they were" in failures(declared(vandal))


def test_a_check_that_opens_a_connection_is_caught():
    def calls(ctx):
        with socket.socket() as client:
            client.connect(("127.0.0.1", 9))
        yield finding()

    assert "the bad example fires" in failures(declared(calls))


def test_the_whole_suite_names_every_breach():
    with pytest.raises(AssertionError) as caught:
        check_check(declared(mute, page="Short."), examples=EXAMPLES)
    text = str(caught.value)
    assert text.startswith("TEST-D001 breaks its contract")
    assert "it is documented" in text
    assert "the bad example fires: it ended as passed" in text


def test_what_is_no_check_or_has_no_examples_is_refused():
    with pytest.raises(TypeError, match="not a check"):
        conformance(lambda ctx: [])
    with pytest.raises(TypeError, match="EXAMPLES"):
        conformance(declared(plain), examples="none")


def test_examples_of_the_module_are_found_by_themselves():
    assert conformance(declared(plain))
