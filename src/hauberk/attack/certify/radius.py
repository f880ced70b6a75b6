# SPDX-License-Identifier: Apache-2.0
"""The search where the total is the largest cost: the answer is one of the classes' costs, and either side is a decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.decide import (
    BLURRED,
    FOUND,
    SAFE,
    attempt,
    bag_for,
    cheaper_than,
    cost_of,
    decide,
    keep_choice,
)
from hauberk.attack.certify.dual import ascend, work_for
from hauberk.attack.certify.nets import compiled, inner, stage
from hauberk.attack.certify.probe import probe
from hauberk.attack.certify.weave import evades, margin_of, weave

FIRST_CHUNK = 20_000
"""Leaves that the first decisions may look at; doubled every round."""

QUICK = 3
"""Pairs of sweeps in a quick look."""


@stage
def _net_within(woods: Any, ways: Any, level: Any) -> Any:
    near, ids = cheaper_than(ways, level, True)
    return weave(woods, near, ids)


@inner
def _note(found: Any, world: Any, levels: Any, trail: Any, ends: Any) -> Any:
    """Keep a choice that evades and is cheaper than the last one; return whether it is."""
    woods, ways = world
    at = np.searchsorted(levels, cost_of(found, ways))
    if at >= ends[1] or not evades(margin_of(found, woods, ways), woods):
        return False
    keep_choice(found, trail)
    ends[1] = at
    return True


@stage
def _glance(world: Any, levels: Any, at: Any, trail: Any, ends: Any, seen: Any) -> Any:
    """Bound and attempt within one level, without parting boxes; return whether a better choice was found."""
    woods, ways = world
    net = _net_within(woods, ways, levels[at])
    work = work_for(net, seen)
    goal = woods.sign * woods.cut * woods.divisor + woods.slack
    bound, slip = ascend(net, 0.0, goal, QUICK, work)
    gap = goal - (bound - 2.0 * slip)
    if gap <= 0.0:
        ends[0] = max(ends[0], at + 1)
        return False
    chosen = probe(net, gap, work)[2]
    return _note(attempt(net, 0.0, chosen, work), world, levels, trail, ends)


@stage
def _narrow(world: Any, levels: Any, trail: Any, ends: Any, budget: Any, seen: Any) -> None:
    """Glances at levels that double until one holds an evasion, then at the middle of what is left."""
    low, step = ends[0], max(1, len(levels) >> 7)
    while low < ends[1] and seen[0] < budget:
        at = min(low + step, ends[1] - 1) if ends[1] == len(levels) else (low + ends[1]) >> 1
        low = min(low, ends[1]) if _glance(world, levels, at, trail, ends, seen) else at + 1
        step *= 2


@stage
def _settle_level(world: Any, levels: Any, at: Any, trail: Any, ends: Any, run: Any) -> Any:
    """Decide one level within a limit; return the verdict."""
    net = _net_within(world[0], world[1], levels[at])
    bag = bag_for(world[1], 1)
    verdict = decide(net, world, np.inf, 0.0, run, bag)
    if verdict == SAFE:
        ends[0] = max(ends[0], at + 1)
    if verdict == FOUND:
        _note(bag[0][0], world, levels, trail, ends)
    return verdict


@compiled
def search_radius(woods: Any, ways: Any, levels: Any, trail: Any, ends: Any, budget: Any) -> Any:
    """Move both ends together until they meet or the budget is spent.

    Args:
        woods: the forest.
        ways: the row's classes.
        levels: distinct costs in order.
        trail: choices that evade, in classes of `ways`, each cheaper than the one before; see `keep_choice`.
        ends: levels below ends[0] are proven safe; ends[1] is the level of the last choice, or the number of levels.
        budget: leaves that may be looked at.

    Returns:
        Leaves looked at.
    """
    world, seen, chunk = (woods, ways), np.zeros(1, np.int64), FIRST_CHUNK
    _narrow(world, levels, trail, ends, budget, seen)
    while ends[0] < ends[1] and seen[0] < budget:
        limit = min(budget, seen[0] + chunk)
        verdict = _settle_level(world, levels, ends[1] - 1, trail, ends, (limit, seen))
        if verdict in (SAFE, FOUND):
            continue
        low, high = ends[0], ends[1] - 1
        while low < high and seen[0] < budget:
            middle = (low + high) >> 1
            limit = min(budget, seen[0] + chunk)
            _settle_level(world, levels, middle, trail, ends, (limit, seen))
            low, high = max(low, ends[0]), min(middle if ends[0] <= middle else high, ends[1])
        if verdict == BLURRED:
            break
        chunk *= 2
    return seen[0]
