# SPDX-License-Identifier: Apache-2.0
"""Train a model file by a recipe, and choose what a recipe leaves open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hauberk.harden.learner_lightgbm import fit_lightgbm
from hauberk.harden.learner_xgboost import fit_xgboost
from hauberk.harden.lesson import Lesson
from hauberk.harden.recipe import Learner, Recipe, Setting

_OPEN: dict[Learner, tuple[dict[str, Setting], ...]] = {
    Learner.LIGHTGBM: (
        {"learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 20},
        {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 20},
        {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 40},
        {"learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 20},
    ),
    Learner.XGBOOST: (
        {"learning_rate": 0.03, "min_child_weight": 5.0},
        {"learning_rate": 0.1, "min_child_weight": 5.0},
        {"learning_rate": 0.3, "min_child_weight": 1.0},
    ),
}
"""What is tried where a file does not say how its model was trained."""

_SUFFIX = {Learner.LIGHTGBM: ".txt", Learner.XGBOOST: ".json"}


def learn(lesson: Lesson, recipe: Recipe, seed: int) -> bytes:
    """Train, and return the bytes of a plain model file of the recipe's library.

    Raises:
        UsageError: the library is absent, or refuses.
    """
    train = fit_xgboost if recipe.learner is Learner.XGBOOST else fit_lightgbm
    return train(lesson, recipe, seed)


def suffix_of(recipe: Recipe) -> str:
    """The usual ending of the library's model files."""
    return _SUFFIX[recipe.learner]


def settle(recipe: Recipe, lesson: Lesson, area: Callable[[bytes], float], seed: int) -> Recipe:
    """Choose what a recipe leaves open: the settings whose model has the largest area on rows not trained on.

    Args:
        recipe: complete ones come back as they are.
        lesson: rows to train on.
        area: area under the ROC curve of a model file on the rows to choose on.
        seed: of the training.
    """
    if recipe.complete:
        return recipe
    worded = bool(lesson.categories) and recipe.learner is Learner.XGBOOST
    if worded:  # XGBoost's file keeps no words for its codes
        source = f"{recipe.source}; columns of words need LightGBM, which replaces it"
        recipe = replace(recipe, learner=Learner.LIGHTGBM, params={}, source=source)
    tried = [replace(recipe, params={**options, **recipe.params}) for options in _OPEN[recipe.learner]]
    areas: NDArray[np.float64] = np.array([area(learn(lesson, option, seed)) for option in tried])
    best = tried[int(areas.argmax())]
    chosen = ", ".join(f"{name} = {value}" for name, value in best.params.items())
    return replace(best, complete=True, source=f"{recipe.source}; chosen on the validation rows: {chosen}")
