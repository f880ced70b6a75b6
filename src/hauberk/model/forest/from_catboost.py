# SPDX-License-Identifier: Apache-2.0
"""CatBoost's trees on numeric columns as a forest: symmetric ones, and those grown by depth or by leaf.

CatBoost rounds rows to float32 and goes right where `x > border`; a missing value goes to the side that the column
names. Each level of a symmetric tree asks one question, and the answers are the bits of the leaf's number. Models that
read categories are refused: their files keep hashes of words and tables of counts, not the words.
Source: CatBoost, catboost/libs/model (JSON form of a model).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import NAN_LEFT, Forest, Link
from hauberk.model.forest.grow import Tree, flatten, from_nodes, stump
from hauberk.model.forest.proof import Source, proven


def forest_of_catboost(model: Any, where: str) -> Forest:
    """Convert a fitted `catboost.CatBoost`.

    Raises:
        UsageError: it reads categories, text or embeddings, or it is not margin-equal.
    """
    import catboost

    refusal: type[Exception] = vars(catboost)["CatBoostError"]
    document = _document(model)
    features = document["features_info"]
    others = [name for name in ("categorical_features", "text_features", "embedding_features") if features.get(name)]
    if others:
        raise UsageError(
            f"the model reads {others[0].replace('_', ' ')}",
            where=where,
            why="a CatBoost file keeps hashes of words and tables of counts, not the words that a record can hold",
            next_step="train on numeric columns, or attack the model by its scores",
        )
    scale, bias = document["scale_and_bias"]
    start = np.asarray(bias, dtype=np.float64).ravel()
    columns = {int(item["feature_index"]): item for item in features.get("float_features", [])}
    grown = _symmetric if "oblivious_trees" in document else _free
    written: list[Any] = document.get("oblivious_trees") or document.get("trees") or []
    trees = [grown(tree, columns, float(scale), len(start)) for tree in written]
    link = _link(document, len(start))
    forest = flatten(
        trees,
        width=len(model.feature_names_),
        where=where,
        library="catboost",
        start=start,
        single=True,
        link=link,
    )
    return proven(forest, _source(model, link, refusal), where=where)


def _source(model: Any, link: Link, refusal: type[Exception]) -> Source:
    def _predict(rows: NDArray[np.float64], kind: str) -> Any:
        with np.errstate(over="ignore", under="ignore"):
            single = rows.astype(np.float32)
        answer = np.asarray(model.predict(single, prediction_type=kind, thread_count=1))
        return answer[:, 1] if kind == "Probability" and link is Link.SIGMOID else answer

    return Source(
        margins=lambda rows: _predict(rows, "RawFormulaVal"),
        scores=None if link is Link.IDENTITY else lambda rows: _predict(rows, "Probability"),
        refusals=(refusal, ValueError),
    )


def _document(model: Any) -> Any:
    # CatBoost writes its JSON form to a path alone
    with tempfile.TemporaryDirectory(prefix="hauberk-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return json.loads(path.read_bytes())


def _link(document: Any, outputs: int) -> Link:
    loss = document["model_info"].get("params", {}).get("loss_function", {}).get("type", "")
    if loss in {"Logloss", "CrossEntropy"}:
        return Link.SIGMOID
    return Link.SOFTMAX if loss == "MultiClass" and outputs > 1 else Link.IDENTITY


def _symmetric(tree: Any, columns: dict[int, Any], scale: float, outputs: int) -> Tree:
    splits: list[Any] = tree.get("splits") or []
    values = scale * np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs)
    if not splits:
        return stump(values)
    depth = len(splits)
    # the inner nodes of level d are numbered from 2^d - 1; below level d a right turn adds 2^d to the leaf's number
    level = np.repeat(np.arange(depth), 1 << np.arange(depth))
    turns = np.arange(len(level)) - ((1 << level) - 1)
    number = np.array([_reverse(int(turn), int(deep)) for turn, deep in zip(turns, level, strict=True)])
    below = 2 * np.arange(len(level)) + 1
    last = level == depth - 1
    feature, border, missing = _questions(splits, columns)
    return Tree(
        left=np.where(last, -1 - number, below),
        right=np.where(last, -1 - (number + (1 << (depth - 1))), below + 1),
        feature=feature[level],
        threshold=border[level],
        flags=missing[level],
        values=values,
    )


def _questions(splits: list[Any], columns: dict[int, Any]) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[Any]]:
    """Column, threshold and flags of each test."""
    asked = [columns[int(split["float_feature_index"])] for split in splits]
    missing = [0 if item["nan_value_treatment"] == "AsTrue" else NAN_LEFT for item in asked]
    border = np.array([split["border"] for split in splits], dtype=np.float32).astype(np.float64)
    feature = np.array([int(item["flat_feature_index"]) for item in asked], dtype=np.int64)
    return feature, border, np.array(missing, dtype=np.uint8)


def _free(tree: Any, columns: dict[int, Any], scale: float, outputs: int) -> Tree:
    """A tree that is written node inside node; each inner one has a split and two sides."""
    order, at = [tree], 0
    left: list[int] = []
    while at < len(order):
        node = order[at]
        left.append(len(order) if "split" in node else -1)
        order += [node["left"], node["right"]] if "split" in node else []
        at += 1
    values = np.array([np.resize(node.get("value", 0.0), outputs) for node in order], dtype=np.float64)
    if left[0] < 0:
        return stump(scale * values[:1])
    inner = np.array(left) >= 0
    facts = _questions([node["split"] for node in order if "split" in node], columns)
    spread = tuple(np.zeros(len(order), dtype=part.dtype) for part in facts)
    for whole, part in zip(spread, facts, strict=True):
        whole[inner] = part
    first = np.array(left, dtype=np.int64)
    return from_nodes(first, np.where(inner, first + 1, -1), (spread[0], spread[1], spread[2]), scale * values)


def _reverse(turns: int, count: int) -> int:
    """The number whose lowest bit is the first turn, from one whose highest of `count` bits is."""
    return int(f"{turns:0{count}b}"[::-1], 2) if count else 0
