# SPDX-License-Identifier: Apache-2.0
"""The states of an asset, folded from events; the gate, approvals, waivers and retirement.

Pure: events and policy in, decision and next events out.
"""

from hauberk.registry.cedar import (
    MAX_AGE_DAYS,
    Policy,
    Rule,
    default_policy,
    default_policy_text,
    parse_policy,
    schema_text,
)
from hauberk.registry.facts import Facts, facts_of
from hauberk.registry.gate import decide
from hauberk.registry.rehearse import Rehearsal, dry_run, recorded_signature

__all__ = [
    "MAX_AGE_DAYS",
    "Facts",
    "Policy",
    "Rehearsal",
    "Rule",
    "decide",
    "default_policy",
    "default_policy_text",
    "dry_run",
    "facts_of",
    "parse_policy",
    "recorded_signature",
    "schema_text",
]
