# SPDX-License-Identifier: Apache-2.0
"""Baselines: a run compared with an earlier one. Nothing counts as gone that was not looked at again."""

from __future__ import annotations

from dataclasses import dataclass

from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run

_RAN = frozenset({Status.PASSED, Status.FINDINGS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Worsened:
    """A measurement that got worse beyond the intervals of both runs.

    Attributes:
        check: id of the check.
        name: name of the measurement.
        at: what it belongs to.
        before: the earlier one.
        after: the later one.
    """

    check: str
    name: str
    at: str
    before: Measurement
    after: Measurement

    @property
    def sentence(self) -> str:
        """What happened, with both numbers."""
        name = f"{self.name} ({self.at})" if self.at else self.name
        return f"{self.check} {name} went from {self.before.value:g} to {self.after.value:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run beside an earlier one.

    Attributes:
        before: id of the earlier run.
        known: fingerprints that the earlier run found, its waived ones included.
        new: fingerprints that only the later run found.
        gone: fingerprints that only the earlier run found, and whose check ran again with the same parameters.
        unverified: fingerprints that only the earlier run found, and whose check did not run again like that.
        worsened: measurements that got worse.
        improved: measurements that got better, in the same form.
        lost: checks that ran then and did not run to their end now, with how they ended.
        incomparable: checks that ran with other parameters than then, so that neither numbers nor absences compare.
        notes: what else a reader must know, such as that other data was looked at.
    """

    before: str
    known: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    unverified: tuple[str, ...]
    worsened: tuple[Worsened, ...]
    improved: tuple[Worsened, ...]
    lost: tuple[str, ...]
    incomparable: tuple[str, ...]
    notes: tuple[str, ...] = ()


def known_fingerprints(run: Run) -> tuple[str, ...]:
    """Return the fingerprints of everything that a run found, waived findings included, sorted."""
    return tuple(sorted({found.fingerprint for found in run.findings(waived=True)}))


def compare(before: Run, after: Run) -> Comparison:
    """Compare a run with an earlier one, check by check.

    A measurement is worse only where the intervals of both runs do not touch; an exact number is worse as soon as it
    is. Only checks that ran in both, with the same parameters, are compared.
    """
    then, now = _ran(before), _ran(after)
    ended = {item.check: item.status.value for item in after.outcomes}
    both = sorted(set(then) & set(now))
    same = [check for check in both if then[check].params == now[check].params]
    known, found = set(known_fingerprints(before)), set(known_fingerprints(after))
    checked = {item.fingerprint for check in same for item in then[check].findings}
    changes = [change for check in same for change in _changes(then[check], now[check])]
    return Comparison(
        before=before.id,
        known=tuple(sorted(known)),
        new=tuple(sorted(found - known)),
        gone=tuple(sorted((known - found) & checked)),
        unverified=tuple(sorted(known - found - checked)),
        worsened=tuple(change for change, worse in changes if worse),
        improved=tuple(change for change, worse in changes if not worse),
        lost=tuple(f"{check} ({ended.get(check, 'not planned')})" for check in sorted(set(then) - set(now))),
        incomparable=tuple(sorted(set(both) - set(same))),
        notes=_notes(before, after),
    )


def _ran(run: Run) -> dict[str, Outcome]:
    return {item.check: item for item in run.outcomes if item.status in _RAN}


def _changes(before: Outcome, after: Outcome) -> list[tuple[Worsened, bool]]:
    """The measurements that moved, each with whether it moved for the worse."""
    old = {(one.name, one.at): one for one in before.measurements}
    changes: list[tuple[Worsened, bool]] = []
    for one in after.measurements:
        earlier = old.get((one.name, one.at))
        if earlier is None or earlier.unit != one.unit or one.better is Better.NEITHER:
            continue
        rose, fell = _low(one) > _high(earlier), _high(one) < _low(earlier)
        if rose or fell:
            change = Worsened(check=after.check, name=one.name, at=one.at, before=earlier, after=one)
            changes.append((change, rose is (one.better is Better.LOWER)))
    return changes


def _low(one: Measurement) -> float:
    return one.value if one.low is None else one.low


def _high(one: Measurement) -> float:
    return one.value if one.high is None else one.high


def _notes(before: Run, after: Run) -> tuple[str, ...]:
    old, new = ({asset.role or asset.kind.value: asset.digest for asset in run.assets} for run in (before, after))
    changed = [role for role in sorted(set(old) & set(new)) if old[role] != new[role]]
    notes = [f"the {role} is another one than in run {before.id}" for role in changed]
    if before.seed != after.seed:
        notes.append(f"the seed is {after.seed}, it was {before.seed}")
    if before.environment.hauberk != after.environment.hauberk:
        notes.append(f"Hauberk is {after.environment.hauberk}, it was {before.environment.hauberk}")
    return tuple(notes)
