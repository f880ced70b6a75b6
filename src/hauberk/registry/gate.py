# SPDX-License-Identifier: Apache-2.0
"""The gate: facts and a policy in, one decision out. Pure, with the time given; an error in deciding is a denial."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cedarpy

from hauberk.core.decision import Decision, Effect, Reason
from hauberk.registry.cedar import Policy, Rule
from hauberk.registry.facts import Facts
from hauberk.registry.sentence import Fact, filled, places

_UNTYPED: Any = cedarpy  # its own stubs hold bare dicts

DAY_US = 86_400_000_000
"""Microseconds of a day."""

SKEW_US = 300_000_000
"""How far evidence may lie in the future, since no two clocks agree."""


def decide(facts: Facts, policy: Policy, now_us: int) -> Decision:
    """Decide whether the facts allow the action under the policy.

    Denied unless a rule permits, no rule forbids, every measurement that a rule names was made, the evidence is
    complete and at most `policy.max_age_days` old, and the engine evaluated everything without an error.

    Args:
        facts: what is known.
        policy: what judges it.
        now_us: the time of the decision, in UTC microseconds.

    Returns:
        The decision with every rule that spoke, denials first, each in a sentence; the same for the same arguments.
    """
    age_days = max(now_us - facts.evidence_us, 0) // DAY_US
    context: dict[str, Fact] = {**facts.context, "age_days": age_days}
    words: dict[str, Fact] = {**context, **facts.measured, "max_age_days": policy.max_age_days}
    allowed, spoke, errors = _evaluate(policy.whole, facts, context, policy)
    _, permits, _ = _evaluate(policy.permits, facts, context, policy)
    denials = [
        *_age(facts, policy, now_us),
        *_unmeasured(facts, policy),
        *(_said(rule, facts, words) for rule in spoke if rule.effect is Effect.DENY),
        *(Reason(rule="evaluation", effect=Effect.DENY, sentence=error) for error in errors),
    ]
    if not permits:
        denials.append(Reason(rule="default", effect=Effect.DENY, sentence="no rule allows it"))
    granted = allowed and not denials
    return Decision(
        effect=Effect.ALLOW if granted else Effect.DENY,
        action=facts.action,
        resource=facts.resource,
        reasons=(*denials, *(_said(rule, facts, words) for rule in permits)),
        obligations=_obligations(permits) if granted else (),
        policy=policy.digest,
        inputs=facts.digest,
        at_us=now_us,
        expires_us=_expiry(facts, policy) if granted else None,
    )


def _obligations(permits: list[Rule]) -> tuple[str, ...]:
    return tuple(rule.obligation for rule in permits if rule.obligation)


def _evaluate(
    rules: cedarpy.PolicySet, facts: Facts, context: dict[str, Fact], policy: Policy
) -> tuple[bool, list[Rule], list[str]]:
    """Whether the engine allows, the rules that decided, in their order, and what could not be evaluated."""
    request: dict[str, Any] = {
        "principal": {"type": "Actor", "id": facts.actor.name},
        "action": {"type": "Action", "id": facts.action},
        "resource": {"type": "Asset", "id": facts.resource},
        "context": {name: list(value) if isinstance(value, tuple) else value for name, value in context.items()},
    }
    entities: list[dict[str, Any]] = [
        {"uid": request["principal"], "attrs": {"verified": facts.actor.verified}, "parents": []},
        {"uid": request["resource"], "attrs": {}, "parents": [], "tags": facts.measured},
    ]
    try:
        answer = _UNTYPED.is_authorized(request, rules, entities, policy.schema)
    except Exception as error:  # broad: whatever the engine raises is a denial, never an allow
        return False, [], [f"the policy could not be evaluated: {error}"]
    errors = [f"the policy could not be evaluated: {error}" for error in answer.diagnostics.errors]
    decided = set(answer.diagnostics.reasons)
    return answer.allowed and not errors, [rule for name, rule in policy.rules.items() if name in decided], errors


def _said(rule: Rule, facts: Facts, words: dict[str, Fact]) -> Reason:
    named = {print_ for place in places(rule.sentence) for print_ in facts.named.get(place.name, ())}
    return Reason(
        rule=rule.id, effect=rule.effect, sentence=filled(rule.sentence, words), findings=tuple(sorted(named))
    )


def _age(facts: Facts, policy: Policy, now_us: int) -> Iterator[Reason]:
    age_us, limit = now_us - facts.evidence_us, policy.max_age_days
    sentence = ""
    if facts.evidence_us <= 0:
        sentence = "the run that should be the evidence never ended"
    elif age_us < -SKEW_US:
        sentence = f"the evidence lies {-age_us // 1_000_000} seconds in the future"
    elif age_us > limit * DAY_US:
        sentence = f"the evidence is older than the {limit} days that the policy allows"
    elif facts.waivers_us is not None and now_us > facts.waivers_us:
        sentence = "a waiver that hides a finding has run out"
    if sentence:
        yield Reason(rule="evidence-age", effect=Effect.DENY, sentence=sentence)


def _unmeasured(facts: Facts, policy: Policy) -> Iterator[Reason]:
    for rule in policy.rules.values():
        for name in rule.measurements:
            if name not in facts.measured:
                sentence = f"the rule {rule.id!r} asks for {name}, which this run did not measure"
                yield Reason(rule=rule.id, effect=Effect.DENY, sentence=sentence)


def _expiry(facts: Facts, policy: Policy) -> int:
    oldest = facts.evidence_us + policy.max_age_days * DAY_US
    return oldest if facts.waivers_us is None else min(oldest, facts.waivers_us)
