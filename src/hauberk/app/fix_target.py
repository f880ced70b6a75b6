# SPDX-License-Identifier: Apache-2.0
"""Which finding is meant, and whether training can mend it."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence

from hauberk.core.errors import UsageError
from hauberk.core.finding import Finding
from hauberk.core.run import Run

_SHORTEST = 4
"""Characters of a fingerprint that name a finding."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How findings of one check are fixed by training.

    Attributes:
        strategies: what to try.
        purse: what the attacker can spend; the finding counts everyone who gets through for that.
    """

    strategies: tuple[str, ...]
    purse: float


_ALL = ("features", "monotone", "interaction", "augment", "retrain", "robust", "combined")

REMEDIES: Mapping[str, Remedy] = {
    "HB-E001": Remedy(strategies=_ALL, purse=math.inf),
    "HB-E002": Remedy(strategies=_ALL, purse=math.inf),
    "HB-E003": Remedy(strategies=("features", "augment", "retrain", "combined"), purse=math.inf),
    "HB-E004": Remedy(strategies=_ALL, purse=0.0),
    "HB-E005": Remedy(strategies=_ALL, purse=math.inf),
    "HB-E007": Remedy(strategies=_ALL, purse=math.inf),
}
"""Checks whose findings training can mend; the others say what a person has to do."""


def find_finding(run: Run, name: str) -> Finding:
    """The finding of a run that is meant.

    Args:
        run: the run.
        name: fingerprint, at least four characters of its beginning, or the id of a check.

    Raises:
        UsageError: there is none, or several.
    """
    found = list(run.findings(waived=True))
    word = name.strip().lower()
    by_check = [item for item in found if item.check.lower() == word]
    if by_check:
        return by_check[0]
    matches = [item for item in found if len(word) >= _SHORTEST and item.fingerprint.startswith(word)]
    if len(matches) == 1:
        return matches[0]
    raise _unknown(run, name, several=bool(matches))


def _unknown(run: Run, name: str, *, several: bool) -> UsageError:
    """Say what the run has instead."""
    word = name.strip().lower()
    ended = next((outcome for outcome in run.outcomes if outcome.check.lower() == word), None)
    if ended is not None:
        status = ended.status.value.replace("_", " ")
        what = f"{ended.check} has no finding in run {run.id}"
        return UsageError(what, why=f"it ended as {status}", next_step="nothing to fix")
    found = list(run.findings(waived=True))
    shown = ", ".join(f"{item.check} ({item.fingerprint[:12]})" for item in found[:5]) or "none"
    return UsageError(
        f"several findings begin with {name!r}" if several else f"run {run.id} has no finding {name!r}",
        why=f"its findings: {shown}",
        next_step=_nearest(word, found) or "name one by its fingerprint or by the id of its check",
    )


def _nearest(word: str, found: Sequence[Finding]) -> str:
    """The check or the fingerprint that was probably meant, as a question."""
    names = {item.check.lower(): item.check for item in found}
    names |= {item.fingerprint[:12]: item.fingerprint[:12] for item in found}
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean {names[near[0]]}?" if near else ""


def remedy_of(finding: Finding) -> Remedy:
    """How training mends a finding.

    Raises:
        UsageError: it cannot; the next step says what can.
    """
    if finding.check not in REMEDIES:
        raise UsageError(
            f"{finding.check} has no automatic fix: training cannot mend it",
            why=finding.title,
            next_step=finding.remedy or f"`hauberk checks {finding.check}` says what to do",
        )
    return REMEDIES[finding.check]
