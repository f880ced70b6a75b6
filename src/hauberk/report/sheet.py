# SPDX-License-Identifier: Apache-2.0
"""The run as CSV (RFC 4180): a row for each finding and for each check without one, so that no gap is silent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from hauberk.catalog import minor_digits
from hauberk.core.finding import Finding
from hauberk.core.outcome import Outcome
from hauberk.core.run import Run
from hauberk.report.plain import sheet_cell

COLUMNS: tuple[str, ...] = (
    "status",
    "severity",
    "check",
    "title",
    "message",
    "asset",
    "column",
    "key",
    "rows",
    "confidence",
    "loss",
    "currency",
    "known",
    "remedy",
    "fingerprint",
)
"""Header of the sheet; the status is `finding`, `waived`, or how a check without findings ended."""


def render_csv(run: Run) -> bytes:
    """Return the run as CSV with a header, worst finding first, then the checks without findings in plan order."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(run):
        writer.writerow({name: sheet_cell(value) if isinstance(value, str) else value for name, value in row.items()})
    return out.getvalue().encode()


def _rows(run: Run) -> Iterator[dict[str, str | int]]:
    waived = {item.fingerprint for item in run.waived}
    for finding in run.findings(waived=True):
        yield _finding(run, finding, "waived" if finding.fingerprint in waived else "finding")
    for outcome in run.outcomes:
        if not outcome.findings or outcome.status.incomplete:
            yield _outcome(outcome)
    if run.aborted:
        yield {"status": "aborted", "message": "the run was interrupted"}


def _outcome(outcome: Outcome) -> dict[str, str | int]:
    return {
        "status": str(outcome.status),
        "check": outcome.check,
        "title": outcome.title,
        "message": outcome.reason,
    }


def _finding(run: Run, finding: Finding, status: str) -> dict[str, str | int]:
    where = finding.location
    row: dict[str, str | int] = {
        "status": status,
        "severity": str(finding.severity),
        "check": finding.check,
        "title": finding.title,
        "message": finding.message,
        "asset": where.asset,
        "column": where.column,
        "key": where.key,
        "confidence": str(finding.confidence),
        "currency": run.currency if finding.loss is not None else "",
        "remedy": finding.remedy,
        "fingerprint": finding.fingerprint,
    }
    if where.rows is not None:
        row["rows"] = where.rows
    if finding.loss is not None:
        row["loss"] = _amount(finding.loss, run.currency)
    if run.baseline:
        row["known"] = "yes" if finding.fingerprint in run.baseline else "no"
    return row


def _amount(minor: int, currency: str) -> str:
    """Return an amount in major units as a bare decimal, which spreadsheets and parsers add up."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(minor), 10**digits)
    return ("-" if minor < 0 else "") + f"{whole}" + (f".{rest:0{digits}d}" if digits else "")
