# SPDX-License-Identifier: Apache-2.0
"""Checks that do everything a check may and may not do; the worker processes of the tests import them by name."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from hauberk.core.check import Cost, Need, Stage, check
from hauberk.core.errors import NothingToExamine, OverBudget, Unreadable
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Measurement
from hauberk.table import Scan


def finding(check_id, key="", severity=Severity.HIGH, **more):
    return Finding(
        check=check_id,
        title="something",
        message="something is wrong",
        severity=severity,
        confidence=Confidence.HIGH,
        location=Location(asset="train", key=key),
        remedy="repair it",
        **more,
    )


def a_check(number, needs=(), stage=Stage.ASSESS, family="A", **more):
    return check(id=f"TEST-{family}{number:03}", title=f"sample {number}", needs=needs, stage=stage, **more)


@a_check(1)
def passes(ctx):
    """Measure a random number."""
    yield Measurement(name="draw", value=float(ctx.rng.random()), unit="count", n=1)


@a_check(2)
def finds(ctx, *, count: int = 2):
    """Find things, the least first."""
    for key, severity in list(zip("abcdef", (Severity.LOW, Severity.CRITICAL), strict=False))[:count]:
        yield finding("TEST-A002", key, severity)
    ctx.limits.append("it sees nothing else")
    ctx.evidence.append(Evidence(title="table", columns=("x",), rows=((ctx.rng.integers(100).item(),),)))
    ctx.budget.spend("visits", 7)


@a_check(3)
def raises(ctx):
    """Raise an error with record values in it."""
    raise ZeroDivisionError("oh no: ['Jane Doe', 'John Doe']\nsecond line")
    yield


@a_check(4)
def nothing(ctx):
    """Find nothing to examine."""
    raise NothingToExamine("no row has the event", why="the label is 0 everywhere")
    yield


@a_check(5)
def over_budget(ctx):
    """Spend too much."""
    yield finding("TEST-A005")
    raise OverBudget("the check wanted 10 queries, its budget is 5")


@a_check(6)
def yields_rubbish(ctx):
    """Yield what it may not."""
    yield "a string"


@a_check(7)
def yields_foreign(ctx):
    """Yield a finding of another check."""
    yield finding("TEST-A001")


@a_check(8)
def exits(ctx):
    """Leave through SystemExit."""
    sys.exit(0)
    yield


@a_check(9)
def doubles(ctx):
    """Yield one finding twice."""
    yield finding("TEST-A009")
    yield finding("TEST-A009")


@a_check(10)
def returns_nothing(ctx):
    """Return None."""
    return


@a_check(11)
def unreadable(ctx):
    """Meet an unreadable file."""
    raise Unreadable("the file ends early", where="x.parquet", why="12 bytes are missing", next_step="save it again")
    yield


@a_check(12)
def remembers(ctx):
    """Return what the shared cache holds."""
    ctx.cache["seen"] = ctx.cache.get("seen", 0) + 1
    return []


@a_check(13)
def bad_evidence(ctx):
    """Put a string among the evidence."""
    ctx.evidence.append("no table")
    return []


@a_check(14)
def numpy_values(ctx):
    """Yield numbers of numpy, infinities and half a character."""
    rows = (
        (np.int64(3), np.float64(2.5), np.str_("a")),
        (np.bool_(True), float("inf"), "\ud800"),
        (None, float("nan"), 1),
    )
    ctx.evidence.append(Evidence(title=np.str_("t"), columns=("a", "b", "c"), rows=rows))
    yield Measurement(name="n", value=np.int64(3), unit="rate", n=np.int64(9), low=np.float32(0.5), high=7)
    yield finding("TEST-A014", loss=np.int64(12), evidence=tuple(ctx.evidence))


@a_check(15)
def bytes_in_evidence(ctx):
    """Yield what is no value."""
    ctx.evidence.append(Evidence(title="t", columns=("a",), rows=((b"x",),)))
    return []


@a_check(16)
def broken_loss(ctx):
    """State a loss that is no whole number."""
    yield finding("TEST-A016", loss=1.5)


@a_check(20, cost=Cost.HOURS)
def sleeps(ctx, *, seconds: float = 60.0):
    """Sleep."""
    time.sleep(seconds)
    return []


@a_check(21)
def spins(ctx):
    """Hold the interpreter in native code for a minute: a sleep that never releases the lock."""
    ctypes.PyDLL(None).sleep(60)
    return []


@a_check(22)
def dies(ctx):
    """End the process."""
    os._exit(7)


@a_check(23)
def crashes(ctx):
    """Crash the process."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return []


@a_check(24)
def killed(ctx):
    """End as the kernel ends a process when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    return []


@a_check(25)
def breeds(ctx, *, path: str = ""):
    """Start a process of its own, and sleep."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(path).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)
    return []


@a_check(26)
def prints(ctx):
    """Write to both streams, which must not reach the parent's."""
    os.write(1, b"out\n")
    os.write(2, b"err\n")
    return []


@a_check(1, needs=(Need.DATA,), stage=Stage.ADMIT, family="D")
def counts(ctx, *, column: str = "x"):
    """Count the rows and the nulls."""

    def finish(state):
        yield Measurement(name="rows", value=state["rows"], unit="rows", n=state["rows"])
        if state["nulls"]:
            yield finding("TEST-D001", column)

    return Scan(aggregations={"rows": pl.len(), "nulls": pl.col(column).null_count()}, finish=finish)


@a_check(2, needs=(Need.DATA,), stage=Stage.ADMIT, family="D")
def bad_scan(ctx):
    """Name a column that does not exist."""
    return Scan(aggregations={"n": pl.col("absent").sum()}, finish=lambda state: [])


@a_check(3, needs=(Need.DATA,), stage=Stage.ADMIT, family="D")
def bad_finish(ctx):
    """Fail at the end of the scan."""

    def finish(state):
        raise KeyError("gone")

    return Scan(aggregations={"n": pl.len()}, finish=finish)


@a_check(4, needs=(Need.DATA,), stage=Stage.ADMIT, family="D")
def slow_scan(ctx):
    """Take a minute for a batch."""

    def slow(batch, first):
        time.sleep(60)
        return {}

    return Scan(map=slow, merge_map=lambda a, b: a, finish=lambda state: [])


@a_check(5, needs=(Need.DATA,), stage=Stage.ADMIT, family="D")
def deadly_scan(ctx):
    """End the process in a batch."""

    def die(batch, first):
        os._exit(9)

    return Scan(map=die, merge_map=lambda a, b: a, finish=lambda state: [])


@a_check(30, needs=(Need.SCORES, Need.DOMAIN))
def needs_scores(ctx):
    """Need scores."""
    return []


@a_check(31, needs=(Need.WAIVERS,), stage=Stage.GATE)
def tunable(
    ctx,
    *,
    flag: bool = False,
    rate: float = 0.5,
    count: int = 3,
    name: str = "x",
    names: tuple = ("a",),
    any_: None = None,
):
    """Have a parameter of each type."""
    assert isinstance(names, tuple)
    return []
