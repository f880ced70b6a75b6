# SPDX-License-Identifier: Apache-2.0
"""Evidence on a page of bounded size: which tables are shown in full, which are cut, which are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from hauberk.core.evidence import Cell, Evidence, View
from hauberk.report.chart import draw
from hauberk.report.mask import CHANGED, is_masked

_MAX_CHARTS = 24
_CELLS = 5_000
_LEAST_ROWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One record before and after a change.

    Attributes:
        name: which case.
        rows: for each column of the record its name, whether it changed, before, after, and further cells.
    """

    name: str
    rows: tuple[tuple[str, bool, Cell, Cell, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A piece of evidence as the page shows it.

    Attributes:
        evidence: the evidence.
        chart: its picture as SVG; empty if it is not drawn.
        rows: the rows that are shown.
        left: how many rows are not shown.
        cases: the records of a before-and-after view.
        masked: true if it holds a masked value.
    """

    evidence: Evidence
    chart: Markup
    rows: tuple[tuple[Cell, ...], ...]
    left: int
    cases: tuple[Case, ...]
    masked: bool


class Hanging:
    """Hands out the room of one page, to the worst finding first."""

    def __init__(self) -> None:
        self._cells = _CELLS
        self._charts = _MAX_CHARTS

    def show(self, evidence: Evidence) -> Exhibit:
        """Return the evidence as far as there is room for it: at least its first rows, always what was left out."""
        width = max(len(evidence.columns), 1)
        rows = evidence.rows[: max(self._cells // width, _LEAST_ROWS)]
        self._cells = max(self._cells - len(rows) * width, 0)
        chart = draw(evidence) if self._charts else ""
        self._charts -= bool(chart)
        return Exhibit(
            evidence=evidence,
            chart=Markup(chart),  # noqa: S704 - built from allowed elements and attributes by clean_svg
            rows=rows,
            left=len(evidence.rows) - len(rows),
            cases=_cases(evidence, rows),
            masked=any(is_masked(cell) for row in rows for cell in row),
        )


def _cases(evidence: Evidence, rows: tuple[tuple[Cell, ...], ...]) -> tuple[Case, ...]:
    if evidence.view is not View.BEFORE_AFTER or len(evidence.columns) < 4:
        return ()
    return tuple(
        Case(name=str(name), rows=tuple(_change(row) for row in group))
        for name, group in groupby(rows, key=lambda row: row[0])
    )


def _change(row: tuple[Cell, ...]) -> tuple[str, bool, Cell, Cell, tuple[Cell, ...]]:
    return str(row[1]), row[2] != row[3] or row[3] == CHANGED, row[2], row[3], row[4:]
