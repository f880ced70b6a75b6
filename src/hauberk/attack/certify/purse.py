# SPDX-License-Identifier: Apache-2.0
"""The search where costs add up: a price of cost turns the bound on margins into one on cost, and boxes do the rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify.decide import BLURRED, FOUND, OPEN, SAFE, decide
from hauberk.attack.certify.examine import (
    Look,
    bag_for,
    bargain,
    cheaper_than,
    cost_of,
    everything,
    examine,
    goal_of,
    keep_choice,
)
from hauberk.attack.certify.nets import Net, Ways, Woods
from hauberk.attack.certify.sides import evades, margin_of
from hauberk.attack.certify.weave import weave

FIRST_CHUNK = 50_000
"""Leaves that the first decisions may look at; doubled every round."""

EACH = 500
"""The same for each leaf of the net, where that is more."""

PRICES = 40
"""Prices of cost that are tried before boxes are parted."""

STALLS = 4
"""Prices in a row that move the ends little, after which no more are tried."""

PRICED = 12
"""Pairs of sweeps at each price."""

MIDDLES = 4
"""Costs between the ends that are decided in a round."""


class Purse:
    """The search of one row.

    Args:
        world: woods and ways.
        trail: choices that evade, in classes of the ways, each cheaper than the one before; see `keep_choice`.
        cap: cost of the last choice, or of what is known already; only what is cheaper is of interest.
        budget: leaves that may be looked at.

    Attributes:
        lower: what is proven: nothing cheaper evades.
        upper: cost of the last choice, or the cap.
        seen: leaves and entries looked at, and how many may be, shape (2,).
    """

    def __init__(self, world: tuple[Woods, Ways], *, trail: Any, cap: float, budget: int) -> None:
        self.world, self.trail = world, trail
        self.lower: float = 0.0
        self.upper: float = cap
        self.seen: NDArray[np.int64] = np.array([0, budget], dtype=np.int64)
        self.goal, self.grain = float(goal_of(world[0])), _grain(world[1].cost)
        home = float(world[0].sign * margin_of(world[1].home, *world) * world[0].divisor)
        self.excess = max(home - self.goal, 1e-9)

    def search(self) -> None:
        """Move both ends together until they meet or the budget is spent."""
        if math.isinf(self.upper):
            self._first()
        if math.isinf(self.upper) or not self._goes_on():
            return
        net, mu = self._prices(self._net(self.upper))
        chunk, verdict = max(FIRST_CHUNK, EACH * len(net.leaf)), OPEN
        while self._goes_on() and verdict != BLURRED:
            verdict = self._below(net, self.upper, mu, chunk)
            if verdict in {SAFE, FOUND}:
                continue
            self._raise(net, mu, chunk)
            chunk *= 2

    def _net(self, cost: float) -> Net:
        near, ids = cheaper_than(self.world[1], cost, True)
        made: Net = weave(self.world[0], near, ids, self.seen)
        return made

    def _first(self) -> None:
        """Find something that evades: within costs that double, and at last within all."""
        costs = np.unique(np.append(self.world[1].cost, 0.0))
        cost = float(costs[min((len(costs) >> 7) + 1, len(costs) - 1)])
        while self._goes_on():
            net = self._net(cost)
            if cost >= costs[-1]:
                if self._any(net) == SAFE:
                    self.lower = math.inf
                return
            mu = self.excess / cost
            goal = self.goal + mu * cost
            look: Look = examine(net, everything(net), self.world, (mu, goal, goal), 4, self.seen)
            self._prove(cost if look.closed else min(cost, (float(look.bound) - self.goal) / mu))
            if not look.closed and self._bargain(look.net, look.chosen):
                return
            cost = max(2.0 * cost, self.lower)

    def _prove(self, cost: float) -> bool:
        """Take in that nothing cheaper evades; costs come in grains. Return whether that is new."""
        cost *= 1.0 - 1e-12
        if cost <= self.lower:
            return False
        if self.grain > 0.0:
            cost = math.ceil(cost / self.grain - 1e-6) * self.grain
        self.lower = min(cost, self.upper)
        return True

    def _goes_on(self) -> bool:
        return self.lower < self.upper and bool(self.seen[0] < self.seen[1])

    def _note(self, found: NDArray[np.int64], margin: float) -> bool:
        """Keep a choice where it evades and is cheaper than the last one; return whether it evades."""
        gets_by = bool(evades(margin, self.world[0]))
        cost = float(cost_of(found, self.world[1]))
        if gets_by and cost < self.upper:
            keep_choice(found, self.trail)
            self.upper = cost
        return gets_by

    def _bargain(self, net: Net, chosen: NDArray[np.int64]) -> bool:
        fine, found, margin = bargain(net, chosen, self.world, self.seen)
        return bool(fine) and self._note(found, margin)

    def _any(self, net: Net) -> int:
        """Whether anything evades at all."""
        look: Look = examine(net, everything(net), self.world, (0.0, self.goal, self.goal), 6, self.seen)
        if look.closed:
            return SAFE
        gets_by = self._note(look.found, look.margin)
        if self._bargain(look.net, look.chosen) or gets_by:
            return FOUND
        return self._below(net, math.inf, 0.0, int(self.seen[1]))

    def _prices(self, net: Net) -> tuple[Net, float]:
        """Look for the price of cost that proves most, and for cheaper choices at each; return net and price."""
        mu, factor, before = self.excess / self.upper, 2.0, 0
        best_mu, masks, stalled = mu, everything(net), 0
        for number in range(PRICES):
            if not self._goes_on() or stalled == STALLS:
                break
            lower, upper = self.lower, self.upper
            look = self._priced(net, masks, mu, hard=number % 3 == 0)
            if look.closed:
                break
            best_mu = mu if self.lower > lower else best_mu
            net, masks = look.net, (look.keep, look.dead)
            moved = self.lower - lower + upper - self.upper
            stalled = 0 if moved > 0.02 * (upper - lower) else stalled + 1
            # a choice that evades is too dear, one that does not is too cheap
            turn = 1 if evades(look.margin, self.world[0]) else -1
            factor = math.sqrt(factor) if before == -turn else factor
            mu, before = mu * factor**turn, turn
        return net, best_mu

    def _priced(self, net: Net, masks: Any, mu: float, *, hard: bool) -> Look:
        """Bound and attempts at one price; what is left in the net's look can still be cheaper than the best."""
        goal = self.goal + mu * self._under(self.upper)
        look: Look = examine(net, masks, self.world, (mu, goal, math.inf), PRICED, self.seen)
        if look.closed:
            self.lower = self.upper
            return look
        self._prove((float(look.bound) - self.goal) / mu)
        self._note(look.found, look.margin)
        if hard:
            self._bargain(look.net, look.chosen)
        return look

    def _under(self, cost: float) -> float:
        """A cost just above all that are less than `cost`, as costs come in grains."""
        if self.grain == 0.0 or math.isinf(cost):
            return cost
        return (math.ceil(cost / self.grain - 1e-9) - 1 + 1e-6) * self.grain

    def _below(self, net: Net, cost: float, mu: float, chunk: int) -> int:
        """Decide whether anything is cheaper than a cost, within a number of leaves."""
        bag, limit = bag_for(self.world[1], 1), min(int(self.seen[1]), int(self.seen[0]) + chunk)
        verdict = int(decide(net, self.world, self._under(cost), mu, (limit, self.seen), bag))
        if verdict == SAFE:
            # what was decided exactly needs no allowance
            self.lower = max(self.lower, min(cost, self.upper))
        if verdict == FOUND:
            self._note(bag[0][0], margin_of(bag[0][0], *self.world))
        return verdict

    def _raise(self, net: Net, mu: float, chunk: int) -> None:
        """Halve the costs that are open, with a limited number of leaves for each decision."""
        low, high = self.lower, self.upper
        for _ in range(MIDDLES):
            middle = 0.5 * (low + high)
            if self.grain > 0.0:
                middle = math.ceil(middle / self.grain) * self.grain
            if not self._goes_on() or not low < middle < self.upper:
                return
            if self._below(net, middle, mu, chunk) in {SAFE, FOUND}:
                low, high = max(low, self.lower), min(high, self.upper)
            else:
                high = middle


def _grain(cost: NDArray[np.float64]) -> float:
    """The greatest number of which all costs are multiples, where they are whole numbers; else 0."""
    whole = bool(np.all((cost == np.floor(cost)) & (cost < 2.0**40)))
    return float(np.gcd.reduce(cost.astype(np.int64))) if whole and len(cost) else 0.0


def hunt(world: tuple[Woods, Ways], cost: float, bag: Any, budget: int) -> tuple[int, int]:
    """Fill a bag with different choices that evade and cost less than `cost`; return the verdict and the leaves looked at.

    SAFE says that every box without open trees that holds such a choice has its cheapest one in the bag.
    """
    woods, ways = world
    seen, mu = np.array([0, budget], dtype=np.int64), 0.0
    near, ids = cheaper_than(ways, cost, False)
    if not ways.largest and 0.0 < cost < math.inf:
        home = float(woods.sign * margin_of(ways.home, woods, ways) * woods.divisor)
        mu = max(home - float(goal_of(woods)), 0.0) / cost
    verdict = decide(weave(woods, near, ids, seen), world, cost, mu, (budget, seen), bag)
    return int(verdict), int(seen[0])
