# SPDX-License-Identifier: Apache-2.0
"""A small project for tests of the command line and of the use cases: applications and a boosted model, really trained."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

DOMAIN = """\
name = "loans"
confirmed = true
currency = "EUR"

[column.income]
kind = "integer"
low = 0
high = 200000
changed_by = "applicant"
direction = "up"
cost = { per_unit = 0.01 }

[column.debt]
kind = "integer"
low = 0
high = 100000

[column.region]
kind = "category"
choices = [0, 1, 2]

[column.age]
kind = "integer"
low = 18
high = 99
personal = true
"""

PROJECT = """\
[project]
name = "loans"
positive = "default"
currency = "EUR"
seed = 7

[data]
train = "train.parquet"
holdout = "holdout.parquet"
label = "default"
groups = ["region"]

[data.provenance]
owner = "tests"
licence = "CC0"
origin = "made by this test"

[model]
path = "model.txt"
threshold = 0.4

[domain]
path = "domain.toml"

[money]
amount = "debt"
share = 0.5

[checks]
workers = 0
"""


def applications(n: int, seed: int) -> pl.DataFrame:
    """Make applications in which debt against income decides."""
    rng = np.random.default_rng(seed)
    income = rng.integers(10_000, 120_000, n)
    debt = rng.integers(0, 60_000, n)
    frame = pl.DataFrame(
        {
            "income": income,
            "debt": debt,
            "region": rng.integers(0, 3, n),
            "age": rng.integers(20, 80, n),
        }
    )
    chance = 1 / (1 + np.exp(-(4.0 * debt / income - 2.5)))
    return frame.with_columns(pl.Series("default", (rng.random(n) < chance).astype(np.int8)))


def build_project(root: Path) -> None:
    """Write tables, model, domain and project file."""
    train, holdout = applications(600, 1), applications(300, 2)
    train.write_parquet(root / "train.parquet")
    holdout.write_parquet(root / "holdout.parquet")
    names = [name for name in train.columns if name != "default"]
    data = lightgbm.Dataset(
        train.select(names).to_numpy().astype(float), train["default"].to_numpy(), feature_name=names
    )
    params = {
        "objective": "binary",
        "verbosity": -1,
        "num_leaves": 7,
        "seed": 1,
        "deterministic": True,
        "num_threads": 1,
    }
    lightgbm.train(params, data, num_boost_round=30).save_model(root / "model.txt")
    (root / "domain.toml").write_text(DOMAIN)
    (root / "hauberk.toml").write_text(PROJECT)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is before any command; read only."""
    root = tmp_path_factory.mktemp("template")
    build_project(root)
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the project, as the current folder, with a key folder of its own."""
    root = tmp_path / "loans"
    shutil.copytree(template, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in list(os.environ):
        if name.startswith("HAUBERK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    return root
