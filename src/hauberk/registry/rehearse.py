# SPDX-License-Identifier: Apache-2.0
"""Dry run: what another policy would have said of the runs that there were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hauberk.core.asset import AssetKind, SignatureState
from hauberk.core.decision import Decision, Effect
from hauberk.core.outcome import Status
from hauberk.core.run import Run
from hauberk.registry.cedar import Policy
from hauberk.registry.facts import facts_of
from hauberk.registry.gate import decide

_SIGNED = "HB-A001"
"""The check of the model's signature: its outcome tells what was known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One run before another policy.

    Attributes:
        run: id of the run.
        before: what was decided then; None if nothing was.
        after: what the policy says, as of the same moment.
    """

    run: str
    before: Effect | None
    after: Decision

    @property
    def changed(self) -> bool:
        """The answer is another one, or there was none."""
        return self.before is not self.after.effect

    @property
    def sentence(self) -> str:
        """What would change, with the first reason."""
        now = self.after.effect.value
        was = self.before.value if self.before is not None else "undecided"
        change = f"{was} would become {now}" if self.changed else f"{now} stays {now}"
        return f"run {self.run}: {change}: {self.after.reasons[0].sentence}"


def dry_run(
    policy: Policy, runs: Iterable[Run], signatures: Mapping[str, SignatureState] | None = None
) -> tuple[Rehearsal, ...]:
    """Put past runs before a policy, each as of the moment when it was decided, or ended.

    Args:
        policy: the policy to try.
        runs: the runs.
        signatures: what was known of each model's signature, by run id; drawn from the run where absent.
    """
    known = signatures or {}
    rehearsals: list[Rehearsal] = []
    for run in runs:
        then_us = run.decision.at_us if run.decision is not None else run.ended_us
        facts = facts_of(run, signature=known.get(run.id) or recorded_signature(run), now_us=then_us)
        before = run.decision.effect if run.decision is not None else None
        rehearsals.append(Rehearsal(run=run.id, before=before, after=decide(facts, policy, then_us)))
    return tuple(rehearsals)


def recorded_signature(run: Run) -> SignatureState:
    """Return what a run's own check of the signature found; absent if it did not run. It does not tell the signer."""
    for outcome in run.outcomes:
        if outcome.check == _SIGNED and outcome.status is Status.PASSED:
            return SignatureState(present=True, valid=True, digest=_examined(run))
        if outcome.check == _SIGNED and any(found.location.key == "invalid" for found in outcome.findings):
            return SignatureState(present=True, problem="it did not verify then")
    return SignatureState()


def _examined(run: Run) -> str:
    """Digest of the model that the run examined: its own check compared the signature with these bytes."""
    return next((asset.digest for asset in run.assets if asset.kind is AssetKind.MODEL), "")
