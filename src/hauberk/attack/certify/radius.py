# SPDX-License-Identifier: Apache-2.0
"""The search where the total is the largest cost: the answer is one of the classes' costs, and either side is a decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.decide import BLURRED, FOUND, SAFE, decide
from hauberk.attack.certify.examine import (
    bag_for,
    cheaper_than,
    cost_of,
    everything,
    examine,
    goal_of,
    keep_choice,
)
from hauberk.attack.certify.nets import both
from hauberk.attack.certify.sides import evades
from hauberk.attack.certify.weave import weave

FIRST_CHUNK = 20_000
"""Leaves that the first decisions may look at; doubled every round."""

QUICK = 3
"""Pairs of sweeps in a quick look."""


@both
def _net_within(world: Any, level: Any, seen: Any) -> Any:
    near, ids = cheaper_than(world[1], level, True)
    return weave(world[0], near, ids, seen)


@both
def _note(found: Any, world: Any, levels: Any, trail: Any, ends: Any) -> None:
    """Keep a choice that evades where it is cheaper than the last one."""
    cost, low, high = cost_of(found, world[1]), 0, ends[1]
    while low < high:
        middle = (low + high) >> 1
        if levels[middle] < cost:
            low = middle + 1
        else:
            high = middle
    if low < ends[1]:
        keep_choice(found, trail)
        ends[1] = low


@both
def _glance(world: Any, levels: Any, at: Any, trail: Any, ends: Any, seen: Any) -> None:
    """Bound and attempt within one level, without parting boxes."""
    goal = goal_of(world[0])
    net = _net_within(world, levels[at], seen)
    look = examine(net, everything(net), world, (0.0, goal, goal), QUICK, seen)
    if look.closed:
        ends[0] = max(ends[0], at + 1)
    elif evades(look.margin, world[0]):
        _note(look.found, world, levels, trail, ends)


@both
def _narrow(world: Any, levels: Any, trail: Any, ends: Any, seen: Any) -> None:
    """Glances at levels that double until one holds an evasion, then at the middle of what is left."""
    low, step, none = ends[0], max(1, len(levels) >> 7), ends[1]
    while low < ends[1] and seen[0] < seen[1]:
        at = min(low + step, ends[1] - 1) if ends[1] == none else (low + ends[1]) >> 1
        before = ends[1]
        _glance(world, levels, at, trail, ends, seen)
        low = low if ends[1] < before else at + 1
        step *= 2


@both
def _settle_level(world: Any, levels: Any, at: Any, trail: Any, ends: Any, run: Any) -> Any:
    """Decide one level within a limit; return the verdict."""
    net, bag = _net_within(world, levels[at], run[1]), bag_for(world[1], 1)
    verdict = decide(net, world, np.inf, 0.0, run, bag)
    if verdict == SAFE:
        ends[0] = max(ends[0], at + 1)
    if verdict == FOUND:
        _note(bag[0][0], world, levels, trail, ends)
    return verdict


@both
def _raise(world: Any, levels: Any, trail: Any, ends: Any, step: Any) -> None:
    """Halve the levels that are open, with a limited number of leaves for each decision."""
    chunk, seen = step
    low, high = ends[0], ends[1] - 1
    while low < high and seen[0] < seen[1]:
        middle = (low + high) >> 1
        _settle_level(world, levels, middle, trail, ends, (min(seen[1], seen[0] + chunk), seen))
        low, high = max(low, ends[0]), min(middle if ends[0] <= middle else high, ends[1])


@both
def search_radius(world: Any, levels: Any, trail: Any, ends: Any, seen: Any) -> None:
    """Move both ends together until they meet or the budget is spent.

    Args:
        world: woods and ways.
        levels: distinct costs in order.
        trail: choices that evade, in classes of the ways, each cheaper than the one before; see `keep_choice`.
        ends: levels below ends[0] are proven safe; ends[1] is the level of the last choice, or of what is known already.
        seen: leaves and entries looked at, counted on, and how many may be, shape (2,).
    """
    chunk = FIRST_CHUNK
    _narrow(world, levels, trail, ends, seen)
    while ends[0] < ends[1] and seen[0] < seen[1]:
        limit = min(seen[1], seen[0] + chunk)
        verdict = _settle_level(world, levels, ends[1] - 1, trail, ends, (limit, seen))
        if verdict not in (SAFE, FOUND):
            _raise(world, levels, trail, ends, (chunk, seen))
            chunk *= 2
        if verdict == BLURRED:
            break
