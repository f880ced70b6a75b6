# SPDX-License-Identifier: Apache-2.0
"""LightGBM: native text files and boosters in memory.

LightGBM compares doubles, so the frame goes in as float64. Categories of pandas columns stand in the file's last line
and are matched by value; a value that is not among them is missing, as in LightGBM's own code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import column_names, event_index
from hauberk.model.forest.arrival import converters
from hauberk.model.forest.event import event_forest
from hauberk.model.lightgbm_text import text_fault
from hauberk.model.matrix import numeric_matrix
from hauberk.model.tree_proof import shown_by_scores
from hauberk.model.trees import TreeReader, Trees

_BINARY = ("binary", "cross_entropy", "xentropy")
"""Objectives whose transformed output is P(class 1)."""


@dataclass(frozen=True, slots=True)
class BoosterScorer:
    """Scores with a LightGBM booster."""

    booster: Any
    categories: dict[str, list[Any]]
    event: int
    softmax: bool
    threads: int
    where: str

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        matrix = numeric_matrix(frame, self.categories, where=self.where)
        extra = {"num_threads": self.threads} if self.threads else {}
        answer: NDArray[np.float64] = np.asarray(self.booster.predict(matrix, **extra), dtype=np.float64)
        if self.softmax:
            return np.ascontiguousarray(answer[:, self.event])
        return answer if self.event == 1 else 1.0 - answer


def open_text(content: bytes, request: Request) -> Opened:
    """Open a model in LightGBM's text format.

    Raises:
        Unreadable: the text is cut off or LightGBM cannot read it.
        UsageError: the objective does not give a probability of two classes.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _broken(request, "it is not UTF-8 text") from error
    wrong = text_fault(text)
    if wrong:
        raise _broken(request, wrong)
    try:
        booster = lightgbm.Booster(model_str=text)
    except (lightgbm.basic.LightGBMError, ValueError) as error:
        raise _broken(request, str(error)[:200]) from error
    return open_booster(booster, request, text=text)


def open_booster(booster: Any, request: Request, *, text: str = "", classes: tuple[Any, ...] = (0, 1)) -> Opened:
    """Open a booster in memory.

    Args:
        booster: a `lightgbm.Booster`.
        request: what the caller says.
        text: its text form, if it is at hand.
        classes: the labels in the order of its outputs.

    Raises:
        UsageError: the objective does not give a probability of two classes, or columns cannot be told.
    """
    head = text or booster.model_to_string(num_iteration=1)
    objective = _objective(head, request)
    event = event_index(classes, request.positive, where=request.where)
    own = _unmangled(booster.feature_name(), request.features or ())
    features = column_names(own, booster.num_feature(), request.features, where=request.where)
    scorer = BoosterScorer(
        booster=booster,
        categories=_categories(head, booster.pandas_categorical, features, request),
        event=event,
        softmax=objective.startswith("multiclass"),
        threads=request.threads,
        where=request.where,
    )
    trees = TreeReader(lambda: _trees(scorer, features))
    return Opened(framework="lightgbm", features=features, scorer=scorer, objective=objective, trees=trees)


def _trees(scorer: BoosterScorer, features: tuple[str, ...]) -> Trees:
    forest = converters("from_lightgbm").forest_of_booster(scorer.booster, scorer.where)
    trees = Trees(
        forest=event_forest(forest, scorer.event, where=scorer.where),
        features=features,
        codes={name: tuple(values) for name, values in scorer.categories.items()},
        where=scorer.where,
    )
    return shown_by_scores(trees, scorer)


def open_classifier(model: Any, request: Request) -> Opened:
    """Open a fitted `lightgbm.LGBMClassifier` by its booster, with its class names.

    Raises:
        UsageError: it is not fitted, or as for `open_booster`.
    """
    try:
        booster, classes = model.booster_, tuple(model.classes_)
    except lightgbm.sklearn.LGBMNotFittedError as error:
        raise UsageError("this LGBMClassifier is not fitted", where=request.where, next_step="fit it first") from error
    return open_booster(booster, request, classes=classes)


def _unmangled(own: list[str], given: tuple[str, ...]) -> list[str]:
    """The names as the data has them: LightGBM writes an underscore for each blank in a column's name."""
    written: dict[str, list[str]] = {}
    for name in given:
        written.setdefault(name.replace(" ", "_"), []).append(name)
    return [name if name in given or len(written.get(name, ())) != 1 else written[name][0] for name in own]


def _objective(head: str, request: Request) -> str:
    found = re.search(r"^objective=(.*)$", head, re.MULTILINE)
    objective = found[1].strip() if found else "none recorded (a custom objective)"
    name = objective.split(" ")[0]
    if name in _BINARY or (name == "multiclass" and "num_class:2" in objective.split(" ")):
        return objective
    raise UsageError(
        "the model does not give a probability of two classes",
        where=request.where,
        why=f"LightGBM objective: {objective}",
        next_step="train with objective=binary, or wrap the model in a classifier with calibrated probabilities",
    )


def _categories(head: str, lists: Any, features: tuple[str, ...], request: Request) -> dict[str, list[Any]]:
    if not lists:
        return {}
    declared = re.search(r"^\[categorical_feature: ([\d,]+)\]$", head, re.MULTILINE)
    columns = [int(index) for index in declared[1].split(",")] if declared else []
    if len(columns) != len(lists):
        raise UsageError(
            f"the model has categories for {len(lists)} columns and marks {len(columns)} columns as categorical",
            where=request.where,
            why="LightGBM does not record which list belongs to which column, so any guess may score wrongly",
            next_step="train with every categorical column as a pandas category, or with none",
        )
    return {features[column]: values for column, values in zip(columns, json.loads(json.dumps(lists)), strict=True)}


def _broken(request: Request, why: str) -> Unreadable:
    return Unreadable(
        "the file looks like a LightGBM model and cannot be read as one",
        where=request.where,
        why=why,
        next_step="save the model again with Booster.save_model",
    )
