# SPDX-License-Identifier: Apache-2.0
"""May this table be trained on? Accept, quarantine some of its rows, or reject it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from hauberk.assess import Situation
from hauberk.core.errors import HauberkError
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome
from hauberk.data.reasons import Reasons, row_reasons
from hauberk.table import Scan, State, Table, run_scans
from hauberk.table.merge import add_counts


class Ruling(StrEnum):
    """The three answers."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The answer, and what it rests on.

    Attributes:
        ruling: accept, quarantine or reject.
        because: the reasons for it, one sentence each; empty for accept.
        rows: rows of the table.
        marked: rows that carry at least one reason code.
        counts: reason code to rows, for codes that any row carries, most rows first.
        reasons: the codes themselves, for `quarantine`; None where the table could not be read.
    """

    ruling: Ruling
    because: tuple[str, ...]
    rows: int
    marked: int = 0
    counts: dict[str, int]
    reasons: Reasons | None = None


def admit(
    table: Table,
    situation: Situation,
    *,
    outcomes: Iterable[Outcome] = (),
    most: float = 0.2,
    waived: frozenset[str] = frozenset(),
) -> Admission:
    """Rule on a table.

    It is rejected if it has no rows or cannot be read, if a data check did not end, if a finding is critical, if one of
    high severity concerns columns or the table as a whole (rows can be set aside, a leaking column cannot), or if more
    than `most` of the rows carry a reason. Otherwise rows with a reason are to be quarantined.

    Args:
        table: the table; it must be the situation's data.
        situation: domain, label and so on.
        outcomes: how the data checks ended on this table.
        most: share of the rows from which on the table is rejected instead of quarantined.
        waived: fingerprints of findings that a person has accepted.
    """
    outcomes = tuple(outcomes)
    if not table.height:
        return Admission(ruling=Ruling.REJECT, because=("The table has no rows.",), rows=0, counts={})
    because = list(_reject_reasons(outcomes, waived))
    try:
        reasons = row_reasons(situation, outcomes)
        marked, counts = _count(table, reasons)
    except HauberkError as error:
        sentence = f"The table cannot be read to its end: {error.what}."
        return Admission(ruling=Ruling.REJECT, because=(*because, sentence), rows=table.height, counts={})
    if marked > most * table.height:
        because.append(f"{marked:,} of {table.height:,} rows carry a reason, more than {most:.0%}.")
    ruling = Ruling.REJECT if because else Ruling.QUARANTINE if marked else Ruling.ACCEPT
    if ruling is Ruling.QUARANTINE:
        because.append(f"{marked:,} of {table.height:,} rows carry a reason, {next(iter(counts))} most often.")
    return Admission(
        ruling=ruling, because=tuple(because), rows=table.height, marked=marked, counts=counts, reasons=reasons
    )


def _reject_reasons(outcomes: Iterable[Outcome], waived: frozenset[str]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.status.incomplete:
            yield f"{outcome.check} did not come to its end: {outcome.reason}."
        for finding in outcome.findings:
            if finding.fingerprint not in waived and _rejects(finding):
                yield f"{finding.check}: {finding.title}."


def _rejects(finding: Finding) -> bool:
    if finding.severity is Severity.CRITICAL:
        return True
    return finding.severity is Severity.HIGH and finding.location.rows is None


def _count(table: Table, reasons: Reasons) -> tuple[int, dict[str, int]]:
    if not reasons.codes:
        return 0, {}
    found: State = {}

    def _map(block: pl.DataFrame, start: int) -> State:
        marks = reasons.marks(block, start)
        counts = marks.sum().row(0, named=True)
        return {"marked": int(marks.select(pl.any_horizontal(pl.all()).sum()).item()), "counts": counts}

    def _keep(state: State) -> list[Measurement | Finding]:
        found.update(state)
        return []

    def _merge(first: State, second: State) -> State:
        return {
            "marked": first["marked"] + second["marked"],
            "counts": add_counts(first["counts"], second["counts"]),
        }

    result = run_scans(table, {"reasons": Scan(map=_map, merge_map=_merge, finish=_keep)})["reasons"]
    if isinstance(result, Exception):
        raise result
    counts: dict[str, int] = found["counts"]
    ordered = sorted(((code, rows) for code, rows in counts.items() if rows), key=_most_first)
    return int(found["marked"]), dict(ordered)


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
