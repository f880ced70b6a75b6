# SPDX-License-Identifier: Apache-2.0
"""Every property breaks its own key, on hostile values, in frames and in streams alike."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from hauberk.domain import Domain, Group, Rule, validate, violations


def broken(domain: Domain, **columns) -> dict[str, list[int]]:
    verdict = validate(domain, pl.DataFrame(columns))
    rows = {key: np.flatnonzero(hit).tolist() for key, hit in verdict.broken.items() if hit.any()}
    assert np.array_equal(~verdict.valid, np.logical_or.reduce(list(verdict.broken.values())))
    return rows


def one(make_column, kind: str, **fields) -> Domain:
    return Domain(name="one", columns=(make_column("x", kind, **fields),))


def test_numbers(make_column) -> None:
    values = [0.0, -0.0, 10.0, 10.0000001, -1e-9, math.nan, math.inf, -math.inf, None]
    assert broken(one(make_column, "numeric", low=0, high=10), x=values) == {
        "x.null": [8],
        "x.finite": [5, 6, 7],
        "x.range": [3, 4, 6, 7],
    }
    assert broken(one(make_column, "numeric", nullable=True, nan=True), x=values) == {"x.finite": [6, 7]}


def test_integers_and_steps(make_column) -> None:
    assert broken(one(make_column, "integer", low=0), x=[1.0, 1.5, -1.0, math.nan]) == {
        "x.integer": [1],
        "x.range": [2],
        "x.finite": [3],
    }
    assert broken(one(make_column, "integer", low=0, high=9), x=[1, 9, 10, 2**62]) == {"x.range": [2, 3]}
    cents = one(make_column, "step", step=0.01, low=0)
    assert broken(cents, x=[0.1, 0.29, 0.57, 1e9 + 0.01, 0.005, 1.001]) == {"x.step": [4, 5]}
    assert broken(one(make_column, "step", step=0.25, low=0.1), x=[0.1, 0.35, 0.25]) == {"x.step": [2]}


def test_choices(make_column) -> None:
    texts = one(make_column, "category", choices=("a", "b", ""))
    assert broken(texts, x=["a", "", "A", "a ", "\u0430", None]) == {"x.choices": [2, 3, 4], "x.null": [5]}
    assert broken(one(make_column, "category", choices=(1, 2)), x=[1, 2, 3]) == {"x.choices": [2]}
    assert broken(one(make_column, "category", choices=(1, 2)), x=["1", "2", "3"]) == {"x.type": [0, 1, 2]}
    assert broken(one(make_column, "boolean"), x=[True, False]) == {}
    assert broken(one(make_column, "boolean"), x=[0, 1, 2]) == {"x.choices": [2]}
    frame = pl.DataFrame({"x": pl.Series(["a", "b"], dtype=pl.Categorical)})
    assert validate(texts, frame).valid.all()


def test_texts_and_identifiers(make_column) -> None:
    mcc = one(make_column, "identifier", pattern=r"^mcc_\d{4}$", max_length=8)
    values = ["mcc_0123", "mcc_0123\n", "mcc_٠١٢٣", "mcc_０１２３", "xmcc_0123", None]
    assert broken(mcc, x=values) == {"x.pattern": [1, 2, 3, 4], "x.length": [1, 4], "x.null": [5]}
    assert broken(one(make_column, "text", max_length=1), x=["é", "e\u0301", "😀"]) == {"x.length": [1]}
    assert broken(one(make_column, "identifier", max_length=2), x=[7, 123]) == {"x.length": [1]}
    assert broken(one(make_column, "text"), x=[1.5, 2.5]) == {"x.type": [0, 1]}


def test_dates(make_column) -> None:
    domain = one(make_column, "date", low=0.0, high=1.0)
    days = [dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(1970, 1, 2), dt.date(1970, 1, 3), None]
    assert broken(domain, x=days) == {"x.range": [0, 3], "x.null": [4]}
    moments = [dt.datetime(1970, 1, 2), dt.datetime(1970, 1, 2, 0, 0, 0, 1)]
    assert broken(domain, x=moments) == {"x.range": [1]}
    assert broken(domain, x=["1970-01-01", "1970-1-1", "1970-01-01\n", "1970-02-30"]) == {"x.type": [1, 2, 3]}
    assert broken(domain, x=[1, 2]) == {"x.type": [0, 1]}


def test_groups_and_derivations(make_column) -> None:
    domain = Domain(
        name="linked",
        columns=(
            make_column("a", "one_hot"),
            make_column("b", "one_hot"),
            make_column("n", "numeric", nullable=True),
            make_column("half", "numeric", derived="n / 2", nullable=True, nan=True),
            make_column("big", "boolean", derived="n > 4", nullable=True),
        ),
        groups=(Group(name="ab", columns=("a", "b")),),
    )
    got = broken(
        domain,
        a=[1, 0, 1, 0, 0, 1],
        b=[0, 1, 1, 0, 1, 0],
        n=[2.0, 6.0, 8.0, None, None, 1e-9],
        half=[1.0, 3.0000001, 4.1, None, 1.0, math.nan],
        big=[False, False, True, None, None, False],
    )
    assert got == {"group.ab": [2, 3], "half.derived": [2, 4, 5], "big.derived": [1]}


def test_rules_break_on_false_alone(make_column) -> None:
    domain = Domain(
        name="rules",
        columns=(make_column("a", "numeric", nullable=True, nan=True), make_column("b", "numeric", nullable=True)),
        rules=(Rule(name="order", says="a <= b"), Rule(name="share", says="a / b <= 1")),
    )
    got = broken(domain, a=[1.0, 3.0, None, math.nan, 5.0, -1.0], b=[2.0, 2.0, 1.0, 1.0, 0.0, None])
    assert got == {"rule.order": [1, 3, 4], "rule.share": [1, 3]}


def test_missing_columns_break_every_row_and_their_rules_stay_out(make_column) -> None:
    domain = Domain(
        name="m",
        columns=(make_column("a", "numeric"), make_column("b", "numeric")),
        rules=(Rule(name="order", says="a <= b"),),
    )
    assert broken(domain, a=[1.0, None]) == {"a.null": [1], "b.missing": [0, 1]}
    assert broken(domain, a=[1.0], b=["x"]) == {"b.type": [0]}
    assert "rule.order" not in violations(domain, {"a": pl.Float64()})


def test_an_empty_frame_and_an_all_null_column(make_column) -> None:
    domain = one(make_column, "numeric", low=0)
    assert validate(domain, pl.DataFrame(schema={"x": pl.Float64})).valid.shape == (0,)
    assert broken(domain, x=[None, None]) == {"x.null": [0, 1]}
    assert validate(Domain(name="none", columns=()), pl.DataFrame({"x": [1]})).valid.all()


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_violations_fuse_into_one_pass(card_domain, cards, engine) -> None:
    """What admission does: sums of all expressions in one select."""
    spoilt = cards.with_columns(
        age=pl.when(pl.int_range(pl.len()) < 7).then(200).otherwise("age"),
        pay_amt1=pl.when(pl.int_range(pl.len()) < 5).then(1_999_999).otherwise("pay_amt1"),
    ).drop("sex")
    keys = violations(card_domain, dict(spoilt.schema))
    row = (
        spoilt.lazy()
        .select(**{key: rows.sum() for key, rows in keys.items()})
        .collect(engine=engine)
        .row(0, named=True)
    )
    assert {key: count for key, count in row.items() if count} == validate(card_domain, spoilt).counts
    assert row["age.range"] == 7
    assert row["rule.paid_1"] == 5
    assert row["sex.missing"] == 400
