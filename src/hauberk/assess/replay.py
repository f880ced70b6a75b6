# SPDX-License-Identifier: Apache-2.0
"""Replay: a recorded run again, with the same parameters and seeds, and whether it finds the same, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable

from hauberk.assess.context import Situation
from hauberk.assess.needs import missing_needs
from hauberk.assess.params import suggestion
from hauberk.assess.plan import Plan, Planned
from hauberk.core.check import Need
from hauberk.core.entry import Entry
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run
from hauberk.seal import canonical, plain

_CALLED = frozenset({Status.PASSED, Status.FINDINGS, Status.ERROR, Status.TIMED_OUT})


def replay_plan(run: Run, entries: Iterable[Entry], situation: Situation, check: str = "") -> Plan:
    """Plan a recorded run again: the same checks, each with the parameters and the seed that it had.

    What was skipped then, or did not apply, stays out. A check whose needs the situation does not meet any more is
    planned as not applicable, so that the difference shows.

    Args:
        run: the recorded run.
        entries: the checks there are now.
        situation: what the replay has in front of it.
        check: id of the one check to replay; empty for all.

    Raises:
        UsageError: the run has no such check, or a check is not installed any more or has other parameters now.
        NothingToExamine: no check of the run was called.
    """
    known = {entry.id: entry for entry in entries}
    recorded = {outcome.check: outcome for outcome in run.outcomes}
    if check and check not in recorded:
        raise UsageError(
            f"run {run.id} has no check {check!r}",
            next_step=suggestion(check, recorded) or "`hauberk report RUN` lists what it has",
        )
    wanted = [recorded[check]] if check else [item for item in run.outcomes if item.status in _CALLED]
    if not wanted:
        raise NothingToExamine(f"run {run.id} called no check")
    missing = missing_needs(situation)
    return Plan(checks=tuple(_planned(outcome, known, missing, run.seed) for outcome in wanted))


def result_bytes(outcome: Outcome) -> bytes:
    """Return the canonical bytes of everything in an outcome that a replay must give again.

    That is all of it, but for the reason of an error, which may name what differs between two machines.
    """
    body = plain(outcome)
    if isinstance(body, dict) and outcome.status.incomplete:
        body = {**body, "reason": ""}
    return canonical(body)


def same_findings(first: Iterable[Outcome], second: Iterable[Outcome]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare the outcomes of two runs check by check.

    Returns:
        Ids of the checks that gave the same bytes, and of those that did not or that only one of the two has.
    """
    then, now = ({item.check: result_bytes(item) for item in outcomes} for outcomes in (first, second))
    equal = tuple(sorted(check for check in then if then[check] == now.get(check)))
    return equal, tuple(sorted((set(then) | set(now)) - set(equal)))


def _planned(outcome: Outcome, known: dict[str, Entry], missing: dict[Need, str], run_seed: int) -> Planned:
    entry = _entry(outcome, known)
    reason = next((missing[need] for need in entry.needs if need in missing), "")
    verdict = Status.NOT_APPLICABLE if reason else None
    return Planned(
        entry=entry,
        params=dict(outcome.params),
        seed=outcome.seed,
        run_seed=run_seed,
        verdict=verdict,
        reason=reason,
    )


def _entry(outcome: Outcome, known: dict[str, Entry]) -> Entry:
    entry = known.get(outcome.check)
    if entry is None:
        raise UsageError(
            f"there is no check {outcome.check!r} any more",
            next_step="replay with the version of Hauberk, and the plug-ins, that the run records",
        )
    if set(entry.params) != set(outcome.params):
        raise UsageError(
            f"check {outcome.check} has other parameters than in the run",
            why=f"then {', '.join(sorted(outcome.params)) or 'none'}, now {', '.join(sorted(entry.params)) or 'none'}",
            next_step="replay with the version of Hauberk that the run records",
        )
    return entry
