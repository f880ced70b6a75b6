# SPDX-License-Identifier: Apache-2.0
"""How the data checks write measurements, findings and evidence, in one way."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from hauberk.assess import Situation
from hauberk.core.check import CheckSpec
from hauberk.core.evidence import Cell, Evidence
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.stats import rate_interval
from hauberk.table import Hits

_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a finding says.

    Attributes:
        title: one line.
        message: what it means for the reader.
        remedy: what to do.
    """

    title: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding sits; see `hauberk.core.finding.Location`.

    Attributes:
        column: column concerned.
        key: what else tells two findings of one check and column apart.
        rows: how many rows; None if it concerns the column or the table as a whole.
        sample: up to ten of their numbers.
    """

    column: str = ""
    key: str = ""
    rows: int | None = None
    sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Writes the records of one check.

    Attributes:
        spec: the check's declaration.
        situation: what the check looks at.
        role: role of the asset that its findings name.
    """

    spec: CheckSpec
    situation: Situation
    role: str = "train"

    @property
    def personal(self) -> tuple[str, ...]:
        """Columns whose values no text of a finding may name."""
        return self.situation.domain.personal if self.situation.domain is not None else ()

    def rate(self, name: str, hits: int, n: int, at: str = "", better: Better = Better.LOWER) -> Measurement:
        """A share of rows with its exact 95 % interval; n must be above 0."""
        low, high = rate_interval(hits, n)
        return Measurement(name=name, value=hits / n, unit="rate", n=n, low=low, high=high, better=better, at=at)

    def count(self, name: str, value: float, n: int, at: str = "", unit: str = "rows") -> Measurement:
        """A number without a sampling error."""
        return Measurement(name=name, value=value, unit=unit, n=n, at=at, better=Better.LOWER)

    def finding(
        self,
        wording: Wording,
        severity: Severity,
        place: Place,
        *,
        confidence: Confidence = Confidence.HIGH,
        measurements: tuple[Measurement, ...] = (),
        evidence: tuple[Evidence, ...] = (),
        inferred: bool = False,
    ) -> Finding:
        """A finding of this check."""
        return Finding(
            check=self.spec.id,
            title=wording.title,
            message=wording.message,
            remedy=wording.remedy,
            severity=severity,
            confidence=confidence,
            location=Location(
                asset=self.role, column=place.column, key=place.key, rows=place.rows, sample=place.sample[:10]
            ),
            measurements=measurements,
            evidence=evidence,
            threats=self.spec.threats,
            inferred=inferred,
        )


def by_share(hits: int, n: int) -> Severity:
    """Severity of rows that break a declared property: low below 0.1 %, medium below 1 %, high from there on.

    Example:
        >>> by_share(1, 10_000).value, by_share(5, 1000).value, by_share(5, 100).value
        ('low', 'medium', 'high')
    """
    share = hits / n
    if share < 0.001:
        return Severity.LOW
    return Severity.MEDIUM if share < 0.01 else Severity.HIGH


def percent(hits: int, n: int) -> str:
    """Rows and their share, in words.

    Example:
        >>> percent(12, 30_000)
        '12 of 30,000 rows (0.04 %)'
    """
    return f"{hits:,} of {n:,} rows ({100 * hits / n:.2g} %)"


def hit_table(hits: Hits, title: str, note: str = "") -> Evidence:
    """The first rows that were hit, with the values of the columns concerned."""
    return Evidence(
        title=title,
        columns=("row", *hits.columns),
        rows=tuple((row, *(cell(value) for value in values)) for row, values in hits.first),
        holds=(None, *hits.columns),
        note=note or f"The first {len(hits.first)} of {hits.count:,} rows; row numbers count from 0.",
    )


def cell(value: Any) -> Cell:
    r"""A record's value as an evidence cell: long text is cut, invisible characters are written out.

    Example:
        >>> cell(float("nan")), cell("a\u200bb"), cell(3)
        ('nan', 'a\\u200bb', 3)
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    text = str(value)
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + f"… ({len(text)} characters)"
    return "".join(letter if letter.isprintable() else _written_out(letter) for letter in cut)


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape", errors="backslashreplace").decode("ascii")
