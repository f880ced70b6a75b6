# SPDX-License-Identifier: Apache-2.0
"""A measured number. No rate stands without its n and an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Better(StrEnum):
    """In which direction a measurement is good news."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured number with its uncertainty.

    Attributes:
        name: lower-case identifier, unique within its check, stable over releases (policy refers to it).
        value: the number, in `unit`; never NaN (what could not be measured is an outcome, not a number).
        unit: `rate` (0 to 1), `count`, `rows`, `queries`, a currency code, or a physical unit.
        n: how many independent observations stand behind it.
        low: lower end of the interval at `level`; None for an exact count.
        high: upper end of the interval at `level`; None for an exact count.
        level: confidence level of the interval.
        better: in which direction it is good news.
        at: what the number belongs to when one check measures several, such as `cost <= 100`.

    Raises:
        ValueError: a NaN value, or a rate without interval or n.
    """

    name: str
    value: float
    unit: str
    n: int
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    better: Better = Better.NEITHER
    at: str = ""

    def __post_init__(self) -> None:
        if math.isnan(self.value):
            raise ValueError(f"measurement {self.name!r} is NaN; report an outcome instead")
        if self.unit == "rate" and (self.low is None or self.high is None or self.n <= 0):
            raise ValueError(f"rate {self.name!r} needs n > 0 and an interval")
