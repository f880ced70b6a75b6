# SPDX-License-Identifier: Apache-2.0
"""Accept, quarantine, reject; rows set aside and put back where they were."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.outcome import Outcome, Status
from hauberk.data import Reasons, Ruling, admit, quarantine, restore, row_reasons
from hauberk.data.specimen import situation, specimen, spoiled
from hauberk.table import open_table


def outcome(status: Status = Status.FINDINGS, *findings: Finding, check: str = "HB-D010") -> Outcome:
    return Outcome(check=check, title="t", stage="admit", status=status, findings=findings, reason="why")


def finding(severity: Severity, rows: int | None, check: str = "HB-D010") -> Finding:
    return Finding(
        check=check,
        title="Something",
        message="m",
        severity=severity,
        confidence=Confidence.HIGH,
        location=Location(asset="train", rows=rows),
        remedy="r",
    )


def test_a_clean_table_is_accepted() -> None:
    at = situation()
    admission = admit(at.data, at)
    assert (admission.ruling, admission.because, admission.marked, admission.counts) == (Ruling.ACCEPT, (), 0, {})


def spoil(frame: pl.DataFrame) -> pl.DataFrame:
    frame = spoiled(frame, "amount", 3, -5.0)
    frame = spoiled(frame, "region", 4, "North")
    return spoiled(frame, "note", 2, "c\u200bar")


def test_rows_with_reasons_are_quarantined() -> None:
    at = situation(spoil)
    admission = admit(at.data, at)
    assert admission.ruling is Ruling.QUARANTINE
    assert admission.counts == {"region.choices": 4, "amount.range": 3, "note.invisible": 2}
    assert admission.marked == 4
    assert "4 of 600" in admission.because[0]


@pytest.mark.parametrize(
    ("outcomes", "ruling"),
    [
        ([outcome(Status.PASSED)], Ruling.ACCEPT),
        ([outcome(Status.NOT_APPLICABLE)], Ruling.ACCEPT),
        ([outcome(Status.ERROR)], Ruling.REJECT),
        ([outcome(Status.TIMED_OUT)], Ruling.REJECT),
        ([outcome(Status.FINDINGS, finding(Severity.CRITICAL, None))], Ruling.REJECT),
        ([outcome(Status.FINDINGS, finding(Severity.CRITICAL, 3))], Ruling.REJECT),
        ([outcome(Status.FINDINGS, finding(Severity.HIGH, None))], Ruling.REJECT),
        ([outcome(Status.FINDINGS, finding(Severity.HIGH, 3))], Ruling.ACCEPT),
        ([outcome(Status.FINDINGS, finding(Severity.MEDIUM, None))], Ruling.ACCEPT),
    ],
)
def test_what_a_check_found_decides(outcomes: list[Outcome], ruling: Ruling) -> None:
    at = situation()
    admission = admit(at.data, at, outcomes=outcomes)
    assert admission.ruling is ruling
    assert bool(admission.because) == (ruling is Ruling.REJECT)


def test_a_waived_finding_does_not_reject() -> None:
    at = situation()
    high = finding(Severity.HIGH, None)
    outcomes = [outcome(Status.FINDINGS, high)]
    assert admit(at.data, at, outcomes=outcomes, waived=frozenset({high.fingerprint})).ruling is Ruling.ACCEPT


def test_too_many_rows_reject() -> None:
    at = situation(lambda frame: frame.with_columns(amount=-pl.col("amount")))
    admission = admit(at.data, at)
    assert admission.ruling is Ruling.REJECT
    assert "600 of 600" in admission.because[-1]
    assert admit(at.data, at, most=1.0).ruling is Ruling.QUARANTINE


def test_no_rows_reject() -> None:
    at = situation(lambda frame: frame.head(0))
    assert admit(at.data, at).ruling is Ruling.REJECT


def test_a_file_that_breaks_off_rejects(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    specimen(20_000).write_parquet(path, compression="zstd")
    table = open_table(path)
    content = bytearray(path.read_bytes())
    stat = path.stat()
    for place in range(len(content) // 3, len(content) // 3 + 5000, 10):
        content[place] ^= 0xFF
    path.write_bytes(content)
    import os

    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    admission = admit(table, replace(situation(), data=table))
    assert admission.ruling is Ruling.REJECT
    assert "cannot be read to its end" in admission.because[-1]
    assert admission.reasons is None


def test_duplicates_and_contradictions_become_reasons_where_a_check_says_so() -> None:
    def doubled(frame: pl.DataFrame) -> pl.DataFrame:
        again = frame.head(40).with_columns(pl.col("amount") + 0.001, default=1 - pl.col("default"))
        return pl.concat([frame, frame.slice(100, 30), again])

    at = situation(doubled)
    assert row_reasons(at).rows == {}
    outcomes = [
        outcome(Status.FINDINGS, finding(Severity.MEDIUM, 30, "HB-D008"), check="HB-D008"),
        outcome(Status.FINDINGS, finding(Severity.HIGH, 80, "HB-D009"), check="HB-D009"),
    ]
    rows = row_reasons(at, outcomes).rows
    assert rows["duplicate"].tolist() == list(range(600, 630))
    assert rows["contradiction"].tolist() == [*range(40), *range(630, 670)]


REASONS = Reasons(
    expressions={"x.big": pl.col("x") > 90, "x.null": pl.col("x").is_null()},
    rows={"listed": np.array([0, 5, 99_999, 200_000])},
)


def big_frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 200_001
    return pl.DataFrame(
        {
            "x": pl.Series(rng.integers(0, 100, n)).to_frame().select(pl.when(pl.col("") > 0).then(pl.col("")))[""],
            "f": rng.normal(size=n),
            "t": pl.Series(rng.choice(["a", "ä", ""], n)),
            "c": pl.Series(rng.choice(["u", "v"], n)).cast(pl.Enum(["u", "v"])),
            "d": pl.Series(rng.integers(0, 10**6, n)).cast(pl.Datetime("us")),
            "l": pl.Series([[1, 2], None, []] * (n // 3)),
        }
    )


def test_quarantine_and_back(tmp_path: Path) -> None:
    frame = big_frame()
    table = open_table(frame, name="big")
    result = quarantine(table, REASONS, tmp_path / "q")
    clean, aside = (pl.read_parquet(tmp_path / "q" / name) for name in ("clean.parquet", "quarantined.parquet"))
    bad = frame.select((pl.col("x") > 90) | pl.col("x").is_null()).to_series().fill_null(value=False).to_numpy().copy()
    bad[REASONS.rows["listed"]] = True
    assert clean.equals(frame.filter(~pl.Series(bad)))
    assert aside.drop("_row", "_reasons").equals(frame.filter(pl.Series(bad)))
    assert aside["_row"].to_list() == np.flatnonzero(bad).tolist()
    for row, reasons in aside.select("_row", "_reasons").head(50).iter_rows():
        value = frame["x"][row]
        assert ("x.null" in reasons) == (value is None)
        assert ("x.big" in reasons) == (value is not None and value > 90)
        assert ("listed" in reasons) == (row in REASONS.rows["listed"])
    assert (result.clean, result.set_aside) == (clean.height, aside.height)
    assert result.counts["listed"] == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["q"]
    back = restore(tmp_path / "q", tmp_path / "back.parquet")
    assert back.schema == table.schema
    assert back.frame().equals(frame)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=30), st.sets(st.integers(0, 29), max_size=30))
def test_every_split_can_be_undone(
    tmp_path_factory: pytest.TempPathFactory, values: list[int | None], rows: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("q")
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Int64)})
    listed = np.array(sorted(row for row in rows if row < len(values)), dtype=np.int64)
    reasons = Reasons(expressions={"zero": pl.col("x") == 0}, rows={"listed": listed})
    quarantine(open_table(frame), reasons, folder / "q")
    assert restore(folder / "q", folder / "back.parquet").frame().equals(frame)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    table = open_table(pl.DataFrame({"x": [1]}))
    (tmp_path / "q").mkdir()
    quarantine(table, Reasons(), tmp_path / "q")
    with pytest.raises(UsageError, match="not empty"):
        quarantine(table, Reasons(), tmp_path / "q")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError):
        quarantine(table, Reasons(), tmp_path / "file")
    with pytest.raises(UsageError, match="exists"):
        restore(tmp_path / "q", tmp_path / "file")
    with pytest.raises(UsageError, match="_row"):
        quarantine(open_table(pl.DataFrame({"_row": [1]})), Reasons(), tmp_path / "r")


def test_a_quarantine_that_was_touched_is_not_restored(tmp_path: Path) -> None:
    quarantine(open_table(pl.DataFrame({"x": [1, 2]})), Reasons(rows={"r": np.array([1])}), tmp_path / "q")
    pl.DataFrame({"x": [7], "_row": [1], "_reasons": [["r"]]}).write_parquet(tmp_path / "q" / "quarantined.parquet")
    with pytest.raises(IntegrityError, match="was changed"):
        restore(tmp_path / "q", tmp_path / "back.parquet")
    with pytest.raises(Unreadable, match="not a quarantine"):
        restore(tmp_path, tmp_path / "back.parquet")
    assert not (tmp_path / "back.parquet").exists()


def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    big_frame().write_parquet(path, row_group_size=20_000)
    table = open_table(path)
    pl.DataFrame({"x": [1]}).write_parquet(path)
    with pytest.raises(Unreadable):
        quarantine(table, Reasons(), tmp_path / "q")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t.parquet"]


def test_the_manifest_says_what_lies_there(tmp_path: Path) -> None:
    at = situation(spoil)
    reasons = admit(at.data, at).reasons
    assert reasons is not None
    quarantine(at.data, reasons, tmp_path / "q")
    manifest = json.loads((tmp_path / "q" / "manifest.json").read_text())
    assert manifest["table"] == {"name": "loans", "rows": 600, "digest": at.data.digest}
    assert manifest["files"]["quarantined.parquet"]["rows"] == 4
    assert manifest["reasons"] == {"amount.range": 3, "note.invisible": 2, "region.choices": 4}
