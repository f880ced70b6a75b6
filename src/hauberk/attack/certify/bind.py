# SPDX-License-Identifier: Apache-2.0
"""The parts of a net put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.nets import BLOCK, CLASSES, ENTRIES, LEAVES, MEMBERS, PARTS, SLOTS, TREE, Net, inner


@inner
def by_key(key: Any, count: Any) -> Any:
    """Where each of `count` keys' members start, and the members by key, in their order."""
    first = np.zeros(count + 1, np.int64)
    for x in key:
        first[x + 1] += 1
    for x in range(count):
        first[x + 1] += first[x]
    at, members = first[:-1].copy(), np.empty(len(key), np.int64)
    for number in range(len(key)):
        members[at[key[number]]] = number
        at[key[number]] += 1
    return first, members


@inner
def bind(classes: Any, leaves: Any, slots: Any, parts: Any, entries: Any, fixed: Any) -> Any:
    """Return a net from its parts, with entries put in the order of slots."""
    first, origin, cost = classes
    slot_first, slot_block = slots
    ent_first, order = by_key(entries[0], len(slot_block))
    block_first, members = by_key(slot_block, len(first) - 1)
    blocks, trees = np.empty((len(first), 2), np.int64), np.empty((len(slot_first), 2), np.int64)
    table, needs = np.empty((len(slot_block) + 1, 4), np.int64), np.empty((len(order), 3), np.int32)
    runs = np.empty((len(parts[1]), 2), np.int64)
    for block in range(len(first)):
        blocks[block, CLASSES], blocks[block, MEMBERS] = first[block], block_first[block]
    for tree in range(len(slot_first)):
        trees[tree, LEAVES], trees[tree, SLOTS] = leaves[0][tree], slot_first[tree]
        for slot in range(slot_first[tree - 1] if tree else 0, slot_first[tree]):
            table[slot, BLOCK], table[slot, TREE] = slot_block[slot], tree - 1
    for slot in range(len(slot_block) + 1):
        table[slot, PARTS], table[slot, ENTRIES] = parts[0][slot], ent_first[slot]
    for at in range(len(order)):
        needs[at, 0], needs[at, 1], needs[at, 2] = entries[1][order[at]], entries[2][order[at]], entries[3][order[at]]
    for part in range(len(runs)):
        runs[part, 0], runs[part, 1] = parts[1][part], parts[2][part]
    return Net(blocks, origin, cost, trees, leaves[1], table, runs, needs, members, parts[3], fixed)
