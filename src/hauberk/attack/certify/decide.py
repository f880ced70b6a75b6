# SPDX-License-Identifier: Apache-2.0
"""Is there a choice cheaper than a given cost that evades? Depth first over boxes, each with a bound of its own."""

from __future__ import annotations

from typing import Any

from hauberk.attack.certify.examine import cost_of, everything, examine, goal_of
from hauberk.attack.certify.nets import CLASSES, both
from hauberk.attack.certify.sides import evades

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

DRIFT = 1.1
"""By how much the price of cost changes from a box to its halves."""

LARGEST_STACK = 40_000_000
"""Entries that the boxes still to be looked at may hold together; beyond it the answer is open."""


@both
def _goal(woods: Any, cost: Any, mu: Any) -> Any:
    """The bound from which on no choice of that cost evades."""
    return goal_of(woods) + mu * cost if mu > 0.0 else goal_of(woods)


@both
def _part(look: Any, woods: Any, mu: Any, stack: Any) -> Any:
    """Put the halves of a box on the stack, the one with the promising choice on top; return their entries."""
    if look.block < 0:
        return 0
    begin, end = look.net.blocks[look.block, CLASSES], look.net.blocks[look.block + 1, CLASSES]
    left, right = look.keep.copy(), look.keep.copy()
    left[look.at : end] = False
    right[begin : look.at] = False
    first, second = (right, left) if look.chosen[look.block] < look.at else (left, right)
    # a choice that evades was too dear, one that does not was too cheap
    mu *= DRIFT if evades(look.margin, woods) else 1.0 / DRIFT
    stack.append((look.net, first, look.dead, mu))
    stack.append((look.net, second, look.dead, mu))
    return 2 * len(look.net.entries)


@both
def _caught(look: Any, world: Any, cost: Any, bag: Any) -> Any:
    """Put an evading choice into the bag; return whether a choice was too near to the cut to say.

    A bag for several takes only what boxes without open trees hold, so that each choice comes once.
    """
    woods, ways = world
    single = look.block < 0
    if (len(bag[0]) > 1 and not single) or cost_of(look.found, ways) >= cost:
        return False
    if evades(look.margin, woods):
        bag[0][bag[1][0], :] = look.found
        bag[1][0] += 1
        return False
    return single and woods.blur > 0.0 and abs(look.margin - woods.cut) <= woods.blur


@both
def decide(net: Any, world: Any, cost: Any, mu: Any, run: Any, bag: Any) -> Any:
    """Look for choices of the net below a cost that evade.

    Args:
        net: over classes that are cheap enough each.
        world: woods and ways.
        cost: what the choice has to cost less than.
        mu: price of cost in the bound; 0 where the total is the largest.
        run: when `seen` reaches the first, end; the second is `seen`, see `examine`.
        bag: filled with choices that evade, in classes of the ways, shape (n, blocks), and how many there are, shape (1,);
            the search ends when it is full.

    Returns:
        FOUND where the bag is full, SAFE where there are no choices but those in it, else OPEN or BLURRED.
    """
    limit, seen = run
    keep, dead = everything(net)
    stack = [(net, keep, dead, mu)]
    held, blurred = len(net.entries), False
    while len(stack) > 0 and bag[1][0] < len(bag[0]):
        if seen[0] >= limit or held > LARGEST_STACK:
            return OPEN
        parent, keep, dead, mu = stack.pop()
        held -= len(parent.entries)
        goal = _goal(world[0], cost, mu)
        look = examine(parent, (keep, dead), world, (mu, goal, goal), PAIRS, seen)
        if seen[0] >= seen[1]:
            # the look claims nothing, not even that there is nothing
            return OPEN
        if not look.closed:
            blurred = _caught(look, world, cost, bag) or blurred
            held += _part(look, world[0], mu, stack)
    if bag[1][0] == len(bag[0]):
        return FOUND
    return BLURRED if blurred else SAFE
