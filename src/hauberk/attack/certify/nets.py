# SPDX-License-Identifier: Apache-2.0
"""The arrays that the kernels share: a forest, the classes of one row, and the net that is left of both in a box.

Few arrays with named columns: each one more makes every kernel slower to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numba
from numba.extending import register_jitable

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

compiled = cast("_Decorator", numba.njit(cache=True, nogil=True))
"""Compiled when first called and kept on disk; one thread, without the interpreter's lock."""

_bare: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = cast("_Decorator", numba.njit(cache=True, nogil=True, **_bare))
"""The same for functions that only compiled ones call."""

both = cast("_Decorator", register_jitable(inline="always"))
"""For functions that run as they are where Python calls them, and become a part of compiled ones that call them."""

FEATURE, CHILD, FLAGS, FIRST_WORD, WORD_COUNT = range(5)
"""Columns of `Woods.nodes`."""

CLASSES, MEMBERS = range(2)
"""Columns of `Net.blocks`."""

LEAVES, SLOTS = range(2)
"""Columns of `Net.trees`."""

BLOCK, TREE, PARTS, ENTRIES = range(4)
"""Columns of `Net.slots`."""

LOW, HIGH = range(2)
"""Columns of `Net.parts`."""

LEAF, LOW_PART, HIGH_PART = range(3)
"""Columns of `Net.entries`."""


class Woods(NamedTuple):
    """A forest's trees that add to output 0.

    Attributes:
        nodes: feature, child, flags, first word and number of words of each node, as in `Forest`, shape (n, 5).
        threshold: as in `Forest`, and so are the words of sets.
        words: bits of the codes that go left.
        roots: first node of each tree that adds to output 0.
        value: what each leaf adds there, float64, as the library holds it.
        deep: tests on the longest way down.
        start: what the sum starts with.
        divisor: what the sum is divided by.
        narrow: whether the library sums in float32.
        sign: 1 where rows evade below the cut, -1 where they evade at it or above.
        cut: the margin that decides.
        slack: no sum of these trees, in whatever order, is further from the true one.
        blur: margins this near to the cut are not decided: 0 where the forest equals its library to the last bit.
    """

    nodes: Any
    threshold: Any
    words: Any
    roots: Any
    value: Any
    deep: Any
    start: Any
    divisor: Any
    narrow: Any
    sign: Any
    cut: Any
    slack: Any
    blur: Any


class Ways(NamedTuple):
    """The classes of one row, block after block.

    Attributes:
        row: the row as the predictor reads it, float64.
        first: where each block's classes start, shape (blocks + 1,).
        cost: cost of each class.
        value: each class's values as the predictor reads them, shape (classes, features of a block).
        column: the block of each column, -1 for none, and its position there, shape (width, 2).
        plain: blocks of one column whose classes stand in the order of their values and answer to `<=` alone.
        home: the class of each block that holds the row as it is.
        largest: whether the total is the largest cost instead of the sum.
    """

    row: Any
    first: Any
    cost: Any
    value: Any
    column: Any
    plain: Any
    home: Any
    largest: Any


class Net(NamedTuple):
    """What is left of a forest in a box: trees with at least two leaves, over the classes of the box.

    A slot is a tree's interest in one block. Its parts are runs of classes that the tree does not tell apart, and each
    of its entries says that a leaf needs a part from LOW_PART to below HIGH_PART; several entries of one leaf are
    alternatives, and a leaf without an entry takes any part. A row more than there are things closes each list of starts.

    Attributes:
        blocks: where each block's classes start, and its slots in `members`.
        origin: the class of `Ways` behind each class.
        cost: its cost.
        trees: where each tree's leaves and slots start; slots stand in the order of blocks.
        leaf: what each leaf adds, with the sign of the search.
        slots: block and tree of each slot, and where its parts and entries start.
        parts: first class of each part, and the class after its last.
        entries: a leaf, the first part that fits it and the part after the last; in the order of leaves.
        members: slots by block.
        delta: potential of each part: what its tree is charged for it, and the block is given; 0 for one of each slot.
        fixed: sum of what is decided, and the sum of its terms' magnitudes.
    """

    blocks: Any
    origin: Any
    cost: Any
    trees: Any
    leaf: Any
    slots: Any
    parts: Any
    entries: Any
    members: Any
    delta: Any
    fixed: Any
