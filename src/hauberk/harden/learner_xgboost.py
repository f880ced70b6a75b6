# SPDX-License-Identifier: Apache-2.0
"""Train with XGBoost, and write its JSON."""

from __future__ import annotations

import json
from typing import Any

from hauberk.core.errors import UsageError
from hauberk.harden.lesson import Lesson
from hauberk.harden.recipe import Recipe


def fit_xgboost(lesson: Lesson, recipe: Recipe, seed: int) -> bytes:
    """Train, and return the model file's bytes.

    Args:
        lesson: the rows and the constraints; columns of words are not for XGBoost here.
        recipe: parameters and number of trees.
        seed: of everything that XGBoost draws.

    Raises:
        UsageError: XGBoost is not installed, or refuses the data or the parameters.
    """
    try:
        import xgboost
    except ImportError as error:
        raise UsageError("xgboost is not installed", next_step="pip install 'hauberk[xgboost]'") from error
    params: dict[str, Any] = {
        "tree_method": "hist",
        **recipe.params,
        **_constraints(lesson),
        "objective": "binary:logistic",
        "seed": seed,
        "nthread": 1,
        "verbosity": 0,
    }
    try:
        data = xgboost.DMatrix(
            lesson.matrix, lesson.event, weight=lesson.weight, feature_names=list(lesson.features), nthread=1
        )
        booster = xgboost.train(params, data, num_boost_round=recipe.rounds)
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise UsageError("XGBoost refuses this training", why=" ".join(str(error).split())[:300]) from error
    return bytes(booster.save_raw("json"))


def _constraints(lesson: Lesson) -> dict[str, Any]:
    """XGBoost's own words for the constraints."""
    found: dict[str, Any] = {}
    if any(lesson.signs):
        found["monotone_constraints"] = "(" + ",".join(str(sign) for sign in lesson.signs) + ")"
    if lesson.apart:
        place = {name: at for at, name in enumerate(lesson.features)}
        found["interaction_constraints"] = json.dumps([[place[name] for name in group] for group in lesson.apart])
    return found
