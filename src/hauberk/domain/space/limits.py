# SPDX-License-Identifier: Apache-2.0
"""What each column of a space allows by itself, as arrays over columns, so that whole matrices are judged at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.column import Direction, Kind
from hauberk.domain.space.codec import Codec, Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Arrays of shape (k,), one entry a column.

    Attributes:
        low: smallest value.
        high: largest value.
        grid: distance of neighbouring values; 0 for free ones.
        anchor: a value on the grid.
        scale: the change that counts as one.
        up: it can only grow.
        down: it can only shrink.
        nan: NaN is a valid value.
        mutable: somebody can change it.
        discrete: its values have no order that repair could use: choices and one-hot columns.
        plain: judged and snapped for whole matrices at once: a number of double precision, free or whole.
    """

    low: Floats
    high: Floats
    grid: Floats
    anchor: Floats
    scale: Floats
    up: Bools
    down: Bools
    nan: Bools
    mutable: Bools
    discrete: Bools
    plain: Bools

    @property
    def smooth(self) -> Bools:
        """Columns that repair can move step by step."""
        return self.mutable & ~self.discrete

    def ends(self, columns: Ints, origin: Floats) -> tuple[Floats, Floats]:
        """Lowest and highest value that can be reached from an origin; `columns` broadcasts against it."""
        low, high = self.low[columns], self.high[columns]
        low = np.where(self.up[columns], np.fmax(low, origin), low)
        return low, np.where(self.down[columns], np.fmin(high, origin), high)


def make_limits(codecs: Sequence[Codec], mutable: Bools, scales: Floats) -> Limits:
    """Collect the limits of columns, in the order of the matrix."""
    numbers = np.array([(codec.low, codec.high, codec.grid, codec.anchor) for codec in codecs]).reshape(-1, 4)
    traits = np.array([_traits(codec) for codec in codecs], dtype=np.bool_).reshape(-1, 5)
    low, high, grid, anchor = np.ascontiguousarray(numbers.T)
    up, down, nan, discrete, plain = np.ascontiguousarray(traits.T)
    return Limits(
        low=low,
        high=high,
        grid=grid,
        anchor=anchor,
        scale=scales,
        up=up,
        down=down,
        nan=nan,
        mutable=mutable,
        discrete=discrete,
        plain=plain,
    )


def _traits(codec: Codec) -> tuple[bool, bool, bool, bool, bool]:
    way = codec.column.direction
    discrete = codec.coded or codec.column.kind is Kind.ONE_HOT
    return way is Direction.UP, way is Direction.DOWN, codec.allows_nan, discrete, _is_plain(codec)


def _is_plain(codec: Codec) -> bool:
    free = codec.grid == 0.0 and codec.dtype != pl.Float32 and not isinstance(codec.dtype, pl.Datetime)
    return free or (codec.grid == 1.0 and float(codec.anchor).is_integer())


def fits(limits: Limits, codecs: Sequence[Codec], rows: Floats) -> Bools:
    """Whether each value of each row is one of its column's own, shape (n,)."""
    plain = np.flatnonzero(limits.plain)
    part = rows[plain]
    fine = (part >= limits.low[plain, None]) & (part <= limits.high[plain, None])
    whole = limits.grid[plain] != 0.0
    fine[whole] &= part[whole] == np.rint(part[whole])
    nan = limits.nan[plain]
    fine[nan] |= np.isnan(part[nan])
    ok = fine.all(axis=0)
    for j in np.flatnonzero(~limits.plain).tolist():
        ok &= codecs[j].fits(rows[j])
    return np.asarray(ok, dtype=np.bool_)


def snap_plain(limits: Limits, rows: Floats, origin: Floats) -> None:
    """All plain columns into bounds, direction and grid, in place; what nobody can change back to the origin."""
    fixed = ~limits.mutable
    rows[fixed] = origin[fixed]
    columns = np.flatnonzero(limits.plain & limits.mutable)
    proposed, before = rows[columns], origin[columns]
    low, high = limits.ends(columns[:, None], before)
    snapped = np.clip(proposed, low, high)
    whole = limits.grid[columns] != 0.0
    snapped[whole] = _onto_whole(snapped[whole], low[whole], high[whole])
    one_way = (limits.up | limits.down)[columns, None]
    missing = np.isnan(proposed)
    keep = np.isinf(proposed) | (one_way & (np.isnan(before) | missing)) | (missing & ~limits.nan[columns, None])
    rows[columns] = np.where(keep | (proposed == before), before, snapped)


def _onto_whole(values: Floats, low: Floats, high: Floats) -> Floats:
    rounded = np.rint(values)
    rounded = np.where(rounded > high, np.floor(high), rounded)
    return np.where(rounded < low, np.ceil(low), rounded)
