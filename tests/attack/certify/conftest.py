# SPDX-License-Identifier: Apache-2.0
"""Small models of every library, each with its own predictor and rows to attack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from hauberk.model.forest import Forest, forest_of

WIDTH = 7
"""Columns 0 and 1 numbers, 2 whole numbers, 3 to 5 one-hot, 6 a code."""


@dataclass
class Victim:
    """A model, its trees, and the library's own margins (or scores where it has nothing else)."""

    name: str
    forest: Forest
    margins: Callable[[np.ndarray], np.ndarray]
    rows: np.ndarray
    gaps: bool
    codes: bool


def make_rows(seed: int, n: int = 300, *, gaps: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = np.empty((n, WIDTH))
    rows[:, :2] = rng.normal(size=(n, 2))
    rows[:, 2] = rng.integers(0, 9, n)
    rows[:, 3:6] = np.eye(3)[rng.integers(0, 3, n)]
    rows[:, 6] = rng.integers(0, 6, n)
    if gaps:
        rows[:, :2][rng.random((n, 2)) < 0.15] = np.nan
    filled = np.nan_to_num(rows, nan=0.3)
    score = filled[:, 0] * filled[:, 1] + 0.3 * filled[:, 2] + filled[:, 3] - (filled[:, 6] == 2) + 0.5 * filled[:, 0]
    labels = (score + rng.normal(0, 0.7, n) > 1.5).astype(int)
    return rows, labels


def xgb(seed: int, **extra: Any) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    def fit(rows: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        settings = {"n_estimators": 6, "max_depth": 3, "learning_rate": 0.5, "n_jobs": 1, "random_state": seed}
        model = xgboost.XGBClassifier(**(settings | extra)).fit(rows, labels)
        return model, lambda x: model.predict(x, output_margin=True)

    return fit


def lgb(seed: int, codes: tuple[int, ...] = (), **extra: Any) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    def fit(rows: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        settings = {
            "objective": "binary", "num_leaves": 7, "learning_rate": 0.4, "min_data_in_leaf": 8, "verbose": -1,
            "num_threads": 1, "seed": seed, "min_data_per_group": 5, "cat_smooth": 1.0, "max_cat_to_onehot": 1,
        }  # fmt: skip
        data = lightgbm.Dataset(rows, labels, categorical_feature=list(codes))
        model = lightgbm.train(settings | extra, data, num_boost_round=6)
        return model, lambda x: model.predict(x, raw_score=True, num_threads=1)

    return fit


def cat(seed: int) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    def fit(rows: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        model = catboost.CatBoostClassifier(
            iterations=6, depth=3, learning_rate=0.5, verbose=False, thread_count=1, random_seed=seed,
            allow_writing_files=False,
        ).fit(rows, labels)  # fmt: skip
        return model, lambda x: model.predict(x, prediction_type="RawFormulaVal", thread_count=1)

    return fit


def sklearn_model(kind: Any, **settings: Any) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    def fit(rows: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        model = kind(**settings).fit(rows, labels)
        if hasattr(model, "decision_function"):
            return model, model.decision_function
        return model, lambda x: model.predict_proba(x)[:, 1]

    return fit


RECIPES: list[tuple[str, bool, bool, Callable[[int], Any]]] = [
    ("xgboost hist", True, False, lambda seed: xgb(seed, tree_method="hist")),
    ("xgboost exact", True, False, lambda seed: xgb(seed, tree_method="exact", n_estimators=4, max_depth=4)),
    ("xgboost dart", False, False, lambda seed: xgb(seed, booster="dart", rate_drop=0.3)),
    ("lightgbm", True, False, lambda seed: lgb(seed)),
    ("lightgbm codes", True, True, lambda seed: lgb(seed, codes=(6,))),
    ("lightgbm zeros", True, False, lambda seed: lgb(seed, zero_as_missing=True)),
    ("catboost", True, False, lambda seed: cat(seed)),
    ("random forest", False, False, lambda seed: sklearn_model(
        RandomForestClassifier, n_estimators=6, max_depth=4, random_state=seed)),
    ("extra trees", False, False, lambda seed: sklearn_model(
        ExtraTreesClassifier, n_estimators=6, max_depth=4, random_state=seed)),
    ("gradient boosting", False, False, lambda seed: sklearn_model(
        GradientBoostingClassifier, n_estimators=6, max_depth=3, random_state=seed)),
    ("hist boosting", True, False, lambda seed: sklearn_model(
        HistGradientBoostingClassifier, max_iter=6, max_leaf_nodes=7, min_samples_leaf=8, random_state=seed)),
    ("one tree", False, False, lambda seed: sklearn_model(DecisionTreeClassifier, max_depth=5, random_state=seed)),
]  # fmt: skip


def make_victim(at: int, seed: int) -> Victim:
    name, gaps, codes, recipe = RECIPES[at]
    rows, labels = make_rows(seed, gaps=gaps)
    model, margins = recipe(seed)(rows, labels)
    return Victim(name=name, forest=forest_of(model), margins=margins, rows=rows, gaps=gaps, codes=codes)


@pytest.fixture(scope="session")
def victims() -> list[Victim]:
    """Two models of every recipe."""
    return [make_victim(at, seed) for at in range(len(RECIPES)) for seed in (1, 2)]
