# SPDX-License-Identifier: Apache-2.0
"""Dry runs: what another policy would have said of past runs."""

import dataclasses

import pytest
from registry_runs import MODEL, NOW, SIGNED, finding, make_run, outcome

from hauberk.assess import SignatureState
from hauberk.core.decision import Effect
from hauberk.core.finding import Severity
from hauberk.core.outcome import Status
from hauberk.registry import default_policy_text, dry_run, parse_policy, recorded_signature

SIGNATURE = outcome("HB-A001", measurements=())


def test_a_stricter_policy_shows_what_it_would_have_stopped(judge):
    run = make_run(outcome(findings=[finding(severity=Severity.LOW)]), SIGNATURE)
    run = dataclasses.replace(run, decision=judge(run))
    untold = make_run(outcome(), SIGNATURE, id="r2")
    strict = parse_policy(default_policy_text().replace("context.high > 0", "context.low > 0"))
    first, second = dry_run(strict, [run, untold])
    assert (first.before, first.after.effect, first.changed) == (Effect.ALLOW, Effect.DENY, True)
    assert first.sentence == "run r1: allow would become deny: 0 high findings are open"
    assert (second.before, second.after.effect, second.changed) == (None, Effect.ALLOW, True)
    assert "undecided would become allow" in second.sentence
    assert "deny stays deny" in dry_run(strict, [dataclasses.replace(run, decision=first.after)])[0].sentence


def test_a_run_is_judged_as_of_then(judge, policy):
    old = NOW - 400 * 86_400_000_000
    run = make_run(outcome(), SIGNATURE, started_us=old, ended_us=old)
    assert dry_run(policy, [run])[0].after.effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        (SIGNATURE, SignatureState(present=True, valid=True, digest=MODEL)),
        (
            outcome("HB-A001", [finding("HB-A001", "invalid")]),
            SignatureState(present=True, problem="it did not verify then"),
        ),
        (outcome("HB-A001", [finding("HB-A001", "missing")]), SignatureState()),
        (outcome("HB-A001", status=Status.ERROR), SignatureState()),
        (outcome(), SignatureState()),
    ],
)
def test_what_was_known_of_the_signature_is_in_the_run(ended, state):
    assert recorded_signature(make_run(ended)) == state


def test_a_signature_that_is_told_counts_more_than_the_record(policy):
    (rehearsal,) = dry_run(policy, [make_run(outcome())], {"r1": SIGNED})
    assert rehearsal.after.effect is Effect.ALLOW
