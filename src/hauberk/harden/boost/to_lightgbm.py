# SPDX-License-Identifier: Apache-2.0
"""A forest of binary logistic trees as the text that LightGBM reads.

LightGBM compares doubles with `<=`, the forest rounds them to float32 first. So each threshold is written as the greatest
double that rounds to it or below, and every row takes the same way, whatever its digits. Each test says that NaN is the
missing value and on which side it goes. Numbers are spelled with the digits that give the same double.
Source: `LightGBM`, src/boosting/gbdt_model_text.cpp and include/LightGBM/tree.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import NAN_LEFT, Forest

_NAN_IS_MISSING = 8
_DEFAULT_LEFT = 2


def lightgbm_text(forest: Forest, cover: NDArray[np.float64], names: Sequence[str]) -> bytes:
    """Return the model as LightGBM's text.

    Args:
        forest: numeric trees of one output, whose sum starts with 0.
        cover: weight of the training rows in each node, shape (n,).
        names: the columns' names; without names, `Column_0` and so on, as LightGBM itself calls them.
    """
    ends = [*forest.roots.tolist(), len(forest.child)]
    blocks = [
        f"Tree={number}\n{_tree(forest, cover, ends[number], ends[number + 1])}\n\n" for number in range(forest.trees)
    ]
    head = [
        "tree",
        "version=v4",
        "num_class=1",
        "num_tree_per_iteration=1",
        "label_index=0",
        f"max_feature_idx={forest.width - 1}",
        "objective=binary sigmoid:1",
        "feature_names=" + " ".join(names or [f"Column_{column}" for column in range(forest.width)]),
        "feature_infos=" + " ".join(_span(forest, column) for column in range(forest.width)),
        "tree_sizes=" + " ".join(str(len(block.encode())) for block in blocks),
    ]
    tail = "end of trees\n\nfeature_importances:\n\nparameters:\n\nend of parameters\n\npandas_categorical:null\n"
    return ("\n".join(head) + "\n\n" + "".join(blocks) + tail).encode()


def _span(forest: Forest, column: int) -> str:
    tests = forest.threshold[(forest.child >= 0) & (forest.feature == column)]
    return f"[{tests.min():.17g}:{tests.max():.17g}]" if len(tests) else "none"


def _last_below(marks: NDArray[np.float32]) -> NDArray[np.float64]:
    """The greatest doubles that become these float32 or less when rounded to the nearest, ties to the even one."""
    above = np.nextafter(marks, np.float32(np.inf)).astype(np.float64)
    middle = marks.astype(np.float64) + (above - marks) / 2
    return np.where(middle.astype(np.float32) <= marks, middle, np.nextafter(middle, -np.inf))


def _tree(forest: Forest, cover: NDArray[np.float64], begin: int, end: int) -> str:
    child = forest.child[begin:end]
    inner = np.flatnonzero(child >= 0)
    leaves = np.flatnonzero(child < 0)
    number = np.empty(end - begin, dtype=np.int64)
    number[inner], number[leaves] = np.arange(len(inner)), -1 - np.arange(len(leaves))
    values = forest.values[-1 - child[leaves], 0].astype(np.float64)
    weight = cover[begin:end]
    lines: dict[str, Any] = {"num_leaves": [len(leaves)], "num_cat": [0]}
    if len(inner):
        flags = forest.flags[begin:end][inner]
        lines |= {
            "split_feature": forest.feature[begin:end][inner],
            "split_gain": np.zeros(len(inner)),
            "threshold": _last_below(forest.threshold[begin:end][inner].astype(np.float32)),
            "decision_type": np.where(flags & NAN_LEFT, _NAN_IS_MISSING | _DEFAULT_LEFT, _NAN_IS_MISSING),
            "left_child": number[child[inner] - begin],
            "right_child": number[child[inner] - begin + 1],
        }
    lines |= {"leaf_value": values, "leaf_weight": weight[leaves], "leaf_count": np.rint(weight[leaves]).astype(int)}
    if len(inner):
        lines |= {
            "internal_value": np.zeros(len(inner)),
            "internal_weight": weight[inner],
            "internal_count": np.rint(weight[inner]).astype(int),
        }
    lines |= {"is_linear": [0], "shrinkage": [1]}
    return "\n".join(f"{name}={' '.join(f'{value:.17g}' for value in line)}" for name, line in lines.items())
