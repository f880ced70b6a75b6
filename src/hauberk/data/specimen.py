# SPDX-License-Identifier: Apache-2.0
"""A small invented table of loans that breaks nothing: what the data checks' examples spoil, one property at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from hauberk.assess import Situation
from hauberk.domain import Column, Domain, Kind, Rule
from hauberk.table import open_table

NOW_US = 1_767_225_600_000_000
"""2026-01-01, the day on which the examples are looked at."""

PROVENANCE = {"owner": "lending", "licence": "internal", "origin": "core banking export", "collected": "2025-11"}


def specimen(rows: int = 600, seed: int = 1) -> pl.DataFrame:
    """Loans of several years, in the order in which they were granted.

    Args:
        rows: how many, at least 100.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    income = np.round(rng.lognormal(8.0, 0.4, rows), 2)
    amount = np.round(income * rng.uniform(0.5, 3.0, rows), 2)
    risk = 0.15 + 0.3 * (amount > 2.0 * income)
    start = dt.date(2024, 1, 1)
    return pl.DataFrame(
        {
            "customer": pl.Series([f"C{number * 7919 % 1_000_003:06d}" for number in range(rows)]),
            "granted": pl.Series([start + dt.timedelta(days=number * 500 // rows) for number in range(rows)]),
            "income": pl.Series(income),
            "amount": pl.Series(amount),
            "months": pl.Series(rng.integers(6, 61, rows)),
            "region": pl.Series(rng.choice(["north", "south", "east", "west"], rows)),
            "note": pl.Series(rng.choice(["car", "kitchen repair", "wedding", "moving house", "bicycle"], rows)),
            "default": pl.Series((rng.random(rows) < risk).astype(np.int64)),
        }
    )


def specimen_domain() -> Domain:
    """What a valid loan is."""
    return Domain(
        name="loans",
        confirmed=True,
        columns=(
            Column(name="customer", kind=Kind.IDENTIFIER, personal=True),
            Column(name="granted", kind=Kind.DATE),
            Column(name="income", kind=Kind.NUMERIC, low=0.0, high=1e6),
            Column(name="amount", kind=Kind.NUMERIC, low=0.0, high=3e6),
            Column(name="months", kind=Kind.INTEGER, low=6, high=60),
            Column(name="region", kind=Kind.CATEGORY, choices=("north", "south", "east", "west")),
            Column(name="note", kind=Kind.TEXT, max_length=200),
        ),
        rules=(Rule(name="affordable", says="amount <= 4 * income", because="the credit policy"),),
    )


def situation(spoil: Callable[[pl.DataFrame], pl.DataFrame] | None = None, **changes: Any) -> Situation:
    """The specimen as a situation.

    Args:
        spoil: what is done to the table.
        changes: fields of the situation that are not as usual.
    """
    frame = specimen()
    usual = Situation(
        data=open_table(frame if spoil is None else spoil(frame), name="loans"),
        label="default",
        time="granted",
        groups=("region",),
        domain=specimen_domain(),
        provenance=dict(PROVENANCE),
        now_us=NOW_US,
    )
    return replace(usual, **changes)


def spoiled(frame: pl.DataFrame, column: str, rows: int, value: Any) -> pl.DataFrame:
    """The frame with another value in every tenth row of a column, `rows` times.

    Args:
        frame: at least `10 * rows` rows.
        column: which column.
        rows: how many rows to change.
        value: what stands there then.
    """
    values = frame[column].to_list()
    for number in range(rows):
        values[number * 10] = value
    kind = frame.schema[column] if value is None or isinstance(value, str | float) else None
    return frame.with_columns(pl.Series(column, values, dtype=kind, strict=False))
