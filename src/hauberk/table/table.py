# SPDX-License-Identifier: Apache-2.0
"""A table: named columns and rows in a fixed order, read in fixed row blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from hauberk.core.errors import UsageError
from hauberk.table.content import content_digest
from hauberk.table.source import Source, Thunk

BLOCK_ROWS = 131_072
"""Rows of a block. It never depends on workers, memory or file layout, so that float results do not either."""

_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and columns, possibly larger than memory.

    Attributes:
        name: what people call it.
        source: where the rows come from.
        path: the file, or None for a frame in memory.
        keep: what has to live as long as the table, such as a temporary file.
    """

    name: str
    source: Source
    path: Path | None = None
    keep: Any = field(default=None, repr=False)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column to type, in order."""
        return dict(self.source.schema)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.source.schema)

    @property
    def height(self) -> int:
        """Number of rows; 0 is allowed, and what it means is for the caller to say."""
        return self.source.height

    @cached_property
    def digest(self) -> str:
        """`sha256:` of the file's bytes; for a frame in memory, of its names, types and values.

        Raises:
            Unreadable: the file is not the one that was opened any more, so that no digest stands for its rows.
        """
        if self.path is None:
            return content_digest(self.schema, self.batches())
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while piece := stream.read(_CHUNK):
                digest.update(piece)
        self.source.refuse_change()
        return f"sha256:{digest.hexdigest()}"

    def batches(self, columns: Sequence[str] | None = None, rows: int = BLOCK_ROWS) -> Iterator[pl.DataFrame]:
        """Yield the rows in blocks of `rows`, the last one shorter; one chunk in memory each.

        Raises:
            UsageError: an unknown column, or blocks of no rows.
            Unreadable: the file is damaged or changed.
        """
        for _, read in self.blocks(columns, rows):
            yield read()

    def blocks(self, columns: Sequence[str] | None = None, rows: int = BLOCK_ROWS) -> Iterator[tuple[int, Thunk]]:
        """Yield the number of the first row and a function that reads the block; see `batches`."""
        if rows < 1:
            raise UsageError(f"a block needs at least one row, not {rows}")
        self._known(columns or ())
        return self.source.blocks(columns, rows)

    def frame(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows in memory.

        Raises:
            UsageError: an unknown column.
            Unreadable: the file is damaged or changed.
        """
        parts = list(self.batches(columns))
        if parts:
            return pl.concat(parts, rechunk=True)
        wanted = self.columns if columns is None else columns
        return pl.DataFrame(schema={name: self.schema[name] for name in wanted})

    def take(self, rows: Sequence[int]) -> pl.DataFrame:
        """The rows with these numbers, in the order asked for; a number may stand twice.

        Raises:
            UsageError: a number outside 0 to height - 1.
        """
        for row in rows:
            if not 0 <= row < self.height:
                raise UsageError(f"row {row} does not exist; the table has {self.height} rows", where=self.name)
        found: dict[int, pl.DataFrame] = {}
        for start in sorted({row - row % BLOCK_ROWS for row in rows}):
            block = self.source.at(start, BLOCK_ROWS)
            if block is None:
                return self._take_by_pass(rows)
            found.update(_pick(block, start, rows))
        return self._stack(found, rows)

    def _take_by_pass(self, rows: Sequence[int]) -> pl.DataFrame:
        found: dict[int, pl.DataFrame] = {}
        for start, read in self.blocks():
            if start <= max(rows):
                found.update(_pick(read(), start, rows))
        return self._stack(found, rows)

    def _stack(self, found: dict[int, pl.DataFrame], rows: Sequence[int]) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=self.schema), *(found[row] for row in rows)])

    def _known(self, columns: Sequence[str]) -> None:
        for name in columns:
            if name not in self.source.schema:
                raise UsageError(
                    f"there is no column {name!r}", where=self.name, why=f"the columns are {', '.join(self.columns)}"
                )


def _pick(block: pl.DataFrame, start: int, rows: Sequence[int]) -> dict[int, pl.DataFrame]:
    return {row: block.slice(row - start, 1) for row in rows if start <= row < start + block.height}
