# SPDX-License-Identifier: Apache-2.0
"""XGBoost boosters (hist, exact, approx, DART; categories) as a forest.

The model is read as UBJSON, which keeps every float32. XGBoost compares float32 with `<` and sums in float32. Leaves are
in `split_conditions`; `base_weights` holds other numbers. A set of categories names what goes right, so that its
branches change places here. The rounds up to the best iteration count, as in the library's own classifier.
Source: XGBoost, src/tree/io_utils.h, src/common/categorical.h and doc/tutorials/saving_model.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model import ubjson
from hauberk.model.forest.flat import CATEGORY, NAN_LEFT, Forest, Link
from hauberk.model.forest.grow import Tree, flatten, from_nodes, stump, words_of
from hauberk.model.forest.proof import Source, proven

_SIGMOID = ("binary:logistic", "reg:logistic")


def forest_of_booster(booster: Any, where: str) -> Forest:
    """Convert an `xgboost.Booster`.

    Raises:
        UsageError: it is linear, has vector leaves, or is not margin-equal.
    """
    learner = ubjson.loads(bytes(booster.save_raw("ubj")))["learner"]
    model, weights = _trees_of(learner["gradient_booster"], where)
    shape = learner["learner_model_param"]
    outputs = max(int(shape.get("num_class", 0)), int(shape.get("num_target", 1)), 1)
    if any(int(tree["tree_param"].get("size_leaf_vector", 1)) > 1 for tree in model["trees"]):
        raise _refused("the model has vector leaves (multi_strategy='multi_output_tree')", where)
    best = booster.attr("best_iteration")
    count = len(model["trees"]) if best is None else int(model["iteration_indptr"][int(best) + 1])
    trees = [
        _tree(tree, int(model["tree_info"][index]), weights[index] if weights is not None else None, where)
        for index, tree in enumerate(model["trees"][:count])
    ]
    objective = str(learner["objective"]["name"])
    forest = flatten(
        trees,
        width=int(shape["num_feature"]),
        where=where,
        library="xgboost",
        start=_start(shape["base_score"], objective, outputs),
        single=True,
        link=_link(objective),
    )
    return proven(forest, _source(booster, best, objective), where=where)


def _source(booster: Any, best: Any, objective: str) -> Source:
    import xgboost

    rounds = (0, 0 if best is None else int(best) + 1)

    def _predict(rows: NDArray[np.float64], *, margin: bool) -> Any:
        with np.errstate(over="ignore", under="ignore"):
            single = rows.astype(np.float32)
        return booster.inplace_predict(
            single, iteration_range=rounds, predict_type="margin" if margin else "value", validate_features=False
        )

    linked = _link(objective) is not Link.IDENTITY
    return Source(
        margins=lambda rows: _predict(rows, margin=True),
        scores=(lambda rows: _predict(rows, margin=False)) if linked else None,
        refusals=(xgboost.core.XGBoostError,),
    )


def _trees_of(part: Any, where: str) -> tuple[Any, Any]:
    name = str(part["name"])
    if name == "gbtree":
        return part["model"], None
    if name == "dart":
        return part["gbtree"]["model"], np.asarray(part["weight_drop"], dtype=np.float32)
    raise _refused(f"the model is not made of trees (booster {name})", where)


def _link(objective: str) -> Link:
    if objective in _SIGMOID:
        return Link.SIGMOID
    return Link.SOFTMAX if objective == "multi:softprob" else Link.IDENTITY


def _start(base: Any, objective: str, outputs: int) -> NDArray[np.float32]:
    """The margins before the first tree: a probability is stored for the sigmoid, a list since XGBoost 3.1."""
    spelled = json.loads(str(base).replace("E", "e"))
    score = np.atleast_1d(np.asarray(spelled, dtype=np.float32))
    if objective in _SIGMOID:
        one = np.float32(1)
        score = -np.log(one / score - one)
    elif objective.startswith(("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox")):
        score = np.log(score)
    return np.broadcast_to(score, (outputs,)).astype(np.float32)


def _tree(tree: Any, slot: int, weight: Any, where: str) -> Tree:
    left, right = (np.asarray(tree[side], dtype=np.int64).copy() for side in ("left_children", "right_children"))
    conditions = np.asarray(tree["split_conditions"], dtype=np.float32)
    values = conditions[:, None] if weight is None else conditions[:, None] * np.float32(weight)
    if left[0] < 0:
        return stump(values[:1], slot)
    inner = left >= 0
    if np.isneginf(conditions[inner]).any():
        raise _refused("a node tests whether a value is less than -infinity", where)
    flags = np.where(np.asarray(tree["default_left"], dtype=np.int64) != 0, NAN_LEFT, 0)
    sets = _sets(tree)
    for node in sets:
        left[node], right[node] = right[node], left[node]
        flags[node] = CATEGORY | (0 if flags[node] & NAN_LEFT else NAN_LEFT)
    below = np.nextafter(conditions, np.float32(-np.inf))
    made = from_nodes(left, right, (np.asarray(tree["split_indices"]), below, flags), values)
    place = np.cumsum(inner) - 1
    return Tree(
        left=made.left,
        right=made.right,
        feature=made.feature,
        threshold=made.threshold,
        flags=made.flags,
        values=made.values,
        sets={int(place[node]): words for node, words in sets.items()},
        slot=slot,
    )


def _sets(tree: Any) -> dict[int, NDArray[np.uint32]]:
    members = np.asarray(tree["categories"], dtype=np.int64)
    starts, sizes = np.asarray(tree["categories_segments"]), np.asarray(tree["categories_sizes"])
    nodes = np.asarray(tree["categories_nodes"], dtype=np.int64)
    return {
        int(node): words_of(members[start : start + size])
        for node, start, size in zip(nodes, starts, sizes, strict=True)
    }


def _refused(what: str, where: str) -> UsageError:
    return UsageError(what, where=where, next_step="attack the model by its scores, which need no trees")
