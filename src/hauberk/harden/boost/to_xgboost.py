# SPDX-License-Identifier: Apache-2.0
"""A forest of binary logistic trees as the JSON that XGBoost reads.

XGBoost sends `x < t` left in single precision, the forest `x <= t`, so each threshold is written as the next float32.
Numbers are spelled with the fewest digits that give the same float32.
Source: XGBoost, doc/tutorials/saving_model and doc/model.schema.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import NAN_LEFT, Forest

_NO_PARENT = 2147483647


def xgboost_json(forest: Forest, cover: NDArray[np.float64], names: Sequence[str]) -> bytes:
    """Return the model as XGBoost's JSON.

    Args:
        forest: numeric trees of one output in single precision, whose sum starts with 0.
        cover: weight of the training rows in each node, shape (n,).
        names: the columns' names; empty for none.
    """
    ends = [*forest.roots.tolist(), len(forest.child)]
    trees = [_tree(forest, cover, number, ends[number], ends[number + 1]) for number in range(forest.trees)]
    model: dict[str, Any] = {
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": list(range(len(trees) + 1)),
        "tree_info": [0] * len(trees),
        "trees": trees,
    }
    learner: dict[str, Any] = {
        "attributes": {},
        "feature_names": list(names),
        "feature_types": ["float"] * len(names),
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "5E-1",
            "boost_from_average": "0",
            "num_class": "0",
            "num_feature": str(forest.width),
            "num_target": "1",
        },
        "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    return json.dumps({"learner": learner, "version": [3, 0, 0]}, separators=(",", ":")).encode()


def _tree(forest: Forest, cover: NDArray[np.float64], number: int, begin: int, end: int) -> dict[str, Any]:
    child = forest.child[begin:end]
    inner = child >= 0
    left = np.where(inner, child - begin, -1)
    parents = np.full(end - begin, _NO_PARENT, dtype=np.int64)
    parents[left[inner]] = parents[left[inner] + 1] = np.flatnonzero(inner)
    above = np.nextafter(forest.threshold[begin:end].astype(np.float32), np.float32(np.inf))
    values = forest.values[np.where(inner, 0, -1 - child), 0].astype(np.float32)
    return {
        "base_weights": _spelled(np.where(inner, np.float32(0), values)),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [int(flag & NAN_LEFT != 0) for flag in forest.flags[begin:end]],
        "id": number,
        "left_children": left.tolist(),
        "loss_changes": [0.0] * (end - begin),
        "parents": parents.tolist(),
        "right_children": np.where(inner, left + 1, -1).tolist(),
        "split_conditions": _spelled(np.where(inner, above, values)),
        "split_indices": np.where(inner, forest.feature[begin:end], 0).tolist(),
        "split_type": [0] * (end - begin),
        "sum_hessian": _spelled(cover[begin:end].astype(np.float32)),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(forest.width),
            "num_nodes": str(end - begin),
            "size_leaf_vector": "1",
        },
    }


def _spelled(values: NDArray[np.float32]) -> list[float]:
    return [float(str(value)) for value in values]
