# SPDX-License-Identifier: Apache-2.0
"""Cheaper choices that still evade, where costs add up: take back, make up for it elsewhere, and take back again."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.descent import move, profile, reached
from hauberk.attack.certify.dual import spent
from hauberk.attack.certify.nets import CLASSES, inner


@inner
def price(net: Any, chosen: Any) -> Any:
    """Sum of the costs of a choice of the net's classes."""
    total = 0.0
    for k in chosen:
        total += net.cost[k]
    return total


@inner
def _best_saving(net: Any, block: Any, room: Any, chosen: Any, work: Any) -> Any:
    """The cheapest class of a block that costs no more margin than there is room for."""
    best, now = chosen[block], chosen[block]
    for k in range(net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]):
        if net.cost[k] < net.cost[best] and work.share[k] - work.share[now] < room:
            best = k
    return best


@inner
def cheapen(net: Any, aim: Any, state: Any, work: Any) -> None:
    """Let blocks take cheaper classes, the greatest saving first, while the sum of leaves stays below the aim."""
    chosen, miss = state
    for _ in range(4 * len(chosen)):
        room, most, which, to = aim - reached(net, miss), 0.0, -1, 0
        for block in range(len(chosen)):
            if net.cost[chosen[block]] <= most:
                continue
            profile(net, block, state, work)
            k = _best_saving(net, block, room, chosen, work)
            saving = net.cost[chosen[block]] - net.cost[k]
            if saving > most:
                most, which, to = saving, block, k
        if which < 0 or spent(work):
            return
        move(net, which, to, state)


@inner
def _best_buy(net: Any, block: Any, short: Any, chosen: Any, work: Any) -> Any:
    """The class of a block that lowers the sum most for its cost, no more than is short, and how much that is."""
    now, best, rate = chosen[block], -1, 0.0
    for k in range(net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]):
        drop = min(work.share[now] - work.share[k], short)
        if drop > 1e-12:
            value = drop / max(net.cost[k] - net.cost[now], 1e-9 * (1.0 + net.cost[now]))
            if value > rate:
                best, rate = k, value
    return best, rate


@inner
def repair(net: Any, aim: Any, state: Any, work: Any) -> Any:
    """Buy the sum of leaves below the aim, the best rate first; return whether that worked."""
    chosen, miss = state
    for _ in range(3 * len(chosen) + 3):
        # a hair below, so that rounding does not leave it at the aim
        short = reached(net, miss) - aim + 1e-9 * (1.0 + abs(aim))
        if short <= 0.0:
            return True
        most, which, to = 0.0, -1, 0
        for block in range(len(chosen)):
            if net.blocks[block + 1, CLASSES] - net.blocks[block, CLASSES] == 1:
                continue
            profile(net, block, state, work)
            k, rate = _best_buy(net, block, short, chosen, work)
            if rate > most:
                most, which, to = rate, block, k
        if which < 0 or spent(work):
            return False
        move(net, which, to, state)
    return False


@inner
def _cheapest(net: Any, block: Any) -> Any:
    best = net.blocks[block, CLASSES]
    for k in range(best, net.blocks[block + 1, CLASSES]):
        if net.cost[k] < net.cost[best]:
            best = k
    return best


@inner
def _dearest(net: Any, chosen: Any, tried: Any) -> Any:
    """The block that costs most among those not tried and not free; -1 for none."""
    best, most = -1, 0.0
    for block in range(len(chosen)):
        if not tried[block] and net.cost[chosen[block]] > most:
            best, most = block, net.cost[chosen[block]]
    return best


@inner
def _restore(old: Any, new: Any) -> None:
    for at in range(len(old)):
        new[at] = old[at]


@inner
def economise(net: Any, aim: Any, state: Any, work: Any) -> None:
    """Take back each block in turn, the dearest first, and keep what the others make up for at a lower cost."""
    chosen, miss = state
    cheapen(net, aim, state, work)
    now, tried = price(net, chosen), np.zeros(len(chosen), np.bool_)
    while True:
        block = _dearest(net, chosen, tried)
        if block < 0 or spent(work):
            return
        tried[block] = True
        old_chosen, old_miss = chosen.copy(), miss.copy()
        move(net, block, _cheapest(net, block), state)
        if repair(net, aim, state, work):
            cheapen(net, aim, state, work)
            if price(net, chosen) < now - 1e-12 * now:
                now = price(net, chosen)
                tried[:] = False
                continue
        _restore(old_chosen, chosen)
        _restore(old_miss, miss)
