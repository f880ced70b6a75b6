# SPDX-License-Identifier: Apache-2.0
"""Valid records that an attacker can make of an event for a given sum."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain import Space

_DRAWS = 8
"""Neighbours drawn for each one that is wanted."""


def neighbours(space: Space, records: pl.DataFrame, purse: float, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw up to `count` valid records for each one, none dearer than the purse.

    A draw that is too dear is moved towards the record by a random part and repaired; one that is still too dear is left
    out.

    Args:
        space: the numeric view of the domain.
        records: valid records.
        purse: what can be spent; infinite for any cost.
        count: how many for each record, at most.
        rng: where chance comes from.

    Returns:
        The neighbours with all columns of `records`, those of one record together.
    """
    origin = space.encode(records)
    drawn = space.sample(origin, rng, _DRAWS * count)
    n, m, k = drawn.shape
    home = np.repeat(origin, m, axis=0)
    points = _affordable(space, drawn.reshape(n * m, k), home, purse, rng)
    good = (space.price(points, home) <= purse) & _differs(points, home).any(axis=1)
    rank = np.cumsum(good.reshape(n, m), axis=1)
    kept = np.flatnonzero(good & (rank.ravel() <= count))
    changed = space.decode(points[kept])
    found: pl.DataFrame = records[(kept // m).tolist()].with_columns(changed.get_columns())
    return found


def _affordable(
    space: Space,
    points: NDArray[np.float64],
    home: NDArray[np.float64],
    purse: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Shorten the steps that cost too much."""
    price = space.price(points, home)
    dear = np.flatnonzero(price > purse)
    if dear.size == 0:
        return points
    share = rng.random(dear.size) * purse / price[dear]
    step = points[dear] - home[dear]
    wished = np.where(np.isfinite(step), home[dear] + share[:, None] * step, home[dear])
    points = points.copy()
    points[dear] = space.project(wished, home[dear])
    return points


def _differs(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((left != right) & ~(np.isnan(left) & np.isnan(right)), dtype=np.bool_)
