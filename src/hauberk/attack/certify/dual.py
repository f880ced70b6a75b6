# SPDX-License-Identifier: Apache-2.0
"""The lower bound: every tree is minimised on its own, and potentials make the trees agree on the classes.

For a price `mu` of cost, no choice in the net has a margin plus `mu` times its cost below the bound. Each block collects
what its trees lose by each class (their min-marginals) and shares it out to those that come later in the order, forwards
and backwards in turn, so that the bound never falls but by rounding.
Source: V. Kolmogorov, A new look at reweighted message passing, PAMI 2015.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hauberk.attack.certify.nets import (
    CLASSES,
    ENTRIES,
    HIGH,
    HIGH_PART,
    LEAF,
    LEAVES,
    LOW,
    LOW_PART,
    MEMBERS,
    PARTS,
    SLOTS,
    TREE,
    inner,
)

ROUNDING = 2.0**-52
"""Twice the unit of rounding."""


class Work(NamedTuple):
    """Scratch of one net.

    Attributes:
        theta: what each class costs its block: `mu` times its cost, less what the trees are charged.
        total: each leaf's value and the least charges of what it needs.
        hope: a number for each part.
        share: a number for each class.
        seen: leaves and entries looked at so far, and how many may be, shape (2,).
    """

    theta: Any
    total: Any
    hope: Any
    share: Any
    seen: Any


@inner
def work_for(net: Any, seen: Any) -> Any:
    """Return scratch of the right sizes; `seen` is shared."""
    return Work(
        np.empty(len(net.cost)), np.empty(len(net.leaf)), np.empty(len(net.delta)), np.empty(len(net.cost)), seen
    )


@inner
def spent(work: Any) -> Any:
    """Whether no more may be looked at."""
    return work.seen[0] >= work.seen[1]


@inner
def least_of(x: Any, begin: Any, end: Any) -> Any:
    """Least of a stretch of numbers; slices and their reductions take far longer to compile."""
    least = np.inf
    for at in range(begin, end):
        least = min(least, x[at])
    return least


@inner
def greatest(x: Any, begin: Any, end: Any) -> Any:
    """Greatest of a stretch of numbers."""
    most = -np.inf
    for at in range(begin, end):
        most = max(most, x[at])
    return most


@inner
def needs(net: Any, entry: Any, end: Any, x: Any) -> Any:
    """The least of `x` over the parts that the leaf of an entry can take, and the next leaf's first entry."""
    leaf, least = net.entries[entry, LEAF], np.inf
    while entry < end and net.entries[entry, LEAF] == leaf:
        for part in range(net.entries[entry, LOW_PART], net.entries[entry, HIGH_PART]):
            least = min(least, x[part])
        entry += 1
    return least, entry


@inner
def _charge(net: Any, slot: Any, work: Any) -> Any:
    """Charge a tree what its parts cost and give it to the block; return the greatest charge."""
    most = 0.0
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        most = max(most, abs(net.delta[part]))
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            work.theta[k] -= net.delta[part]
    entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
    while entry < end:
        leaf = net.entries[entry, LEAF]
        least, entry = needs(net, entry, end, net.delta)
        work.total[leaf] += least
    return most


@inner
def refresh(net: Any, mu: Any, work: Any) -> Any:
    """Take all sums anew from the potentials; return the bound, and how far rounding can have raised it.

    The first less the second is safe whatever the potentials are, as long as the least of each slot is 0.
    """
    bound, size = net.fixed[0], net.fixed[1]
    for k in range(len(net.cost)):
        work.theta[k] = mu * net.cost[k]
    for leaf in range(len(net.leaf)):
        work.total[leaf] = net.leaf[leaf]
    for block in range(len(net.blocks) - 1):
        size += greatest(work.theta, net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES])
    for slot in range(len(net.members)):
        size += 2.0 * _charge(net, slot, work)
    for tree in range(len(net.trees) - 1):
        begin, end = net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]
        bound += least_of(work.total, begin, end)
        size += max(abs(least_of(net.leaf, begin, end)), abs(greatest(net.leaf, begin, end)))
    for block in range(len(net.blocks) - 1):
        bound += least_of(work.theta, net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES])
    work.seen[0] += len(net.leaf) + len(net.entries)
    return bound, (len(net.blocks) + len(net.trees) + len(net.members) + 64) * ROUNDING * size


@inner
def loses(net: Any, slot: Any, work: Any) -> Any:
    """Put in `hope` the least total that the slot's tree reaches with each part, without its charge; return the least."""
    tree = net.slots[slot, TREE]
    entry, end = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
    free = np.inf
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        work.hope[part] = np.inf
    for leaf in range(net.trees[tree, LEAVES], net.trees[tree + 1, LEAVES]):
        if entry == end or net.entries[entry, LEAF] != leaf:
            free = min(free, work.total[leaf])
            continue
        begin = entry
        least, entry = needs(net, begin, end, net.delta)
        _lower(net, begin, entry, work.hope, work.total[leaf] - least)
    work.seen[0] += net.trees[tree + 1, LEAVES] - net.trees[tree, LEAVES] + end - net.slots[slot, ENTRIES]
    best = np.inf
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        work.hope[part] = min(work.hope[part], free)
        best = min(best, work.hope[part] + net.delta[part])
    return best


@inner
def _lower(net: Any, begin: Any, end: Any, x: Any, value: Any) -> None:
    for entry in range(begin, end):
        for part in range(net.entries[entry, LOW_PART], net.entries[entry, HIGH_PART]):
            x[part] = min(x[part], value)


@inner
def _collect(net: Any, slot: Any, work: Any) -> None:
    """Move what the tree loses by each part to the block; `delta` is only replaced when it is shared out again."""
    best = loses(net, slot, work)
    for part in range(net.slots[slot, PARTS], net.slots[slot + 1, PARTS]):
        more = work.hope[part] + net.delta[part] - best
        work.hope[part] = best - work.hope[part]
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            work.theta[k] += more


@inner
def _give(net: Any, slot: Any, weight: Any, least: Any, work: Any) -> None:
    """Charge the tree its share of what the block's classes cost, `share` being theirs and `least` the least of it."""
    begin, end = net.slots[slot, PARTS], net.slots[slot + 1, PARTS]
    floor = np.inf
    for part in range(begin, end):
        cost = np.inf
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            cost = min(cost, work.share[k])
        cost = weight * (cost - least)
        work.hope[part] += cost
        floor = min(floor, work.hope[part])
        for k in range(net.parts[part, LOW], net.parts[part, HIGH]):
            work.theta[k] -= cost
    for k in range(net.parts[begin, LOW], net.parts[end - 1, HIGH]):
        work.theta[k] += floor
    for part in range(begin, end):
        work.hope[part] -= floor
    entry, after = net.slots[slot, ENTRIES], net.slots[slot + 1, ENTRIES]
    while entry < after:
        leaf = net.entries[entry, LEAF]
        old, _ = needs(net, entry, after, net.delta)
        new, entry = needs(net, entry, after, work.hope)
        work.total[leaf] += new - old
    for part in range(begin, end):
        net.delta[part] = work.hope[part]


@inner
def _pass(net: Any, block: Any, forward: Any, work: Any) -> None:
    begin, end = net.blocks[block, MEMBERS], net.blocks[block + 1, MEMBERS]
    if begin == end:
        return
    later, earlier = 0, 0
    for at in range(begin, end):
        slot = net.members[at]
        tree = net.slots[slot, TREE]
        _collect(net, slot, work)
        later += slot + 1 < net.trees[tree + 1, SLOTS]
        earlier += slot > net.trees[tree, SLOTS]
    low, high = net.blocks[block, CLASSES], net.blocks[block + 1, CLASSES]
    for k in range(low, high):
        work.share[k] = work.theta[k]
    least = least_of(work.share, low, high)
    for at in range(begin, end):
        slot = net.members[at]
        tree = net.slots[slot, TREE]
        on = slot + 1 < net.trees[tree + 1, SLOTS] if forward else slot > net.trees[tree, SLOTS]
        _give(net, slot, 1.0 / max(later, earlier) if on else 0.0, least, work)


@inner
def sweep(net: Any, forward: Any, work: Any) -> None:
    """Let every block collect and share out once, in its order or against it. Sums are kept up to rounding."""
    blocks = len(net.blocks) - 1
    for at in range(blocks):
        _pass(net, at if forward else blocks - 1 - at, forward, work)


@inner
def ascend(net: Any, mu: Any, aim: Any, most: Any, work: Any) -> Any:
    """Raise the bound until it reaches `aim`, hardly rises, or `most` pairs of sweeps are done.

    Returns:
        The bound and the allowance for rounding, as `refresh` returns them, and sums as it leaves them.
    """
    bound, slip = refresh(net, mu, work)
    for _ in range(most):
        if bound - slip >= aim or len(net.members) == 0 or spent(work):
            break
        for turn in range(2):
            sweep(net, turn == 0, work)
        before = bound
        bound, slip = refresh(net, mu, work)
        if aim < np.inf and (bound - before) * 15.0 < aim - bound:
            break
        if bound - before <= 1e-7 * abs(bound) + 1e-12:
            break
    return bound, slip
