# SPDX-License-Identifier: Apache-2.0
"""Trees over classes of options. Compiled when first called and kept on disk; one thread, without the interpreter's lock."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np

from hauberk.model.forest.flat import CATEGORY, NAN_IS_ZERO, NAN_LEFT, TRUNCATES, ZERO_IS_MISSING

_compiled = cast("Callable[[Callable[..., Any]], Callable[..., Any]]", numba.njit(cache=True, nogil=True))

BEYOND = 16777216.0
"""Codes from here on are no categories: float32 cannot tell them apart."""


@_compiled
def goes_left(x: Any, threshold: Any, flags: Any, words: Any) -> Any:
    """Whether a value as `Forest.prepare` leaves it goes left at a node with these flags and set."""
    missing = math.isnan(x)
    if missing and flags & NAN_IS_ZERO:
        missing = (flags & ZERO_IS_MISSING) != 0
        x = 0.0
    elif flags & ZERO_IS_MISSING and x == 0.0:
        missing = True
    if missing:
        return (flags & NAN_LEFT) != 0
    if not flags & CATEGORY:
        return x <= threshold
    if x >= BEYOND or (x < 0.0 and not (flags & TRUNCATES and x > -1.0)):
        return False
    code = int(x)
    return code >> 5 < len(words) and (words[code >> 5] >> np.uint32(code & 31)) & np.uint32(1) == np.uint32(1)


@_compiled
def bound(row: Any, nodes: Any, sets: Any, trees: Any, cells: Any, allowed: Any, score: Any) -> Any:
    """Sum over the trees of the least leaf in a box, how many trees are open, and the leaves looked at.

    Args:
        row: as `Forest.prepare` leaves it.
        nodes: feature, threshold, child and flags.
        sets: first word, number of words, words.
        trees: roots and leaf values, of the trees that count.
        cells: block of each column, its place in the block, where blocks start, values of classes.
        allowed: which classes the box has, by number of reasons against; zero means allowed.
        score: for each block, by how much leaf values differ in the trees that test it; added to.
    """
    feature, threshold, child, flags = nodes
    first_word, word_count, words = sets
    roots, values = trees
    column, place, first, value = cells
    stack, side = np.empty(4096, np.int64), np.empty(4096, np.int64)
    total, opened, visits = 0.0, 0, 0
    for tree in range(len(roots)):
        least, most, top = np.inf, -np.inf, 0
        stack[0], side[0] = roots[tree], 0
        while top >= 0:
            node, entered = stack[top], side[top]
            after = child[node]
            if after < 0:
                visits += 1
                least, most = min(least, values[-1 - after]), max(most, values[-1 - after])
                top -= 1
                continue
            block = column[feature[node]]
            begin = first_word[node]
            members = words[begin : begin + word_count[node]]
            if block < 0:
                left = goes_left(row[feature[node]], threshold[node], flags[node], members)
                stack[top] = after if left else after + 1
                continue
            if entered > 0:
                for k in range(first[block], first[block + 1]):
                    left = goes_left(value[k, place[feature[node]]], threshold[node], flags[node], members)
                    if left != (entered == 1):
                        allowed[k] -= 1
            if entered == 2:
                top -= 1
                continue
            some = False
            for k in range(first[block], first[block + 1]):
                left = goes_left(value[k, place[feature[node]]], threshold[node], flags[node], members)
                if left != (entered == 0):
                    allowed[k] += 1
                elif allowed[k] == 0:
                    some = True
            side[top] = entered + 1
            if some:
                top += 1
                stack[top], side[top] = after + entered, 0
        total += least
        opened += least < most
        node = roots[tree]
        if child[node] >= 0 and least < most and column[feature[node]] >= 0:
            score[column[feature[node]]] += most - least
    return total, opened, visits
