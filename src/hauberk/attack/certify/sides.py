# SPDX-License-Identifier: Apache-2.0
"""Which way a value goes at a node, and the margin of one choice, both as the library decides them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hauberk.attack.certify.nets import CHILD, FEATURE, FIRST_WORD, FLAGS, WORD_COUNT, both, compiled, inner
from hauberk.model.forest.flat import CATEGORY, NAN_IS_ZERO, NAN_LEFT, TRUNCATES, ZERO_IS_MISSING

BEYOND = 16777216.0
"""Codes from here on are no categories: float32 cannot tell them apart."""


@inner
def goes_left(x: Any, node: Any, woods: Any) -> Any:
    """Whether a value as `Forest.prepare` leaves it goes left at a node."""
    flags = woods.nodes[node, FLAGS]
    missing = math.isnan(x)
    if flags == 0:
        return x <= woods.threshold[node]
    if missing and flags & NAN_IS_ZERO:
        missing = (flags & ZERO_IS_MISSING) != 0
        x = 0.0
    elif flags & ZERO_IS_MISSING and x == 0.0:
        missing = True
    if missing:
        return (flags & NAN_LEFT) != 0
    if not flags & CATEGORY:
        return x <= woods.threshold[node]
    return _in_set(x, flags, node, woods)


@inner
def _in_set(x: Any, flags: Any, node: Any, woods: Any) -> Any:
    if x >= BEYOND or (x < 0.0 and not (flags & TRUNCATES and x > -1.0)):
        return False
    code = int(x)
    if code >> 5 >= woods.nodes[node, WORD_COUNT]:
        return False
    word = woods.words[woods.nodes[node, FIRST_WORD] + (code >> 5)]
    return (word >> np.uint32(code & 31)) & np.uint32(1) == np.uint32(1)


@compiled
def margin_of(chosen: Any, woods: Any, ways: Any) -> Any:
    """Margin of one class a block (classes of `ways`), summed as the library sums it."""
    total = woods.start
    for tree in range(len(woods.roots)):
        node = woods.roots[tree]
        while woods.nodes[node, CHILD] >= 0:
            column = woods.nodes[node, FEATURE]
            block = ways.column[column, 0]
            x = ways.row[column] if block < 0 else ways.value[chosen[block], ways.column[column, 1]]
            node = woods.nodes[node, CHILD] + (0 if goes_left(x, node, woods) else 1)
        total += woods.value[-1 - woods.nodes[node, CHILD]]
        if woods.narrow:
            # two float32 added in double and rounded are their float32 sum
            total = np.float64(np.float32(total))
    return total / woods.divisor


@both
def evades(margin: Any, woods: Any) -> Any:
    """Whether a margin is on the side that the attacker wants, to the library too."""
    if woods.blur > 0.0:
        return woods.sign * (woods.cut - margin) > woods.blur
    return margin < woods.cut if woods.sign > 0 else margin >= woods.cut
