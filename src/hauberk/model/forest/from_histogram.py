# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's histogram boosting, with missing values and categories, as a forest.

It compares doubles with `<=`. Where it has categorical columns it moves them to the front and takes them by value; the
forest keeps the model's column order and takes codes, whose values stand in `Forest.categories`.
Source: scikit-learn, sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx and gradient_boosting.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import CATEGORY, NAN_LEFT, Forest, Link
from hauberk.model.forest.from_sklearn import boosting_source
from hauberk.model.forest.grow import Tree, flatten, from_nodes, stump
from hauberk.model.forest.proof import Source, proven


def forest_of_histogram(model: Any, where: str) -> Forest:
    """Convert a HistGradientBoostingClassifier or HistGradientBoostingRegressor.

    Raises:
        UsageError: its categories are words and numbers at once, its loss has a link of its own, or it is not
            margin-equal.
    """
    state = model.__getstate__()
    columns, categories = _columns(model, state)
    start = np.asarray(state["_baseline_prediction"], dtype=np.float64).ravel()
    trees = [_tree(part, columns, slot) for stage in state["_predictors"] for slot, part in enumerate(stage)]
    classifies = hasattr(model, "decision_function")
    if not classifies and model.loss in {"poisson", "gamma"}:
        raise UsageError(
            f"the model's loss {model.loss} gives amounts, and its margins cannot be asked for",
            where=where,
            next_step="train a classifier of the event",
        )
    link = Link.IDENTITY if not classifies else Link.SIGMOID if len(start) == 1 else Link.SOFTMAX
    forest = flatten(
        trees,
        width=int(model.n_features_in_),
        where=where,
        library="scikit-learn",
        start=start,
        link=link,
        categories=categories,
    )
    return proven(forest, _by_value(model, boosting_source(model, link, len(start)), categories), where=where)


def _columns(model: Any, state: dict[str, Any]) -> tuple[NDArray[np.int64], dict[int, tuple[Any, ...]]]:
    """The model's column behind each of the trees' columns, and the values of the categorical ones."""
    width = int(model.n_features_in_)
    marked = model.is_categorical_
    if marked is None or state["_preprocessor"] is None:
        return np.arange(width), {}
    front = np.flatnonzero(marked)
    encoder = state["_preprocessor"].named_transformers_["encoder"]
    known = [tuple(value for value in values.tolist() if not _is_nan(value)) for values in encoder.categories_]
    return np.concatenate([front, np.flatnonzero(~marked)]), dict(zip(map(int, front), known, strict=True))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _tree(part: Any, columns: NDArray[np.int64], slot: int) -> Tree:
    nodes = part.nodes
    if nodes["is_leaf"][0]:
        return stump(nodes["value"][:1, None].astype(np.float64), slot)
    inner = nodes["is_leaf"] == 0
    categorical = nodes["is_categorical"] != 0
    flags = np.where(nodes["missing_go_to_left"] != 0, NAN_LEFT, 0) | np.where(categorical, CATEGORY, 0)
    left = np.where(inner, nodes["left"].astype(np.int64), -1)
    feature = columns[np.where(inner, nodes["feature_idx"], 0)]
    made = from_nodes(
        left, nodes["right"].astype(np.int64), (feature, nodes["num_threshold"], flags), nodes["value"][:, None]
    )
    place = np.cumsum(inner) - 1
    sets = {
        int(place[node]): part.raw_left_cat_bitsets[nodes["bitset_idx"][node]] for node in np.flatnonzero(categorical)
    }
    return Tree(
        left=made.left,
        right=made.right,
        feature=made.feature,
        threshold=made.threshold,
        flags=made.flags,
        values=made.values,
        sets=sets,
        slot=slot,
    )


def _by_value(model: Any, source: Source, categories: dict[int, tuple[Any, ...]]) -> Source:
    """The source with codes turned into the values that the library takes."""
    if not categories:
        return source
    words = any(isinstance(value, str) for values in categories.values() for value in values)
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]

    def _decode(rows: NDArray[np.float64]) -> Any:
        table: NDArray[Any] = rows.astype(object) if words else rows.copy()
        for column, known in categories.items():
            held = np.array([*known, np.nan], dtype=object)
            codes = np.where(np.isnan(rows[:, column]), len(known), rows[:, column]).astype(np.int64)
            table[:, column] = held[codes]
        return _frame(table, names, categories) if names else table

    scores = source.scores
    return Source(
        margins=lambda rows: source.margins(_decode(rows)),
        scores=None if scores is None else lambda rows: scores(_decode(rows)),
    )


def _frame(table: NDArray[Any], names: list[str], categories: dict[int, tuple[Any, ...]]) -> Any:
    """A pandas frame, since a model that knows column names was fitted on a frame; pandas comes with whoever made it."""
    import pandas as pd

    frame: Any = pd.DataFrame(table, columns=names)
    for column, name in enumerate(names):
        kind: Any = pd.CategoricalDtype(list(categories[column])) if column in categories else "float64"
        frame[name] = frame[name].astype(kind)
    return frame
