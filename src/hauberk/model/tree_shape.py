# SPDX-License-Identifier: Apache-2.0
"""Whether a tree's arrays describe a tree. Native libraries follow them unchecked and crash or never end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def fault(left: Ints, right: Ints, feature: Ints, *, leaves: int, width: int) -> str:
    """Return what is wrong with a tree, or an empty string.

    Args:
        left: for each inner node, an index of an inner node, or `-1 - leaf`; shape (m,).
        right: the same for the other branch.
        feature: for each inner node, the column that it reads.
        leaves: how many leaves there are.
        width: how many columns the model reads.
    """
    inner = len(left)
    if len(right) != inner or len(feature) != inner:
        return "its arrays differ in length"
    if inner == 0:
        return ""
    if feature.min() < 0 or feature.max() >= width:
        return f"a node reads column {int(feature.max())} of {width}"
    return _branch_fault(left, right, leaves)


def _branch_fault(left: Ints, right: Ints, leaves: int) -> str:
    children, inner = np.concatenate([left, right]), len(left)
    if children.min() < -leaves or children.max() >= inner:
        return "a branch leads outside the tree"
    reached, counts = np.unique(children, return_counts=True)
    if counts.max() > 1 or reached[reached >= 0].min(initial=1) == 0:
        return "two branches lead to one node"
    if not _all_reached(left, right):
        return "nodes form a ring"
    return ""


def _all_reached(left: Ints, right: Ints) -> bool:
    """Whether every inner node is reached from the root; with one branch into each node that excludes rings."""
    seen, level = 0, np.zeros(1, dtype=np.int64)
    while len(level):
        seen += len(level)
        below = np.concatenate([left[level], right[level]])
        level = below[below >= 0]
    return seen == len(left)
