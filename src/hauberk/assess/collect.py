# SPDX-License-Identifier: Apache-2.0
"""What a check yielded, held to its contract and put in order: one outcome."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from hauberk.assess.budget import Budget, TimedOut
from hauberk.assess.context import CheckContext
from hauberk.assess.plan import Planned
from hauberk.assess.settle import readable, settled
from hauberk.core.errors import Incomplete
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Status


def collected(item: Planned, result: object, context: CheckContext) -> Outcome:
    """Drain a check and return its outcome.

    Raises:
        Incomplete: it yielded what it may not.
        TimedOut: it ended after its deadline, so that a slower machine would not have seen its result.
        Exception: whatever the check raises while it is drained.
    """
    if not isinstance(result, Iterable):
        raise Incomplete(f"the check returned a {type(result).__name__}, not measurements and findings")
    yielded = [settled(_own(item, one)) for one in cast("Iterable[object]", result)]
    findings = [one for one in yielded if isinstance(one, Finding)]
    measurements = [one for one in yielded if isinstance(one, Measurement)]
    _refuse_doubles([found.fingerprint for found in findings], "findings share one place: tell them apart by a key")
    _refuse_doubles([f"{one.name} {one.at}" for one in measurements], "measurements share one name")
    _refuse_late(context.budget)
    outcome = replace(
        _ended(item, context, found=bool(findings)),
        findings=tuple(sorted(findings, key=_rank)),
        measurements=tuple(sorted(measurements, key=lambda one: one.name)),
        evidence=tuple(_evidence(context.evidence)),
        work=dict(sorted(context.budget.spent.items())),
        limits=tuple(str(limit) for limit in context.limits),
    )
    return readable(settled(outcome))


def _ended(item: Planned, context: CheckContext, *, found: bool) -> Outcome:
    """A check that could not examine everything never passes; what it found stays."""
    if context.gaps:
        return item.ended(Status.ERROR, "; ".join(str(gap) for gap in context.gaps))
    return item.ended(Status.FINDINGS if found else Status.PASSED)


def _own(item: Planned, one: object) -> Finding | Measurement:
    if isinstance(one, Measurement):
        return one
    if not isinstance(one, Finding):
        raise Incomplete(f"the check yielded a {type(one).__name__}, which is neither a measurement nor a finding")
    if one.check != item.entry.id:
        raise Incomplete(f"check {item.entry.id} yielded a finding of {one.check!r}")
    return one


def _rank(finding: Finding) -> tuple[object, ...]:
    where = finding.location
    return (-finding.severity.rank, where.asset, where.column, where.key)


def _refuse_doubles(names: list[str], why: str) -> None:
    if len(set(names)) != len(names):
        raise Incomplete("the check broke its contract", why=f"two {why}")


def _refuse_late(budget: Budget) -> None:
    if budget.deadline is not None and time.monotonic() > budget.deadline:
        raise TimedOut("the check reached its time limit")


def _evidence(tables: Iterable[object]) -> Iterable[Evidence]:
    for table in tables:
        if not isinstance(table, Evidence):
            raise Incomplete(f"the check put a {type(table).__name__} among its evidence")
        yield table
