# SPDX-License-Identifier: Apache-2.0
"""One pass for all scans, and an error that stays with the scan that made it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import HauberkError, Incomplete, NothingToExamine, OverBudget
from hauberk.core.measurement import Measurement
from hauberk.table import Hits, Scan, State, open_table, run_scans
from hauberk.table.merge import add, add_counts, both, either, greatest, least

FRAME = pl.DataFrame({"x": np.arange(1000, dtype=np.float64), "t": ["a", "b"] * 500})
TABLE = open_table(FRAME, name="t")


def kept(states: list[State]) -> Any:
    def finish(state: State) -> list[Measurement]:
        states.append(state)
        return []

    return finish


def result_of(scan_of: Any, **how: Any) -> State:
    states: list[State] = []
    run_scans(TABLE, {"scan": scan_of(kept(states))}, **how)
    return states[0]


@pytest.mark.parametrize("rows", [1, 7, 333, 1000, 5000])
@pytest.mark.parametrize("workers", [1, 3])
def test_aggregations_rows_and_maps_merge(rows: int, workers: int) -> None:
    state = result_of(
        lambda finish: Scan(
            aggregations={"n": pl.len(), "low": pl.col("x").min(), "high": pl.col("x").max()},
            merges={"low": least, "high": greatest},
            rows={"odd": pl.col("x") % 100 == 99, "none": pl.col("x") < 0},
            map=lambda block, start: {"starts": [start], "sum": float(block["x"].sum())},
            merge_map=lambda a, b: {"starts": a["starts"] + b["starts"], "sum": a["sum"] + b["sum"]},
            columns=("x",),
            finish=finish,
        ),
        rows=rows,
        workers=workers,
    )
    assert (state["n"], state["low"], state["high"]) == (1000, 0.0, 999.0)
    assert state["odd"] == Hits(10, tuple((at, (float(at),)) for at in range(99, 1000, 100)), ("x",))
    assert state["none"] == Hits()
    assert state["starts"] == list(range(0, 1000, rows))
    assert state["sum"] == 499_500.0


@pytest.mark.parametrize("rows", [3, 50, 1000])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_full_sample_is_the_first_ten_and_the_count_goes_on(rows: int, workers: int) -> None:
    state = result_of(
        lambda finish: Scan(rows={"even": pl.col("x") % 2 == 0}, finish=finish), rows=rows, workers=workers
    )
    assert state["even"] == Hits(500, tuple((at, (float(at),)) for at in range(0, 20, 2)), ("x",))


def test_null_counts_as_false() -> None:
    table = open_table(pl.DataFrame({"x": [1.0, None, 3.0]}))
    states: list[State] = []
    run_scans(table, {"s": Scan(rows={"big": pl.col("x") > 2}, finish=kept(states))})
    assert states[0]["big"] == Hits(1, ((2, (3.0,)),), ("x",))


def test_an_error_is_its_own() -> None:
    states: list[State] = []
    found = run_scans(
        TABLE,
        {
            "good": Scan(aggregations={"n": pl.len()}, finish=kept(states)),
            "no column": Scan(aggregations={"n": pl.col("absent").sum()}, finish=kept([])),
            "no number": Scan(rows={"n": pl.col("t").str.to_integer() > 1}, finish=kept([])),
            "two rows": Scan(aggregations={"n": pl.col("x").unique()}, finish=kept([])),
            "map": Scan(map=lambda block, start: {"n": 1 // 0}, finish=kept([])),
            "finish": Scan(finish=lambda state: [state["absent"]]),
            "own error": Scan(aggregations={"n": pl.len()}, finish=_refuse),
        },
        rows=300,
    )
    assert found["good"] == []
    assert states[0]["n"] == 1000
    kinds = {key: type(value) for key, value in found.items() if key != "good"}
    assert kinds == {
        "no column": Incomplete,
        "no number": Incomplete,
        "two rows": Incomplete,
        "map": ZeroDivisionError,
        "finish": KeyError,
        "own error": OverBudget,
    }


def _refuse(state: State) -> list[Measurement]:
    raise OverBudget("enough")


def test_an_error_in_a_later_block_is_its_own_too() -> None:
    table = open_table(pl.DataFrame({"t": ["1"] * 500 + ["x"] * 500}))
    states: list[State] = []
    found = run_scans(
        table,
        {
            "good": Scan(aggregations={"n": pl.len()}, finish=kept(states)),
            "bad": Scan(aggregations={"n": pl.col("t").cast(pl.Int64).sum()}, finish=kept([])),
        },
        rows=100,
    )
    assert states[0]["n"] == 1000
    assert isinstance(found["bad"], HauberkError)


def test_no_rows_is_nothing_to_examine() -> None:
    found = run_scans(open_table(FRAME.head(0)), {"s": Scan(aggregations={"n": pl.len()}, finish=kept([]))})
    assert isinstance(found["s"], NothingToExamine)


def test_rows_are_spent_before_they_are_read() -> None:
    spent: list[tuple[str, int]] = []
    run_scans(TABLE, {"s": Scan(finish=kept([]))}, rows=400, spend=lambda kind, n: spent.append((kind, n)))
    assert spent == [("rows", 400), ("rows", 400), ("rows", 200)]


def test_a_budget_ends_the_pass() -> None:
    def spend(kind: str, n: int) -> None:
        raise OverBudget(f"no more {kind}")

    with pytest.raises(OverBudget):
        run_scans(TABLE, {"s": Scan(finish=kept([]))}, spend=spend)


def test_only_needed_columns_are_read(tmp_path: Any) -> None:
    """The other column's pages are damaged; a scan that does not read it does not notice."""
    path = tmp_path / "t.parquet"
    words = [f"word {number * 7919 % 20_011}" for number in range(20_000)]
    pl.DataFrame({"x": np.arange(20_000), "y": words}).write_parquet(path, compression="zstd")
    content = bytearray(path.read_bytes())
    for place in range(len(content) * 3 // 4, len(content) * 3 // 4 + 4000, 40):
        content[place] ^= 0xFF
    path.write_bytes(content)
    table = open_table(path)
    states: list[State] = []
    run_scans(table, {"s": Scan(aggregations={"sum": pl.col("x").sum()}, finish=kept(states))})
    assert states[0]["sum"] == sum(range(20_000))
    with pytest.raises(HauberkError):
        run_scans(table, {"s": Scan(aggregations={"last": pl.col("y").max()}, finish=kept([]))})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=2, max_size=8))
def test_merges_are_associative_and_commutative(values: list[int | None]) -> None:
    for merge in (add, least, greatest):
        left = values[0]
        for value in values[1:]:
            left = merge(left, value)
        right = values[-1]
        for value in values[-2::-1]:
            right = merge(value, right)
        back = values[-1]
        for value in values[-2::-1]:
            back = merge(back, value)
        assert left == right == back


def test_merges_of_truths_and_counts() -> None:
    assert [both(True, None), both(None, False), both(True, False)] == [True, False, False]
    assert [either(False, None), either(None, True), either(False, True)] == [False, True, True]
    first = {"a": 1}
    assert add_counts(first, {"a": 1, "b": 2}) == {"a": 2, "b": 2}
    assert first == {"a": 1}
