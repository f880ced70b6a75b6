# SPDX-License-Identifier: Apache-2.0
"""Where rows come from: a Parquet or Arrow file read by slices, a CSV file read as a stream, a frame in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from hauberk.core.errors import Unreadable

Thunk = Callable[[], pl.DataFrame]
"""Reads one block when it is called, in whatever thread calls it."""

PANIC: type[BaseException] = pl.exceptions.PanicException
"""What Polars raises instead of an error when a file breaks an assumption; it is no `Exception`."""


class Source(Protocol):
    """What a table needs from the place its rows lie in."""

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column to type, in order."""
        ...

    @property
    def height(self) -> int:
        """Number of rows that the source promises; `blocks` proves it."""
        ...

    def blocks(self, columns: Sequence[str] | None, rows: int) -> Iterator[tuple[int, Thunk]]:
        """Yield the number of the first row and a reader, for each block of `rows` rows, in order."""
        ...

    def at(self, start: int, rows: int) -> pl.DataFrame | None:
        """Rows from `start` on, or None where only a pass from the beginning finds them."""
        ...

    def refuse_change(self) -> None:
        """Pass if the rows are still those that were opened; else raise `Unreadable`."""
        ...


@dataclass(frozen=True, slots=True)
class FrameSource:
    """A frame in memory."""

    content: pl.DataFrame

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column to type, in order."""
        return dict(self.content.schema)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.content.height

    def blocks(self, columns: Sequence[str] | None, rows: int) -> Iterator[tuple[int, Thunk]]:
        """Yield slices that share memory with the frame."""
        chosen = self.content if columns is None else self.content.select(columns)
        for start in range(0, self.height, rows):
            yield start, _slice_reader(chosen, start, rows)

    def at(self, start: int, rows: int) -> pl.DataFrame | None:
        """Rows from `start` on."""
        return self.content.slice(start, rows)

    def refuse_change(self) -> None:
        """Pass: nobody else writes to this memory."""


def _slice_reader(frame: pl.DataFrame, start: int, rows: int) -> Thunk:
    return lambda: frame.slice(start, rows).rechunk()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like when it was opened: a file that changes under the reader is not one file.

    Whoever writes to a file can set the time of its modification back. The time of its last change of state he cannot.
    """

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Take the stamp of a file.

        Raises:
            Unreadable: it is gone, or it may not be looked at.
        """
        try:
            facts = path.stat()
        except OSError as error:
            raise Unreadable("the file cannot be read", where=str(path), why=error.strerror or str(error)) from error
        return cls(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file that Polars scans lazily.

    Attributes:
        path: where it lies.
        lazy: the scan; no statistics of the file take part in it.
        schema: column to type, in order.
        height: number of rows that the file promises.
        stamp: what the file looked like when it was opened.
        seekable: true if a slice costs about as much as its own rows (Parquet, Arrow), false if everything before it
            has to be parsed (CSV).
        groups: rows of each row group, as a hint where to cut reads; empty if unknown.
    """

    path: Path
    lazy: pl.LazyFrame
    schema: dict[str, pl.DataType]
    height: int
    stamp: Stamp
    seekable: bool
    groups: tuple[int, ...] = ()

    def blocks(self, columns: Sequence[str] | None, rows: int) -> Iterator[tuple[int, Thunk]]:
        """Yield readers of fixed row blocks.

        Raises:
            Unreadable: from the iterator or from a reader: the file is damaged, has fewer or more rows than it
                promises, or changed since it was opened.
        """
        lazy = self.lazy if columns is None else self.lazy.select(columns)
        walk = self._slices(lazy, rows) if self.seekable else self._stream(lazy, rows)
        yield from walk
        self.refuse_change()

    def refuse_change(self) -> None:
        """Compare the file's stamp with the one that it had.

        Raises:
            Unreadable: it is another.
        """
        if Stamp.of(self.path) != self.stamp:
            raise Unreadable(
                "the file changed while it was read",
                where=str(self.path),
                next_step="repeat the run on a finished file",
            )

    def at(self, start: int, rows: int) -> pl.DataFrame | None:
        """Rows from `start` on, where the file can be sliced."""
        if not self.seekable:
            return None
        block = self._read(self.lazy.slice(start, rows), start, rows)
        self.refuse_change()
        return block

    def _slices(self, lazy: pl.LazyFrame, rows: int) -> Iterator[tuple[int, Thunk]]:
        """Cut at the row groups where these are of a handy size, and at the blocks themselves elsewhere."""
        pieces = cuts(self.groups, self.height, rows)
        if not pieces:
            for start in range(0, self.height, rows):
                yield start, self._reader(lazy.slice(start, rows), start, min(rows, self.height - start))
            return
        held, start = pl.DataFrame(), 0
        for begin, size in pieces:
            piece = self._read(lazy.slice(begin, size), begin, size)
            held = pl.concat([held, piece]) if held.height else piece
            while held.height >= rows or (held.height and start + held.height == self.height):
                yield start, _holder(held.head(rows))
                start += min(rows, held.height)
                held = held.slice(rows)

    def _reader(self, part: pl.LazyFrame, start: int, expected: int) -> Thunk:
        return lambda: self._read(part, start, expected)

    def _read(self, part: pl.LazyFrame, start: int, expected: int) -> pl.DataFrame:
        try:
            block = part.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError, PANIC) as error:
            raise self._damaged(start, str(error)) from error
        if block.height != min(expected, max(self.height - start, 0)):
            raise self._damaged(start, f"{block.height} rows where the file promises {expected}")
        return block.rechunk()

    def _stream(self, lazy: pl.LazyFrame, rows: int) -> Iterator[tuple[int, Thunk]]:
        start = 0
        stream = lazy.collect_batches(chunk_size=rows, maintain_order=True, engine="streaming")
        while True:
            try:
                block = next(stream, None)
            except (pl.exceptions.PolarsError, OSError, PANIC) as error:
                raise self._damaged(start, str(error)) from error
            if block is None:
                break
            if block.height:
                yield start, _holder(block)
            start += block.height
        if start != self.height:
            raise self._damaged(start, f"{start} rows where the first pass counted {self.height}")

    def _damaged(self, start: int, why: str) -> Unreadable:
        return Unreadable(
            f"the file cannot be read from row {start} on",
            where=str(self.path),
            why=first_line(why),
            next_step="fetch the file again and compare its digest with the owner's",
        )


def cuts(groups: Sequence[int], height: int, rows: int) -> list[tuple[int, int]]:
    """Where to cut reads so that row groups are decoded once: first row and number of rows of each.

    Small groups are read together up to the size of a block, large ones in parts of at most two blocks, which bounds the
    memory. Empty where there is little to gain: the groups are unknown or do not add up, or all are one or two blocks.

    Example:
        >>> cuts((150, 150, 150), 450, 100)
        [(0, 150), (150, 150), (300, 150)]
        >>> cuts((40, 40, 40, 900), 1020, 100)
        [(0, 120), (120, 200), (320, 200), (520, 200), (720, 200), (920, 100)]
    """
    if sum(groups) != height or min(groups, default=0) < 1:
        return []
    if all(size in {rows, 2 * rows} for size in groups[:-1]) and groups[-1] <= 2 * rows:
        return []
    found: list[tuple[int, int]] = []
    begin = waiting = 0
    for size in groups:
        waiting += size
        while waiting >= rows:
            taken = min(waiting, 2 * rows)
            found.append((begin, taken))
            begin, waiting = begin + taken, waiting - taken
    return [*found, (begin, waiting)] if waiting else found


def _holder(block: pl.DataFrame) -> Thunk:
    return block.rechunk


def first_line(text: str) -> str:
    """The first line of a library's message; the rest tends to advise on that library's options."""
    return text.strip().split("\n", 1)[0][:300]
