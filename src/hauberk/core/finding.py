# SPDX-License-Identifier: Apache-2.0
"""What is wrong, how sure, where, and what proves it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from hauberk.core.evidence import Evidence
from hauberk.core.measurement import Measurement


class Severity(StrEnum):
    """How bad it is if it is true. Ordered by `rank`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 4 for critical."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the check is: high means proved by the evidence shown."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a finding sits.

    Attributes:
        asset: role of the asset in the run, such as `train`, `holdout` or `model`.
        column: column concerned; empty for the whole asset.
        key: what else tells two findings of one check and column apart, such as a rule's name; stable over re-runs.
        rows: how many rows are concerned; None where rows mean nothing.
        sample: up to ten row numbers (0-based) as a sample; not part of the identity.
    """

    asset: str
    column: str = ""
    key: str = ""
    rows: int | None = None
    sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        check: id of the check that found it.
        title: one short line in plain words; no record values.
        message: what it means for the reader, in one to three sentences; no record values.
        severity: how bad it is if true.
        confidence: how sure the check is.
        location: where.
        measurements: the numbers behind it.
        evidence: the tables that prove it.
        remedy: what to do, in one or two sentences.
        threats: ids from the catalogue, such as `AML.T0015`.
        loss: money at stake in integer minor units of the run's currency; None if no amount can be stated.
        loss_formula: how `loss` was computed, in words.
        inferred: true if it rests on a domain that no person has confirmed.
    """

    check: str
    title: str
    message: str
    severity: Severity
    confidence: Confidence
    location: Location
    remedy: str
    measurements: tuple[Measurement, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    threats: tuple[str, ...] = ()
    loss: int | None = None
    loss_formula: str = ""
    inferred: bool = False

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that stay the same when wording, scores or row order change.

        It hashes check id, asset role and location, never message text or score.
        """
        where = self.location
        parts = (self.check, where.asset, where.column, where.key)
        return hashlib.sha256("\x1f".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]
