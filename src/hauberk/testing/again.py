# SPDX-License-Identifier: Apache-2.0
"""How to run a test of robustness again: the pytest command where there is one, and the call itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The terms of one call of `assert_robust`; the parameters are those of the function.

    Attributes:
        words: expressions for model, rows, labels and domain.
    """

    words: tuple[str, str, str, str]
    max_evasion: float
    at_cost: float | None
    threshold: float
    rows: int
    queries: int
    seed: int
    by: str
    positive: str | int
    features: Sequence[str] | None
    trust: Sequence[str]


def again(call: Call) -> str:
    """The command that runs the same test again, and the call in Python; the same seed gives the same result.

    Example:
        >>> terms = dict(max_evasion=0.1, at_cost=None, threshold=0.5, rows=9, queries=8, seed=7, by="labels")
        >>> rest = dict(positive=1, features=None, trust=())
        >>> print(again(Call(words=("'m.txt'", "X", "y", "domain"), **terms, **rest)).splitlines()[-1])
        hauberk.testing.assert_robust('m.txt', X, y, domain, max_evasion=0.1, rows=9, queries=8, seed=7, by='labels')
    """
    node = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    command = (f"python -m pytest {shlex.quote(node)} --hauberk-seed {call.seed}",) if node else ()
    return "\n".join((*command, _expression(call)))


def _expression(call: Call) -> str:
    terms: dict[str, Any] = {"max_evasion": call.max_evasion, "at_cost": call.at_cost, "threshold": call.threshold}
    terms |= {"rows": call.rows, "queries": call.queries, "seed": call.seed, "by": call.by, "positive": call.positive}
    terms |= {"features": list(call.features) if call.features else None, "trust": tuple(call.trust)}
    usual: dict[str, Any] = {"at_cost": None, "threshold": 0.5, "positive": 1, "features": None, "trust": ()}
    named = [f"{name}={value!r}" for name, value in terms.items() if name not in usual or value != usual[name]]
    return f"hauberk.testing.assert_robust({', '.join((*call.words, *named))})"
