# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's trees, forests, extra trees and gradient boosting as a forest.

scikit-learn rounds rows to float32 and compares them with double thresholds by `<=`. A classifier of two classes has one
output, P(second class); one of more has one output a class. Forests average, boosting adds.
Source: scikit-learn, sklearn/tree/_tree.pyx and sklearn/ensemble/_gradient_boosting.pyx.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import NAN_LEFT, Forest, Link
from hauberk.model.forest.grow import Tree, flatten, from_nodes
from hauberk.model.forest.proof import Source, proven


def sklearn_tree(tree: Any, values: NDArray[np.float64], columns: NDArray[np.int64] | None = None) -> Tree:
    """Return one `sklearn.tree._tree.Tree`.

    Args:
        tree: the tree.
        values: value of each node, shape (n, outputs).
        columns: the model's column behind each of the tree's; the same by default.
    """
    nodes = tree.__getstate__()["nodes"]
    feature = np.maximum(nodes["feature"].astype(np.int64), 0)
    if columns is not None:
        feature = columns[feature]
    flags = np.where(nodes["missing_go_to_left"] != 0, NAN_LEFT, 0)
    return from_nodes(
        nodes["left_child"].astype(np.int64),
        nodes["right_child"].astype(np.int64),
        (feature, nodes["threshold"], flags),
        values,
    )


def forest_of_trees(model: Any, where: str) -> Forest:
    """Convert a DecisionTree, ExtraTree, RandomForest or ExtraTrees classifier or regressor.

    Raises:
        UsageError: it has several outputs, or is not margin-equal.
    """
    if model.n_outputs_ != 1:
        raise UsageError(
            f"the model answers {model.n_outputs_} questions at once",
            where=where,
            next_step="train one model for the event",
        )
    members = list(getattr(model, "estimators_", [model]))
    trees = [sklearn_tree(member.tree_, _leaf_values(member)) for member in members]
    outputs = trees[0].values.shape[1]

    def _margins(rows: NDArray[np.float64]) -> Any:
        if not hasattr(model, "predict_proba"):
            return model.predict(rows)
        answer = model.predict_proba(rows)
        return answer[:, 1] if answer.shape[1] == 2 else answer

    forest = flatten(
        trees,
        width=int(model.n_features_in_),
        where=where,
        library="scikit-learn",
        start=np.zeros(outputs),
        divisor=float(len(trees)),
        single=True,
    )
    return proven(forest, Source(margins=_margins), where=where)


def _leaf_values(member: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = member.tree_.value[:, 0, :]
    return values[:, 1:] if hasattr(member, "predict_proba") and values.shape[1] == 2 else values


def forest_of_boosting(model: Any, where: str) -> Forest:
    """Convert a GradientBoostingClassifier or GradientBoostingRegressor.

    Raises:
        UsageError: another model gives its first margins, or it is not margin-equal.
    """
    width = int(model.n_features_in_)
    start = _boosting_start(model, width, where)
    trees = [
        _slotted(sklearn_tree(member.tree_, model.learning_rate * member.tree_.value[:, 0, :]), slot)
        for stage in model.estimators_
        for slot, member in enumerate(stage)
    ]
    classifies = hasattr(model, "decision_function")
    link = Link.IDENTITY if not classifies else Link.SIGMOID if len(start) == 1 else Link.SOFTMAX
    forest = flatten(
        trees,
        width=width,
        where=where,
        library="scikit-learn",
        start=start,
        single=True,
        link=link,
        # the exponential loss fits half the log-odds
        sigma=2.0 if classifies and model.loss == "exponential" else 1.0,
    )
    return proven(forest, boosting_source(model, link, len(start)), where=where)


def _boosting_start(model: Any, width: int, where: str) -> NDArray[np.float64]:
    """The margins of the model's constant first predictor, through its loss's link."""
    if isinstance(model.init_, str):
        return np.zeros(int(model.n_trees_per_iteration_))
    if not type(model.init_).__name__.startswith("Dummy"):
        raise UsageError(
            "the model starts from another model's predictions",
            where=where,
            why=f"init={type(model.init_).__name__}",
            next_step="train with the default init, or attack the model by its scores",
        )
    row = np.zeros((1, width))
    if not hasattr(model, "decision_function"):
        return np.asarray(model.init_.predict(row), dtype=np.float64)
    eps = float(np.finfo(np.float64).eps)
    shares = np.clip(np.asarray(model.init_.predict_proba(row)[0], dtype=np.float64), eps, 1 - eps)
    if len(shares) > 2:
        return np.asarray(np.log(shares) - np.log(shares).mean(), dtype=np.float64)
    logit = np.log(shares[1:] / (1 - shares[1:]))
    return np.asarray(logit / 2 if model.loss == "exponential" else logit, dtype=np.float64)


def boosting_source(model: Any, link: Link, outputs: int) -> Source:
    """Return the predictor of a boosted classifier or regressor of scikit-learn."""
    if not hasattr(model, "decision_function"):
        return Source(margins=model.predict)

    def _scores(rows: NDArray[np.float64]) -> Any:
        answer: Any = model.predict_proba(rows)
        return answer[:, 1] if outputs == 1 else answer

    return Source(margins=model.decision_function, scores=None if link is Link.IDENTITY else _scores)


def _slotted(tree: Tree, slot: int) -> Tree:
    return Tree(
        left=tree.left,
        right=tree.right,
        feature=tree.feature,
        threshold=tree.threshold,
        flags=tree.flags,
        values=tree.values,
        sets=tree.sets,
        slot=slot,
    )
