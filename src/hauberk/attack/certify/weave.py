# SPDX-License-Identifier: Apache-2.0
"""From a forest and the classes of one row to the net of what can still differ.

Each tree is walked twice with the box of the way down in hand: once to see how many leaves can be reached and where its
tests part the classes, once to write down what each leaf needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.bind import bind
from hauberk.attack.certify.nets import CHILD, FEATURE, compiled, inner
from hauberk.attack.certify.sides import goes_left


@inner
def _push(path: Any, node: Any) -> None:
    nodes, phase, _, _, _, top = path
    top[0] += 1
    nodes[top[0]], phase[top[0]] = node, 0


@inner
def _split(x: Any, block: Any, box: Any, ways: Any) -> Any:
    """How many classes, counted over all blocks, lie at or below a threshold; within the box."""
    low, high = box[0][block], box[1][block]
    while low < high:
        middle = (low + high) >> 1
        if ways.value[middle, 0] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def _step_plain(block: Any, woods: Any, ways: Any, path: Any, box: Any) -> None:
    nodes, phase, saved, _, split, top = path
    low, high, _, touch, seen, mark = box
    t = top[0]
    child = woods.nodes[nodes[t], CHILD]
    if phase[t] == 0:
        at = _split(woods.threshold[nodes[t]], block, box, ways)
        if at == high[block] or at == low[block]:
            nodes[t] = child if at == high[block] else child + 1
            return
        mark[at], seen[block] = True, True
        split[t], saved[t] = at, high[block]
        high[block], phase[t] = at, 1
        touch[block] += 1
        _push(path, child)
    elif phase[t] == 1:
        saved[t], high[block] = low[block], saved[t]
        low[block], phase[t] = split[t], 2
        _push(path, child + 1)
    else:
        low[block] = saved[t]
        touch[block] -= 1
        top[0] -= 1


@inner
def _shut(node: Any, block: Any, world: Any, box: Any, change: Any) -> None:
    """Add to what speaks against the classes that go right (change[0]) and left (change[1])."""
    woods, ways = world
    for k in range(ways.first[block], ways.first[block + 1]):
        left = goes_left(ways.value[k, ways.column[woods.nodes[node, FEATURE], 1]], node, woods)
        box[2][k] += change[1] if left else change[0]


@inner
def _sides(node: Any, block: Any, world: Any, box: Any) -> Any:
    """Whether classes of the box go left, and whether some go right."""
    woods, ways = world
    some_left, some_right = False, False
    for k in range(ways.first[block], ways.first[block + 1]):
        if box[2][k] == 0:
            left = goes_left(ways.value[k, ways.column[woods.nodes[node, FEATURE], 1]], node, woods)
            some_left, some_right = some_left or left, some_right or not left
    return some_left, some_right


@inner
def _mark_changes(node: Any, block: Any, world: Any, mark: Any) -> None:
    woods, ways = world
    before = False
    for k in range(ways.first[block], ways.first[block + 1]):
        left = goes_left(ways.value[k, ways.column[woods.nodes[node, FEATURE], 1]], node, woods)
        if k > ways.first[block] and left != before:
            mark[k] = True
        before = left


@inner
def _step_set(block: Any, woods: Any, ways: Any, path: Any, box: Any) -> None:
    nodes, phase, _, _, _, top = path
    _, _, _, touch, seen, mark = box
    t, world = top[0], (woods, ways)
    node = nodes[t]
    if phase[t] == 0:
        some_left, some_right = _sides(node, block, world, box)
        if not (some_left and some_right):
            nodes[t] = woods.nodes[node, CHILD] + (0 if some_left else 1)
            return
        _mark_changes(node, block, world, mark)
        _shut(node, block, world, box, (1, 0))
        seen[block], phase[t] = True, 1
        touch[block] += 1
        _push(path, woods.nodes[node, CHILD])
    elif phase[t] == 1:
        _shut(node, block, world, box, (-1, 1))
        phase[t] = 2
        _push(path, woods.nodes[node, CHILD] + 1)
    else:
        _shut(node, block, world, box, (0, -1))
        touch[block] -= 1
        top[0] -= 1


@inner
def _next_leaf(woods: Any, ways: Any, path: Any, box: Any) -> Any:
    """Walk on to the next leaf that the row can reach; -1 after the last."""
    nodes, top = path[0], path[5]
    while top[0] >= 0:
        node = nodes[top[0]]
        child = woods.nodes[node, CHILD]
        if child < 0:
            top[0] -= 1
            return -1 - child
        column = woods.nodes[node, FEATURE]
        block = ways.column[column, 0]
        if block < 0:
            nodes[top[0]] = child + (0 if goes_left(ways.row[column], node, woods) else 1)
        elif ways.plain[block]:
            _step_plain(block, woods, ways, path, box)
        else:
            _step_set(block, woods, ways, path, box)
    return -1


@inner
def _open_slots(ways: Any, box: Any, slots: Any, parts: Any, spot: Any) -> None:
    """A slot for each block that the tree parts, and its parts; `spot` keeps the part that begins at a class."""
    seen, mark = box[4], box[5]
    slot_block, part_first = slots
    part_lo, part_hi = parts
    for block in range(len(seen)):
        if not seen[block]:
            continue
        slot_block.append(block)
        begin = ways.first[block]
        spot[begin] = len(part_lo)
        part_lo.append(begin)
        for k in range(begin + 1, ways.first[block + 1]):
            if mark[k]:
                spot[k] = len(part_lo)
                part_hi.append(k)
                part_lo.append(k)
                mark[k] = False
        part_hi.append(ways.first[block + 1])
        part_first.append(len(part_lo))
        seen[block] = False


@inner
def _write_leaf(leaf: Any, begin: Any, net: Any, ways: Any, box: Any, draft: Any) -> None:
    """What a leaf needs of each slot of its tree, slots counted from `begin`."""
    slot_block, part_first, _, spot = net
    for slot in range(begin, len(slot_block)):
        block = slot_block[slot]
        if box[3][block] == 0:
            continue
        if ways.plain[block]:
            high = box[1][block]
            end = part_first[slot + 1] if high == ways.first[block + 1] else spot[high]
            _draft(draft, (slot, leaf, spot[box[0][block]], end))
        else:
            _write_runs(leaf, slot, net, box, draft)


@inner
def _write_runs(leaf: Any, slot: Any, net: Any, box: Any, draft: Any) -> None:
    """An entry for each run of parts against which nothing speaks."""
    _, part_first, part_lo, _ = net
    start = -1
    for part in range(part_first[slot], part_first[slot + 1]):
        open_ = box[2][part_lo[part]] == 0
        if open_ and start < 0:
            start = part
        if not open_ and start >= 0:
            _draft(draft, (slot, leaf, start, part))
            start = -1
    if start >= 0:
        _draft(draft, (slot, leaf, start, part_first[slot + 1]))


@inner
def _draft(draft: Any, entry: Any) -> None:
    for at in range(4):
        draft[at].append(entry[at])


@inner
def _weave_tree(root: Any, woods: Any, ways: Any, tools: Any, lists: Any, fixed: Any) -> None:
    path, box, spot = tools
    leaf_value, slots, parts, draft = lists
    path[0][0], path[1][0], path[5][0] = root, 0, 0
    leaf, begin, count = _next_leaf(woods, ways, path, box), len(leaf_value), 0
    while leaf >= 0:
        count += 1
        leaf_value.append(woods.sign * woods.value[leaf])
        leaf = _next_leaf(woods, ways, path, box)
    if count == 1:
        only = leaf_value.pop()
        fixed[0] += only
        fixed[1] += abs(only)
        return
    slot = len(slots[0])
    _open_slots(ways, box, slots, parts, spot)
    path[0][0], path[1][0], path[5][0] = root, 0, 0
    for at in range(begin, begin + count):
        _next_leaf(woods, ways, path, box)
        _write_leaf(at, slot, (slots[0], slots[1], parts[0], spot), ways, box, draft)
    # the second walk has marked the borders again
    _next_leaf(woods, ways, path, box)
    for at in range(slot, len(slots[0])):
        block = slots[0][at]
        box[4][block] = False
        for k in range(ways.first[block], ways.first[block + 1]):
            box[5][k] = False


@compiled
def weave(woods: Any, ways: Any, ids: Any, seen: Any) -> Any:
    """Return the net of some classes of a row, with no potentials yet; `ids` are the classes' numbers among all."""
    blocks, classes = len(ways.first) - 1, ways.first[-1]
    deep = woods.deep + 2
    path = (
        np.empty(deep, np.int64), np.empty(deep, np.int64), np.empty(deep, np.int64),
        np.empty(1, np.int64), np.empty(deep, np.int64), np.full(1, -1, np.int64),
    )  # fmt: skip
    box = (
        ways.first[:-1].copy(), ways.first[1:].copy(), np.zeros(classes, np.int64), np.zeros(blocks, np.int64),
        np.zeros(blocks, np.bool_), np.zeros(classes + 1, np.bool_),
    )  # fmt: skip
    tools = (path, box, np.zeros(classes + 1, np.int64))
    # typed by an element that is taken out again
    leaf_value, slot_block, part_first, part_lo, part_hi = [0.0][:0], [0][:0], [0], [0][:0], [0][:0]
    draft = ([0][:0], [0][:0], [0][:0], [0][:0])
    leaf_first, slot_first, fixed = [0], [0], np.zeros(2)
    fixed[0], fixed[1] = woods.sign * woods.start, abs(woods.start)
    for root in woods.roots:
        _weave_tree(root, woods, ways, tools, (leaf_value, (slot_block, part_first), (part_lo, part_hi), draft), fixed)
        if len(leaf_value) > leaf_first[-1]:
            leaf_first.append(len(leaf_value))
            slot_first.append(len(slot_block))
    seen[0] += len(woods.roots) + 2 * len(leaf_value) + len(draft[0])
    return bind(
        (ways.first, ids, ways.cost),
        (np.array(leaf_first), np.array(leaf_value)),
        (np.array(slot_first), np.array(slot_block)),
        (np.array(part_first), np.array(part_lo), np.array(part_hi), np.zeros(len(part_lo))),
        (np.array(draft[0]), np.array(draft[1]), np.array(draft[2]), np.array(draft[3])),
        fixed,
    )
