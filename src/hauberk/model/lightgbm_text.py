# SPDX-License-Identifier: Apache-2.0
"""Whether a LightGBM text file is whole and its trees are trees; LightGBM's reader follows broken ones and crashes."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hauberk.model.tree_shape import fault

_LENGTHS = {
    "leaf_value": 0,
    "leaf_weight": 0,
    "leaf_count": 0,
    "left_child": 1,
    "right_child": 1,
    "split_feature": 1,
    "threshold": 1,
    "decision_type": 1,
    "split_gain": 1,
    "internal_value": 1,
    "internal_weight": 1,
    "internal_count": 1,
}
"""How many numbers each list of a tree holds: as many as there are leaves, or one less."""

_LINE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


def text_fault(text: str) -> str:
    """Return what is wrong with a model in LightGBM's text format, or an empty string."""
    body, end, tail = text.partition("\nend of trees")
    head, *trees = re.split(r"^Tree=\d+$", body, flags=re.MULTILINE)
    facts = dict(_LINE.findall(head))
    if not end:
        return f"it ends after {len(trees)} trees without the mark 'end of trees'"
    if len(facts.get("tree_sizes", "").split()) != len(trees):
        return f"it announces {len(facts.get('tree_sizes', '').split())} trees and holds {len(trees)}"
    parameters = tail.partition("\nparameters:")[2]
    if parameters and "\nend of parameters" not in parameters:
        return "it ends inside the list of parameters"
    try:
        width = int(facts["max_feature_idx"]) + 1
    except (KeyError, ValueError):
        return "it does not say how many columns it reads"
    for number, tree in enumerate(trees):
        wrong = _tree_fault(tree, width)
        if wrong:
            return f"tree {number}: {wrong}"
    return ""


def _tree_fault(block: str, width: int) -> str:
    lines = block.strip("\n").splitlines()
    if not all(re.fullmatch(r"\w+=.*", line) for line in lines):
        return "a line in it is not NAME=VALUES"
    tree = dict(line.split("=", 1) for line in lines)
    try:
        leaves = int(tree["num_leaves"])
        if leaves == 1:
            return "" if len(_numbers(tree["leaf_value"])) == 1 else "a single leaf without a value"
        # LightGBM ends the process where a list is missing, of another length, or not made of numbers
        wrong = [name for name, short in _LENGTHS.items() if len(_numbers(tree[name])) != leaves - short]
        if wrong:
            return f"{wrong[0]} does not hold {leaves - _LENGTHS[wrong[0]]} numbers"
        if max(_integers(tree.get("leaf_features", "")), default=0) >= width:
            return "a leaf reads a column that does not exist"
        return _shape_fault(tree, leaves, width)
    except (KeyError, ValueError) as error:
        return f"it lacks {error}"


def _shape_fault(tree: dict[str, str], leaves: int, width: int) -> str:
    left, right, feature = (_integers(tree[name]) for name in ("left_child", "right_child", "split_feature"))
    shape = fault(left, right, feature, leaves=leaves, width=width)
    return shape or _category_fault(tree, _integers(tree["decision_type"]), tree["threshold"].split())


def _category_fault(tree: dict[str, str], kinds: NDArray[np.int64], thresholds: list[str]) -> str:
    """A categorical node's threshold counts sets of categories; each set is a run of words in one list."""
    used = [int(float(thresholds[node])) for node in np.flatnonzero(kinds & 1)]
    count = int(tree.get("num_cat", "0"))
    if not used and not count:
        return ""
    bounds, words = _integers(tree["cat_boundaries"]), _integers(tree["cat_threshold"])
    if len(bounds) != count + 1 or bounds[0] != 0 or (np.diff(bounds) < 0).any() or bounds[-1] != len(words):
        return "its sets of categories do not fit together"
    return "" if all(0 <= index < count for index in used) else "a node names a set of categories that does not exist"


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)


def _integers(text: str) -> NDArray[np.int64]:
    return np.array(text.split(), dtype=np.int64)
