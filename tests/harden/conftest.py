# SPDX-License-Identifier: Apache-2.0
"""A small loan book in which two cheap columns and two dear ones decide, and the means to harden a model of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

from hauberk.assess import Money, Situation
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Kind, Rule
from hauberk.harden import Case, Effort, case_of
from hauberk.harden.recipe import recipe_of
from hauberk.harden.setting import Setting
from hauberk.model import open_model
from hauberk.table import open_table

TINY = Effort(
    rounds=2,
    trained_on=60,
    training_queries=40,
    neighbours=2,
    chosen_on=40,
    choosing_queries=60,
    reported_on=60,
    reporting_queries=60,
    visits=300,
    fits=6,
)

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 7,
    "min_data_in_leaf": 10,
    "seed": 1,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
}


def book(rows: int, seed: int) -> pl.DataFrame:
    """Loans: arrears and debt decide, and so does what the applicant says of income and savings."""
    rng = np.random.default_rng(seed)
    arrears, income = rng.integers(0, 7, rows), rng.integers(10, 100, rows)
    savings, debt = np.round(rng.uniform(0.0, 50.0, rows), 2), rng.integers(0, 60, rows)
    margin = 0.9 * arrears + 0.04 * debt - 0.02 * income - 0.05 * savings - 1.6
    event = rng.random(rows) < 1.0 / (1.0 + np.exp(-margin))
    return pl.DataFrame(
        {
            "income": income,
            "savings": savings,
            "arrears": arrears,
            "debt": debt,
            "job": rng.choice([0, 1, 2], rows),
            "default": event.astype(np.int8),
        }
    )


DOMAIN = Domain(
    name="loans",
    confirmed=True,
    currency="EUR",
    columns=(
        Column(
            name="income",
            kind=Kind.INTEGER,
            low=0,
            high=200,
            changed_by=Actor.APPLICANT,
            direction=Direction.UP,
            cost=Cost(per_unit=2.0),
        ),
        Column(
            name="savings",
            kind=Kind.NUMERIC,
            low=0.0,
            high=100.0,
            changed_by=Actor.APPLICANT,
            cost=Cost(fixed=5.0, per_unit=1.0),
        ),
        Column(name="arrears", kind=Kind.INTEGER, low=0, high=12),
        Column(name="debt", kind=Kind.INTEGER, low=0, high=100),
        Column(
            name="job",
            kind=Kind.CATEGORY,
            choices=(0, 1, 2),
            changed_by=Actor.APPLICANT,
            cost=Cost(fixed=30.0),
        ),
    ),
    rules=(Rule(name="affordable", says="savings <= 10 + income", because="nobody saves more than that"),),
)

FEATURES = ("income", "savings", "arrears", "debt", "job")


def sound(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that meet the domain's rule."""
    return frame.filter(pl.col("savings") <= 10 + pl.col("income"))


@pytest.fixture(scope="session")
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows to train on and rows for the report."""
    return sound(book(1600, 1)), sound(book(900, 2))


@pytest.fixture(scope="session")
def shipped(tables: tuple[pl.DataFrame, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model's file."""
    data = lightgbm.Dataset(
        tables[0].select(FEATURES).to_numpy().astype(float),
        tables[0]["default"].to_numpy(),
        feature_name=list(FEATURES),
    )
    path = tmp_path_factory.mktemp("shipped") / "model.txt"
    lightgbm.train(PARAMS, data, num_boost_round=40).save_model(path)
    return path


@pytest.fixture(scope="session")
def situation(tables: tuple[pl.DataFrame, pl.DataFrame], shipped: Path) -> Situation:
    """What a project would declare."""
    return Situation(
        data=open_table(tables[0], name="train"),
        holdout=open_table(tables[1], name="holdout"),
        label="default",
        domain=DOMAIN,
        model=open_model(shipped, threads=1),
        threshold=0.5,
        money=Money(currency="EUR", amount="debt", share=0.5),
    )


@pytest.fixture
def case(situation: Situation, shipped: Path) -> Case:
    """What is to be hardened."""
    return case_of(situation, shipped.read_bytes(), 3)


@pytest.fixture
def setting(case: Case, shipped: Path, tmp_path: Path) -> Setting:
    """A training ground."""
    content = shipped.read_bytes()
    train, tune = case.train[:800], case.train[800:]
    ground = Setting(
        train=train,
        tune=tune,
        label=case.label,
        features=case.features,
        domain=case.domain,
        recipe=recipe_of(content, case.model.features, "model.txt"),
        purse=40.0,
        alerts=0.4,
        allowance=0.05,
        area=0.0,
        effort=TINY,
        seed=5,
        folder=tmp_path,
        shipped=case.model,
        content=content,
        carriers=("income", "savings"),
    )
    return replace(ground, area=ground.area_of(ground.fit(ground.lesson())))


@pytest.fixture
def tiny() -> Effort:
    """The least effort that means anything."""
    return TINY
