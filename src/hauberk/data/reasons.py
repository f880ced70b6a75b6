# SPDX-License-Identifier: Apache-2.0
"""Why a row should not be trained on: reason codes, as expressions where possible and as row numbers where not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Situation
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome
from hauberk.data.duplicates import conflicts_of, copies_of, feature_columns, near_hashes, pile_scan
from hauberk.data.hashes import HashPile, row_hashes
from hauberk.data.text import row_expressions, text_columns
from hauberk.data.violation import WHOLE, broken_properties, table_of
from hauberk.table import Scan, Table, run_scans

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Reason codes of a table's rows.

    Attributes:
        expressions: code to boolean expression, one value a row; null counts as false.
        rows: code to row numbers, ascending, for what no expression can state.
    """

    expressions: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    rows: Mapping[str, Rows] = field(default_factory=dict[str, Rows])

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, those of expressions first."""
        return (*self.expressions, *self.rows)

    def marks(self, block: pl.DataFrame, start: int) -> pl.DataFrame:
        """One boolean column for each code.

        Args:
            block: consecutive rows of the table, all columns.
            start: number of the first of them.
        """
        fixed = {name: expression.fill_null(value=False) for name, expression in self.expressions.items()}
        marked = block.select(**fixed) if fixed else pl.DataFrame()
        listed = [pl.Series(name, _within(rows, start, block.height)) for name, rows in self.rows.items()]
        return marked.hstack(listed) if listed and fixed else pl.DataFrame(listed) if listed else marked


def _within(rows: Rows, start: int, height: int) -> NDArray[np.bool_]:
    mask = np.zeros(height, dtype=np.bool_)
    low, high = np.searchsorted(rows, [start, start + height])
    mask[rows[low:high] - start] = True
    return mask


def row_reasons(situation: Situation, outcomes: Iterable[Outcome] = ()) -> Reasons:
    """The reason codes of the training data.

    Codes: the keys of what the domain declares (`age.range`, `rule.NAME`, …), `COLUMN.not_finite`, `COLUMN.invisible`,
    `COLUMN.mixed`, `COLUMN.digits`, `LABEL.unusable`, and, where HB-D008 and HB-D009 found more than the ordinary,
    `duplicate` (a row that repeats an earlier one) and `contradiction` (near-equal rows with opposite labels).

    Args:
        situation: data, and domain, label as far as there are any.
        outcomes: how the data checks ended. Odd characters, duplicates and contradictions become reasons where these
            checks found them; without outcomes odd characters are looked for in every text column.

    Raises:
        HauberkError: the data cannot be read.
    """
    table, outcomes = table_of(situation), tuple(outcomes)
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    expressions = dict(_domain_reasons(situation, table)) | dict(_number_reasons(situation, table))
    odd = row_expressions(text_columns(situation))
    found = {f"{one.location.column}.{one.location.key}" for one in findings if one.check in {"HB-D016", "HB-D017"}}
    expressions |= {code: each for code, each in odd.items() if code in found or not outcomes}
    return Reasons(expressions=expressions, rows=_listed(situation, table, findings))


def _domain_reasons(situation: Situation, table: Table) -> Iterator[tuple[str, pl.Expr]]:
    if situation.domain is not None:
        for item in broken_properties(situation.domain, table.schema):
            if item.kind not in WHOLE or item.expression.meta.root_names():
                yield item.key, item.expression


def _number_reasons(situation: Situation, table: Table) -> Iterator[tuple[str, pl.Expr]]:
    known = set(situation.domain.names) if situation.domain is not None else set[str]()
    for name, kind in table.schema.items():
        if kind.is_float() and name not in known and name != situation.label:
            yield f"{name}.not_finite", ~pl.col(name).is_finite()
    if situation.label in table.schema:
        label = pl.col(situation.label).cast(pl.Float64, strict=False)
        yield f"{situation.label}.unusable", ~label.is_in([0.0, 1.0]).fill_null(value=False)


def _listed(situation: Situation, table: Table, findings: list[Finding]) -> dict[str, Rows]:
    """The rows that only a look at all rows together can name, found in one pass where a check says so."""
    worst = {one.check: one.severity.rank for one in findings if one.check in {"HB-D008", "HB-D009"}}
    scans: dict[str, Scan] = {}
    found: dict[str, Rows] = {}
    if worst.get("HB-D008", 0) >= Severity.MEDIUM.rank:
        scans["duplicate"] = pile_scan(
            lambda block, _: row_hashes(block.select(table.columns)),
            table.columns,
            _keeper(found, "duplicate", lambda pile: copies_of(pile).later),
        )
    if worst.get("HB-D009", 0) >= Severity.HIGH.rank:
        features = feature_columns(situation)
        scans["contradiction"] = pile_scan(
            lambda block, start: near_hashes(block, start, features, situation.label),
            (*features, situation.label),
            _keeper(found, "contradiction", lambda pile: conflicts_of(pile).rows),
        )
    for result in (run_scans(table, scans) if scans else {}).values():
        if isinstance(result, Exception):
            raise result
    return found


def _keeper(found: dict[str, Rows], code: str, rows: Callable[[HashPile], Rows]) -> Any:
    def _keep(pile: HashPile) -> list[Measurement | Finding]:
        found[code] = np.sort(rows(pile))
        return []

    return _keep
