# SPDX-License-Identifier: Apache-2.0
"""Comma-separated files: what a lenient parser would repair in silence is refused here before the first row counts."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from hauberk.core.errors import NothingToExamine, Unreadable
from hauberk.table.source import PANIC, FileSource, Stamp, first_line

_QUOTED = r'"[^"]*"'
_NEXT = "write the file again with one field for each column, quotes around text, in UTF-8"
_INTEGER = r"^[+-]?(?:0|[1-9][0-9]{0,17})$"
_FLOAT = r"^(?:[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf|NaN)$"
_TOO_WIDE = r"^[+-]?[0-9]{19,}$"
_MOMENTS = {"%Y-%m-%d": pl.Date(), "%Y-%m-%dT%H:%M:%S%.f": pl.Datetime("us"), "%Y-%m-%d %H:%M:%S%.f": pl.Datetime("us")}


def open_delimited(path: Path, separator: str) -> FileSource:
    """Open a delimited text file with a header line, RFC 4180 quoting and UTF-8 text.

    One pass checks that every record has as many fields as the header, one chooses the types from all rows. A column of
    digits with a leading zero stays text, since `007` is a name and no number.

    Raises:
        NothingToExamine: not even a header.
        Unreadable: wrong number of fields, not UTF-8, doubled or empty column names, an open quote.
    """
    stamp = Stamp.of(path)
    if stamp.size == 0:
        raise NothingToExamine("the file is empty", where=str(path), next_step="check the export that wrote it")
    header = _header(path, separator)
    _check_fields(path, separator, len(header))
    try:
        height, schema, moments = _types(path, separator, header)
        parsed = pl.scan_csv(path, separator=separator, schema=schema, glob=False, low_memory=True)
        lazy = parsed.with_columns(
            pl.col(name).str.strptime(_MOMENTS[form], form, strict=True) for name, form in moments.items()
        )
        return FileSource(path, lazy, dict(lazy.collect_schema()), height, stamp, seekable=False)
    except (pl.exceptions.PolarsError, OSError, PANIC) as error:
        raise Unreadable(
            "the file is not a table of separated values",
            where=str(path),
            why=first_line(str(error)),
            next_step=_NEXT,
        ) from error


def _types(path: Path, separator: str, header: list[str]) -> tuple[int, dict[str, pl.DataType], dict[str, str]]:
    """Number of rows, type of each column, and the form of those that hold dates or moments."""
    text = pl.scan_csv(path, separator=separator, infer_schema=False, glob=False, low_memory=True)
    tests = {f"{at}\x00{test}": fits for at, name in enumerate(header) for test, fits in _tests(pl.col(name))}
    facts = text.select(pl.len().alias("height"), **tests).collect(engine="streaming").row(0, named=True)
    schema: dict[str, pl.DataType] = {}
    moments: dict[str, str] = {}
    for at, name in enumerate(header):
        fits = {test for test, _ in _tests(pl.col(name)) if facts[f"{at}\x00{test}"]}
        schema[name] = _plain_type(fits)
        form = next((form for form in _MOMENTS if form in fits), None)
        if form is not None and "empty" not in fits:
            moments[name] = form
    return int(facts["height"]), schema, moments


def _tests(column: pl.Expr) -> Iterator[tuple[str, pl.Expr]]:
    """Each type's condition: it holds for every value that is there."""
    yield "empty", column.is_null().all()
    yield "boolean", column.is_in(["true", "false"]).all()
    yield "integer", column.str.contains(_INTEGER).all()
    yield "float", (column.str.contains(_FLOAT) & ~column.str.contains(_TOO_WIDE)).all()
    for form, kind in _MOMENTS.items():
        yield form, (column.is_null() | column.str.strptime(kind, form, strict=False).is_not_null()).all()


def _plain_type(fits: set[str]) -> pl.DataType:
    if "empty" in fits:
        return pl.String()
    if "boolean" in fits:
        return pl.Boolean()
    if "integer" in fits:
        return pl.Int64()
    return pl.Float64() if "float" in fits else pl.String()


def _header(path: Path, separator: str) -> list[str]:
    names: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            names = next(csv.reader(stream, delimiter=separator, strict=True), names)
    except UnicodeDecodeError as error:
        raise Unreadable("the file is not UTF-8 text", where=str(path), why=str(error), next_step=_NEXT) from error
    except csv.Error as error:
        raise Unreadable("the header line cannot be read", where=str(path), why=str(error), next_step=_NEXT) from error
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled or not all(name.strip() for name in names):
        why = f"{doubled[0]!r} stands there twice" if doubled else "one name is empty"
        raise Unreadable("the header line does not name each column once", where=str(path), why=why, next_step=_NEXT)
    if not names:
        raise NothingToExamine("the file has no header line", where=str(path), next_step=_NEXT)
    if len(names) == 1:
        _refuse_other_marks(path, separator, names[0])
    return names


def _refuse_other_marks(path: Path, separator: str, line: str) -> None:
    """A header that is one name made of several is a file of another dialect, not a table of one column."""
    other = next((mark for mark in ";\t|" if mark != separator and mark in line), "")
    if other:
        raise Unreadable(
            f"the fields are not parted by {separator!r}",
            where=str(path),
            why=f"the header line is one name that holds {line.count(other)} of {other!r}",
            next_step="write the file again with commas (and points in numbers), or as Parquet",
        )


def _check_fields(path: Path, separator: str, width: int) -> None:
    """Count fields line by line; only a quote that spans lines needs the slow reader."""
    line = pl.col("line")
    quotes = line.str.count_matches('"', literal=True)
    bare = pl.when(quotes > 0).then(line.str.replace_all(_QUOTED, "")).otherwise(line)
    ragged = bare.str.count_matches(separator, literal=True) + 1 != width
    lines = pl.scan_lines(path, name="line", glob=False).select(ragged=ragged, spans=quotes % 2 == 1)
    try:
        facts = lines.select(spans=pl.col("spans").any(), first=pl.col("ragged").arg_true().first()).collect(
            engine="streaming"
        )
    except (pl.exceptions.PolarsError, OSError, PANIC) as error:
        raise Unreadable(
            "the file is not UTF-8 text", where=str(path), why=first_line(str(error)), next_step=_NEXT
        ) from error
    ragged_at, spans = facts["first"].item(), facts["spans"].item()
    if spans:
        _check_records(path, separator, width)
    elif ragged_at is not None:
        raise _ragged(path, int(ragged_at) + 1, width)


def _check_records(path: Path, separator: str, width: int) -> None:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        try:
            wrong = next((reader.line_num for record in reader if len(record) != width and (width > 1 or record)), None)
        except (UnicodeDecodeError, csv.Error) as error:
            raise Unreadable(
                "a record cannot be read", where=f"{path}, line {reader.line_num}", why=str(error), next_step=_NEXT
            ) from error
    if wrong is not None:
        raise _ragged(path, wrong, width)


def _ragged(path: Path, line: int, width: int) -> Unreadable:
    return Unreadable(
        "a record has the wrong number of fields",
        where=f"{path}, line {line}",
        why=f"the header names {width} columns",
        next_step=_NEXT,
    )
