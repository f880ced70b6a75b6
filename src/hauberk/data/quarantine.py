# SPDX-License-Identifier: Apache-2.0
"""Set rows aside in a file of their own, with their numbers and reasons, so that they can be put back where they were."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from hauberk.core.errors import Incomplete, IntegrityError, Unreadable, UsageError
from hauberk.data.reasons import Reasons
from hauberk.table import Table, open_table
from hauberk.table.source import PANIC

ROW, REASONS = "_row", "_reasons"
CLEAN, SET_ASIDE, MANIFEST = "clean.parquet", "quarantined.parquet", "manifest.json"
_VERSION = "1.0"
_PART_ROWS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """What was written.

    Attributes:
        directory: holds `clean.parquet`, `quarantined.parquet` and `manifest.json`.
        clean: rows that stay.
        set_aside: rows that were set aside.
        counts: reason code to rows, by code; a row with two reasons counts twice.
    """

    directory: Path
    clean: int
    set_aside: int
    counts: dict[str, int]


def quarantine(table: Table, reasons: Reasons, out_dir: str | Path) -> Quarantined:
    """Split a table in one streaming pass.

    `quarantined.parquet` has two columns more than the table: `_row`, the row's number in the table, and `_reasons`, the
    list of its codes. `clean.parquet` has the table's columns and the order of its rows. Both appear under their names
    only when they are complete.

    Args:
        table: the table.
        reasons: from `row_reasons` or `Admission.reasons`.
        out_dir: a directory that does not exist yet or is empty.

    Raises:
        UsageError: the directory holds something, or the table has a column `_row` or `_reasons`.
        Incomplete: the directory cannot be written.
        Unreadable: the table cannot be read to its end; nothing is left behind.
    """
    target = Path(out_dir)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError("the directory is not empty", where=str(target), next_step="name one that does not exist yet")
    taken = {ROW, REASONS}.intersection(table.columns)
    if taken:
        raise UsageError(f"the table has a column {min(taken)!r} already", where=table.name, next_step="rename it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        result = _write(table, reasons, work, target)
        if target.exists():
            target.rmdir()
        work.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return result


def _unwritable(target: Path, error: OSError) -> Incomplete:
    return Incomplete(
        "the quarantine cannot be written",
        where=str(target),
        why=error.strerror or str(error),
        next_step="name a directory on a disk with room that this user may write to",
    )


def _write(table: Table, reasons: Reasons, work: Path, target: Path) -> Quarantined:
    parts, counts = work / "parts", Counter[str]()
    parts.mkdir()
    set_aside = _SetAside(table, parts)

    def _clean() -> Iterator[pl.DataFrame]:
        for start, read in table.blocks():
            block = read()
            marks = reasons.marks(block, start)
            bad = marks.select(bad=pl.any_horizontal(pl.all()))["bad"] if marks.width else _nothing(block)
            set_aside.add(block.filter(bad), marks.filter(bad), bad.arg_true() + start, counts)
            yield block.filter(~bad)
        set_aside.flush()

    _sink(_clean(), table.schema, work / CLEAN)
    extra = {**table.schema, ROW: pl.Int64(), REASONS: pl.List(pl.String)}
    _sink(set_aside.read(), extra, work / SET_ASIDE)
    shutil.rmtree(parts)
    result = Quarantined(
        directory=target,
        clean=open_table(work / CLEAN).height,
        set_aside=open_table(work / SET_ASIDE).height,
        counts=dict(sorted(counts.items())),
    )
    _write_manifest(table, result, work)
    return result


def _nothing(block: pl.DataFrame) -> pl.Series:
    return pl.Series("bad", [False]).new_from_index(0, block.height)


def _sink(blocks: Iterator[pl.DataFrame], schema: dict[str, pl.DataType], path: Path) -> None:
    def _source(*_: object) -> Iterator[pl.DataFrame]:
        return blocks

    lazy = register_io_source(_source, schema=schema)
    try:
        lazy.sink_parquet(path, compression="zstd", maintain_order=True)
    except (pl.exceptions.PolarsError, PANIC) as error:
        raise Unreadable("the rows cannot be written as Parquet", where=str(path.name), why=str(error)) from error


class _SetAside:
    """Collects the rows set aside, and writes them to part files where they become many."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.table, self.folder = table, folder
        self.waiting: list[pl.DataFrame] = []
        self.written: list[Path] = []

    def add(self, rows: pl.DataFrame, marks: pl.DataFrame, numbers: pl.Series, counts: Counter[str]) -> None:
        """Take the rows of a block that carry a reason."""
        if not rows.height:
            return
        codes = pl.concat_list(
            pl.when(pl.col(code)).then(pl.lit(code, dtype=pl.String)).otherwise(None) for code in marks.columns
        ).list.drop_nulls()
        listed = marks.select(codes.alias(REASONS))[REASONS]
        counts.update({code: int(marks[code].sum()) for code in marks.columns if marks[code].any()})
        self.waiting.append(rows.with_columns(numbers.cast(pl.Int64).alias(ROW), listed))
        if sum(frame.height for frame in self.waiting) >= _PART_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self.waiting:
            path = self.folder / f"{len(self.written):06d}.parquet"
            pl.concat(self.waiting).write_parquet(path)
            self.written.append(path)
            self.waiting = []

    def read(self) -> Iterator[pl.DataFrame]:
        """All rows, in the table's order."""
        for path in self.written:
            yield from open_table(path).batches()


def _write_manifest(table: Table, result: Quarantined, work: Path) -> None:
    files = {
        name: {"rows": rows, "digest": open_table(work / name).digest}
        for name, rows in ((CLEAN, result.clean), (SET_ASIDE, result.set_aside))
    }
    body = {
        "schema_version": _VERSION,
        "table": {"name": table.name, "rows": table.height, "digest": table.digest},
        "files": files,
        "reasons": result.counts,
    }
    (work / MANIFEST).write_text(
        json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def restore(directory: str | Path, out: str | Path) -> Table:
    """Put the rows set aside back: the table as it was, in its order.

    Args:
        directory: what `quarantine` wrote.
        out: Parquet file to write; it must not exist.

    Raises:
        UsageError: `out` exists.
        Unreadable: the directory is not a quarantine.
        IntegrityError: one of its files was changed.
    """
    source, path = Path(directory), Path(out)
    if path.exists():
        raise UsageError("the file exists", where=str(path), next_step="name another one")
    clean, set_aside = _verified(source)
    partial = path.with_name(f".{path.name}.partial")
    try:
        _sink(_woven(clean, set_aside), clean.schema, partial)
        partial.rename(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return open_table(path)


def _verified(source: Path) -> tuple[Table, Table]:
    try:
        manifest = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        expected = {name: str(manifest["files"][name]["digest"]) for name in (CLEAN, SET_ASIDE)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            "this is not a quarantine",
            where=str(source),
            why=str(error),
            next_step="name a directory with manifest.json",
        ) from error
    for name, digest in expected.items():
        if open_table(source / name).digest != digest:
            raise IntegrityError(
                "a file of the quarantine was changed",
                where=str(source / name),
                why="its digest is not the recorded one",
            )
    return open_table(source / CLEAN), open_table(source / SET_ASIDE)


def _woven(clean: Table, set_aside: Table) -> Iterator[pl.DataFrame]:
    """Yield the rows of both tables in their first order, a block of clean rows at a time.

    Row q, the i-th of those set aside, has q - i clean rows before it, which says in which block it belongs.
    """
    numbers = set_aside.frame([ROW])[ROW].to_numpy()
    before = numbers - np.arange(numbers.size)
    aside = set_aside.batches()
    held = pl.DataFrame(schema=set_aside.schema)
    done = passed = 0
    for block in clean.batches():
        upto = int(np.searchsorted(before, passed + block.height))
        while held.height < upto - done:
            held = pl.concat([held, next(aside)])
        yield _placed(block, held.head(upto - done), passed + done)
        held = held.slice(upto - done)
        done, passed = upto, passed + block.height
    yield held.select(clean.columns)
    for block in aside:
        yield block.select(clean.columns)


def _placed(clean: pl.DataFrame, aside: pl.DataFrame, start: int) -> pl.DataFrame:
    """The clean rows with the others at their places; row `start` of the table comes first."""
    if not aside.height:
        return clean
    free = np.ones(clean.height + aside.height, dtype=np.bool_)
    places = aside[ROW].to_numpy() - start
    free[places] = False
    order = np.argsort(np.concatenate([np.flatnonzero(free), places]))
    return pl.concat([clean, aside.select(clean.columns)])[order]
