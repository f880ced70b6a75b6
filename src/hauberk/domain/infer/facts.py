# SPDX-License-Identifier: Apache-2.0
"""What the data say about each column: exact over all rows, gathered batch by batch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from hauberk.table import Table

SAMPLE_ROWS = 100_000
"""Rows that relations between columns are sought in; taken at even distances, the same ones every time."""
DISTINCT = 200
"""Up to how many distinct values are listed."""

Source = Table | pl.DataFrame


@dataclass(frozen=True, slots=True)
class Facts:
    """What all rows of one column say.

    Attributes:
        name: the column.
        dtype: its data type.
        rows: how many rows there are.
        nulls: how many of them are NULL.
        nans: how many are NaN.
        infinite: how many are infinite.
        low: smallest ordinary value, in days for dates; None without one, and for texts.
        high: largest such value.
        whole: every ordinary value is an integer.
        distinct: the values that occur, sorted, if they are at most `DISTINCT`; None if there are more.
        longest: characters of the longest text.
        isodates: every text is a date such as 2024-01-31.
    """

    name: str
    dtype: pl.DataType
    rows: int
    nulls: int = 0
    nans: int = 0
    infinite: int = 0
    low: float | None = None
    high: float | None = None
    whole: bool = True
    distinct: tuple[Any, ...] | None = None
    longest: int = 0
    isodates: bool = False


def gather(source: Source, names: Iterable[str]) -> tuple[dict[str, Facts], pl.DataFrame]:
    """Gather facts over all rows, and a sample for relations.

    Args:
        source: a table or a frame.
        names: the columns.

    Returns:
        Facts by column, and at most `SAMPLE_ROWS` rows taken at even distances.
    """
    wanted = list(names)
    schema = dict(source.schema)
    expressions = _expressions({name: schema[name] for name in wanted})
    merged: dict[str, Any] = {}
    values: dict[str, set[Any] | None] = {name: set() for name in wanted if _listable(schema[name])}
    parts: list[pl.DataFrame] = []
    stride = max(1, -(-source.height // SAMPLE_ROWS))
    first = 0
    for batch in _batches(source, wanted):
        if expressions:
            _merge(merged, batch.select(**expressions).row(0, named=True))
        _collect(values, batch)
        parts.append(batch.gather_every(stride, (-first) % stride))
        first += batch.height
    sample = pl.concat(parts) if parts else pl.DataFrame(schema={name: schema[name] for name in wanted})
    known = _by_column(merged)
    facts = {name: _facts(name, schema[name], source.height, known, values.get(name)) for name in wanted}
    return facts, sample


def _batches(source: Source, names: list[str]) -> Iterator[pl.DataFrame]:
    if isinstance(source, Table):
        return source.batches(names)
    return iter([source.select(names)] if source.height else [])


def _listable(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)


def _expressions(schema: Mapping[str, pl.DataType]) -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    for at, (name, dtype) in enumerate(schema.items()):
        column = pl.col(name)
        parts = {"nulls": column.is_null().sum()}
        if dtype.is_numeric():
            parts |= _numeric_parts(column.cast(pl.Float64))
        elif dtype == pl.Date:
            parts |= _ends(column.cast(pl.Int32).cast(pl.Float64))
        elif isinstance(dtype, pl.Datetime):
            parts |= _ends(column.dt.cast_time_unit("us").cast(pl.Int64).cast(pl.Float64) / 86_400_000_000.0)
        elif _listable(dtype):
            parts |= _text_parts(column.cast(pl.String))
        found |= {f"{at}:{key}:{name}": part for key, part in parts.items()}
    return found


def _numeric_parts(value: pl.Expr) -> dict[str, pl.Expr]:
    ordinary = value.filter(value.is_finite())
    return {
        "nans": value.is_nan().sum(),
        "infinite": value.is_infinite().sum(),
        "whole": (ordinary == ordinary.floor()).all(),
        **_ends(ordinary),
    }


def _ends(value: pl.Expr) -> dict[str, pl.Expr]:
    return {"low": value.min(), "high": value.max()}


def _text_parts(value: pl.Expr) -> dict[str, pl.Expr]:
    shaped = value.str.contains(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z")
    day = pl.when(shaped).then(value).str.to_date("%Y-%m-%d", strict=False)
    return {
        "longest": value.str.len_chars().max(),
        "isodates": (value.is_null() | day.is_not_null()).all(),
        **_ends(day.cast(pl.Int32).cast(pl.Float64)),
    }


def _merge(merged: dict[str, Any], fresh: Mapping[str, Any]) -> None:
    for key, value in fresh.items():
        what = key.split(":")[1]
        before = merged.get(key)
        if before is None or value is None:
            merged[key] = value if before is None else before
        elif what in {"low", "high", "longest"}:
            merged[key] = min(before, value) if what == "low" else max(before, value)
        else:
            merged[key] = (before and value) if what in {"whole", "isodates"} else before + value


def _collect(values: dict[str, set[Any] | None], batch: pl.DataFrame) -> None:
    for name, seen in values.items():
        if seen is None:
            continue
        column = batch[name]
        if column.slice(0, 2000).n_unique() > DISTINCT + 1:
            values[name] = None
            continue
        fresh = (column.cast(pl.String) if not column.dtype.is_numeric() else column).drop_nulls().unique()
        seen.update(
            value for value in fresh.head(4 * DISTINCT) if not (isinstance(value, float) and not math.isfinite(value))
        )
        if len(seen) > DISTINCT:
            values[name] = None


def _by_column(merged: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, value in merged.items():
        _, what, name = key.split(":", 2)
        if value is not None:
            found.setdefault(name, {})[what] = value
    return found


def _facts(
    name: str, dtype: pl.DataType, rows: int, known: dict[str, dict[str, Any]], values: set[Any] | None
) -> Facts:
    distinct = tuple(sorted(values)) if values is not None else None
    return Facts(name=name, dtype=dtype, rows=rows, distinct=distinct, **known.get(name, {}))
