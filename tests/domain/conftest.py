# SPDX-License-Identifier: Apache-2.0
"""Domains and rows that several tests share."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule


def column(name: str, kind: str, **fields: object) -> Column:
    """A column, its enumerations written as plain texts."""
    for key, enum in (("changed_by", Actor), ("direction", Direction)):
        if key in fields:
            fields[key] = enum(fields[key])
    return Column(name=name, kind=Kind(kind), **fields)


@pytest.fixture(scope="session")
def make_column():
    return column


@pytest.fixture(scope="session")
def card_domain() -> Domain:
    """A credit-card domain with bills and payments linked in time."""
    columns = [
        column(
            "limit_bal", "step", low=10_000, high=1_000_000, step=10_000, changed_by="insider", cost=Cost(fixed=500)
        ),
        column("sex", "category", choices=(1, 2), personal=True),
        column("education", "category", choices=(0, 1, 2, 3, 4, 5, 6), changed_by="applicant", cost=Cost(fixed=200)),
        column("marriage", "category", choices=(0, 1, 2, 3), personal=True),
        column("age", "integer", low=18, high=100, personal=True),
    ]
    columns += [
        column(f"pay_{k}", "integer", low=-2, high=8, changed_by="applicant", direction="down", cost=Cost(per_unit=30))
        for k in range(1, 7)
    ]
    columns += [
        column(
            f"bill_amt{k}", "integer", low=-400_000, high=2_000_000, changed_by="applicant", cost=Cost(per_unit=0.01)
        )
        for k in range(1, 7)
    ]
    columns += [
        column(
            f"pay_amt{k}",
            "integer",
            low=0,
            high=2_000_000,
            changed_by="applicant",
            direction="up",
            cost=Cost(per_unit=1.0),
        )
        for k in range(1, 7)
    ]
    columns += [
        column("owed", "integer", derived=" + ".join(f"bill_amt{k}" for k in range(1, 7))),
        column("use", "numeric", low=-40, high=10, derived="bill_amt1 / limit_bal"),
        column("home_own", "one_hot", changed_by="applicant", cost=Cost(fixed=1000)),
        column("home_rent", "one_hot", changed_by="applicant", cost=Cost(fixed=10)),
        column("home_other", "one_hot", changed_by="applicant"),
    ]
    rules = [Rule(name=f"paid_{k}", says=f"pay_amt{k} <= greatest(bill_amt{k + 1}, 0) * 2 + 1000") for k in range(1, 6)]
    rules += [
        Rule(name="status", says="pay_1 <= pay_2 + 1"),
        Rule(name="late_owes", says="implies(pay_1 >= 1, bill_amt1 > 0)"),
        Rule(name="bill_in_limit", says="bill_amt1 <= limit_bal * 1.5"),
    ]
    groups = (Group(name="home", columns=("home_own", "home_rent", "home_other")),)
    return Domain(
        name="cards",
        currency="TWD",
        hour=200.0,
        columns=tuple(columns),
        groups=groups,
        rules=tuple(rules),
        confirmed=True,
    )


def card_rows(n: int, seed: int = 0) -> pl.DataFrame:
    """Valid rows of the credit-card domain."""
    rng = np.random.default_rng(seed)
    limit = rng.integers(1, 50, n) * 10_000
    bills = {f"bill_amt{k}": (limit * rng.uniform(0, 1, n)).astype(np.int64) + 1 for k in range(1, 7)}
    paid = {
        f"pay_amt{k}": (rng.uniform(0, 1, n) * 2 * bills[f"bill_amt{min(k + 1, 6)}"]).astype(np.int64)
        for k in range(1, 7)
    }
    status = rng.integers(-2, 3, n)
    home = rng.integers(0, 3, n)
    frame = pl.DataFrame(
        {
            "limit_bal": limit,
            "sex": rng.integers(1, 3, n),
            "education": rng.integers(0, 7, n),
            "marriage": rng.integers(0, 4, n),
            "age": rng.integers(18, 80, n),
        }
        | {f"pay_{k}": status.astype(np.int8) for k in range(1, 7)}
        | bills
        | paid
    )
    return frame.with_columns(
        owed=pl.sum_horizontal(f"bill_amt{k}" for k in range(1, 7)),
        use=pl.col("bill_amt1") / pl.col("limit_bal"),
        home_own=pl.Series((home == 0).astype(np.int8)),
        home_rent=pl.Series((home == 1).astype(np.int8)),
        home_other=pl.Series((home == 2).astype(np.int8)),
    )


@pytest.fixture(scope="session")
def cards() -> pl.DataFrame:
    return card_rows(400)
