# SPDX-License-Identifier: Apache-2.0
"""Cheaper choices that still evade, where costs add up: take back, make up for it elsewhere, and take back again."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.descent import move, profile, reached
from hauberk.attack.certify.nets import CLASSES, inner


@inner
def spent(net: Any, chosen: Any) -> Any:
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
            if net.cost[chosen[block]] > 0.0:
                profile(net, block, state, work)
                k = _best_saving(net, block, room, chosen, work)
                saving = net.cost[chosen[block]] - net.cost[k]
                if saving > most:
                    most, which, to = saving, block, k
        if which < 0:
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
            if net.blocks[block + 1, CLASSES] - net.blocks[block, CLASSES] > 1:
                profile(net, block, state, work)
                k, rate = _best_buy(net, block, short, chosen, work)
                if rate > most:
                    most, which, to = rate, block, k
        if which < 0:
            return False
        move(net, which, to, state)
    return False


@inner
def _cheapest(net: Any, block: Any) -> Any:
    begin = net.blocks[block, CLASSES]
    return begin + np.argmin(net.cost[begin : net.blocks[block + 1, CLASSES]])


@inner
def economise(net: Any, aim: Any, state: Any, work: Any) -> None:
    """Take back each block in turn, the dearest first, and keep what the others make up for at a lower cost."""
    chosen, miss = state
    cheapen(net, aim, state, work)
    now, tries = spent(net, chosen), 0
    while tries < len(chosen):
        order = np.argsort(-net.cost[chosen])
        block = order[tries]
        tries += 1
        if net.cost[chosen[block]] <= 0.0:
            return
        old_chosen, old_miss = chosen.copy(), miss.copy()
        move(net, block, _cheapest(net, block), state)
        if repair(net, aim, state, work):
            cheapen(net, aim, state, work)
            if spent(net, chosen) < now - 1e-12 * now:
                now, tries = spent(net, chosen), 0
                continue
        chosen[:], miss[:] = old_chosen, old_miss
