# SPDX-License-Identifier: Apache-2.0
"""How one column becomes float64 and comes back in its own data type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import ConfigError
from hauberk.domain.column import VALUED, Choice, Column, Kind
from hauberk.domain.expression import Pair, Type, read_column
from hauberk.domain.validate import GRID_TOLERANCE, ULPS, readable

Floats = NDArray[np.float64]
HUGE = float(np.finfo(np.float64).max)
_EXACT = 2.0**53
_US_PER_DAY = 86_400_000_000.0


@dataclass(frozen=True, slots=True)
class Codec:
    """One column of the numeric view.

    Attributes:
        column: its declaration.
        dtype: data type in the frames.
        tokens: for coded columns, the value behind each code; None for valued ones.
        low: smallest value that both the domain and the data type hold.
        high: largest such value.
        grid: distance of neighbouring values; 0 for free ones.
        anchor: a value on the grid.
        numbers: for coded numbers and booleans, the number behind each code.
    """

    column: Column
    dtype: pl.DataType
    tokens: tuple[Choice, ...] | None
    low: float
    high: float
    grid: float
    anchor: float
    numbers: Floats

    @property
    def coded(self) -> bool:
        """True if the matrix holds codes of choices, false if it holds the values themselves."""
        return self.tokens is not None

    @property
    def allows_nan(self) -> bool:
        """True if NaN in the matrix (NULL, or NaN itself) is a valid value."""
        return self.column.nullable or self.column.nan

    @property
    def nan_is_null(self) -> bool:
        """True if NaN in the matrix stands for NULL, false if for NaN itself."""
        return self.column.nullable or not self.column.nan

    def encode(self, frame: pl.DataFrame) -> Floats:
        """Values or codes, shape (n,). NULL becomes NaN; NaN where it is not allowed infinity; an unseen choice -1."""
        name = self.column.name
        if frame.schema[name] != self.dtype and not readable(self.column, frame.schema[name]):
            raise ConfigError(
                f"{name!r} is a {self.column.kind} and cannot be read from {frame.schema[name]}", where=name
            )
        if self.tokens is None:
            return self._encode_values(frame)
        if self.column.type is Type.TEXT:
            return _encode_texts(frame[name], self.tokens)
        values = frame.select(read_column(name, Type.NUMBER, frame.schema[name])).to_series()
        return _encode_numbers(values, self.numbers)

    def _encode_values(self, frame: pl.DataFrame) -> Floats:
        name = self.column.name
        series = frame.select(read_column(name, self.column.type, frame.schema[name])).to_series()
        values = series.fill_null(float("nan")).to_numpy().astype(np.float64, copy=True)
        if not self.column.nan:
            values[np.isnan(values) & ~series.is_null().to_numpy()] = np.inf
        return values

    def decode(self, values: Floats) -> pl.Series:
        """The series of the column's own data type; what no value stands behind becomes null."""
        name = self.column.name
        missing = np.isnan(values)
        if self.tokens is not None:
            known = (values >= 0) & (values < len(self.tokens))
            codes = pl.Series(np.where(known, values, 0).astype(np.int64)).set(pl.Series(~known), None)
            return _token_series(self.tokens, self.dtype).gather(codes).alias(name)
        series = pl.Series(name, values)
        if self.nan_is_null:
            series = series.set(pl.Series(missing), None)
        return _from_number(series, self.column, self.dtype)

    def pair(self, values: Floats) -> Pair:
        """The column as an input of a compiled expression."""
        if self.tokens is None and not (self.allows_nan and self.nan_is_null):
            # a NaN that stands for a forbidden NULL makes the row invalid by itself
            return values, None
        missing = np.isnan(values)
        mask = missing if self.nan_is_null and missing.any() else None
        if self.tokens is None:
            return values, mask
        size = len(self.tokens)
        codes = np.where((values >= 0) & (values < size), values, size).astype(np.intp)
        if self.column.type is Type.TEXT:
            return codes, mask
        numbers = self.numbers[codes]
        return (numbers != 0 if self.column.type is Type.BOOL else numbers), mask

    def fits(self, values: Floats) -> NDArray[np.bool_]:
        """Whether each value is one of the column's own: bounds, grid, choices, NULL."""
        ok = (values >= self.low) & (values <= self.high)
        if self.grid == 1.0 and float(self.anchor).is_integer():
            ok &= values == np.rint(values)
        elif self.grid:
            steps = (values - self.anchor) / self.grid
            ok &= np.abs(steps - np.floor(steps + 0.5)) <= GRID_TOLERANCE + ULPS * np.abs(steps)
            if self.dtype.is_integer():
                ok &= values == np.rint(values)
        return (ok | np.isnan(values)) if self.allows_nan else ok

    def onto_grid(self, values: Floats, low: Floats | float, high: Floats | float) -> Floats:
        """The nearest value on the grid within bounds that may differ row by row."""
        bounded = np.clip(values, low, high)
        if self.grid:
            bounded = _grid_round(bounded, self.anchor, self.grid)
            bounded = np.where(bounded > high, _down(bounded, self.grid, self.anchor), bounded)
            bounded = np.where(bounded < low, _up(bounded, self.grid, self.anchor), bounded)
        elif self.dtype == pl.Float32:
            bounded = _single(bounded, low, high)
        elif isinstance(self.dtype, pl.Datetime):
            bounded = np.rint(bounded * _US_PER_DAY) / _US_PER_DAY
        return bounded


def _grid_round(values: Floats, anchor: float, grid: float) -> Floats:
    if grid == 1.0 and float(anchor).is_integer():
        return np.rint(values)
    return anchor + np.rint((values - anchor) / grid) * grid


def _down(values: Floats, grid: float, anchor: float) -> Floats:
    return anchor + (np.rint((values - anchor) / grid) - 1.0) * grid


def _up(values: Floats, grid: float, anchor: float) -> Floats:
    return anchor + (np.rint((values - anchor) / grid) + 1.0) * grid


def _single(values: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Round to what a float32 holds, inwards at the bounds."""
    with np.errstate(over="ignore"):  # beyond the largest float32 lies infinity, which no bound admits
        single = values.astype(np.float32)
        single = np.where(single > high, np.nextafter(single, np.float32(-np.inf)), single)
        single = np.where(single < low, np.nextafter(single, np.float32(np.inf)), single)
    return single.astype(np.float64)


def make_codec(column: Column, frame: pl.DataFrame) -> Codec:
    """Make the codec of a column.

    Args:
        column: its declaration.
        frame: rows that show the data type and, for free text and identifiers, the values that may occur.

    Raises:
        ConfigError: the data type cannot hold the column's kind.
    """
    dtype = frame.schema[column.name]
    if not readable(column, dtype):
        raise ConfigError(
            f"{column.name!r} is declared as {column.kind} and its data are {dtype}",
            where=f"column.{column.name}",
            next_step="correct the kind in the domain, or the data type of the table",
        )
    if column.kind in VALUED:
        low, high, grid, anchor = _limits(column, dtype)
        return Codec(column, dtype, None, low, high, grid, anchor, np.empty(0))
    tokens = column.choices or tuple(frame[column.name].cast(pl.String, strict=False).drop_nulls().unique().sort())
    numeric = column.type is not Type.TEXT
    numbers = np.array([*(float(token) for token in tokens), np.nan]) if numeric else np.empty(0)
    return Codec(column, dtype, tokens, 0.0, float(max(len(tokens) - 1, 0)), 1.0, 0.0, numbers)


def _limits(column: Column, dtype: pl.DataType) -> tuple[float, float, float, float]:
    """Low, high, grid and anchor that both the declaration and the data type hold."""
    smallest, largest = _dtype_limits(dtype)
    if column.kind is Kind.ONE_HOT:
        return 0.0, 1.0, 1.0, 0.0
    low, high = _or_else(column.low, smallest), _or_else(column.high, largest)
    whole = dtype.is_integer() or dtype == pl.Boolean
    by_day = column.kind is Kind.DATE and not isinstance(dtype, pl.Datetime)
    grid = column.grid or (1.0 if whole or by_day else 0.0)
    anchor = _or_else(column.low, 0.0) if column.kind is Kind.STEP else 0.0
    return max(low, smallest), min(high, largest), grid, anchor


def _or_else(value: float | None, default: float) -> float:
    return default if value is None else value


def _dtype_limits(dtype: pl.DataType) -> tuple[float, float]:
    """What the data type and a double both hold; exactly, for integers."""
    if dtype == pl.Boolean:
        return 0.0, 1.0
    if dtype == pl.Float32:
        return -float(np.finfo(np.float32).max), float(np.finfo(np.float32).max)
    if not dtype.is_integer():
        return -HUGE, HUGE
    signed = dtype.is_signed_integer()
    bits = 8 * int(pl.Series([0], dtype=dtype).estimated_size())
    ends = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1.0) if signed else (0.0, 2.0**bits - 1.0)
    return max(ends[0], -_EXACT), min(ends[1], _EXACT)


def _encode_texts(series: pl.Series, tokens: tuple[Choice, ...]) -> Floats:
    texts = series.cast(pl.String, strict=False)
    found = texts.replace_strict(
        pl.Series(list(tokens), dtype=pl.String),
        pl.Series(range(len(tokens)), dtype=pl.Float64),
        default=-1.0,
        return_dtype=pl.Float64,
    )
    values = found.to_numpy().astype(np.float64, copy=True)
    values[texts.is_null().to_numpy()] = np.nan
    return values


def _encode_numbers(series: pl.Series, numbers: Floats) -> Floats:
    values = series.fill_null(0.0).to_numpy()
    order = np.argsort(numbers[:-1], kind="stable")
    ordered = numbers[:-1][order]
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    codes = np.where(ordered[at] == values, order[at], -1).astype(np.float64)
    codes[series.is_null().to_numpy()] = np.nan
    return codes


def _token_series(tokens: tuple[Choice, ...], dtype: pl.DataType) -> pl.Series:
    if isinstance(tokens[0] if tokens else "", str):
        return pl.Series(list(tokens), dtype=pl.String).cast(dtype, strict=False)
    return pl.Series([float(token) for token in tokens], dtype=pl.Float64).cast(dtype, strict=False)


def _from_number(series: pl.Series, column: Column, dtype: pl.DataType) -> pl.Series:
    if column.kind is Kind.DATE:
        if isinstance(dtype, pl.Datetime):
            micro = (series * _US_PER_DAY).round().cast(pl.Int64, strict=False)
            return micro.cast(pl.Datetime("us", dtype.time_zone)).dt.cast_time_unit(dtype.time_unit)
        days = series.round().cast(pl.Int32, strict=False).cast(pl.Date)
        return days.dt.to_string("%Y-%m-%d") if dtype == pl.String else days
    if dtype.is_integer():
        return series.round().cast(dtype, strict=False)
    return (series != 0.0) if dtype == pl.Boolean else series.cast(dtype, strict=False)
