# SPDX-License-Identifier: Apache-2.0
"""Proposals for neighbours: raw moves in one to a few blocks, to be projected afterwards."""

from __future__ import annotations

import numpy as np

from hauberk.domain.space.codec import Floats
from hauberk.domain.space.mechanics import Mechanics
from hauberk.domain.space.price import levels

_NEAR = 0.5
_FAR = 0.35


def propose(mechanics: Mechanics, origin: Floats, rng: np.random.Generator, most: int) -> Floats:
    """Draw one raw proposal for each origin row.

    Args:
        mechanics: the space's parts.
        origin: rows, column by column, shape (k, n).
        rng: where chance comes from.
        most: how many blocks a proposal changes at most.

    Returns:
        Proposals of the same shape. Numbers move near (a step of random size from a thousandth of the column's spread to
        all of it), far (to a value of the template), or to a level such as a bound; choices to any choice.
    """
    rows = origin.copy()
    count, n = len(mechanics.blocks), origin.shape[1]
    if not count:
        return rows
    wanted = np.asarray(rng.geometric(0.6, size=n), dtype=np.int64).clip(1, min(most, count))
    rank = rng.random((count, n)).argsort(axis=0).argsort(axis=0)
    chosen = rank < wanted[None, :]
    for block, picked in zip(mechanics.blocks, chosen, strict=True):
        where = np.flatnonzero(picked)
        if not where.size:
            continue
        if len(block) != 1:
            for j in block:
                rows[j, where] = 0.0
            rows[rng.choice(np.array(block), size=where.size), where] = 1.0
        else:
            j = block[-1]
            rows[j, where] = _draw(mechanics, j, origin[j, where], rng)
    return rows


def _draw(mechanics: Mechanics, j: int, origin: Floats, rng: np.random.Generator) -> Floats:
    codec = mechanics.codecs[mechanics.names[j]]
    values = mechanics.values[j]
    some = levels(codec, values)
    if codec.allows_nan:
        some = np.append(some, np.nan)
    level = some[rng.integers(len(some), size=origin.size)]
    if codec.coded:
        return level
    size = mechanics.scales[j] * 10.0 ** -(3.0 * rng.random(origin.size))
    step = rng.standard_normal(origin.size) * size
    near = origin + np.sign(step) * np.maximum(np.abs(step), codec.grid)
    far = values[rng.integers(len(values), size=origin.size)]
    mode = rng.random(origin.size)
    return np.where(mode < _NEAR, near, np.where(mode < _NEAR + _FAR, far, level))
