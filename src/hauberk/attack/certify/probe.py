# SPDX-License-Identifier: Apache-2.0
"""What a net's potentials say: which classes and leaves are out of question, what looks best, and where to part the box."""

from __future__ import annotations

from typing import Any

import numpy as np

from hauberk.attack.certify.dual import least_of, loses
from hauberk.attack.certify.nets import CLASSES, HIGH, LEAVES, LOW, MEMBERS, PARTS, inner


@inner
def dead_leaves(net: Any, gap: Any, work: Any) -> Any:
    """Flag leaves that raise the bound by the gap or more where they are taken; their totals become infinite."""
    dead = np.zeros(len(net.leaf), np.bool_)
    for tree in range(len(net.trees) - 1):
        begin, end = net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]
        least = least_of(work.total, begin, end)
        for leaf in range(begin, end):
            if work.total[leaf] - least >= gap:
                dead[leaf] = True
                work.total[leaf] = np.inf
    return dead


@inner
def _sum_up(net: Any, slot: Any, work: Any, gains: Any) -> None:
    """Add what the slot's tree loses by each class, and by having to keep below or at and above each class."""
    left, right = gains
    best = loses(net, slot, work)
    begin, end = net.slots[slot, PARTS], net.slots[slot + 1, PARTS]
    least = np.inf
    for part in range(begin, end):
        work.hope[part] += net.delta[part] - best
        least = min(least, work.hope[part])
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            work.share[k] += work.hope[part]
            left[k + 1] += least
    least = np.inf
    for part in range(end - 1, begin - 1, -1):
        least = min(least, work.hope[part])
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            right[k] += least


@inner
def _best_class(net: Any, block: Any, work: Any) -> Any:
    best = net.blocks[block, CLASSES]
    for k in range(net.blocks[block, CLASSES] + 1, net.blocks[block + 1, CLASSES]):
        apart = work.share[k] - work.share[best]
        if apart < -1e-12 or (apart <= 1e-12 and net.cost[k] < net.cost[best]):
            best = k
    return best


@inner
def _best_border(net: Any, block: Any, work: Any, gains: Any, gap: Any) -> Any:
    """Where the weaker of two sides rises most, as (score, class that begins the right side)."""
    low, high = net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]
    theta, share = work.theta, work.share
    score, at = -1.0, -1
    ahead, ahead_full = np.empty(high - low), np.empty(high - low)
    ahead[-1], ahead_full[-1] = theta[high - 1], share[high - 1]
    for k in range(high - 2, low - 1, -1):
        ahead[k - low], ahead_full[k - low] = min(theta[k], ahead[k + 1 - low]), min(share[k], ahead_full[k + 1 - low])
    floor, behind, behind_full = ahead[0], np.inf, np.inf
    for k in range(low + 1, high):
        behind, behind_full = min(behind, theta[k - 1]), min(behind_full, share[k - 1])
        one = min(gap, max(behind - floor + gains[0][k], behind_full - floor))
        two = min(gap, max(ahead[k - low] - floor + gains[1][k], ahead_full[k - low] - floor))
        value = min(one, two) + 0.1 * max(one, two)
        if value > score:
            score, at = value, k
    return score, at


@inner
def probe(net: Any, gap: Any, work: Any) -> Any:
    """Read a net whose sums `refresh` has just taken.

    Args:
        net: the net.
        gap: what the bound still has to rise for the box to be done with.
        work: its sums; totals of dead leaves become infinite, and `share` holds what the bound rises by each class.

    Returns:
        Classes that are kept, leaves that are dead, the most promising class of each block, and the block and class at
        which to part the box; block -1 where no tree is left.
    """
    dead = dead_leaves(net, gap, work)
    keep, chosen = np.ones(len(net.cost), np.bool_), np.empty(len(net.blocks) - 1, np.int64)
    gains = (np.zeros(len(net.cost) + 1), np.zeros(len(net.cost) + 1))
    for k in range(len(net.cost)):
        work.share[k] = work.theta[k]
    most, block, at = -1.0, -1, -1
    for b in range(len(net.blocks) - 1):
        low, high = net.blocks[b, CLASSES], net.blocks[b + 1, CLASSES]
        for place in range(net.blocks[b, MEMBERS], net.blocks[b + 1, MEMBERS]):
            _sum_up(net, net.members[place], work, gains)
        floor = least_of(work.theta, low, high)
        for k in range(low, high):
            keep[k] = work.share[k] - floor < gap
        chosen[b] = _best_class(net, b, work)
        if net.blocks[b, MEMBERS] < net.blocks[b + 1, MEMBERS]:
            score, border = _best_border(net, b, work, gains, gap)
            if score > most:
                most, block, at = score, b, border
    return keep, dead, chosen, block, at
