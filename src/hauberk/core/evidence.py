# SPDX-License-Identifier: Apache-2.0
"""What proves a finding: a small table, with a hint how to draw it and a note which cells hold record values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

Cell = str | int | float | bool | None
"""One cell of an evidence table. Infinities and NaN travel as the strings `inf`, `-inf` and `nan`."""

MAX_ROWS = 200
"""Rows that one piece of evidence may hold; a longer list belongs in a file that the evidence names."""


class View(StrEnum):
    """How a reader wants to see an evidence table. The table itself is always shown too."""

    TABLE = "table"
    LINE = "line"
    BARS = "bars"
    STEPS = "steps"
    BEFORE_AFTER = "before_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A table that proves something.

    Attributes:
        title: one line.
        columns: header of each column; `name (unit)` where there is a unit.
        rows: at most MAX_ROWS rows, each as long as `columns`.
        view: how to draw it: LINE and STEPS take x, y[, low, high] columns in that order, BARS takes label, value[,
            low, high], BEFORE_AFTER takes case, column, before, after[, further columns].
        holds: for each column, whose record values stand in it: None for none, a domain column's name, or the index of
            the evidence column that names the domain column row by row. Renderings mask by it.
        note: one sentence that says how to read it.

    Raises:
        ValueError: ragged rows, too many rows, or `holds` of another length.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    view: View = View.TABLE
    holds: tuple[str | int | None, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        width = len(self.columns)
        if any(len(row) != width for row in self.rows):
            raise ValueError(f"evidence {self.title!r}: every row needs {width} cells")
        if len(self.rows) > MAX_ROWS:
            raise ValueError(f"evidence {self.title!r}: {len(self.rows)} rows, at most {MAX_ROWS}")
        if self.holds and len(self.holds) != width:
            raise ValueError(f"evidence {self.title!r}: holds must name all {width} columns")

    @property
    def digest(self) -> str:
        """`sha256:` of the table's content, independent of where it is shown."""
        body = json.dumps(
            [self.title, self.columns, self.rows, self.view, self.holds, self.note], separators=(",", ":")
        )
        return "sha256:" + hashlib.sha256(body.encode()).hexdigest()
