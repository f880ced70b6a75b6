# SPDX-License-Identifier: Apache-2.0
"""How bad an evasion is: the one place in which rates and money become a severity.

| what the lower end of the 95 % interval says | severity |
|---|---|
| at least half of the cases get through worthwhile, and half of those for no more than a hundredth of the loss | critical |
| at least a quarter get through worthwhile | high |
| at least one in twenty get through worthwhile | medium |
| anything else that gets through | low |

An evasion is worthwhile where it costs less than the loss that it causes; without money terms, every evasion counts as
worthwhile, and nothing is called critical unless half of the cases get through for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.ladder import Rate
from hauberk.core.finding import Severity

HALF, QUARTER, TWENTIETH = 0.5, 0.25, 0.05
"""Where the severities begin, by the lower end of a rate's interval."""

PETTY = 0.01
"""Share of the loss up to which the price of an evasion is petty."""


def worthwhile(found: Assessment, digits: int) -> NDArray[np.bool_]:
    """Which cases have an evasion that costs less than the loss that it causes; every evasion without money terms.

    Args:
        found: what the attack found; domain and money terms are taken to use one currency.
        digits: digits of the currency's minor unit.
    """
    if found.loss is None:
        return found.evaded
    return np.asarray(found.result.cost * 10**digits < found.loss, dtype=np.bool_)


def by_rate(rate: Rate) -> Severity:
    """Severity of a rate by the lower end of its interval, critical left aside."""
    if rate.low >= QUARTER:
        return Severity.HIGH
    return Severity.MEDIUM if rate.low >= TWENTIETH else Severity.LOW


def by_money(found: Assessment, digits: int) -> Severity:
    """Severity of what an attack found, by rate and money."""
    good = worthwhile(found, digits)
    rate = Rate.of(int(good.sum()), found.n)
    if rate.low >= HALF and _petty(found, good, digits):
        return Severity.CRITICAL
    return by_rate(rate)


def _petty(found: Assessment, good: NDArray[np.bool_], digits: int) -> bool:
    cost = found.result.cost[good]
    if found.loss is None:
        return bool(np.median(cost) == 0.0)
    return bool(np.median(cost * 10**digits / np.maximum(found.loss[good], 1)) <= PETTY)
