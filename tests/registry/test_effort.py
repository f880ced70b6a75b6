# SPDX-License-Identifier: Apache-2.0
"""Reduced effort reaches the gate, and the default policy denies a release on it."""

import pytest
from registry_runs import finding, make_run, outcome

from hauberk.checks import index
from hauberk.core.decision import Effect
from hauberk.core.finding import Severity
from hauberk.core.outcome import Status
from hauberk.registry import default_policy_text, parse_policy
from hauberk.registry.effort import EFFORT, effort_of

OWN = {entry.id: entry.params for entry in index()}


def ran(check="HB-E001", status=None, **params):
    return outcome(check, status=status, measurements=(), params={**OWN.get(check, {}), **params})


def denied(decision):
    return {reason.rule: reason.sentence for reason in decision.reasons if reason.effect is Effect.DENY}


def test_every_attack_declares_how_hard_it_tries():
    attacks = [entry for entry in index() if entry.id.startswith("HB-E")]
    assert len(attacks) >= 5
    assert all(EFFORT & entry.params.keys() for entry in attacks), "a policy could not see that it was cut short"


def test_a_check_at_its_default_is_neither_tuned_nor_reduced():
    assert effort_of(make_run(ran(), ran("HB-E006"))) == {
        "tuned_checks": (), "reduced_checks": (), "reduced": 0, "reduced_evasion": 0,
    }  # fmt: skip


def test_less_is_reduced_and_more_is_tuned_alone():
    run = make_run(
        ran(queries=10), ran("HB-E002", rows=10_000), ran("HB-E003", seed=5), ran("HB-E004", status=Status.ERROR)
    )
    facts = effort_of(run)
    assert facts["tuned_checks"] == ("HB-E001", "HB-E002", "HB-E003")
    assert facts["reduced_checks"] == ("HB-E001",)
    assert (facts["reduced"], facts["reduced_evasion"]) == (1, 1)


def test_some_attackers_alone_are_less_than_all():
    assert effort_of(make_run(ran(actors="merchant")))["reduced_checks"] == ("HB-E001",)


def test_a_check_of_others_has_no_default_to_fall_short_of():
    assert effort_of(make_run(ran("ACME-D001", rows=1)))["tuned_checks"] == ()
    assert effort_of(make_run(ran("ACME-D001", rows=1)), {"ACME-D001": {"rows": 2}})["reduced"] == 1


@pytest.mark.parametrize(
    ("effort", "said"), [({"queries": 500}, True), ({"rows": 50}, True), ({"queries": 5000}, False)]
)
def test_the_default_policy_denies_a_release_on_reduced_attacks(judge, effort, said):
    found = denied(judge(make_run(ran(**effort))))
    assert ("evasion-at-full-effort" in found) is said
    if said:
        sentence = "1 attack on the model ran with less than the default effort"
        assert found == {"evasion-at-full-effort": sentence}


def test_a_policy_may_accept_less(judge):
    text = default_policy_text().replace("context.reduced_evasion > 0", "context.reduced_evasion > 1")
    assert judge(make_run(ran(queries=500)), policy=parse_policy(text)).effect is Effect.ALLOW


def test_masked_answers_deny_whatever_their_severity(judge):
    masked = outcome("HB-E006", [finding("HB-E006", severity=Severity.LOW)], measurements=())
    found = denied(judge(make_run(ran(), masked)))
    assert found == {
        "evasion-not-masked": "the model's answers hide how it can be evaded, so that an attack that failed says nothing"
    }
