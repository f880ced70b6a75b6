# SPDX-License-Identifier: Apache-2.0
"""Open anything that holds rows and columns. Content decides what a file is, its name only where content cannot."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, cast

import narwhals as nw
import polars as pl

from hauberk.core.errors import Unreadable, UsageError
from hauberk.table.delimited import open_delimited
from hauberk.table.row_groups import row_groups
from hauberk.table.source import PANIC, FileSource, FrameSource, Stamp, first_line
from hauberk.table.table import Table

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_NEXT = "give a Parquet, Arrow IPC or CSV file with a header line"


def open_table(source: Any, *, name: str = "") -> Table:
    """Open a table.

    Args:
        source: path of a Parquet, Arrow IPC or CSV file; a Polars, pandas or PyArrow frame; anything with
            `__arrow_c_stream__` (a stream of unknown length is first written to a temporary file) or that narwhals
            knows.
        name: what people call it; the file's stem or `table` where empty.

    Raises:
        UsageError: no such file, or not a table at all.
        Unreadable: a directory, a truncated or unsupported file, no permission.
        NothingToExamine: a file without content.

    Example:
        >>> open_table(pl.DataFrame({"x": [1, 2]}), name="tiny").height
        2
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        path = Path(cast("str", source))
        return Table(name or path.stem, _open_file(path), path)
    if isinstance(source, pl.DataFrame):
        return Table(name or "table", FrameSource(source))
    if isinstance(source, pl.LazyFrame):
        return Table(name or "table", FrameSource(_collect(source)))
    return _open_foreign(source, name or "table")


def _open_file(path: Path) -> FileSource:
    if not path.exists():
        raise UsageError("there is no such file", where=str(path), next_step="check the path")
    if not path.is_file():
        raise Unreadable("this is not a file", where=str(path), next_step="name one file; " + _NEXT)
    try:
        with path.open("rb") as stream:
            magic = stream.read(6)
    except OSError as error:
        raise Unreadable(
            "the file cannot be opened",
            where=str(path),
            why=error.strerror or str(error),
            next_step="give this user the right to read it",
        ) from error
    suffix = path.suffix.lower()
    if magic[:4] == b"PAR1" or suffix == ".parquet":
        return _open_columnar(path, "Parquet")
    if magic == b"ARROW1":
        return _open_columnar(path, "Arrow IPC")
    if suffix in _SEPARATORS:
        return open_delimited(path, _SEPARATORS[suffix])
    raise Unreadable(
        "this is no table that Hauberk reads",
        where=str(path),
        why=f"unknown content and ending {suffix!r}",
        next_step=_NEXT,
    )


def _open_columnar(path: Path, kind: str) -> FileSource:
    stamp = Stamp.of(path)
    try:
        if kind == "Parquet":
            lazy = pl.scan_parquet(path, use_statistics=False, hive_partitioning=False, glob=False)
        else:
            lazy = pl.scan_ipc(path, hive_partitioning=False, glob=False)
        schema = dict(lazy.collect_schema())
        height = int(lazy.select(pl.len()).collect(engine="streaming").item())
    except (pl.exceptions.PolarsError, OSError, PANIC) as error:
        raise Unreadable(
            f"this is not a complete {kind} file",
            where=str(path),
            why=first_line(str(error)),
            next_step="fetch the file again and compare its digest with the owner's",
        ) from error
    groups = row_groups(path) if kind == "Parquet" else ()
    return FileSource(path, lazy, schema, height, stamp, seekable=True, groups=groups)


def _collect(lazy: pl.LazyFrame) -> pl.DataFrame:
    try:
        return lazy.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError, PANIC) as error:
        raise Unreadable("the lazy frame cannot be evaluated", why=first_line(str(error))) from error


def _open_foreign(source: Any, name: str) -> Table:
    if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "shape"):
        return _spool(source, name)
    try:
        native: Any = nw.from_native(source)
        frame: Any = native.collect() if isinstance(native, nw.LazyFrame) else native
        return Table(name, FrameSource(cast("pl.DataFrame", frame.to_polars())))
    except TypeError as error:
        raise UsageError(
            f"a {type(source).__name__} is not a table", why=first_line(str(error)), next_step=_NEXT
        ) from error
    except (pl.exceptions.PolarsError, ValueError, PANIC) as error:
        raise Unreadable("the frame cannot be read as a table", where=name, why=first_line(str(error))) from error


class _Folder:
    """A temporary folder that goes when nobody holds it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="hauberk-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _spool(source: Any, name: str) -> Table:
    """Write a stream to a temporary file, since it can be consumed once and may be larger than memory."""
    folder = _Folder()
    path = folder.path / "stream.parquet"
    try:
        pl.scan_arrow_c_stream(source).sink_parquet(path, compression="lz4", statistics=False, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError, ValueError, PANIC) as error:
        raise Unreadable("the Arrow stream broke off", where=name, why=first_line(str(error))) from error
    return Table(name, _open_columnar(path, "Parquet"), None, folder)
