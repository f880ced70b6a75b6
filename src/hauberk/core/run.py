# SPDX-License-Identifier: Apache-2.0
"""A run: what was planned, how each part ended, and what was decided. Reports read a run and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hauberk.core.asset import AssetRef
from hauberk.core.decision import Decision
from hauberk.core.event import Checkpoint
from hauberk.core.finding import Finding
from hauberk.core.outcome import Outcome, Status

SCHEMA_VERSION = "1.0"
"""Version of the JSON that a run is written in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A finding that a person has accepted for a while.

    Attributes:
        fingerprint: which finding.
        reason: why it is accepted.
        owner: who accepts it.
        expires: last day of the acceptance, ISO date.
    """

    fingerprint: str
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a run took place, as far as results may depend on it.

    Attributes:
        hauberk: version of Hauberk.
        python: version of Python.
        platform: operating system and machine.
        cpu: processor family.
        threads: threads that numeric libraries may use.
        packages: name to version of each library whose arithmetic the results rest on.
    """

    hauberk: str
    python: str
    platform: str
    cpu: str
    threads: int
    packages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of one assessment.

    Attributes:
        id: unique name of the run.
        project: name of the project.
        command: the command line that repeats it.
        started_us: start, in UTC microseconds.
        ended_us: end, in UTC microseconds; 0 if aborted.
        aborted: true if the run was interrupted.
        seed: master seed.
        currency: currency code of all amounts.
        positive: what the event is, in words, such as `default` or `fraud`.
        threshold: score from which on the business acts; None where there is no model.
        loss: how a missed event becomes an amount, in words; empty if no money terms were declared.
        domain_confirmed: false while no person has confirmed the domain.
        environment: versions, processor and threads.
        assets: everything that was read.
        outcomes: exactly one for each planned check, in plan order.
        seconds: wall seconds of each check, by check id; not part of any result.
        waived: waivers in force that match a finding of this run.
        selected: ids or beginnings of ids that the run was narrowed to; empty if every check was planned.
        since: id of the run that it was compared with; empty for none.
        baseline: fingerprints that were known before; empty without a baseline.
        personal: names of the columns whose values are masked in renderings.
        decision: what the gate said; None if it was not asked.
        checkpoint: the ledger's checkpoint at the end of the run; None if there is no ledger.
        notes: sentences that a reader must see, such as 'the domain was inferred'.
        schema_version: version of this record's JSON.
    """

    id: str
    project: str
    command: str
    started_us: int
    ended_us: int
    seed: int
    environment: Environment
    assets: tuple[AssetRef, ...]
    outcomes: tuple[Outcome, ...]
    aborted: bool = False
    currency: str = ""
    positive: str = "event"
    threshold: float | None = None
    loss: str = ""
    domain_confirmed: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    waived: tuple[Waived, ...] = ()
    selected: tuple[str, ...] = ()
    since: str = ""
    baseline: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    decision: Decision | None = None
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION

    def findings(self, *, waived: bool = False) -> Iterator[Finding]:
        """Yield the findings, worst first; those waived only on request."""
        hidden: set[str] = set() if waived else {item.fingerprint for item in self.waived}
        found = [finding for outcome in self.outcomes for finding in outcome.findings]
        found.sort(
            key=lambda finding: (-finding.severity.rank, -(finding.loss or 0), finding.check, finding.fingerprint)
        )
        return (finding for finding in found if finding.fingerprint not in hidden)

    def count(self, status: Status) -> int:
        """How many planned checks ended in this status."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def incomplete(self) -> tuple[Outcome, ...]:
        """The planned checks that should have run to their end and did not."""
        return tuple(outcome for outcome in self.outcomes if outcome.status.incomplete)
