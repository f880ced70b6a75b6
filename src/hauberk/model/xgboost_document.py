# SPDX-License-Identifier: Apache-2.0
"""What is read from XGBoost's own JSON: the categories of its columns, and whether its trees are trees."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from hauberk.model.tree_shape import fault


def document_fault(document: Any) -> str:
    """Return what is wrong with an XGBoost document, or an empty string."""
    try:
        learner = document["learner"]
        width = int(learner["learner_model_param"]["num_feature"])
        str(learner["objective"]["name"])
        trees = _model(learner).get("trees", [])
    except (KeyError, TypeError, ValueError) as error:
        return f"it lacks {error}"
    for number, tree in enumerate(trees):
        try:
            wrong = _tree_fault(tree, width)
        except (KeyError, TypeError, ValueError) as error:
            wrong = f"it lacks {error}"
        if wrong:
            return f"tree {number}: {wrong}"
    return ""


def categories_of(learner: Any) -> dict[int, list[Any]]:
    """Return the values of each categorical column, in code order, by column number; empty where none are recorded."""
    found: dict[int, list[Any]] = {}
    for column, encoding in enumerate(_model(learner).get("cats", {}).get("enc", [])):
        values = encoding.get("values", [])
        if len(values) == 0:
            continue
        if "offsets" not in encoding:
            found[column] = np.asarray(values).tolist()
            continue
        letters = bytes(np.asarray(values).astype(np.int64).astype(np.uint8))
        ends = np.asarray(encoding["offsets"]).tolist()
        found[column] = [letters[start:stop].decode("utf-8") for start, stop in pairwise(ends)]
    return found


def _model(learner: Any) -> Any:
    """The trees' own document; DART keeps it one level deeper."""
    booster = learner["gradient_booster"]
    return booster["gbtree"]["model"] if "gbtree" in booster else booster["model"]


def _tree_fault(tree: Any, width: int) -> str:
    left = np.asarray(tree["left_children"], dtype=np.int64)
    right = np.asarray(tree["right_children"], dtype=np.int64)
    feature = np.asarray(tree["split_indices"], dtype=np.int64)
    size = len(left)
    if len(right) != size or len(feature) != size or size == 0:
        return "its arrays differ in length"
    leaf = left == -1
    if (leaf != (right == -1)).any():
        return "a node has one branch"
    if max(left.max(), right.max()) >= size or min(left.min(), right.min()) < -1:
        return "a branch leads outside the tree"
    # leaves and inner nodes share one numbering here; renumber to the two that `fault` takes
    number = np.where(leaf, -np.cumsum(leaf), np.cumsum(~leaf) - 1)
    inner = ~leaf
    return fault(number[left[inner]], number[right[inner]], feature[inner], leaves=int(leaf.sum()), width=width)
