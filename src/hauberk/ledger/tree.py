# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 6962: hashes, an incremental frontier, inclusion and consistency proofs.

A node is named by its level (0 for leaves) and its place in that level; only nodes over complete, aligned blocks of
2^level leaves are ever named, since those never change again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

Node = Callable[[int, int], bytes]
"""Returns the hash of the complete node (level, place)."""

EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of a zero byte and the content."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its complete blocks, largest first. It has O(log n) hashes.

    Args:
        size: number of leaves.
        blocks: roots of the complete blocks, one for each bit that is set in `size`, largest first.
    """

    __slots__ = ("blocks", "size")

    def __init__(self, size: int = 0, blocks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.blocks = list(blocks)
        if len(self.blocks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete blocks, not {len(self.blocks)}")

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf's hash; return the inner nodes that it completes, from level 1 upwards."""
        completed: list[bytes] = []
        carry = leaf
        rest = self.size
        while rest & 1:
            carry = node_hash(self.blocks.pop(), carry)
            completed.append(carry)
            rest >>= 1
        self.blocks.append(carry)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        if not self.blocks:
            return EMPTY
        result = self.blocks[-1]
        for block in reversed(self.blocks[:-1]):
            result = node_hash(block, result)
        return result

    def copy(self) -> Frontier:
        """Return an independent copy."""
        return Frontier(self.size, self.blocks)


def frontier_of(size: int, node: Node) -> Frontier:
    """Rebuild the frontier of a tree of `size` leaves from O(log n) stored nodes."""
    blocks: list[bytes] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            blocks.append(node(level, start >> level))
            start += 1 << level
    return Frontier(size, blocks)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962, 2.1.1).

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    low, high = 0, size
    path: list[bytes] = []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, node))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the start of the tree of `new` leaves (RFC 6962, 2.1.2).

    Raises:
        ValueError: the sizes are not 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves never had {old}")
    if old in {0, new}:
        return []
    low, high, whole = 0, new, True
    path: list[bytes] = []
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_root(middle, high, node))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            low, whole = middle, False
    if not whole:
        path.append(_range_root(low, high, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a proof shows that a leaf's hash stands at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    turns = _turns(index, size - 1)
    if len(turns) != len(proof):
        return False
    result = leaf
    for left, sibling in zip(turns, proof, strict=True):
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    return result == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that the second tree only grew out of the first."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not proof and old_root == (new_root if old else EMPTY)
    # Both climbs start at the last complete block of the old tree, which may be the old tree itself.
    shift = (old & -old).bit_length() - 1
    turns = _turns(old - 1 >> shift, new - 1 >> shift)
    steps = [old_root, *proof] if old == 1 << shift else list(proof)
    if len(steps) != len(turns) + 1:
        return False
    first = second = steps[0]
    for left, step in zip(turns, steps[1:], strict=True):
        if left:
            first, second = node_hash(step, first), node_hash(step, second)
        else:
            second = node_hash(second, step)
    return first == old_root and second == new_root


def _turns(place: int, last: int) -> list[bool]:
    """Return, for each step of the climb from a node to the root, whether the sibling stands to its left.

    `last` is the place of the last node on the same level: a node without a sibling climbs without a step.
    """
    turns: list[bool] = []
    while last:
        if place & 1:
            turns.append(True)
        elif place < last:
            turns.append(False)
        place >>= 1
        last >>= 1
    return turns


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(low: int, high: int, node: Node) -> bytes:
    """Return the root over leaves low to high - 1, where low is aligned to the first block of that many leaves."""
    blocks: list[bytes] = []
    count, start = high - low, low
    for level in reversed(range(count.bit_length())):
        if count >> level & 1:
            blocks.append(node(level, start >> level))
            start += 1 << level
    return Frontier(count, blocks).root()
