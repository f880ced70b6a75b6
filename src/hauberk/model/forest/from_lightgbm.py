# SPDX-License-Identifier: Apache-2.0
"""LightGBM boosters (gbdt, rf, dart, goss; missing values, categories) as a forest.

The text form is read, since its 17 digits keep every double. LightGBM compares doubles with `<=`; its predictor drops
values up to 1e-35 from each row, which makes them 0. Dart weights are already in the leaves. As in `Booster.predict`,
the rounds up to the best iteration count.
Source: `LightGBM`, include/LightGBM/tree.h (decision types) and src/c_api.cpp (rows).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import (
    CATEGORY,
    NAN_IS_ZERO,
    NAN_LEFT,
    TRUNCATES,
    ZERO_IS_MISSING,
    Forest,
    Link,
)
from hauberk.model.forest.grow import Tree, flatten, stump
from hauberk.model.forest.proof import Source, proven

TINY = float(np.float32(1e-35))
"""Magnitudes up to this are zero to LightGBM."""

_LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


def forest_of_booster(booster: Any, where: str) -> Forest:
    """Convert a `lightgbm.Booster`.

    Raises:
        UsageError: it has linear leaves, or is not margin-equal.
    """
    body, _, _ = booster.model_to_string().partition("\nend of trees")
    head, *blocks = re.split(r"^Tree=\d+$", body, flags=re.MULTILINE)
    facts = dict(_LINE.findall(head))
    outputs = int(facts["num_tree_per_iteration"])
    trees = [_tree(dict(_LINE.findall(block)), index % outputs, where) for index, block in enumerate(blocks)]
    averaged = re.search(r"^average_output$", head, re.MULTILINE) is not None
    link, sigma = _link(facts.get("objective", ""))
    forest = flatten(
        trees,
        width=int(facts["max_feature_idx"]) + 1,
        where=where,
        library="lightgbm",
        start=np.zeros(outputs),
        divisor=float(max(len(trees) // outputs, 1)) if averaged else 1.0,
        tiny=TINY,
        link=link,
        sigma=sigma,
    )
    source = Source(
        # the library's raw scores are sums even where its scores are averages
        margins=lambda rows: booster.predict(rows, raw_score=True, num_threads=1) / forest.divisor,
        scores=(lambda rows: booster.predict(rows, num_threads=1)) if averaged or link is not Link.IDENTITY else None,
    )
    return proven(forest, source, where=where)


def _link(objective: str) -> tuple[Link, float]:
    name, *parameters = objective.split(" ")
    if name == "binary":
        return Link.SIGMOID, float(dict(item.split(":") for item in parameters)["sigmoid"])
    if name in {"cross_entropy", "xentropy"}:
        return Link.SIGMOID, 1.0
    return (Link.SOFTMAX if name == "multiclass" else Link.IDENTITY), 1.0


def _tree(facts: dict[str, str], slot: int, where: str) -> Tree:
    if int(facts.get("is_linear", "0")):
        raise UsageError(
            "the model has linear leaves, which a forest of constants cannot hold",
            where=where,
            next_step="train without linear_tree, or attack the model by its scores",
        )
    values = _numbers(facts["leaf_value"])[:, None]
    if len(values) == 1:
        return stump(values, slot)
    kinds, threshold = _integers(facts["decision_type"]), _numbers(facts["threshold"])
    categorical, missing = (kinds & 1) != 0, (kinds >> 2) & 3
    flags = np.where((kinds & 2) != 0, NAN_LEFT, 0)
    flags |= np.where(missing != 2, NAN_IS_ZERO, 0) | np.where(missing == 1, ZERO_IS_MISSING, 0)
    return Tree(
        left=_integers(facts["left_child"]),
        right=_integers(facts["right_child"]),
        feature=_integers(facts["split_feature"]),
        threshold=threshold,
        # a missing category is in no set, whatever the other bits say
        flags=np.where(categorical, CATEGORY | TRUNCATES, flags).astype(np.uint8),
        sets=_sets(facts, threshold, categorical),
        values=values,
        slot=slot,
    )


def _sets(facts: dict[str, str], threshold: Any, categorical: Any) -> dict[int, Any]:
    if not categorical.any():
        return {}
    bounds = _integers(facts["cat_boundaries"])
    words = np.array(facts["cat_threshold"].split(), dtype=np.uint32)
    return {
        int(node): words[bounds[int(threshold[node])] : bounds[int(threshold[node]) + 1]]
        for node in np.flatnonzero(categorical)
    }


def _numbers(text: str) -> Any:
    return np.array(text.split(), dtype=np.float64)


def _integers(text: str) -> Any:
    return np.array(text.split(), dtype=np.int64)
