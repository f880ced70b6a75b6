# SPDX-License-Identifier: Apache-2.0
"""Histograms of all numeric columns and of all text columns, of a size fixed in advance, shared by the checks of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.data.memo import BlockMemo
from hauberk.stats import count_rungs
from hauberk.table import Scan, State, Table, run_scans

BUCKETS = 4096
"""Bins of a text column's histogram: values are spread over them by hash."""

Counts = NDArray[np.int64]
Finish = Callable[[State], Iterable[Measurement | Finding]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the values of a column are spread.

    Attributes:
        counts: rows by bin: the fixed bins of `hauberk.stats.ladder` for numbers, hash buckets for text.
        nulls: rows without a value.
        odd: rows with NaN or infinity.
        numeric: which of the two kinds of bins.
    """

    counts: Counts
    nulls: int
    odd: int
    numeric: bool

    def __add__(self, other: Shape) -> Shape:
        """Merge the shapes of two stretches of rows; exact, in any order."""
        return Shape(self.counts + other.counts, self.nulls + other.nulls, self.odd + other.odd, self.numeric)

    @property
    def n(self) -> int:
        """Rows that were counted in bins."""
        return int(self.counts.sum())


def shaped_columns(schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The columns whose shape can be taken: numbers, moments, booleans and text."""
    return tuple(name for name, kind in schema.items() if _numeric(kind) or _text(kind))


def _numeric(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind.is_temporal() or kind == pl.Boolean


def _text(kind: pl.DataType) -> bool:
    return kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)


def shape_of(values: pl.Series) -> Shape:
    """The shape of a stretch of rows."""
    nulls = values.null_count()
    present = values.drop_nulls() if nulls else values
    if _numeric(values.dtype):
        physical = present.to_physical() if values.dtype.is_temporal() else present
        numbers = physical.cast(pl.Float64, strict=False).to_numpy()
        counts = count_rungs(numbers)
        return Shape(counts, nulls, int(numbers.size - counts.sum()), numeric=True)
    bucket = present.cast(pl.String).hash(0).to_numpy() & np.uint64(BUCKETS - 1)
    return Shape(np.bincount(bucket.astype(np.int64), minlength=BUCKETS), nulls, 0, numeric=False)


def shape_scan(table: Table, memo: BlockMemo, columns: tuple[str, ...], finish: Finish) -> Scan:
    """A scan for the shapes of some columns.

    Args:
        table: the table scanned.
        memo: keeps a block's shape for the next check.
        columns: which columns.
        finish: column to shape, to records.
    """

    def _shapes(block: pl.DataFrame, start: int) -> State:
        def _compute() -> State:
            return {name: shape_of(block[name]) for name in columns}

        return memo.get(("shapes", id(table), columns, start, block.height), _compute)

    return Scan(
        map=_shapes,
        merge_map=lambda first, second: {name: first[name] + second[name] for name in columns},
        finish=finish,
        columns=columns,
        state_size="512 KiB a numeric column, 32 KiB a text column",
    )


def shapes_of(table: Table, columns: tuple[str, ...]) -> dict[str, Shape]:
    """The shapes of some columns of a whole table, in a pass of their own.

    Raises:
        HauberkError: the table has no rows, or cannot be read.
    """
    found: dict[str, Shape] = {}

    def _keep(state: State) -> list[Measurement | Finding]:
        found.update(state)
        return []

    result = run_scans(table, {"shapes": shape_scan(table, BlockMemo(), columns, _keep)})["shapes"]
    if isinstance(result, Exception):
        raise result
    return found
