# SPDX-License-Identifier: Apache-2.0
"""XGBoost: native JSON and UBJSON files, and boosters in memory.

XGBoost compares single-precision values. Categories recorded in the model (since XGBoost 3.1) are matched by value; a
model without them wants codes. A category outside training is refused: XGBoost 3.2 refuses it too if it sorts after
every known one, and silently takes it for its neighbour otherwise. With early stopping the rounds up to the best one
count, as in the library's own classifier.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model import ubjson
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import column_names, event_index
from hauberk.model.forest.arrival import converters
from hauberk.model.forest.event import event_forest
from hauberk.model.forest.flat import Link
from hauberk.model.matrix import numeric_matrix
from hauberk.model.tree_proof import shown_by_scores
from hauberk.model.trees import TreeReader, Trees
from hauberk.model.xgboost_document import categories_of, document_fault

_PROBABILITY = ("binary:logistic", "reg:logistic")
_OBJECTIVES = (*_PROBABILITY, "binary:logitraw", "binary:hinge", "multi:softprob")


@dataclass(frozen=True, slots=True)
class XgboostScorer:
    """Scores with an XGBoost booster."""

    booster: Any
    categories: dict[str, list[Any]]
    objective: str
    event: int
    rounds: tuple[int, int]
    missing: float
    linear: bool
    where: str

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        coded = numeric_matrix(frame, self.categories, refuse_unknown=True, where=self.where)
        matrix = np.ascontiguousarray(coded, dtype=np.float32)
        answer: NDArray[np.float64] = np.asarray(self._predict(matrix), dtype=np.float64)
        if self.objective == "multi:softprob":
            return np.ascontiguousarray(answer[:, self.event])
        if self.objective == "binary:logitraw":
            answer = 1.0 / (1.0 + np.exp(-answer))
        return answer if self.event == 1 else 1.0 - answer

    def _predict(self, matrix: NDArray[np.float32]) -> Any:
        if not self.linear:
            return self.booster.inplace_predict(
                matrix, iteration_range=self.rounds, missing=self.missing, validate_features=False
            )
        from xgboost import DMatrix

        return self.booster.predict(DMatrix(matrix, missing=self.missing), validate_features=False)


def open_file(content: bytes, request: Request) -> Opened:
    """Open a model in XGBoost's JSON or UBJSON format.

    Raises:
        UsageError: xgboost is not installed, or the objective does not give a probability of two classes.
        Unreadable: the file is cut off or is not a model.
    """
    try:
        import xgboost
    except ImportError as error:
        raise UsageError(
            "this is an XGBoost model, and xgboost is not installed",
            where=request.where,
            next_step="pip install 'hauberk[xgboost]'",
        ) from error
    document = _document(content, request)
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(content))
    except xgboost.core.XGBoostError as error:
        raise _broken(request, str(error).splitlines()[0][:200]) from error
    return _open(booster, document, request, (0, 1), float("nan"))


def open_booster(
    booster: Any, request: Request, *, classes: tuple[Any, ...] = (0, 1), missing: float = float("nan")
) -> Opened:
    """Open an `xgboost.Booster` in memory.

    Args:
        booster: the booster.
        request: what the caller says.
        classes: the labels in the order of its outputs.
        missing: the number that stands for a missing value.

    Raises:
        UsageError: the objective does not give a probability of two classes.
    """
    return _open(booster, _document(bytes(booster.save_raw("ubj")), request), request, classes, missing)


def open_classifier(model: Any, request: Request) -> Opened:
    """Open a fitted `xgboost.XGBClassifier` by its booster, with its class names and its missing value.

    Raises:
        UsageError: it is not fitted, or as for `open_booster`.
    """
    if not model.__sklearn_is_fitted__():
        raise UsageError("this XGBClassifier is not fitted", where=request.where, next_step="fit it first")
    return open_booster(model.get_booster(), request, classes=tuple(model.classes_), missing=float(model.missing))


def _open(booster: Any, document: Any, request: Request, classes: tuple[Any, ...], missing: float) -> Opened:
    learner = document["learner"]
    objective = str(learner["objective"]["name"])
    classed = int(learner["learner_model_param"].get("num_class", 0))
    if objective not in _OBJECTIVES or (objective == "multi:softprob" and classed != 2):
        raise UsageError(
            "the model does not give a probability of two classes",
            where=request.where,
            why=f"XGBoost objective: {objective}" + (f" with {classed} classes" if classed else ""),
            next_step="train with objective=binary:logistic",
        )
    width = int(booster.num_features())
    features = column_names(booster.feature_names or [], width, request.features, where=request.where)
    if request.threads:
        booster.set_param({"nthread": request.threads})
    linear = learner["gradient_booster"].get("name") == "gblinear"
    scorer = XgboostScorer(
        booster=booster,
        categories={features[column]: values for column, values in categories_of(learner).items()},
        objective=objective,
        event=event_index(classes, request.positive, where=request.where),
        rounds=_rounds(booster, linear=linear),
        missing=missing,
        linear=linear,
        where=request.where,
    )
    return Opened(
        framework="xgboost",
        features=features,
        scorer=scorer,
        labels_only=objective == "binary:hinge",
        objective=objective,
        # a hinge answers decisions alone: no margin says how near one is
        trees=None if linear or objective == "binary:hinge" else TreeReader(lambda: _trees(scorer, features)),
    )


def _rounds(booster: Any, *, linear: bool) -> tuple[int, int]:
    """The rounds that count: all of them, which (0, 0) says, or those up to the best one."""
    best = booster.attr("best_iteration")
    return (0, int(best) + 1) if best is not None and not linear else (0, 0)


def _trees(scorer: XgboostScorer, features: tuple[str, ...]) -> Trees:
    if not np.isnan(scorer.missing):
        raise UsageError(
            f"the model reads the number {scorer.missing:g} as a missing value, which its trees do not know",
            where=scorer.where,
            next_step="attack the model by its scores, which need no trees",
        )
    forest = converters("from_xgboost").forest_of_booster(scorer.booster, scorer.where)
    if scorer.objective == "binary:logitraw":
        forest = replace(forest, link=Link.SIGMOID)
    trees = Trees(
        forest=event_forest(forest, scorer.event, where=scorer.where),
        features=features,
        codes={name: tuple(values) for name, values in scorer.categories.items()},
        refuses_unknown=True,
        where=scorer.where,
    )
    return shown_by_scores(trees, scorer)


def _document(content: bytes, request: Request) -> Any:
    try:
        document = json.loads(content) if content[:2] in {b'{"', b"{\n", b"{ "} else ubjson.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(request, str(error)[:200]) from error
    fault = document_fault(document)
    if fault:
        raise _broken(request, fault)
    return document


def _broken(request: Request, why: str) -> Unreadable:
    return Unreadable(
        "the file looks like an XGBoost model and cannot be read as one",
        where=request.where,
        why=why,
        next_step="save the model again with Booster.save_model",
    )
