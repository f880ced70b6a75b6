# SPDX-License-Identifier: Apache-2.0
"""The search where costs add up: a price of cost turns the bound on margins into one on cost, and boxes do the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.decide import BLURRED, FOUND, SAFE, bag_for, cheaper_than, cost_of, decide, keep_choice
from hauberk.attack.certify.descent import place, settle
from hauberk.attack.certify.dual import ascend, work_for
from hauberk.attack.certify.nets import compiled, inner, stage
from hauberk.attack.certify.probe import probe
from hauberk.attack.certify.thrift import economise, repair
from hauberk.attack.certify.trim import trim
from hauberk.attack.certify.weave import evades, margin_of, weave

FIRST_CHUNK = 50_000
"""Leaves that the first decisions may look at."""

PRICES = 12
"""Prices of cost that are tried before boxes are parted."""


@inner
def _note(found: Any, world: Any, trail: Any, ends: Any) -> Any:
    woods, ways = world
    cost = cost_of(found, ways)
    if cost >= ends[1] or not evades(margin_of(found, woods, ways), woods):
        return False
    keep_choice(found, trail)
    ends[1] = cost
    return True


@inner
def _bargain(net: Any, world: Any, start: Any, trail: Any, ends: Any, work: Any) -> Any:
    """From a choice of the net's classes to a cheap one that evades; return whether a better choice was found."""
    woods = world[0]
    aim = woods.sign * woods.cut * woods.divisor
    chosen = start.copy()
    state = (chosen, place(net, chosen))
    if not repair(net, aim, state, work):
        return False
    economise(net, aim, state, work)
    return _note(net.origin[chosen], world, trail, ends)


@inner
def _goal(woods: Any) -> Any:
    return woods.sign * woods.cut * woods.divisor + woods.slack


@inner
def _any(net: Any, world: Any, trail: Any, ends: Any, budget: Any, seen: Any) -> Any:
    """Whether anything evades at all: SAFE, FOUND or OPEN."""
    work = work_for(net, seen)
    bound, slip = ascend(net, 0.0, _goal(world[0]), 6, work)
    gap = _goal(world[0]) - (bound - 2.0 * slip)
    if gap <= 0.0:
        return SAFE
    chosen = probe(net, gap, work)[2]
    settle(net, 0.0, (chosen, place(net, chosen)), work)
    if _bargain(net, world, chosen, trail, ends, work):
        return FOUND
    bag = bag_for(world[1], 1)
    verdict = decide(net, world, np.inf, 0.0, (budget, seen), bag)
    if verdict == FOUND:
        _note(bag[0][0], world, trail, ends)
    return verdict


@inner
def _reprice(net: Any, mu: Any, step: Any, world: Any, ends: Any, work: Any) -> Any:
    """Raise the lower bound at a price; return the net without what cannot be cheaper than the trail, and the choice."""
    goal = _goal(world[0])
    bound, slip = ascend(net, mu, np.inf, step, work)
    ends[0] = max(ends[0], min(ends[1], (bound - 2.0 * slip - goal) / mu * (1.0 - 1e-12)))
    gap = goal + mu * ends[1] - (bound - 2.0 * slip)
    keep, dead, chosen, _, _ = probe(net, gap, work)
    smaller, whole = trim(net, keep, dead)
    return smaller, whole and gap > 0.0, chosen


@inner
def _prices(net: Any, world: Any, trail: Any, ends: Any, budget: Any, seen: Any) -> Any:
    """Look for the price of cost that proves most, and for cheaper choices at each; return net and price."""
    woods, ways = world
    home = woods.sign * margin_of(ways.home, woods, ways) * woods.divisor
    mu, factor = max(home - _goal(woods), 1e-9) / ends[1], 2.0
    best_mu, before, rose = mu, 0, ends[0]
    for _ in range(PRICES):
        if seen[0] >= budget or ends[0] >= ends[1]:
            break
        work = work_for(net, seen)
        smaller, whole, chosen = _reprice(net, mu, 3, world, ends, work)
        if not whole:
            ends[0] = ends[1]
            break
        if ends[0] > rose:
            best_mu, rose = mu, ends[0]
        settle(net, mu, (chosen, place(net, chosen)), work)
        found = net.origin[chosen]
        up = evades(margin_of(found, woods, ways), woods)
        _note(found, world, trail, ends)
        _bargain(net, world, chosen, trail, ends, work)
        turned = before != 0 and (before > 0) != up
        factor = np.sqrt(factor) if turned else factor
        before = 1 if up else -1
        mu = mu * factor if up else mu / factor
        net = smaller
    return net, best_mu


@stage
def _below(net: Any, world: Any, cost: Any, mu: Any, trail: Any, run: Any) -> Any:
    """Decide whether anything is cheaper than a cost; return the verdict."""
    ends, limit, seen = run
    bag = bag_for(world[1], 1)
    verdict = decide(net, world, cost, mu, (limit, seen), bag)
    if verdict == SAFE:
        ends[0] = max(ends[0], cost)
    if verdict == FOUND:
        _note(bag[0][0], world, trail, ends)
    return verdict


@compiled
def search_purse(woods: Any, ways: Any, limit: Any, trail: Any, ends: Any, budget: Any) -> Any:
    """Move both ends together until they meet or the budget is spent.

    Args:
        woods: the forest.
        ways: the row's classes.
        limit: costs beyond this are of no interest.
        trail: choices that evade, in classes of `ways`, each cheaper than the one before; see `keep_choice`.
        ends: proven lower bound and cost of the last choice.
        budget: leaves that may be looked at.

    Returns:
        Leaves looked at.
    """
    world, seen, chunk, share = (woods, ways), np.zeros(1, np.int64), FIRST_CHUNK, 0.5
    near, ids = cheaper_than(ways, min(limit, ends[1]), True)
    net = weave(woods, near, ids)
    if ends[1] == np.inf and budget > 0 and _any(net, world, trail, ends, budget, seen) == SAFE:
        ends[0] = limit
    if ends[1] == np.inf or ends[0] >= ends[1]:
        return seen[0]
    net, mu = _prices(net, world, trail, ends, budget, seen)
    while ends[0] < ends[1] and seen[0] < budget:
        verdict = _below(net, world, ends[1], mu, trail, (ends, min(budget, seen[0] + chunk), seen))
        if verdict in (SAFE, FOUND):
            continue
        low, high = ends[0], ends[1]
        for _ in range(4):
            middle = low + share * (high - low)
            if seen[0] >= budget or not low < middle < ends[1]:
                break
            if _below(net, world, middle, mu, trail, (ends, min(budget, seen[0] + chunk), seen)) in (SAFE, FOUND):
                low = max(low, ends[0])
            else:
                high = middle
        if verdict == BLURRED:
            break
        chunk *= 2
    return seen[0]


@compiled
def hunt(woods: Any, ways: Any, cost: Any, bag: Any, budget: Any) -> Any:
    """Fill a bag with different choices that evade and cost less than `cost`; return the verdict and the leaves looked at.

    SAFE says that every box without open trees that holds such a choice has its cheapest one in the bag.
    """
    world, seen, mu = (woods, ways), np.zeros(1, np.int64), 0.0
    near, ids = cheaper_than(ways, cost, False)
    if not ways.largest and cost < np.inf:
        home = woods.sign * margin_of(ways.home, woods, ways) * woods.divisor
        mu = max(home - _goal(woods), 0.0) / max(cost, 1e-300)
    verdict = decide(weave(woods, near, ids), world, cost, mu, (budget, seen), bag)
    return verdict, seen[0]
