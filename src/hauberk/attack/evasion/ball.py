# SPDX-License-Identifier: Apache-2.0
"""A ground of plain numbers in a box, priced by a norm: what the literature attacks, for models that read numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl

from hauberk.attack.evasion.problem import Flags, Ground, Matrix
from hauberk.core.errors import UsageError

LEVELS = 33
"""Values that are offered in each column."""


class Norm(StrEnum):
    """How a change is measured."""

    LINF = "linf"
    L1 = "l1"
    L2 = "l2"


@runtime_checkable
class Ball(Ground, Protocol):
    """A ground on which every point near the origin is allowed, so that a change can be shrunk to any price."""

    @property
    def low(self) -> Matrix:
        """Smallest value of each column, shape (k,)."""
        ...

    @property
    def high(self) -> Matrix:
        """Largest value of each column, shape (k,)."""
        ...

    def fit(self, points: Matrix, origin: Matrix, radius: Matrix, /) -> Matrix:
        """Points pulled towards their origins until none is farther away than its radius.

        Args:
            points: shape (..., k), inside the box.
            origin: the same, or a shape that broadcasts to it.
            radius: shape (...) without the last axis.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Box:
    """Numeric columns within bounds, no rules, the price of a change is its norm.

    Attributes:
        names: of the columns, in the model's order.
        low: smallest value of each column, shape (k,).
        high: largest value of each column, shape (k,).
        norm: what a change is measured by, in the columns' own units.
        fixed: columns that cannot be changed.

    Raises:
        UsageError: the bounds do not fit the names, or one is no number or the wrong way round.

    Example:
        >>> box = Box(names=("a", "b"), low=np.zeros(2), high=np.ones(2))
        >>> box.price(np.array([[0.5, 0.25]]), np.zeros((1, 2))).tolist()
        [0.5]
    """

    names: Sequence[str]
    low: Matrix
    high: Matrix
    norm: Norm = Norm.LINF
    fixed: Sequence[str] = ()
    mutable: Flags = field(init=False)
    blocks: tuple[tuple[int, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.low.shape != (k,) or self.high.shape != (k,) or not (self.low <= self.high).all():
            raise UsageError(f"a box over {k} columns needs {k} lower bounds, each at or below its upper bound")
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise UsageError("a box has finite bounds", next_step="take the smallest and largest values of the data")
        unknown = sorted(set(self.fixed) - set(self.names))
        if unknown:
            raise UsageError(f"the box has no column {unknown[0]!r} that could be fixed")
        free = np.array([name not in self.fixed for name in self.names]) & (self.low < self.high)
        object.__setattr__(self, "mutable", free)
        object.__setattr__(self, "blocks", tuple((int(j),) for j in np.flatnonzero(free)))

    def decode(self, points: Matrix, /) -> pl.DataFrame:
        """Records as Float64 columns."""
        return pl.DataFrame(np.asfortranarray(points), schema=list(self.names), orient="row")

    def encode(self, frame: pl.DataFrame, /) -> Matrix:
        """Points of records."""
        return frame.select(self.names).to_numpy().astype(np.float64)

    def valid(self, points: Matrix, /) -> Flags:
        """Which points lie in the box."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=1))

    def reachable(self, points: Matrix, origin: Matrix, /) -> Flags:
        """Which points differ from their origins in free columns alone."""
        return np.asarray((points == origin)[:, ~self.mutable].all(axis=1))

    def project(self, points: Matrix, origin: Matrix, /) -> Matrix:
        """Into the box, fixed columns as they were; what is no number stays as it was."""
        return np.where(self.mutable & ~np.isnan(points), self._bounded(points), origin)

    def price(self, points: Matrix, origin: Matrix, /) -> Matrix:
        """Norm of the change; shapes (..., k) to (...)."""
        change = np.abs(points - origin)
        if self.norm is Norm.LINF:
            return np.asarray(change.max(axis=-1))
        if self.norm is Norm.L1:
            return np.asarray(change.sum(axis=-1))
        return np.asarray(np.sqrt(np.square(change).sum(axis=-1)))

    def fit(self, points: Matrix, origin: Matrix, radius: Matrix, /) -> Matrix:
        """Cut each column at the radius for the largest change, shrink the whole change for a sum or a length."""
        reach = radius[..., None]
        if self.norm is Norm.LINF:
            return np.clip(points, origin - reach, origin + reach)
        size: Matrix = np.maximum(self.price(points, origin)[..., None], reach)
        share: Matrix = np.divide(reach, size, out=np.ones_like(size), where=size > 0)
        return self._bounded(origin + share * (points - origin))

    def _bounded(self, points: Matrix) -> Matrix:
        return np.asarray(np.minimum(np.maximum(points, self.low), self.high), dtype=np.float64)

    def levels(self, j: int, origin: Matrix | None = None, /) -> Matrix:
        """An even spread from bound to bound."""
        del origin
        return np.linspace(float(self.low[j]), float(self.high[j]), LEVELS)
