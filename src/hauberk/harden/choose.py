# SPDX-License-Identifier: Apache-2.0
"""Which candidate is taken, and whether what it shows on fresh rows is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hauberk.attack.evasion.ladder import Rate
from hauberk.harden.candidate import Candidate
from hauberk.harden.measure import Figures

HALF = 0.5
"""What the evasion rate must fall to, as a part of today's, for a fix to count."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """A strategy and what came of it on the rows to choose on.

    Attributes:
        name: of the strategy.
        candidate: what it gave; None if it could not.
        figures: measured on the rows to choose on; None if there is no candidate.
        repeats: the same on further splits, where the first holds few events.
        lost: area under the curve that it gives up against the model trained again without a fix; the mean of the splits.
        reason: why there is no candidate.
        seconds: what training took; shown, and no part of any result.
    """

    name: str
    candidate: Candidate | None = None
    figures: Figures | None = None
    repeats: tuple[Figures, ...] = ()
    lost: float = 0.0
    reason: str = ""
    seconds: float = 0.0

    @property
    def moves_threshold(self) -> bool:
        """Whether all that it does is to act on more rows."""
        return self.candidate is not None and self.candidate.threshold is not None

    @property
    def threshold(self) -> float:
        """Score from which on it acts: the median of those found on the splits."""
        found = sorted(each.threshold for each in self._measured)
        return found[len(found) // 2] if found else 0.5

    @property
    def _measured(self) -> tuple[Figures, ...]:
        return () if self.figures is None else (self.figures, *self.repeats)

    def through(self, purse: float) -> Rate | None:
        """Share of the caught events that get through, of all splits together; None where nothing is known."""
        found = [rate for each in self._measured if (rate := each.through(purse)) is not None]
        return Rate.of(sum(rate.hits for rate in found), sum(rate.n for rate in found)) if found else None

    def rate(self, purse: float) -> float:
        """That share as a number; 1 where it is not known."""
        found = self.through(purse)
        return 1.0 if found is None else found.value


def choose(tried: Sequence[Tried], purse: float, allowance: float, before: float) -> Tried | None:
    """The candidate with the largest area among those whose evasion rate is the least, within one standard error.

    Left out are candidates that give up more area than is allowed, those that let through as much as the model trained again
    without a fix, and a moved threshold beside anything else: it costs alerts, which nobody here can weigh against area.
    Within one standard error of the least rate, rates of a sample tell nothing, and accuracy decides (the rule of Breiman,
    Friedman, Olshen and Stone 1984, section 3.4.3).

    Args:
        tried: what was tried.
        purse: what an attacker spends.
        allowance: area under the curve that may be given up.
        before: evasion rate of the model trained again without a fix.
    """
    fit = [
        item
        for item in tried
        if item.through(purse) is not None and item.lost <= allowance and item.rate(purse) < before
    ]
    fit = [item for item in fit if len(tried) == 1 or not item.moves_threshold]
    if not fit:
        return None
    least = min(fit, key=lambda item: (item.rate(purse), item.lost, item.name))
    rate = least.through(purse)
    assert rate is not None
    n = rate.n
    share = (least.rate(purse) * n + 1.0) / (n + 2.0)  # rates of 0 and 1 have an error too
    close = least.rate(purse) + math.sqrt(share * (1.0 - share) / n)
    return min((item for item in fit if item.rate(purse) <= close), key=lambda item: (item.lost, item.name))


def enough(before: Figures, after: Figures, purse: float, lost: float, allowance: float) -> tuple[bool, str]:
    """Whether fresh attacks on fresh rows show that the fix holds, and a sentence that says so.

    Args:
        before: the shipped model.
        after: the hardened one.
        purse: what an attacker spends.
        lost: area given up on the same rows.
        allowance: area that may be given up.
    """
    was, now = before.through(purse), after.through(purse)
    if was is None or now is None:
        return False, f"nothing can be said: {before.nothing or after.nothing}"
    if lost > allowance:
        return False, f"it gives up {lost:.4f} of area under the curve on the holdout, and {allowance:g} is allowed"
    if now.high >= was.low:
        return False, "the intervals of the evasion rates before and after touch, so that nothing is shown"
    if now.value > HALF * was.value:
        return False, "fewer get through, but more than half as many as before"
    return True, "at most half as many get through as before, beyond the intervals of both"
