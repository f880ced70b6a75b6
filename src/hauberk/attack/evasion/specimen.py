# SPDX-License-Identifier: Apache-2.0
"""A small invented loan book with two models: one that its subjects can talk round, and one that they cannot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Money, Situation
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Kind, Rule
from hauberk.model import open_model
from hauberk.table import open_table

FEATURES = ("income", "amount", "months", "employment", "arrears")

_JOBS = ("none", "part", "full")


def book(rows: int = 60, seed: int = 3) -> pl.DataFrame:
    """Loans, one row each.

    Args:
        rows: how many.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    arrears = rng.integers(0, 6, rows)
    return pl.DataFrame(
        {
            "income": rng.integers(1_000, 6_000, rows),
            "amount": np.round(rng.uniform(2_000.0, 20_000.0, rows), 2),
            "months": rng.integers(6, 61, rows),
            "employment": rng.choice(_JOBS, rows),
            "arrears": arrears,
            "default": (rng.random(rows) < 0.15 + 0.13 * arrears).astype(np.int64),
        }
    )


def declared() -> Domain:
    """What a valid loan is, and what an applicant can change about it."""
    applicant = Actor.APPLICANT
    return Domain(
        name="loans",
        confirmed=True,
        currency="EUR",
        columns=(
            Column(
                name="income", kind=Kind.INTEGER, low=500, high=9_000, changed_by=applicant, direction=Direction.UP,
                cost=Cost(per_unit=0.05),
            ),
            Column(name="amount", kind=Kind.NUMERIC, low=500.0, high=30_000.0),
            Column(
                name="months", kind=Kind.STEP, low=6, high=72, step=1.0, changed_by=applicant, cost=Cost(per_unit=1.0)
            ),
            Column(
                name="employment", kind=Kind.CATEGORY, choices=_JOBS, changed_by=applicant, personal=True,
                cost=Cost(fixed=40.0),
            ),
            Column(name="arrears", kind=Kind.INTEGER, low=0, high=12),
        ),
        rules=(Rule(name="affordable", says="amount <= income * months", because="no loan exceeds all income"),),
    )  # fmt: skip


def exposed() -> Situation:
    """A model that believes what the applicant says."""
    return _situation(_believing)


def guarded() -> Situation:
    """A model that decides by arrears alone, which the applicant cannot change."""
    return _situation(_wary)


def _situation(score: Callable[[pl.DataFrame], NDArray[np.float64]]) -> Situation:
    rows = book()
    sound = rows.filter(pl.col("amount") <= pl.col("income") * pl.col("months"))
    return Situation(
        holdout=open_table(sound, name="loans"),
        label="default",
        domain=declared(),
        model=open_model(score, features=FEATURES, name="loans"),
        threshold=0.5,
        money=Money(currency="EUR", amount="amount", share=0.5),
    )


def _believing(rows: pl.DataFrame) -> NDArray[np.float64]:
    job = rows["employment"].replace_strict({"none": 0.0, "part": 0.5, "full": 1.0}, return_dtype=pl.Float64)
    margin = (
        2.6
        - rows["income"].to_numpy() / 1_500.0
        - job.to_numpy()
        + rows["amount"].to_numpy() / 12_000.0
        - rows["months"].to_numpy() / 60.0
        + rows["arrears"].to_numpy() / 3.0
    )
    return _logistic(margin)


def _wary(rows: pl.DataFrame) -> NDArray[np.float64]:
    return _logistic(rows["arrears"].to_numpy() - 2.5)


def _logistic(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    score: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-margin))
    return score
