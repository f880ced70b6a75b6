# SPDX-License-Identifier: Apache-2.0
"""Which needs a situation cannot meet, and why, in a sentence each."""

from __future__ import annotations

from collections.abc import Callable

from hauberk.assess.context import Situation
from hauberk.core.check import Need


def missing_needs(situation: Situation) -> dict[Need, str]:
    """Return every need that the situation does not meet, with the reason; a need that is met is absent."""
    reasons = {need: reason(situation) for need, reason in _REASONS.items()}
    return {need: reason for need, reason in reasons.items() if reason}


def _data(situation: Situation) -> str:
    return "" if situation.data is not None else "no training data was given"


def _label(situation: Situation) -> str:
    if not situation.label:
        return "no label column was named"
    tables = [table for table in (situation.data, situation.holdout) if table is not None]
    if any(situation.label in table.columns for table in tables):
        return ""
    return f"no table holds the label column {situation.label!r}"


def _reference(situation: Situation) -> str:
    return "" if situation.reference is not None else "no trusted reference rows were given"


def _time(situation: Situation) -> str:
    return "" if situation.time else "no time column was named"


def _groups(situation: Situation) -> str:
    return "" if situation.groups else "no subgroup columns were named"


def _domain(situation: Situation) -> str:
    return "" if situation.domain is not None else "no domain was given or could be inferred"


def _model(situation: Situation) -> str:
    return "" if situation.model is not None else "no model was given"


def _capability(need: Need, what: str) -> Callable[[Situation], str]:
    def reason(situation: Situation) -> str:
        if situation.model is None:
            return "no model was given"
        return "" if need in situation.model.capabilities else f"the model gives no {what}"

    return reason


def _provenance(situation: Situation) -> str:
    return "" if situation.provenance else "nothing is recorded of the data's origin"


def _signature(situation: Situation) -> str:
    return "" if situation.signature is not None else "no model file was given that could be signed"


def _waivers(situation: Situation) -> str:
    return "" if situation.waivers else "the project declares no waivers"


_REASONS: dict[Need, Callable[[Situation], str]] = {
    Need.DATA: _data,
    Need.LABEL: _label,
    Need.REFERENCE: _reference,
    Need.TIME: _time,
    Need.GROUPS: _groups,
    Need.DOMAIN: _domain,
    Need.MODEL: _model,
    Need.SCORES: _capability(Need.SCORES, "scores, only labels"),
    Need.LABELS: _capability(Need.LABELS, "labels"),
    Need.TREES: _capability(Need.TREES, "trees"),
    Need.GRADIENTS: _capability(Need.GRADIENTS, "gradients"),
    Need.PROVENANCE: _provenance,
    Need.SIGNATURE: _signature,
    Need.WAIVERS: _waivers,
}
