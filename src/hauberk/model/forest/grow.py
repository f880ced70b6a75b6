# SPDX-License-Identifier: Apache-2.0
"""From one library's trees to the flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable
from hauberk.model.forest.flat import CATEGORY, Forest
from hauberk.model.tree_shape import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree as libraries write it.

    Attributes:
        left: for each inner node, an inner node, or `-1 - leaf`, shape (m,); node 0 is the root.
        right: the same for the other branch.
        feature: column that a node tests, shape (m,).
        threshold: `x <= threshold` goes left, shape (m,).
        flags: flags of `hauberk.model.forest.flat`, shape (m,).
        sets: for categorical nodes, the words of the codes that go left.
        values: leaf values, shape (leaves, outputs).
        slot: the first output that the tree adds to.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    flags: NDArray[np.uint8]
    values: NDArray[Any]
    sets: Mapping[int, NDArray[np.uint32]] = field(default_factory=dict[int, NDArray[np.uint32]])
    slot: int = 0


def stump(values: NDArray[Any], slot: int = 0) -> Tree:
    """Return a tree of one leaf, values of shape (1, outputs)."""
    none = np.empty(0, dtype=np.int64)
    return Tree(
        left=none,
        right=none,
        feature=none,
        threshold=np.empty(0, dtype=np.float64),
        flags=np.empty(0, dtype=np.uint8),
        values=values,
        slot=slot,
    )


def from_nodes(
    left: NDArray[Any], right: NDArray[Any], columns: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], values: Any
) -> Tree:
    """Return a tree from arrays in which inner nodes and leaves are mixed, and a leaf has left = -1.

    Args:
        left: left child of each node, shape (n,), -1 for a leaf.
        right: right child of each node.
        columns: feature, threshold and flags of each node.
        values: value of each node, shape (n, outputs); inner ones are ignored.
    """
    inner = left >= 0
    number = np.where(inner, np.cumsum(inner) - 1, -np.cumsum(~inner, dtype=np.int64)).astype(np.int64)
    feature, threshold, flags = columns
    return Tree(
        left=number[left[inner]],
        right=number[right[inner]],
        feature=feature[inner].astype(np.int64),
        threshold=threshold[inner].astype(np.float64),
        flags=flags[inner].astype(np.uint8),
        values=values[~inner],
    )


def words_of(codes: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return a set of codes as words of 32 bits.

    Examples:
        >>> words_of(np.array([0, 33])).tolist()
        [1, 2]
    """
    words = np.zeros(int(codes.max(initial=-1)) // 32 + 1, dtype=np.uint32)
    np.bitwise_or.at(words, codes >> 5, np.uint32(1) << (codes & 31).astype(np.uint32))
    return words


def flatten(trees: Sequence[Tree], *, width: int, where: str, **facts: Any) -> Forest:
    """Lay trees out level by level, siblings side by side.

    Args:
        trees: in the order in which they are added.
        width: columns that a row has.
        where: the model, for messages.
        facts: the other attributes of `Forest`.

    Raises:
        Unreadable: a tree's arrays do not describe a tree.
    """
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _NODE}
    words: list[NDArray[np.uint32]] = []
    leaves, at, roots = 0, 0, np.zeros(len(trees), dtype=np.int32)
    for index, tree in enumerate(trees):
        wrong = fault(tree.left, tree.right, tree.feature, leaves=len(tree.values), width=width)
        if wrong:
            raise Unreadable(f"tree {index} is not a tree: {wrong}", where=where, next_step="save the model again")
        order, child = _order(tree, at, leaves)
        roots[index] = at
        _append(parts, words, tree, order)
        parts["child"].append(child)
        at, leaves = at + len(order), leaves + len(tree.values)
    arrays: dict[str, Any] = {
        name: _frozen(np.concatenate([np.empty(0, kind), *parts[name]]), kind) for name, kind in _NODE.items()
    }
    values = np.concatenate([tree.values for tree in trees]) if trees else np.zeros((0, 1))
    return Forest(
        width=width,
        roots=_frozen(roots, np.int32),
        slots=_frozen(np.array([tree.slot for tree in trees]), np.int32),
        words=_frozen(np.concatenate([np.empty(0, np.uint32), *words]), np.uint32),
        values=_frozen(values, facts["start"].dtype),
        **arrays,
        **facts,
    )


_NODE: dict[str, Any] = {
    "feature": np.int32,
    "threshold": np.float64,
    "child": np.int32,
    "flags": np.uint8,
    "first_word": np.int32,
    "word_count": np.int32,
}


def _order(tree: Tree, at: int, leaves: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tree's nodes level by level (`-1 - leaf` for leaves), and each one's left child or leaf in the whole forest."""
    level = np.array([0 if len(tree.left) else -1])
    order, below = [level], at + 1
    child: list[NDArray[np.int64]] = []
    while len(level):
        inner = level >= 0
        links = np.where(inner, below + 2 * (np.cumsum(inner) - 1), level - leaves)
        child.append(links)
        below += 2 * int(inner.sum())
        level = np.stack([tree.left[level[inner]], tree.right[level[inner]]], axis=1).ravel()
        order.append(level)
    return np.concatenate(order), np.concatenate(child)


def _append(
    parts: dict[str, list[NDArray[Any]]], words: list[NDArray[np.uint32]], tree: Tree, order: NDArray[np.int64]
) -> None:
    inner = order >= 0
    feature, threshold = np.zeros(len(order), dtype=np.int64), np.full(len(order), np.nan)
    flags, first, count = (np.zeros(len(order), dtype=np.int64) for _ in range(3))
    feature[inner], threshold[inner] = tree.feature[order[inner]], tree.threshold[order[inner]]
    flags[inner] = tree.flags[order[inner]]
    begin = sum(map(len, words))
    for place in np.flatnonzero(flags & CATEGORY):
        members = tree.sets[int(order[place])]
        threshold[place], first[place], count[place] = np.nan, begin, len(members)
        words.append(members)
        begin += len(members)
    columns = {"feature": feature, "threshold": threshold, "flags": flags, "first_word": first, "word_count": count}
    for name, column in columns.items():
        parts[name].append(column)


def _frozen(array: NDArray[Any], kind: Any) -> NDArray[Any]:
    plain = np.ascontiguousarray(array, dtype=kind)
    plain.setflags(write=False)
    return plain
