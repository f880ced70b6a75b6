# SPDX-License-Identifier: Apache-2.0
"""Better choices in a net: one block after another takes the class that serves best while the others stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.dual import greatest, least_of, spent
from hauberk.attack.certify.nets import (
    BLOCK,
    CLASSES,
    ENTRIES,
    HIGH,
    HIGH_PART,
    LEAF,
    LEAVES,
    LOW,
    LOW_PART,
    MEMBERS,
    TREE,
    inner,
)

ROUNDS = 20


@inner
def _fits(net: Any, entry: Any, end: Any, k: Any) -> Any:
    """Whether a class is what the leaf of an entry needs, and the next leaf's first entry."""
    leaf, fit = net.entries[entry, LEAF], False
    while entry < end and net.entries[entry, LEAF] == leaf:
        fit = fit or (
            net.parts[net.entries[entry, LOW_PART], LOW] <= k < net.parts[net.entries[entry, HIGH_PART] - 1, HIGH]
        )
        entry += 1
    return fit, entry


@inner
def place(net: Any, chosen: Any) -> Any:
    """Return, for each leaf, how many of its needs the choice does not meet; 0 for the leaves in which it ends."""
    miss = np.zeros(len(net.leaf), np.int64)
    for slot in range(len(net.members)):
        entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
        while entry < end:
            leaf = net.entries[entry, LEAF]
            fit, entry = _fits(net, entry, end, chosen[net.slots[slot, BLOCK]])
            miss[leaf] += not fit
    return miss


@inner
def _cap(net: Any, tree: Any) -> Any:
    """More than any leaf of a tree: what a choice is charged that ends in a leaf which was taken out."""
    begin, end = net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]
    return 2.0 * greatest(net.leaf, begin, end) - least_of(net.leaf, begin, end)


@inner
def reached(net: Any, miss: Any) -> Any:
    """Sum of the leaves in which a choice ends."""
    total = net.fixed[0]
    for tree in range(len(net.trees) - 1):
        value = _cap(net, tree)
        for leaf in range(net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]):
            if miss[leaf] == 0:
                value = net.leaf[leaf]
        total += value
    return total


@inner
def _offer(net: Any, entry: Any, end: Any, value: Any, out: Any) -> None:
    for at in range(entry, end):
        for k in range(net.parts[net.entries[at, LOW_PART], LOW], net.parts[net.entries[at, HIGH_PART] - 1, HIGH]):
            out[k] += value


@inner
def _profile_slot(net: Any, slot: Any, chosen: Any, miss: Any, out: Any) -> None:
    block, tree = net.slots[slot, BLOCK], net.slots[slot, TREE]
    entry, end, cap = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES], _cap(net, tree)
    every = cap
    for leaf in range(net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]):
        if entry == end or net.entries[entry, LEAF] != leaf:
            every += net.leaf[leaf] - cap if miss[leaf] == 0 else 0.0
            continue
        begin = entry
        fit, entry = _fits(net, begin, end, chosen[block])
        if miss[leaf] == (0 if fit else 1):
            _offer(net, begin, entry, net.leaf[leaf] - cap, out)
    for k in range(net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]):
        out[k] += every


@inner
def profile(net: Any, block: Any, state: Any, work: Any) -> None:
    """Put in `share` the sum of the leaves, of trees that test the block, that each of its classes would end in."""
    chosen, miss = state
    work.share[net.blocks[block, CLASSES] : net.blocks[block + 1, CLASSES]] = 0.0
    for at in range(net.blocks[block, MEMBERS], net.blocks[block + 1, MEMBERS]):
        slot = net.members[at]
        _profile_slot(net, slot, chosen, miss, work.share)
        tree = net.slots[slot, TREE]
        work.seen[0] += net.trees[tree + 1, LEAVES] - net.trees[tree, LEAVES]
        work.seen[0] += net.slots[slot + 1, ENTRIES] - net.slots[slot, ENTRIES]


@inner
def move(net: Any, block: Any, k: Any, state: Any) -> None:
    """Let a block take another class."""
    chosen, miss = state
    for at in range(net.blocks[block, MEMBERS], net.blocks[block + 1, MEMBERS]):
        slot = net.members[at]
        entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
        while entry < end:
            leaf = net.entries[entry, LEAF]
            old, _ = _fits(net, entry, end, chosen[block])
            new, entry = _fits(net, entry, end, k)
            miss[leaf] += np.int64(old) - np.int64(new)
    chosen[block] = k


@inner
def _serves_best(net: Any, block: Any, mu: Any, now: Any, work: Any) -> Any:
    best, least = now, work.share[now] + mu * net.cost[now]
    for k in range(net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]):
        value = work.share[k] + mu * net.cost[k]
        if value < least - 1e-12 or (value < least + 1e-12 and net.cost[k] < net.cost[best]):
            best, least = k, min(value, least)
    return best


@inner
def settle(net: Any, mu: Any, state: Any, work: Any) -> None:
    """Lower the sum of leaves plus `mu` times the cost until no single block can lower it; changes the state in place."""
    chosen, _ = state
    blocks = len(net.blocks) - 1
    still = 0
    for step in range(ROUNDS * blocks):
        if still >= blocks or spent(work):
            break
        still += 1
        block = step % blocks
        if net.blocks[block + 1, CLASSES] - net.blocks[block, CLASSES] > 1:
            profile(net, block, state, work)
            best = _serves_best(net, block, mu, chosen[block], work)
            if best != chosen[block]:
                move(net, block, best, state)
                still = 0
