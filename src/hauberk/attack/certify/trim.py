# SPDX-License-Identifier: Apache-2.0
"""A smaller net: what cannot be part of what is sought is taken out, and what no longer differs is joined."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.bind import bind
from hauberk.attack.certify.dual import needs
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
    PARTS,
    SLOTS,
    TREE,
    inner,
)


@inner
def _alive_parts(net: Any, keep: Any) -> Any:
    """0 for each part that has a class left, inf for the others."""
    closed = np.full(len(net.delta), np.inf)
    for part in range(len(closed)):
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            if keep[k]:
                closed[part] = 0.0
    return closed


@inner
def _alive_leaves(net: Any, dead: Any, closed: Any) -> Any:
    alive = ~dead
    for slot in range(len(net.members)):
        entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
        while entry < end:
            leaf = net.entries[entry, LEAF]
            least, entry = needs(net, entry, end, closed)
            if least > 0.0:
                alive[leaf] = False
    return alive


@inner
def _unsupported(net: Any, slot: Any, alive: Any, closed: Any) -> Any:
    """Close the slot's parts that no leaf left in its tree takes; return whether there were any."""
    tree, open_ = net.slots[slot, TREE], 0
    for leaf in range(net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]):
        open_ += alive[leaf]
    begin, end = net.slots[slot, PARTS], net.slots[slot + 1, PARTS]
    taken, before = np.zeros(end - begin, np.bool_), -1
    for entry in range(net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]):
        leaf = net.entries[entry, LEAF]
        if alive[leaf]:
            for part in range(net.entries[entry, LOW_PART], net.entries[entry, HIGH_PART]):
                taken[part - begin] = True
            open_ -= leaf != before
            before = leaf
    found = False
    for part in range(begin, end):
        if open_ == 0 and closed[part] == 0.0 and not taken[part - begin]:
            closed[part], found = np.inf, True
    return found


@inner
def _propagate(net: Any, keep: Any, dead: Any) -> Any:
    """Take out classes without a leaf and leaves without a class until nothing changes; return alive leaves and parts."""
    while True:
        closed = _alive_parts(net, keep)
        alive = _alive_leaves(net, dead, closed)
        changed = False
        for slot in range(len(net.members)):
            if _unsupported(net, slot, alive, closed):
                changed = True
                _close(net, slot, closed, keep)
        if not changed:
            return alive, closed


@inner
def _close(net: Any, slot: Any, closed: Any, keep: Any) -> None:
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        if closed[part] > 0.0:
            for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
                keep[k] = False


@inner
def _count_before(flags: Any) -> Any:
    out = np.zeros(len(flags) + 1, np.int64)
    for at in range(len(flags)):
        out[at + 1] = out[at] + flags[at]
    return out


@inner
def _is_free(net: Any, entry: Any, end: Any, rank: Any, open_: Any) -> Any:
    """Whether a leaf takes every part that is left; and the next leaf's first entry."""
    leaf, fits = net.entries[entry, LEAF], 0
    while entry < end and net.entries[entry, LEAF] == leaf:
        fits += rank[net.entries[entry, HIGH_PART]] - rank[net.entries[entry, LOW_PART]]
        entry += 1
    return fits == open_, entry


@inner
def _borders(net: Any, slot: Any, alive: Any, rank: Any, border: Any) -> Any:
    """Mark, among the parts left of a slot, those before which some leaf tells apart; return how many there are."""
    base, open_ = rank[net.slots[slot, PARTS]], rank[net.slots[slot + 1, PARTS]] - rank[net.slots[slot, PARTS]]
    for at in range(open_ + 1):
        border[at] = False
    entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
    while entry < end:
        begin = entry
        free, entry = _is_free(net, begin, end, rank, open_)
        if free or not alive[net.entries[begin, LEAF]]:
            continue
        for at in range(begin, entry):
            low, high = rank[net.entries[at, LOW_PART]] - base, rank[net.entries[at, HIGH_PART]] - base
            border[low], border[high] = border[low] or low < high, border[high] or low < high
    count = 0
    for at in range(1, open_):
        count += border[at]
    return count


@inner
def _write_parts(net: Any, slot: Any, closed: Any, border: Any, name: Any, out: Any) -> None:
    """Join the parts between borders; `name` keeps the new part of each old one, and that of the next for closed ones."""
    part_first, part_lo, part_hi, delta = out[0], out[1], out[2], out[3]
    seen, start = 0, len(part_lo)
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        if closed[part] > 0.0:
            continue
        if seen == 0 or border[seen]:
            part_lo.append(net.parts[part, LOW])
            part_hi.append(net.parts[part, HIGH])
            delta.append(net.delta[part])
        else:
            part_hi[-1] = net.parts[part, HIGH]
            delta[-1] = min(delta[-1], net.delta[part])
        name[part] = len(part_lo) - 1
        seen += 1
    floor = np.inf
    for at in range(start, len(delta)):
        floor = min(floor, delta[at])
    for at in range(start, len(delta)):
        delta[at] -= floor
    part_first.append(len(part_lo))


@inner
def _write_entries(net: Any, slot: Any, number: Any, marks: Any, name: Any, out: Any) -> None:
    alive, closed, rank, leaf_name = marks
    ent_slot, ent_leaf, ent_lo, ent_hi = out[4], out[5], out[6], out[7]
    open_ = rank[net.slots[slot + 1, PARTS]] - rank[net.slots[slot, PARTS]]
    entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
    while entry < end:
        begin = entry
        free, entry = _is_free(net, begin, end, rank, open_)
        if free or not alive[net.entries[begin, LEAF]]:
            continue
        for at in range(begin, entry):
            low, high = net.entries[at, LOW_PART], net.entries[at, HIGH_PART]
            while low < high and closed[low] > 0.0:
                low += 1
            while low < high and closed[high - 1] > 0.0:
                high -= 1
            if low < high:
                ent_slot.append(number)
                ent_leaf.append(leaf_name[net.entries[at, LEAF]])
                ent_lo.append(name[low])
                ent_hi.append(name[high - 1] + 1)


@inner
def _trim_tree(net: Any, tree: Any, marks: Any, scratch: Any, slots: Any, out: Any) -> None:
    closed, rank = marks[1], marks[2]
    border, name = scratch
    slot_first, slot_block = slots
    for slot in range(net.trees[tree, SLOTS], net.trees[tree + 1, SLOTS]):
        if _borders(net, slot, marks[0], rank, border) == 0:
            continue
        _write_parts(net, slot, closed, border, name, out)
        _write_entries(net, slot, len(slot_block), marks, name, out)
        slot_block.append(net.slots[slot, BLOCK])
    slot_first.append(len(slot_block))


@inner
def _kept_leaves(net: Any, tree: Any, alive: Any, name: Any, leaves: Any) -> Any:
    """Write down a tree's leaves that are left and number them; return how many."""
    count = 0
    for leaf in range(net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]):
        name[leaf] = len(leaves)
        if alive[leaf]:
            leaves.append(net.leaf[leaf])
            count += 1
    return count


@inner
def _kept_classes(net: Any, keep: Any, before: Any) -> Any:
    """Where blocks start, and origin and cost of classes, after classes are taken out; and whether each block has some."""
    first, whole = np.empty(len(net.blocks), np.int64), True
    origin, cost = np.empty(before[-1], np.int64), np.empty(before[-1])
    for block in range(len(net.blocks)):
        first[block] = before[net.blocks[block, CLASSES]]
        whole = whole and (block == 0 or first[block] > first[block - 1])
    for k in range(len(keep)):
        if keep[k]:
            origin[before[k]], cost[before[k]] = net.origin[k], net.cost[k]
    return (first, origin, cost), whole


@inner
def trim(net: Any, kept: Any, dead: Any) -> Any:
    """Return the net without classes that are not kept and dead leaves, and whether every block and tree has some left.

    Where a leaf is dead, so is every choice that ends in it, and classes that lead nowhere else go too.
    Bounds of the smaller net, with the potentials it keeps, are no lower.
    """
    keep = kept.copy()
    alive, closed = _propagate(net, keep, dead)
    rank, before, name = _count_before(closed == 0.0), _count_before(keep), np.zeros(len(alive), np.int64)
    classes, whole = _kept_classes(net, keep, before)
    # lists are typed by an element that is taken out again
    out = ([0], [0][:0], [0][:0], [0.0][:0], [0][:0], [0][:0], [0][:0], [0][:0])
    slots, leaf_first, leaves, fixed = ([0], [0][:0]), [0], [0.0][:0], net.fixed.copy()
    scratch = (np.zeros(len(closed) + 2, np.bool_), np.zeros(len(closed) + 1, np.int64))
    for tree in range(len(net.trees) - 1 if whole else 0):
        count = _kept_leaves(net, tree, alive, name, leaves)
        whole = whole and count > 0
        if count == 1:
            only = leaves.pop()
            fixed[0] += only
            fixed[1] += abs(only)
        elif count > 1:
            leaf_first.append(len(leaves))
            _trim_tree(net, tree, (alive, closed, rank, name), scratch, slots, out)
    for part in range(len(out[1])):
        out[1][part], out[2][part] = before[out[1][part]], before[out[2][part]]
    made = bind(
        classes,
        (np.array(leaf_first), np.array(leaves)),
        (np.array(slots[0]), np.array(slots[1])),
        (np.array(out[0]), np.array(out[1]), np.array(out[2]), np.array(out[3])),
        (np.array(out[4]), np.array(out[5]), np.array(out[6]), np.array(out[7])),
        fixed,
    )
    return made, whole
