# SPDX-License-Identifier: Apache-2.0
"""What changed between two runs: findings, measurements, outcomes and what was examined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hauberk.core.asset import AssetRef
from hauberk.core.finding import Finding
from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Status
from hauberk.core.run import Run


class Trend(StrEnum):
    """What a change of a measurement says."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    INDISTINGUISHABLE = "indistinguishable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One number that two runs measured differently.

    Attributes:
        check: the check that measured it.
        finding: fingerprint of the finding that it belongs to; empty if it belongs to the check as a whole.
        before: the earlier measurement.
        after: the later measurement.
        trend: indistinguishable where the two intervals overlap; else which way it went.
    """

    check: str
    finding: str
    before: Measurement
    after: Measurement
    trend: Trend


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChange:
    """One role whose asset differs; None where the run has no asset in that role."""

    role: str
    before: AssetRef | None
    after: AssetRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeChange:
    """One check that ended differently; None where the run did not plan it."""

    check: str
    before: Status | None
    after: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """The difference between two runs. Waived findings count like all others.

    Attributes:
        before: id of the earlier run.
        after: id of the later run.
        new: findings that only the later run has, worst first.
        fixed: findings that only the earlier run has and whose check ran to its end in the later one.
        unseen: findings that only the earlier run has and whose check did not run to its end in the later one.
        unchanged: findings of both, as the later run has them.
        changes: measurements that differ.
        outcomes: checks that ended differently.
        assets: roles whose asset differs.
    """

    before: str
    after: str
    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    unseen: tuple[Finding, ...]
    unchanged: tuple[Finding, ...]
    changes: tuple[Change, ...]
    outcomes: tuple[OutcomeChange, ...]
    assets: tuple[AssetChange, ...]

    @property
    def empty(self) -> bool:
        """True if nothing differs that this comparison looks at."""
        return not (self.new or self.fixed or self.unseen or self.changes or self.outcomes or self.assets)


def diff_runs(before: Run, after: Run) -> RunDiff:
    """Compare two runs: findings by fingerprint, measurements by check, finding and name, assets by role."""
    old = {finding.fingerprint: finding for finding in before.findings(waived=True)}
    now = {finding.fingerprint: finding for finding in after.findings(waived=True)}
    ended = {item.check for item in after.outcomes if item.status in {Status.PASSED, Status.FINDINGS}}
    gone = [finding for key, finding in old.items() if key not in now]
    return RunDiff(
        before=before.id,
        after=after.id,
        new=tuple(finding for key, finding in now.items() if key not in old),
        fixed=tuple(finding for finding in gone if finding.check in ended),
        unseen=tuple(finding for finding in gone if finding.check not in ended),
        unchanged=tuple(finding for key, finding in now.items() if key in old),
        changes=tuple(_changes(before, after)),
        outcomes=tuple(_outcomes(before, after)),
        assets=tuple(_assets(before, after)),
    )


def _measured(run: Run) -> dict[tuple[str, str, str, str], Measurement]:
    found: dict[tuple[str, str, str, str], Measurement] = {}
    for outcome in run.outcomes:
        for item in outcome.measurements:
            found[outcome.check, "", item.name, item.at] = item
        for finding in outcome.findings:
            for item in finding.measurements:
                found[finding.check, finding.fingerprint, item.name, item.at] = item
    return found


def _changes(before: Run, after: Run) -> Iterator[Change]:
    old, now = _measured(before), _measured(after)
    for key in sorted(old.keys() & now.keys()):
        if old[key] != now[key]:
            yield Change(
                check=key[0], finding=key[1], before=old[key], after=now[key], trend=compare(old[key], now[key])
            )


def compare(before: Measurement, after: Measurement) -> Trend:
    """Say which way a number went; two intervals that overlap cannot be told apart, an exact count is its own interval.

    Overlap is the cautious test: intervals that just touch differ at a level below their own.
    """
    if _low(after) <= _high(before) and _low(before) <= _high(after):
        return Trend.INDISTINGUISHABLE
    if after.better is Better.NEITHER:
        return Trend.DIFFERENT
    rose = after.value > before.value
    return Trend.BETTER if rose is (after.better is Better.HIGHER) else Trend.WORSE


def _low(item: Measurement) -> float:
    return item.value if item.low is None else item.low


def _high(item: Measurement) -> float:
    return item.value if item.high is None else item.high


def _outcomes(before: Run, after: Run) -> Iterator[OutcomeChange]:
    old = {item.check: item.status for item in before.outcomes}
    now = {item.check: item.status for item in after.outcomes}
    for check in sorted(old.keys() | now.keys()):
        if old.get(check) is not now.get(check):
            yield OutcomeChange(check=check, before=old.get(check), after=now.get(check))


def _assets(before: Run, after: Run) -> Iterator[AssetChange]:
    old = {item.role or item.kind: item for item in before.assets}
    now = {item.role or item.kind: item for item in after.assets}
    for role in sorted(old.keys() | now.keys()):
        was, is_ = old.get(role), now.get(role)
        if was is None or is_ is None or was.digest != is_.digest:
            yield AssetChange(role=role, before=was, after=is_)
