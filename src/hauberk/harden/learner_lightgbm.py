# SPDX-License-Identifier: Apache-2.0
"""Train with LightGBM, and write its native text."""

from __future__ import annotations

import json
from typing import Any

import lightgbm
import numpy as np

from hauberk.core.errors import UsageError
from hauberk.harden.lesson import Lesson
from hauberk.harden.recipe import Recipe

_FULL_BINS = 255
_UNTYPED: Any = lightgbm  # its own types hide what a callback is


def fit_lightgbm(lesson: Lesson, recipe: Recipe, seed: int) -> bytes:
    """Train, and return the model file's bytes.

    Args:
        lesson: the rows and the constraints.
        recipe: parameters and number of trees.
        seed: of everything that LightGBM draws.

    Raises:
        UsageError: LightGBM refuses the data or the parameters.
    """
    params: dict[str, Any] = {
        **recipe.params,
        **_constraints(lesson, recipe),
        "objective": "binary",
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        lesson.matrix,
        lesson.event,
        weight=None if np.all(lesson.weight == 1.0) else lesson.weight,
        feature_name=list(lesson.features),
        categorical_feature=lesson.codes or [],
        params=params,
    )
    try:
        text: str = _UNTYPED.train(params, data, num_boost_round=recipe.rounds).model_to_string()
    except lightgbm.basic.LightGBMError as error:
        raise UsageError("LightGBM refuses this training", why=" ".join(str(error).split())[:300]) from error
    return _with_categories(text, lesson).encode()


def _constraints(lesson: Lesson, recipe: Recipe) -> dict[str, Any]:
    """LightGBM's own words for the constraints; groups of columns are told apart by position."""
    found: dict[str, Any] = {}
    if any(lesson.signs):
        found |= {"monotone_constraints": lesson.signs, "monotone_constraints_method": "intermediate"}
    if lesson.apart:
        place = {name: at for at, name in enumerate(lesson.features)}
        found["interaction_constraints"] = [[place[name] for name in group] for group in lesson.apart]
    if lesson.coarse:
        full = int(recipe.params.get("max_bin", _FULL_BINS))
        found["max_bin_by_feature"] = [lesson.coarse.get(name, full) for name in lesson.features]
    return found


def _with_categories(text: str, lesson: Lesson) -> str:
    """Write the words behind the codes where LightGBM keeps those of pandas columns: in the file's last line."""
    worded = [lesson.categories[lesson.features[at]] for at in lesson.codes if lesson.features[at] in lesson.categories]
    if not worded:
        return text
    head, _, _ = text.rpartition("pandas_categorical:")
    return f"{head}pandas_categorical:{json.dumps(worded)}\n"
