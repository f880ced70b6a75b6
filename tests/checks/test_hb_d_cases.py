# SPDX-License-Identifier: Apache-2.0
"""Single data checks on the cases that decide: what must be found, at which severity, and what must not."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
import pytest

from hauberk.assess import CheckContext, Situation
from hauberk.checks.hb_d001_schema import schema
from hauberk.checks.hb_d006_not_finite import not_finite
from hauberk.checks.hb_d008_exact_duplicates import exact_duplicates
from hauberk.checks.hb_d009_opposite_labels import opposite_labels
from hauberk.checks.hb_d010_constant_column import constant_column
from hauberk.checks.hb_d011_label_leakage import label_leakage
from hauberk.checks.hb_d012_target_in_disguise import target_in_disguise
from hauberk.checks.hb_d013_identifier_as_feature import identifier_as_feature
from hauberk.checks.hb_d014_label_balance import label_balance
from hauberk.checks.hb_d015_time_order import time_order
from hauberk.checks.hb_d020_personal_data import personal_data
from hauberk.checks.hb_d021_group_label_rates import group_label_rates
from hauberk.checks.hb_d023_drift import drift
from hauberk.checks.hb_d024_provenance import provenance
from hauberk.core.errors import Incomplete
from hauberk.core.finding import Finding, Severity
from hauberk.data.specimen import PROVENANCE, situation, specimen, spoiled
from hauberk.model import ModelView
from hauberk.table import open_table, run_scans


def ran(function: Any, at: Situation, **params: Any) -> tuple[list[Finding], CheckContext]:
    given = {part.name: getattr(at, part.name) for part in fields(Situation)}
    context = CheckContext(**given, rng=np.random.default_rng(0))
    assert at.data is not None
    result = run_scans(at.data, {"check": function(context, **params)})["check"]
    if isinstance(result, Exception):
        raise result
    return [one for one in result if isinstance(one, Finding)], context


def told(function: Any, at: Situation, **params: Any) -> dict[tuple[str, str], Severity]:
    return {(one.location.column, one.location.key): one.severity for one in ran(function, at, **params)[0]}


def frame_of(**columns: Any) -> Situation:
    return Situation(data=open_table(pl.DataFrame(columns), name="t"), label="y", time="at", now_us=situation().now_us)


def test_schema_tells_missing_type_undeclared_nested_and_label() -> None:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        extra = frame.with_columns(extra=pl.lit(1), many=pl.concat_list("income", "amount"), amount=pl.lit("x"))
        return extra.drop("months", "default")

    assert told(schema, situation(spoil)) == {
        ("amount", "amount.type"): Severity.CRITICAL,
        ("months", "months.missing"): Severity.CRITICAL,
        ("default", "label.missing"): Severity.CRITICAL,
        ("extra", "undeclared"): Severity.LOW,
        ("many", "nested"): Severity.MEDIUM,
    }


def test_not_finite_leaves_null_alone_and_honours_declared_nan() -> None:
    assert told(not_finite, frame_of(x=[1.0, None, 2.0], i=[1, 2, 3])) == {}
    assert told(not_finite, frame_of(x=[float("nan"), None, 2.0])) == {("x", "not_finite"): Severity.HIGH}


def test_few_copies_are_low_and_many_are_medium() -> None:
    def copied(rows: int) -> Situation:
        return situation(lambda frame: pl.concat([frame, frame.head(rows)]))

    assert told(exact_duplicates, copied(3)) == {("", "copies"): Severity.LOW}
    assert told(exact_duplicates, copied(60)) == {("", "copies"): Severity.MEDIUM}
    assert told(exact_duplicates, copied(60), tolerated=0.5) == {("", "copies"): Severity.LOW}


def test_coarse_columns_do_not_contradict_beyond_chance() -> None:
    rng = np.random.default_rng(0)
    coarse = frame_of(x=rng.integers(0, 500, 1000), y=rng.integers(0, 2, 1000))
    findings, context = ran(opposite_labels, coarse)
    assert findings == []
    assert "too coarse" in context.limits[0]


def test_flipped_copies_are_high() -> None:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([frame, frame.head(20).with_columns(default=1 - pl.col("default"))])

    assert told(opposite_labels, situation(spoil)) == {("", "contradiction"): Severity.HIGH}


def test_an_empty_column_is_high_only_where_it_is_required() -> None:
    assert told(constant_column, situation(lambda frame: frame.with_columns(note=pl.lit(None, dtype=pl.String)))) == {
        ("note", "empty"): Severity.HIGH
    }
    assert told(constant_column, frame_of(x=[None, None], z=[float("nan"), float("nan")], y=[0, 1])) == {
        ("x", "empty"): Severity.MEDIUM
    }


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_leakage_in_both_directions_and_through_names(turn: float) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(3000) < 0.2).astype(int)
    shops = [f"{'bad' if label else 'good'}{shop}" for label, shop in zip(y, rng.integers(0, 40, 3000), strict=True)]
    leaking = frame_of(x=turn * (y + rng.normal(0, 0.1, 3000)), shop=shops, honest=y + rng.normal(0, 1.0, 3000), y=y)
    assert told(label_leakage, leaking) == {("x", "order"): Severity.HIGH, ("shop", "order"): Severity.HIGH}


def test_leakage_cannot_be_judged_with_too_few_events() -> None:
    rare = frame_of(x=np.arange(500.0), y=[1] * 5 + [0] * 495)
    for check in (label_leakage, target_in_disguise):
        findings, context = ran(check, rare)
        assert findings == []
        assert "fewer than 20" in context.limits[0]


def test_disguise_as_gap_and_as_opposite_but_not_as_rare_event() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.01).astype(int)
    gap = pl.Series(np.where(y == 1, rng.normal(size=4000), np.nan)).fill_nan(None)
    hidden = frame_of(closed=gap, opposite=1 - y, region=rng.choice(["a", "b"], 4000), y=y)
    assert told(target_in_disguise, hidden) == {("closed", "gap"): Severity.HIGH, ("opposite", "value"): Severity.HIGH}


def test_identifiers_count_only_where_the_model_reads_them() -> None:
    def model(*features: str) -> ModelView:
        return ModelView(name="m", digest="", framework="callable", features=features, scorer=lambda _: np.zeros(0))

    at = situation(lambda frame: frame.with_row_index("row"))
    assert told(identifier_as_feature, at) == {("row", "distinct"): Severity.LOW}
    assert told(identifier_as_feature, replace(at, model=model("income"))) == {}
    assert told(identifier_as_feature, replace(at, model=model("income", "customer", "row"))) == {
        ("row", "distinct"): Severity.MEDIUM,
        ("customer", "distinct"): Severity.MEDIUM,
    }
    amounts = frame_of(cents=np.unique(np.random.default_rng(0).lognormal(10, 1, 900).astype(int)))
    assert told(identifier_as_feature, amounts) == {}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0] * 500 + [1] * 500, {}),
        ([0] * 990 + [1] * 10, {("y", "rare"): Severity.LOW}),
        ([1] * 1000, {("y", "single"): Severity.CRITICAL}),
        ([0, 1] * 499 + [None, 2], {("y", "unusable"): Severity.MEDIUM}),
        ([0.0, 1.0] * 450 + [float("nan")] * 100, {("y", "unusable"): Severity.HIGH}),
        (["yes", "no"] * 500, {("y", "unusable"): Severity.HIGH}),
        ([True, False] * 500, {}),
    ],
    ids=["fine", "rare", "single", "two bad", "nan", "text", "boolean"],
)
def test_labels(labels: list[Any], expected: dict[tuple[str, str], Severity]) -> None:
    assert told(label_balance, frame_of(y=labels)) == expected


def days(*numbers: int | None) -> list[dt.date | None]:
    return [None if number is None else dt.date(2024, 1, 1) + dt.timedelta(days=number) for number in numbers]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (days(*range(100)), set()),
        (days(*range(50), None, *range(50, 99)), {"absent"}),
        (days(*range(50), 3, *range(50, 99)), {"back"}),
        (days(*np.random.default_rng(0).permutation(100).tolist()), set()),
        (days(*range(100), 5000), {"future", "gap"}),
        (days(*range(50), *range(80, 120)), {"gap"}),
        (days(*range(0, 400, 7)), set()),
        (list(range(100)), set()),
        (days(*range(50)) + ["x"] * 0, set()),
    ],
    ids=["fine", "absent", "back", "unsorted", "future", "gap", "weekly", "whole numbers", "short"],
)
def test_time(times: list[Any], expected: set[str]) -> None:
    assert {key for _, key in told(time_order, frame_of(at=times))} == expected


def test_a_column_without_times_is_no_pass() -> None:
    with pytest.raises(Incomplete, match="holds no times"):
        told(time_order, frame_of(at=["monday", "tuesday"]))


def test_personal_data_in_marked_columns_and_small_integers_is_none() -> None:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        return spoiled(frame.with_columns(small=pl.lit(3, dtype=pl.Int8)), "customer", 9, "a@b.example")

    assert told(personal_data, situation(spoil)) == {}
    cards = frame_of(n=[4111111111111111] * 5 + [1] * 20)
    assert told(personal_data, cards) == {("n", "card"): Severity.MEDIUM}


def test_no_personal_value_is_in_the_evidence() -> None:
    findings, _ = ran(personal_data, situation(lambda frame: spoiled(frame, "note", 5, "mail a.b@c.example")))
    assert findings
    assert "c.example" not in repr(findings)


def test_too_many_groups_are_incomplete() -> None:
    with pytest.raises(Incomplete, match="groups"):
        told(group_label_rates, situation(groups=("customer",)), most_groups=100)


def test_drift_is_silent_on_a_fresh_sample_and_loud_on_gaps() -> None:
    reference = open_table(specimen(seed=9))
    assert told(drift, situation(reference=reference)) == {}

    def empty_half(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(note=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("note")))

    assert told(drift, situation(empty_half, reference=reference)) == {("note", "gaps"): Severity.HIGH}


def test_provenance_by_digest_and_entries() -> None:
    at = situation()
    assert at.data is not None
    right = replace(at, provenance={**PROVENANCE, "digest": at.data.digest.removeprefix("sha256:").upper()})
    assert told(provenance, right) == {}
    assert told(provenance, replace(at, provenance={})) == {("", "entries"): Severity.MEDIUM}
    wrong = replace(at, provenance={**PROVENANCE, "digest": "sha256:" + "1" * 64})
    assert told(provenance, wrong) == {("", "digest"): Severity.CRITICAL}


def test_a_group_of_a_personal_column_is_told_by_no_value() -> None:
    bad = import_module(group_label_rates.__module__).EXAMPLES.bad()
    assert bad.domain is not None
    columns = tuple(replace(column, personal=column.name == "region") for column in bad.domain.columns)
    plain, _ = ran(group_label_rates, bad)
    hidden, _ = ran(group_label_rates, replace(bad, domain=replace(bad.domain, columns=columns)))
    assert "east" in {found.location.key for found in plain}
    assert len(hidden) == len(plain) == len({found.fingerprint for found in hidden})
    assert not any("east" in f"{found.location} {found.title} {found.message}" for found in hidden)
