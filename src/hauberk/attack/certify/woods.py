# SPDX-License-Identifier: Apache-2.0
"""A forest and a row's choices as the kernels take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify.cells import Cells
from hauberk.attack.certify.choices import Choices, Total
from hauberk.attack.certify.nets import Ways, Woods
from hauberk.model.forest import Forest
from hauberk.model.forest.flat import CATEGORY, ZERO_IS_MISSING


def woods_of(forest: Forest, cut: float, *, flip: bool) -> Woods:
    """Return the trees of output 0 and the decision about them.

    The slack covers every order in which the library could add: the sum of n terms is off by less than n units of
    rounding of the sum of their magnitudes, and the quotient and the product with the cut by a few more.
    """
    counted = forest.slots == 0
    value = forest.values[:, 0].astype(np.float64)
    leaves = np.flatnonzero(forest.child < 0)
    tree = np.searchsorted(forest.roots, leaves, side="right") - 1
    most = np.zeros(forest.trees)
    np.maximum.at(most, tree, np.abs(value[-1 - forest.child[leaves]]))
    size = float(most[counted].sum()) + abs(float(forest.start[0])) + abs(cut * forest.divisor)
    slack = (int(counted.sum()) + 8) * float(np.finfo(forest.values.dtype).eps) * size
    columns = (forest.feature, forest.child, forest.flags, forest.first_word, forest.word_count)
    return Woods(
        nodes=np.stack([column.astype(np.int32) for column in columns], axis=1),
        threshold=forest.threshold,
        words=forest.words,
        roots=np.ascontiguousarray(forest.roots[counted]),
        value=value,
        deep=_depth(forest.child),
        start=float(forest.start[0]),
        divisor=float(forest.divisor),
        narrow=forest.values.dtype == np.float32,
        sign=-1.0 if flip else 1.0,
        cut=float(cut),
        slack=slack,
        blur=slack / float(forest.divisor) if forest.gap > 0.0 else 0.0,
    )


def _depth(child: NDArray[np.int32]) -> int:
    """Tests on the longest way down; children stand behind their parents."""
    level = np.flatnonzero(child >= 0)
    deep = 0
    below = np.zeros(len(child) + 1, dtype=bool)
    below[child[level]] = below[child[level] + 1] = True
    level = np.flatnonzero((child >= 0) & ~below[:-1])
    while len(level):
        deep += 1
        after = np.concatenate([child[level], child[level] + 1])
        level = after[child[after] >= 0]
    return deep


def ways_of(forest: Forest, cells: Cells, choices: Choices) -> Ways:
    """Return a row's classes."""
    odd = (forest.child >= 0) & ((forest.flags & (CATEGORY | ZERO_IS_MISSING)) != 0)
    special = np.isin(np.arange(forest.width), forest.feature[odd])
    plain = np.zeros(len(cells.home), dtype=bool)
    for number, features in enumerate(cells.features):
        values = cells.value[cells.first[number] : cells.first[number + 1], 0]
        plain[number] = len(features) == 1 and not special[features[0]] and not bool(np.isnan(values).any())
    return Ways(
        row=forest.prepare(choices.row[None, :])[0].astype(np.float64),
        first=cells.first,
        cost=cells.cost,
        value=cells.value,
        column=np.stack([cells.column, cells.place], axis=1),
        plain=plain,
        home=cells.home,
        largest=choices.total is Total.MAX,
    )
