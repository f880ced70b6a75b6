# SPDX-License-Identifier: Apache-2.0
"""The answer to 'may this be done?': allow, deny, or allow with obligations. No matching rule means deny."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """The two answers."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that spoke, in one sentence.

    Attributes:
        rule: id of the policy rule, or `default` when none matched.
        effect: what it says.
        sentence: what it says, in plain words with the numbers that decided it.
        findings: fingerprints of the findings that it names.
    """

    rule: str
    effect: Effect
    sentence: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision that was computed once and is rendered everywhere.

    Attributes:
        effect: the answer.
        action: what was asked for, such as `release`.
        resource: digest of the asset it was asked for.
        reasons: every rule that spoke, denials first.
        obligations: what must be done along with an allow.
        policy: digest of the policy that decided.
        inputs: digest of the canonical inputs; the same inputs give the same decision.
        at_us: when, in UTC microseconds.
        expires_us: until when it may be relied upon, in UTC microseconds; None for a denial.
    """

    effect: Effect
    action: str
    resource: str
    reasons: tuple[Reason, ...]
    policy: str
    inputs: str
    at_us: int
    obligations: tuple[str, ...] = ()
    expires_us: int | None = None
