# SPDX-License-Identifier: Apache-2.0
"""One box: made smaller, bounded, searched for a choice that evades, and read for where to part it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hauberk.attack.certify.descent import place, settle
from hauberk.attack.certify.dual import ascend, spent, work_for
from hauberk.attack.certify.nets import Ways, both, compiled
from hauberk.attack.certify.probe import probe
from hauberk.attack.certify.sides import evades, margin_of
from hauberk.attack.certify.thrift import economise, repair
from hauberk.attack.certify.trim import trim


class Look(NamedTuple):
    """What is known of a box.

    Attributes:
        closed: whether nothing in it is of interest.
        net: what is left of it.
        bound: no choice in it has a margin, plus the price of its cost, below this.
        keep: classes that can still matter.
        dead: leaves that cannot.
        chosen: the most promising class of each block.
        block: where to part it, -1 where no tree is open.
        at: the class of the block that begins the right side.
        found: the best choice met, in classes of the ways.
        margin: its margin.
    """

    closed: Any
    net: Any
    bound: Any
    keep: Any
    dead: Any
    chosen: Any
    block: Any
    at: Any
    found: Any
    margin: Any


@compiled
def examine(parent: Any, masks: Any, world: Any, ask: Any, pairs: Any, seen: Any) -> Any:
    """Look at a part of a net.

    Args:
        parent: the net.
        masks: which classes the part keeps, and which leaves are dead.
        world: woods and ways.
        ask: price of cost, bound from which on the box is of no interest, and bound up to which to raise it.
        pairs: pairs of sweeps at most.
        seen: leaves and entries looked at, counted on, and how many may be, shape (2,). Where the look ends for that, it
            claims nothing, so that more visits only ever add to what is known.
    """
    mu, goal, aim = ask
    net, whole = trim(parent, masks[0], masks[1])
    seen[0] += 1 + len(parent.leaf) + len(parent.entries) + len(parent.delta) + len(parent.cost)
    none, no = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    if not whole:
        return Look(True, net, np.inf, no, no, none, -1, -1, none, 0.0)
    work = work_for(net, seen)
    bound, slip = ascend(net, mu, aim, pairs, work)
    bound -= 2.0 * slip
    if bound >= goal and not spent(work):
        return Look(True, net, bound, no, no, none, -1, -1, none, 0.0)
    keep, dead, chosen, block, at = probe(net, max(goal - bound, 0.0), work)
    better = chosen.copy()
    settle(net, mu, (better, place(net, better)), work)
    found = net.origin[better]
    margin = margin_of(found, world[0], world[1])
    if spent(work):
        bound, margin = -np.inf, world[0].sign * np.inf
    return Look(False, net, bound, keep, dead, chosen, block, at, found, margin)


@compiled
def bargain(net: Any, start: Any, world: Any, seen: Any) -> Any:
    """From a choice of the net's classes to a cheap one that evades.

    Returns:
        Whether there is one, the choice in classes of the ways, and its margin.
    """
    woods = world[0]
    aim, chosen, work = woods.sign * woods.cut * woods.divisor, start.copy(), work_for(net, seen)
    state = (chosen, place(net, chosen))
    fine = repair(net, aim, state, work)
    if fine:
        economise(net, aim, state, work)
    found = net.origin[chosen]
    return fine and not spent(work), found, margin_of(found, woods, world[1])


@both
def cost_of(chosen: Any, ways: Any) -> Any:
    """What a choice (one class of `ways` a block) costs; sums are taken in the order of blocks."""
    total = 0.0
    for k in chosen:
        total = max(total, ways.cost[k]) if ways.largest else total + ways.cost[k]
    return total


@both
def evades_at(chosen: Any, woods: Any, ways: Any) -> Any:
    """Whether a choice evades, its margin summed as the library sums it."""
    return evades(margin_of(chosen, woods, ways), woods)


@both
def cheaper_than(ways: Any, cost: Any, inclusive: Any) -> Any:
    """Return the ways whose classes cost less than `cost` (or as much), and which classes they are."""
    keep = ways.cost <= cost if inclusive else ways.cost < cost
    ids = np.flatnonzero(keep)
    before = np.zeros(len(keep) + 1, np.int64)
    before[1:] = np.cumsum(keep)
    made = Ways(
        ways.row, before[ways.first], ways.cost[ids], ways.value[ids], ways.column, ways.plain,
        before[ways.home], ways.largest,
    )  # fmt: skip
    return made, ids


@both
def goal_of(woods: Any) -> Any:
    """The sum of leaves from which on no order of adding evades."""
    return woods.sign * woods.cut * woods.divisor + woods.slack


@both
def everything(net: Any) -> Any:
    """Masks that keep all classes and leaves."""
    return np.ones(len(net.cost), np.bool_), np.zeros(len(net.leaf), np.bool_)


@both
def keep_choice(found: Any, trail: Any) -> None:
    """Add a choice to a trail: choices, shape (n, blocks), and how many there are, shape (1,); a full one loses its last."""
    at = min(trail[1][0], len(trail[0]) - 1)
    trail[0][at, :] = found
    trail[1][0] = at + 1


@both
def bag_for(ways: Any, size: Any) -> Any:
    """An empty bag for a number of choices."""
    return np.empty((size, len(ways.home)), np.int64), np.zeros(1, np.int64)
