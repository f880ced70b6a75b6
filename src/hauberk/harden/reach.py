# SPDX-License-Identifier: Apache-2.0
"""How far an attacker can move each value for a given sum, from what the domain says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain import Column, Direction, Domain, Kind, Space

SLACK = 1e-9
"""Relative part of a price that rounding may add."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """A box around each record.

    Attributes:
        down: how far each value can be lowered, shape (n, k), 0 for not at all.
        up: how far it can be raised.
    """

    down: NDArray[np.float64]
    up: NDArray[np.float64]


def reach_of(
    domain: Domain,
    features: Sequence[str],
    frame: pl.DataFrame,
    matrix: NDArray[np.float64],
    purse: float,
    rng: np.random.Generator,
) -> Reach:
    """The box that contains everything an attacker with this purse can turn each record into.

    The whole purse is taken to be there for each column, and rules are left aside, so that the box is larger than what can
    really be reached: a model that withstands the box withstands the attacker. Columns that follow from others move as far
    as they were seen to among drawn neighbours.

    Args:
        domain: directions, prices and ranges.
        features: columns of the matrix.
        frame: the records.
        matrix: the same as numbers, shape (n, k).
        purse: what can be spent; infinite for any cost.
        rng: draws neighbours where columns follow from others.
    """
    down, up = np.zeros(matrix.shape), np.zeros(matrix.shape)
    free = set(domain.changeable_by())
    follows = [name for name in features if domain.column(name).derived is not None]
    for at, name in enumerate(features):
        column = domain.column(name)
        far = distance(column, purse, domain.hour) if name in free else 0.0
        if far <= 0.0:
            continue
        low, high = _ends(column)
        lower, raised = np.minimum(far, matrix[:, at] - low), np.minimum(far, high - matrix[:, at])
        down[:, at] = 0.0 if column.direction is Direction.UP else lower
        up[:, at] = 0.0 if column.direction is Direction.DOWN else raised
    if follows:
        _follow(domain, features, follows, frame, Reach(down=down, up=up), rng)
    return Reach(down=_plain(down), up=_plain(up))


def distance(column: Column, purse: float, hour: float) -> float:
    """How far a value can be moved for a sum; infinite where distance costs nothing, whole steps on a grid.

    Args:
        column: its price.
        purse: the sum.
        hour: what an hour of effort is worth.

    Example:
        >>> from hauberk.domain import Cost
        >>> months = Column(name="m", kind=Kind.INTEGER, cost=Cost(fixed=10.0, per_unit=4.0))
        >>> distance(months, 25.0, 0.0), distance(months, 9.0, 0.0)
        (3.0, 0.0)
    """
    cost = column.cost
    entry, unit = cost.fixed + hour * cost.effort, cost.per_unit + hour * cost.effort_per_unit
    if column.kind in {Kind.CATEGORY, Kind.BOOLEAN, Kind.ONE_HOT}:
        return np.inf if entry + unit <= purse else 0.0
    if entry > purse:
        return 0.0
    if unit == 0.0 or not np.isfinite(purse):
        return np.inf
    far = (purse - entry) / unit * (1.0 + SLACK)
    return float(np.floor(far / column.grid) * column.grid) if column.grid else far


def _ends(column: Column) -> tuple[float, float]:
    """The smallest and the largest number that may stand in the column."""
    if column.kind is Kind.ONE_HOT:
        return 0.0, 1.0
    if column.choices:
        numbers = [float(item) for item in column.choices if not isinstance(item, str)]
        return (min(numbers), max(numbers)) if numbers else (0.0, float(len(column.choices) - 1))
    return (-np.inf if column.low is None else column.low), (np.inf if column.high is None else column.high)


def _follow(
    domain: Domain,
    features: Sequence[str],
    follows: Sequence[str],
    frame: pl.DataFrame,
    reach: Reach,
    rng: np.random.Generator,
) -> None:
    """Let columns that follow from others move as far as they did among drawn neighbours."""
    space = Space(domain, features, frame)
    origin = space.encode(frame)
    drawn = space.sample(origin, rng, 16)
    for name in follows:
        place, at = space.names.index(name), list(features).index(name)
        gap = drawn[:, :, place] - origin[:, None, place]
        gap = np.where(np.isfinite(gap), gap, 0.0)
        reach.down[:, at] = np.maximum(-gap.min(axis=1), 0.0)
        reach.up[:, at] = np.maximum(gap.max(axis=1), 0.0)


def _plain(far: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing values stay missing, and no value can be moved by less than nothing."""
    return np.where(np.isnan(far), 0.0, np.maximum(far, 0.0))
