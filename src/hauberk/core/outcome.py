# SPDX-License-Identifier: Apache-2.0
"""How a planned check ended. Every planned check ends in exactly one outcome; nothing passes that did not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hauberk.core.evidence import Evidence
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement

Param = str | int | float | bool | None | list[str]


class Status(StrEnum):
    """The six ways in which a planned check can end."""

    PASSED = "passed"
    FINDINGS = "findings"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    ERROR = "error"
    TIMED_OUT = "timed_out"

    @property
    def incomplete(self) -> bool:
        """True where the check should have run to its end and did not."""
        return self in {Status.ERROR, Status.TIMED_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one planned check.

    Attributes:
        check: id of the check.
        title: its title.
        stage: its stage.
        status: how it ended.
        reason: why, for every status but passed and findings.
        params: the parameters that it ran with, defaults included.
        seed: the seed of its generator.
        findings: what is wrong.
        measurements: what was measured, also when nothing is wrong.
        evidence: tables that belong to the check as a whole.
        work: deterministic work units spent, by kind (`queries`, `rows`, `visits`).
        limits: what this check cannot see, in plain sentences; printed, never a pass.
    """

    check: str
    title: str
    stage: str
    status: Status
    reason: str = ""
    params: dict[str, Param] = field(default_factory=dict)
    seed: int = 0
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    work: dict[str, int] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
