# SPDX-License-Identifier: Apache-2.0
"""How hard the checks of a run tried: an attack of ten questions finds nothing, and a policy must be able to see it."""

from __future__ import annotations

from collections.abc import Mapping

from hauberk.checks import index
from hauberk.core.outcome import Outcome, Param, Status
from hauberk.core.run import Run
from hauberk.registry.sentence import Fact

EFFORT = frozenset({"rows", "queries", "visits", "records", "draws"})
"""Parameters that say how much work a check does: less than the default is less effort."""

NARROWING = frozenset({"actors"})
"""Parameters that leave part of the work out where they are not the check's own."""

_EVASION = "HB-E"
_RAN = frozenset({Status.PASSED, Status.FINDINGS})


def effort_of(run: Run, defaults: Mapping[str, Mapping[str, Param]] | None = None) -> dict[str, Fact]:
    """Compare the parameters that each check ran with to the check's own.

    Args:
        run: the evidence; its outcomes hold the parameters, defaults included.
        defaults: the checks' own parameters, by id; those of the built-in checks by default. A check that is not among
            them has no default to fall short of.
    """
    known = {entry.id: entry.params for entry in index()} if defaults is None else defaults
    ran = [one for one in run.outcomes if one.status in _RAN and one.check in known]
    tuned = sorted(one.check for one in ran if _differs(one, known[one.check]))
    reduced = sorted(one.check for one in ran if _falls_short(one, known[one.check]))
    return {
        "tuned_checks": tuple(tuned),
        "reduced_checks": tuple(reduced),
        "reduced": len(reduced),
        "reduced_evasion": sum(check.startswith(_EVASION) for check in reduced),
    }


def _differs(one: Outcome, own: Mapping[str, Param]) -> bool:
    return any(name in own and value != own[name] for name, value in one.params.items())


def _falls_short(one: Outcome, own: Mapping[str, Param]) -> bool:
    less = any(_number(one.params.get(name, own[name])) < _number(own[name]) for name in EFFORT & own.keys())
    return less or any(one.params.get(name, own[name]) != own[name] for name in NARROWING & own.keys())


def _number(value: Param) -> float:
    """A parameter as a number; what is none counts as nothing done."""
    return float(value) if isinstance(value, int | float) else 0.0
