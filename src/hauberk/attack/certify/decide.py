# SPDX-License-Identifier: Apache-2.0
"""Is there a choice cheaper than a given cost that evades? Depth first over boxes, each with a bound of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.descent import place, settle
from hauberk.attack.certify.dual import ascend, work_for
from hauberk.attack.certify.nets import CLASSES, Ways, inner
from hauberk.attack.certify.probe import probe
from hauberk.attack.certify.trim import trim
from hauberk.attack.certify.weave import evades, margin_of

SAFE = 0
"""Proven: no such choice."""

FOUND = 1
"""Here is one."""

OPEN = 2
"""The visits ran out; no verdict."""

BLURRED = 3
"""All was looked at, and the library may decide otherwise about a choice that is too near to the cut."""

PAIRS = 12
"""Pairs of sweeps at most in one box."""

LARGEST_STACK = 40_000_000
"""Entries that the boxes still to be looked at may hold together; beyond it the answer is open."""


@inner
def cost_of(chosen: Any, ways: Any) -> Any:
    """What a choice (one class of `ways` a block) costs; sums are taken in the order of blocks."""
    total = 0.0
    for k in chosen:
        total = max(total, ways.cost[k]) if ways.largest else total + ways.cost[k]
    return total


@inner
def cheaper_than(ways: Any, cost: Any, inclusive: Any) -> Any:
    """Return the ways whose classes cost less than `cost` (or as much), and which classes they are."""
    keep = (ways.cost < cost) | (inclusive & (ways.cost <= cost))
    ids = np.flatnonzero(keep)
    before = np.zeros(len(keep) + 1, np.int64)
    before[1:] = np.cumsum(keep)
    made = Ways(
        ways.row, before[ways.first], ways.cost[ids], ways.value[ids], ways.column, ways.plain,
        before[ways.home], ways.largest,
    )  # fmt: skip
    return made, ids


@inner
def attempt(net: Any, mu: Any, chosen: Any, work: Any) -> Any:
    """Improve a choice of the net's classes by single blocks; return it in the classes of the row."""
    state = (chosen, place(net, chosen))
    settle(net, mu, state, work)
    return net.origin[chosen]


@inner
def _halves(net: Any, keep: Any, block: Any, at: Any) -> Any:
    left, right = keep.copy(), keep.copy()
    left[at : net.blocks[block + 1, CLASSES]] = False
    right[net.blocks[block, CLASSES] : at] = False
    return left, right


@inner
def _caught(net: Any, world: Any, price: Any, chosen: Any, bag: Any, work: Any) -> Any:
    """Put an evading choice into the bag; return whether a choice was too near to the cut to say.

    A bag for several takes only what boxes without open trees hold, so that each choice comes once.
    """
    if len(bag[0]) > 1 and len(net.members) > 0:
        return False
    found = attempt(net, price[1], chosen.copy(), work)
    if cost_of(found, world[1]) >= price[0]:
        return False
    margin = margin_of(found, world[0], world[1])
    if evades(margin, world[0]):
        bag[0][bag[1][0]] = found
        bag[1][0] += 1
        return False
    return len(net.members) == 0 and abs(margin - world[0].cut) <= world[0].blur and world[0].blur > 0.0


@inner
def keep_choice(found: Any, trail: Any) -> None:
    """Add a choice to a trail: choices, shape (n, blocks), and how many there are, shape (1,); a full one loses its last."""
    at = min(trail[1][0], len(trail[0]) - 1)
    trail[0][at] = found
    trail[1][0] = at + 1


@inner
def bag_for(ways: Any, size: Any) -> Any:
    """An empty bag for a number of choices."""
    return np.empty((size, len(ways.home)), np.int64), np.zeros(1, np.int64)


@inner
def decide(net: Any, world: Any, cost: Any, mu: Any, run: Any, bag: Any) -> Any:
    """Look for choices of the net below a cost that evade.

    Args:
        net: over classes that are cheap enough each.
        world: woods and ways.
        cost: what the choice has to cost less than.
        mu: price of cost in the bound; 0 where the total is the largest.
        run: when `seen` reaches the first, end; the second is `seen`, leaves looked at, counted on.
        bag: filled with choices that evade, in classes of the ways, shape (n, blocks), and how many there are, shape (1,);
            the search ends when it is full.

    Returns:
        FOUND where the bag is full, SAFE where there are no choices but those in it, else OPEN or BLURRED.
    """
    woods, (limit, seen) = world[0], run
    goal = woods.sign * woods.cut * woods.divisor + woods.slack + (mu * cost if mu > 0.0 else 0.0)
    stack = [(net, np.ones(len(net.cost), np.bool_), np.zeros(len(net.leaf), np.bool_))]
    held, blurred = len(net.entries), False
    while len(stack) > 0:
        if seen[0] >= limit or held > LARGEST_STACK:
            return OPEN
        parent, keep, dead = stack.pop()
        held -= len(parent.entries)
        seen[0] += 1
        box, whole = trim(parent, keep, dead)
        if not whole:
            continue
        work = work_for(box, seen)
        bound, slip = ascend(box, mu, goal, PAIRS, work)
        gap = goal - (bound - 2.0 * slip)
        if gap <= 0.0:
            continue
        keep, dead, chosen, block, at = probe(box, gap, work)
        blurred = _caught(box, world, (cost, mu), chosen, bag, work) or blurred
        if bag[1][0] == len(bag[0]):
            return FOUND
        if block < 0:
            continue
        left, right = _halves(box, keep, block, at)
        first, second = (right, left) if chosen[block] < at else (left, right)
        stack.append((box, first, dead))
        stack.append((box, second, dead))
        held += 2 * len(box.entries)
    return BLURRED if blurred else SAFE
