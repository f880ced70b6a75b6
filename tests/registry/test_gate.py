# SPDX-License-Identifier: Apache-2.0
"""The gate: default deny, denials first, an error is a denial, and the same facts give the same decision."""

import dataclasses
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_runs import NOW, RATE, SIGNED, finding, make_run, outcome

from hauberk.assess import compare
from hauberk.core.decision import Effect
from hauberk.core.finding import Severity
from hauberk.core.measurement import Better
from hauberk.core.outcome import Status
from hauberk.core.principal import Principal
from hauberk.core.run import Waived
from hauberk.registry import Facts, decide, default_policy, facts_of, parse_policy
from hauberk.registry.gate import DAY_US
from hauberk.seal import canonical, plain

POLICY = default_policy()


def rules(decision, effect=Effect.DENY):
    return [reason.rule for reason in decision.reasons if reason.effect is effect]


def test_a_good_run_is_allowed_with_the_reason_and_an_end(judge, policy):
    decision = judge(make_run())
    assert decision.effect is Effect.ALLOW
    assert [(reason.rule, reason.sentence) for reason in decision.reasons] == [
        ("release", "1 of 1 planned checks ran to their end")
    ]
    assert decision.expires_us == NOW - 5_000_000 + 30 * DAY_US
    assert (decision.action, decision.resource) == ("release", "sha256:" + "a" * 64)
    assert (decision.policy, decision.at_us) == (policy.digest, NOW)


def test_an_attack_by_labels_examines_evasion_too(judge):
    assert judge(make_run(outcome("HB-E002"))).effect is Effect.ALLOW


@pytest.mark.parametrize("digest", ["", "sha256:" + "b" * 64])
def test_a_signature_of_another_model_is_none(judge, digest):
    decision = judge(make_run(), signature=dataclasses.replace(SIGNED, digest=digest))
    assert rules(decision) == ["model-signed"]


def test_no_facts_no_release(policy):
    decision = decide(Facts(), policy, NOW)
    assert decision.effect is Effect.DENY
    assert {"evidence-age", "evaluation", "default"} <= set(rules(decision))
    assert decision.expires_us is None


def bad(severity, **more):
    return outcome(findings=[finding(severity=severity, **more)])


@pytest.mark.parametrize(
    ("run", "rule", "sentence"),
    [
        (make_run(bad(Severity.CRITICAL)), "no-critical-finding", "1 critical finding is open"),
        (make_run(bad(Severity.HIGH)), "no-high-finding", "1 high finding is open"),
        (
            make_run(outcome(), outcome("HB-D001", status=Status.ERROR), outcome("HB-D002", status=Status.TIMED_OUT)),
            "nothing-incomplete",
            "2 planned checks did not end (1 error, 1 time-out)",
        ),
        (
            make_run(domain_confirmed=False),
            "domain-confirmed",
            "no person has confirmed the domain (0 findings rest on guesses)",
        ),
        (
            make_run(outcome("HB-D001"), outcome(status=Status.NOT_APPLICABLE, measurements=())),
            "evasion-examined",
            "no attack on the model ran to its end, so that nothing is known of evasion",
        ),
        (make_run(aborted=True), "not-aborted", "the run was interrupted"),
        (make_run(outcome("HB-G001", [finding("HB-G001")])), "no-expired-waiver", "1 waiver has run out"),
        (make_run(outcome(status=Status.SKIPPED)), "default", "no rule allows it"),
    ],
)
def test_each_rule_of_the_default_policy_denies_in_a_sentence(judge, run, rule, sentence):
    decision = judge(run)
    assert decision.effect is Effect.DENY
    assert {reason.rule: reason.sentence for reason in decision.reasons}[rule] == sentence
    assert decision.expires_us is None


def test_an_unsigned_model_is_denied_and_data_alone_needs_no_signature(judge):
    for state in (None, dataclasses.replace(SIGNED, valid=False), dataclasses.replace(SIGNED, present=False)):
        assert "model-signed" in rules(judge(make_run(), signature=state))
    assert judge(make_run(assets=()), signature=None).effect is Effect.ALLOW


def test_denials_come_first_and_name_their_findings(judge):
    found = finding(severity=Severity.CRITICAL)
    decision = judge(make_run(outcome(findings=[found])))
    assert [reason.effect for reason in decision.reasons] == [Effect.DENY, Effect.ALLOW]
    assert decision.reasons[0].findings == (found.fingerprint,)


def waiver(found, expires):
    return Waived(fingerprint=found.fingerprint, reason="known", owner="ada", expires=expires)


def test_a_waived_finding_does_not_count_until_its_waiver_ends(judge):
    found = finding(severity=Severity.HIGH)
    run = make_run(outcome(findings=[found]), waived=(waiver(found, "2030-01-15"),))
    decision = judge(run)
    assert decision.effect is Effect.ALLOW
    assert decision.expires_us == NOW + DAY_US // 2 - 1
    later = judge(run, now_us=NOW + DAY_US)
    assert {"no-high-finding", "no-expired-waiver"} <= set(rules(later))


def test_a_waiver_that_ends_between_facts_and_decision_hides_nothing(policy):
    found = finding(severity=Severity.HIGH)
    run = make_run(outcome(findings=[found]), waived=(waiver(found, "2030-01-15"),))
    facts = facts_of(run, signature=SIGNED, now_us=NOW)
    assert decide(facts, policy, NOW).effect is Effect.ALLOW
    assert "evidence-age" in rules(decide(facts, policy, NOW + DAY_US))


def test_evidence_older_than_the_policy_allows_denies(judge):
    run = make_run()
    end = run.ended_us + 30 * DAY_US
    assert judge(run, now_us=end).effect is Effect.ALLOW
    assert judge(run, now_us=end).expires_us == end
    decision = judge(run, now_us=end + 1)
    assert rules(decision) == ["evidence-age"]
    assert decision.reasons[0].sentence == "the evidence is older than the 30 days that the policy allows"
    assert judge(run, policy=default_policy(60), now_us=end + 1).effect is Effect.ALLOW


def test_evidence_from_the_future_or_without_an_end_denies(judge):
    assert judge(make_run(ended_us=NOW + 60_000_000)).effect is Effect.ALLOW
    assert rules(judge(make_run(ended_us=NOW + 400_000_000))) == ["evidence-age"]
    assert rules(judge(make_run(ended_us=0))) == ["evidence-age"]


def test_regressions_deny_where_a_baseline_is_given(judge):
    before = make_run(outcome(), outcome("HB-D001"))
    worse = dataclasses.replace(RATE, value=0.3, low=0.28, high=0.33, better=Better.LOWER)
    now = make_run(outcome(findings=[finding(severity=Severity.MEDIUM)], measurements=[worse]))
    before = dataclasses.replace(
        before,
        outcomes=(
            outcome(measurements=[dataclasses.replace(RATE, better=Better.LOWER)]),
            before.outcomes[1],
        ),
    )
    assert judge(now).effect is Effect.ALLOW
    decision = judge(now, baseline=compare(before, now))
    assert rules(decision) == ["no-new-finding", "nothing-worse", "nothing-lost"]
    assert [reason.sentence for reason in decision.reasons[:3]] == [
        "1 medium finding is new since the baseline",
        "1 measurement got worse than the baseline, beyond the intervals of both",
        "1 check that ran for the baseline did not run now",
    ]
    assert judge(now, baseline=compare(now, now)).effect is Effect.ALLOW


def test_known_findings_of_the_run_itself_tell_what_is_new(judge):
    found = finding(severity=Severity.MEDIUM)
    assert "no-new-finding" in rules(judge(make_run(outcome(findings=[found]), baseline=("0" * 32,))))
    assert judge(make_run(outcome(findings=[found]), baseline=(found.fingerprint,))).effect is Effect.ALLOW


MEASURED = """
@id("some") @sentence("{ran} ran") @obligation("watch the scores")
permit (principal, action, resource) when { context.ran > 0 };
@id("evasion") @sentence("{hb_e001_evaded:percent} got through")
forbid (principal, action, resource)
unless { resource.hasTag("hb_e001_evaded_high") && resource.getTag("hb_e001_evaded_high") <= 50000
         && resource.hasTag("hb_e001_evaded") };
"""


def test_rates_are_judged_in_parts_per_million(judge):
    policy = parse_policy(MEASURED)
    decision = judge(make_run(), policy=policy)
    assert (decision.reasons[0].rule, decision.reasons[0].sentence) == ("evasion", "12.34 % got through")
    low = dataclasses.replace(RATE, value=0.01, low=0.0, high=0.05)
    allowed = judge(make_run(outcome(measurements=[low])), policy=policy)
    assert allowed.effect is Effect.ALLOW
    assert allowed.obligations == ("watch the scores",)
    assert not decision.obligations


def test_what_a_rule_names_and_the_run_did_not_measure_denies(judge):
    silent = MEASURED.replace("unless {", "when {").replace("<= 50000", "> 50000")
    decision = judge(make_run(outcome(measurements=[])), policy=parse_policy(silent))
    assert decision.reasons[0].sentence == "the rule 'evasion' asks for hb_e001_evaded, which this run did not measure"
    excused = silent.replace('@id("evasion")', '@id("evasion") @if_measured("")')
    assert judge(make_run(outcome(measurements=[])), policy=parse_policy(excused)).effect is Effect.ALLOW


def test_an_error_in_deciding_is_a_denial(judge):
    text = """
    @id("all") @sentence("yes") permit (principal, action, resource);
    @id("overflow") @sentence("no") forbid (principal, action, resource)
    when { context.ran * 9223372036854775807 + context.ran > 5 };
    """
    decision = judge(make_run(), policy=parse_policy(text))
    assert decision.effect is Effect.DENY
    assert rules(decision) == ["evaluation"]
    assert "overflow" in decision.reasons[0].sentence


def test_who_asks_reaches_the_policy(judge):
    text = """@id("known") @sentence("{ran} ran")
    permit (principal == Actor::"ada", action, resource) when { principal.verified };"""
    policy = parse_policy(text)
    allowed = judge(make_run(), policy=policy, actor=Principal(name="ada", verified=True))
    assert allowed.effect is Effect.ALLOW
    for actor in (None, Principal(name="ada"), Principal(name="eve", verified=True), Principal(name='a"\n\x00b')):
        assert rules(judge(make_run(), policy=policy, actor=actor)) == ["default"]


STATUSES = st.sampled_from([Status.PASSED, Status.ERROR, Status.TIMED_OUT, Status.SKIPPED, Status.NOT_APPLICABLE])


@st.composite
def runs(draw):
    found = [
        finding(key=str(number), severity=draw(st.sampled_from(Severity)), inferred=draw(st.booleans()))
        for number in range(draw(st.integers(0, 3)))
    ]
    others = [
        outcome(f"HB-D{number:03}", status=status) for number, status in enumerate(draw(st.lists(STATUSES, max_size=3)))
    ]
    waived = tuple(
        waiver(one, draw(st.sampled_from(["2030-01-14", "2030-01-15"]))) for one in found if draw(st.booleans())
    )
    return make_run(
        outcome(findings=found),
        *others,
        waived=waived,
        domain_confirmed=draw(st.booleans()),
        aborted=draw(st.sampled_from([False, False, True])),
        ended_us=NOW - draw(st.integers(0, 40)) * DAY_US - 1,
    )


@settings(max_examples=60, deadline=None)
@given(runs(), st.sampled_from(Severity))
def test_another_finding_never_turns_deny_into_allow(run, severity):
    first = decide(facts_of(run, signature=SIGNED, now_us=NOW), POLICY, NOW)
    more = dataclasses.replace(
        run, outcomes=(*run.outcomes, outcome("HB-E002", [finding("HB-E002", severity=severity)]))
    )
    second = decide(facts_of(more, signature=SIGNED, now_us=NOW), POLICY, NOW)
    assert not (first.effect is Effect.DENY and second.effect is Effect.ALLOW)


@settings(max_examples=60, deadline=None)
@given(runs())
def test_the_same_facts_give_the_same_bytes_and_an_honest_shape(run):
    facts = facts_of(run, signature=SIGNED, now_us=NOW)
    decision = decide(facts, POLICY, NOW)
    assert canonical(plain(decision)) == canonical(
        plain(decide(facts_of(run, signature=SIGNED, now_us=NOW), default_policy(), NOW))
    )
    effects = [reason.effect for reason in decision.reasons]
    assert effects == sorted(effects, key=lambda effect: effect is Effect.ALLOW)
    assert (decision.effect is Effect.DENY) == (Effect.DENY in effects)
    assert (decision.expires_us is None) == (decision.effect is Effect.DENY)
    if decision.expires_us is not None:
        assert decide(facts, POLICY, decision.expires_us + 1).effect is Effect.DENY


@settings(max_examples=30, deadline=None)
@given(runs())
def test_without_a_permit_nothing_is_allowed(run):
    forbids = "\n".join(block for block in POLICY.text.split("\n\n") if "permit (" not in block)
    decision = decide(facts_of(run, signature=SIGNED, now_us=NOW), parse_policy(forbids), NOW)
    assert decision.effect is Effect.DENY
    assert "default" in rules(decision)


@settings(max_examples=60, deadline=None)
@given(runs(), st.data())
def test_facts_that_do_not_fit_the_schema_deny(run, data):
    facts = facts_of(run, signature=SIGNED, now_us=NOW)
    name = data.draw(st.sampled_from(sorted(facts.context)))
    broken = data.draw(st.sampled_from([None, 1.5, "x", -(2**70), [1]]))
    context = dict(facts.context)
    if broken is None or (isinstance(context[name], str) and isinstance(broken, str)):
        del context[name]
    else:
        context[name] = broken
    decision = decide(dataclasses.replace(facts, context=context), POLICY, NOW)
    assert decision.effect is Effect.DENY


def test_a_decision_costs_less_than_a_millisecond(policy):
    facts = facts_of(make_run(), signature=SIGNED, now_us=NOW)
    decide(facts, policy, NOW)
    begin = time.process_time()
    for _ in range(200):
        decide(facts, policy, NOW)
    assert (time.process_time() - begin) / 200 < 0.005


def test_a_waiver_may_run_to_the_last_day_of_the_calendar(judge):
    found = finding(severity=Severity.HIGH)
    decision = judge(make_run(outcome(findings=[found]), waived=(waiver(found, "9999-12-31"),)))
    assert decision.effect is Effect.ALLOW


def test_what_is_critical_cannot_be_waived_under_the_default_policy(judge):
    found = finding(severity=Severity.CRITICAL)
    decision = judge(make_run(outcome(findings=[found]), waived=(waiver(found, "2031-01-15"),)))
    assert decision.effect is Effect.DENY
    assert "no-critical-waived" in rules(decision)
