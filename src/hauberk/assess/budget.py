# SPDX-License-Identifier: Apache-2.0
"""Budgets: deterministic work units that change results only by ending them, and a clock that only ends a check."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hauberk.core.errors import Incomplete, OverBudget


class TimedOut(Incomplete):
    """The clock ended the check; the outcome is `timed_out`, never a result.

    It is no `OverBudget`: a check may end its search when its work units are spent, and never because of the clock.
    """


@dataclass(slots=True)
class Budget:
    """What a check may spend.

    Attributes:
        limits: work units allowed, by kind (`queries`, `rows`, `visits`); a kind without a limit is only counted.
        deadline: `time.monotonic()` value after which `spend` raises `TimedOut`; None for no deadline.
        spent: work units spent so far, by kind.
    """

    limits: dict[str, int] = field(default_factory=dict)
    deadline: float | None = None
    spent: dict[str, int] = field(default_factory=dict)

    def spend(self, kind: str, amount: int) -> None:
        """Count work that is about to be done.

        Raises:
            OverBudget: the limit of this kind does not cover it; nothing is counted then.
            TimedOut: the deadline has passed.
        """
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimedOut("the check reached its time limit")
        total = self.spent.get(kind, 0) + amount
        if total > self.limits.get(kind, total):
            raise OverBudget(f"the check wanted {total} {kind}, its budget is {self.limits[kind]}")
        self.spent[kind] = total

    def left(self, kind: str) -> int | None:
        """Work units of this kind that are left; None for no limit."""
        if kind not in self.limits:
            return None
        return self.limits[kind] - self.spent.get(kind, 0)
