# SPDX-License-Identifier: Apache-2.0
"""What a test of robustness found out: a rate with its interval, or that it could not be found out. Never a bare yes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hauberk.core.errors import HauberkError
from hauberk.stats.interval import rate_interval

MOST_N = 1_000_000
"""Largest sample that is worked out as an answer to 'how many would be needed'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What an attack on a sample of caught events found at a cost.

    Attributes:
        evaded: attacked records for which a valid record got through at the cost or below.
        n: attacked records.
        low: lower end of the exact 95 % interval of the evasion rate.
        high: its upper end; this is what is held against `max_evasion`.
        max_evasion: what the test allows.
        at_cost: the attacker's purse; infinite for any cost.
        currency: in which it counts; empty for units of cost.
        threshold: score from which on the business acts.
        caught: how many events the model catches, of which `n` were attacked.
        by: what the attacker sees.
        queries: questions to the model allowed for each record.
        seed: of the search.
        columns: the columns that carry the evasions, with their shares, in words.
        example: one record before and after, line by line; values of personal columns are masked.
        limits: sentences on what this cannot tell.
        again: how to run it again.
    """

    evaded: int
    n: int
    low: float
    high: float
    max_evasion: float
    at_cost: float
    currency: str
    threshold: float
    caught: int
    by: str
    queries: int
    seed: int
    columns: str
    example: tuple[str, ...]
    limits: tuple[str, ...]
    again: str

    @property
    def rate(self) -> float:
        """Share of the attacked records that got through."""
        return self.evaded / self.n

    @property
    def holds(self) -> bool:
        """Whether the upper end of the interval stays within what the test allows."""
        return self.high <= self.max_evasion

    @property
    def needed(self) -> int | None:
        """Records that would have to be attacked for this rate to be enough; None where no number would do."""
        return records_needed(self.rate, self.max_evasion)

    def facts(self) -> dict[str, Any]:
        """The figures as plain values, as they travel between processes and into JUnit properties."""
        return {
            "evaded": self.evaded,
            "n": self.n,
            "rate": self.rate,
            "low": self.low,
            "high": self.high,
            "max_evasion": self.max_evasion,
            "at_cost": "any" if math.isinf(self.at_cost) else self.at_cost,
            "currency": self.currency,
            "by": self.by,
            "queries": self.queries,
            "seed": self.seed,
        }


class NotRobust(AssertionError):
    """The interval of the evasion rate reaches above what the test allows.

    Args:
        message: what was found, and how to run it again.
        found: the figures.
    """

    def __init__(self, message: str, found: Robustness) -> None:
        super().__init__(message)
        self.found = found


class RobustnessUnknown(AssertionError):
    """Nothing could be said, which never passes: nothing to attack, an attack that is not to be trusted, a failing model.

    Args:
        message: why, and what to do.
        cause: the error behind it.
    """

    def __init__(self, message: str, cause: HauberkError) -> None:
        super().__init__(message)
        self.cause = cause


def records_needed(rate: float, allowed: float) -> int | None:
    """A sample in which a rate like this one has an interval that ends at or below what is allowed, and one less has not.

    Args:
        rate: share of evasions seen.
        allowed: largest share that the test allows, above 0 and below 1.

    Returns:
        The number; None where the rate is not below what is allowed, or more than a million would be needed.

    Example:
        >>> records_needed(0.0, 0.05), records_needed(0.02, 0.05), records_needed(0.06, 0.05)
        (72, 230, None)
    """
    if rate >= allowed or not _enough(rate, allowed, MOST_N):
        return None
    low, high = 0, MOST_N
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _enough(rate, allowed, middle) else (middle, high)
    return high


def _enough(rate: float, allowed: float, n: int) -> bool:
    return rate_interval(math.ceil(rate * n - 1e-9), n)[1] <= allowed
