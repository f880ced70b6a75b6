# SPDX-License-Identifier: Apache-2.0
"""The process pool: real processes that sleep, spin, crash and are killed, and what is left of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from hauberk.assess import InProcess, Materials, ProcessPool, Selection, open_situation, pinned, plan, run_plan
from hauberk.core.errors import UsageError
from hauberk.core.outcome import Status
from hauberk.seal import canonical, plain


@pytest.fixture
def materials(parquet):
    return Materials(data=str(parquet), label="y", now_us=1_700_000_000_000_000)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """One worker for most tests: that it is replaced again and again is part of what they show."""
    path = tmp_path_factory.mktemp("pool") / "rows.parquet"
    pl.DataFrame({"x": [1.0, None, 3.0], "y": [0, 1, 0]}).write_parquet(path)
    with ProcessPool(Materials(data=str(path), label="y"), 1) as pool:
        yield pool


def run(entries, situation, pool, *names, timeout_s=30.0, params=None):
    made = plan(entries(*names), situation, Selection(params=params or {}), seed=7)
    return {outcome.check: outcome for outcome in run_plan(made, pool, timeout_s=timeout_s).outcomes}


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually_dead(pid, seconds=10.0):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_outcomes_do_not_depend_on_executor_or_number_of_workers(entries, materials, pool):
    names = [
        "passes",
        "finds",
        "raises",
        "nothing",
        "over_budget",
        "exits",
        "counts",
        "bad_scan",
        "bad_finish",
        "remembers",
    ]
    situation = open_situation(materials)
    made = plan(entries(*names), situation, seed=7)
    with InProcess(situation) as executor:
        expected = canonical(plain(run_plan(made, executor).outcomes))
    assert canonical(plain(run_plan(made, pool).outcomes)) == expected
    told = []
    with ProcessPool(materials, 3) as three:
        results = run_plan(made, three, progress=lambda **told_: told.append(told_))
    assert canonical(plain(results.outcomes)) == expected
    assert [one["done"] for one in told] == sorted(one["done"] for one in told)
    assert told[-1]["done"] == told[-1]["total"] == len(names)


@pytest.mark.parametrize("name", ["sleeps", "spins"])
def test_a_check_that_never_spends_is_stopped_at_its_deadline(entries, situation, pool, name):
    begin = time.monotonic()
    outcomes = run(entries, situation, pool, name, "passes", timeout_s=2.5)
    (stopped,) = [outcome for outcome in outcomes.values() if outcome.status is Status.TIMED_OUT]
    assert stopped.reason == "stopped after its time limit of 2.5 s"
    assert outcomes["TEST-A001"].status is Status.PASSED
    assert time.monotonic() - begin < 40.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dies", "the check ended its process with exit status 7"),
        ("crashes", "the check's process was ended by SIGSEGV"),
        ("killed", "the check's process was ended by SIGKILL, which the kernel sends when memory runs out"),
    ],
)
def test_a_process_that_dies_takes_only_its_own_check_with_it(entries, situation, pool, name, reason):
    outcomes = run(entries, situation, pool, name, "passes", "finds")
    (dead,) = [outcome for outcome in outcomes.values() if outcome.status is Status.ERROR]
    assert dead.reason == reason
    assert outcomes["TEST-A001"].status is Status.PASSED
    assert outcomes["TEST-A002"].status is Status.FINDINGS


@pytest.mark.parametrize(("name", "status"), [("slow_scan", Status.TIMED_OUT), ("deadly_scan", Status.ERROR)])
def test_one_data_check_cannot_stop_the_others_of_its_pass(entries, situation, pool, name, status):
    outcomes = run(entries, situation, pool, name, "counts", timeout_s=3.0)
    assert outcomes["TEST-D001"].status is Status.FINDINGS
    assert [outcome.status for outcome in outcomes.values()].count(status) == 1


def test_what_a_check_starts_dies_with_it(entries, situation, pool, tmp_path):
    path = tmp_path / "pids"
    run(entries, situation, pool, "breeds", timeout_s=4.0, params={"TEST-A025": {"path": str(path)}})
    for pid in path.read_text().split():
        assert eventually_dead(int(pid))


def test_streams_of_a_worker_never_reach_ours(entries, situation, pool, capfd):
    run(entries, situation, pool, "prints")
    assert capfd.readouterr() == ("", "")


def test_materials_that_cannot_be_opened_are_every_check_s_error(entries, materials, parquet):
    made = plan(entries("passes", "counts"), open_situation(materials), seed=7)
    with ProcessPool(materials, 1) as pool:
        parquet.write_bytes(b"PAR1 no more")
        outcomes = run_plan(made, pool).outcomes
    assert {outcome.status for outcome in outcomes} == {Status.ERROR}
    assert all(outcome.reason for outcome in outcomes)


@pytest.mark.parametrize("swap", ["other rows", "nothing", "gone"])
def test_a_table_exchanged_after_the_parent_saw_it_is_every_check_s_error(entries, materials, parquet, frame, swap):
    """Whatever the worker finds: it never judges other bytes than those that the run names, and never finds nothing."""
    fixed = pinned(materials, open_situation(materials))
    made = plan(entries("passes", "counts"), open_situation(materials), seed=7)
    parquet.unlink()
    if swap == "other rows":
        frame.with_columns(x=pl.lit(2.0)).write_parquet(parquet)
    elif swap == "nothing":
        parquet.with_suffix(".csv").touch()
        fixed = replace(fixed, data=str(parquet.with_suffix(".csv")))
    with ProcessPool(fixed, 1) as pool:
        outcomes = run_plan(made, pool).outcomes
    assert {outcome.status for outcome in outcomes} == {Status.ERROR}


def test_what_cannot_be_sent_is_refused_at_once():
    with pytest.raises(UsageError, match="cannot be sent"):
        ProcessPool(Materials(model=lambda frame: frame), 1)
    with pytest.raises(UsageError, match="at least 1 worker"):
        ProcessPool(Materials(), 0)


def test_a_closed_pool_takes_nothing(entries, materials):
    pool = ProcessPool(materials, 1)
    pool.close()
    with pytest.raises(UsageError, match="closed"):
        run_plan(plan(entries("passes"), open_situation(materials)), pool)


def test_closing_from_elsewhere_ends_a_run_that_waits(entries, materials):
    pool = ProcessPool(materials, 1)
    timer = threading.Timer(3.0, pool.close)
    timer.start()
    begin = time.monotonic()
    outcomes = run_plan(plan(entries("sleeps"), open_situation(materials)), pool, timeout_s=50.0).outcomes
    assert time.monotonic() - begin < 30.0
    assert outcomes[0].status.incomplete


_SCRIPT = """
import importlib, signal, sys
from hauberk.assess import Materials, ProcessPool, Selection, open_situation, plan, run_plan
from hauberk.core.entry import entry_of
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started us with it ignored
samples = importlib.import_module("sample_checks")
materials = Materials(data=sys.argv[1])
selection = Selection(params={"TEST-A025": {"path": sys.argv[2]}})
made = plan([entry_of(samples.breeds.__hauberk__)], open_situation(materials), selection)
with ProcessPool(materials, 2) as pool:
    run_plan(made, pool, timeout_s=50.0)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_orphan_is_left_when_the_parent_is_interrupted_or_killed(samples, parquet, tmp_path, number, status):
    path = tmp_path / "pids"
    parent = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(parquet), str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 40.0
        while not (path.exists() and path.read_text().count(" ") == 1) and time.monotonic() < end:
            time.sleep(0.05)
        worker, child = map(int, path.read_text().split())
        parent.send_signal(number)
        assert parent.wait(30) == status
        assert eventually_dead(worker)
        if number == signal.SIGINT:
            assert eventually_dead(child)
        else:
            os.kill(child, signal.SIGKILL)  # a kill of the parent alone leaves what the check itself started
    finally:
        parent.kill()
