# SPDX-License-Identifier: Apache-2.0
"""What a failing test of robustness says: rate, interval, n, columns, one record, the budget, and how to run it again."""

from __future__ import annotations

import math
import textwrap

from hauberk.attack.evasion import Assessment
from hauberk.attack.evasion.exhibits import worst_cases
from hauberk.attack.evasion.wording import amount
from hauberk.core.errors import HauberkError
from hauberk.core.evidence import Cell
from hauberk.domain import Domain
from hauberk.report.mask import mask_evidence
from hauberk.testing.robustness import Robustness

_MOST = 12
"""Changed columns of the example that are shown."""

_NAMES = {
    "scores": "seeing the score of each try",
    "labels": "seeing decisions alone",
    "random": "changing at random",
    "transfer": "with a copy trained on answers",
    "trees": "reading the model's trees",
}


def not_robust(found: Robustness) -> str:
    """The message of a test that did not pass."""
    parts = [_headline(found), f"  rate          {figures(found)}", f"  allowed       {_allowed(found)}"]
    if found.evaded:
        parts += [f"  columns       {found.columns}", "  one record    " + "\n                ".join(found.example)]
    parts.append(f"  budget        {budget(found)}")
    left = found.n - found.evaded
    if left:
        parts.append(
            f"  not evaded    {left} of {found.n} were not evaded within this budget, which is no proof for them"
        )
    return "\n".join((*parts, _indented("run it again", found.again)))


def unknown(error: HauberkError, again: str) -> str:
    """The message of a test in which nothing could be said."""
    parts = [f"robustness is unknown, which is no pass: {error.what}"]
    parts += [f"  {name:<14}{text}" for name, text in (("where", error.where), ("why", error.why)) if text]
    if error.next_step:
        parts.append(f"  next          {error.next_step}")
    return "\n".join((*parts, _indented("run it again", again)))


def figures(found: Robustness) -> str:
    """Rate, n and interval in words."""
    interval = f"95 % interval {percent(found.low)} to {percent(found.high)}"
    return f"{found.evaded} of {found.n} = {percent(found.rate)}, {interval}"


def budget(found: Robustness) -> str:
    """What the attacker was given, in words."""
    beside = "" if found.by == "random" else ", and as many at random beside it"
    attacked = f"{found.n} of {found.caught} caught events attacked"
    sees = _NAMES.get(found.by, f"by {found.by}")
    return f"{found.queries} queries a record, {sees}{beside}; {attacked}; seed {found.seed}"


def percent(share: float) -> str:
    """A share in percent, with as many digits as tell it from none and from all.

    Example:
        >>> percent(0.5), percent(0.0362), percent(0.0), percent(0.0004)
        ('50 %', '3.6 %', '0 %', '0.04 %')
    """
    value = 100.0 * share
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    return f"{value:.0f} %" if 10.0 <= value <= 99.0 else f"{value:.2g} %" if value < 10.0 else f"{value:.1f} %"


def before_and_after(found: Assessment, domain: Domain, threshold: float) -> tuple[str, ...]:
    """The worst record, column by column, before and after; values of personal columns are masked."""
    if not found.evaded.any():
        return ()
    table = mask_evidence(worst_cases(found, domain.currency or "units"), domain.personal)
    rows = [row for row in table.rows if row[0] == table.rows[0][0]]
    lines = [f"{name}: {_shown(was)} -> {_shown(now)}" for _, name, was, now, *_ in rows[:_MOST]]
    if len(rows) > _MOST:
        lines.append(f"and {len(rows) - _MOST} more columns")
    was, now, cost = rows[0][4:7]
    price = amount(float(str(cost)), domain.currency)
    return (*lines, f"score {_shown(was)} -> {_shown(now)} (threshold {threshold:g}), for {price}")


def _headline(found: Robustness) -> str:
    purse = "" if math.isinf(found.at_cost) else f" at a cost of at most {amount(found.at_cost, found.currency)}"
    if found.rate > found.max_evasion:
        return f"{percent(found.rate)} of the attacked events get through as valid records{purse}"
    if found.evaded:
        return f"not enough to tell: {percent(found.rate)} of the attacked events get through{purse}, of too few"
    return f"not enough to tell: no attacked event was evaded within this budget{purse}, but they are too few"


def _allowed(found: Robustness) -> str:
    text = f"upper end of the interval at most {percent(found.max_evasion)}"
    if found.rate > found.max_evasion:
        return text
    if found.needed is None:
        return f"{text}; no sample of a million or less would show that at this rate"
    more = "" if found.caught >= found.needed else f", and X has {found.caught} that the model catches"
    return f"{text}; at this rate that takes {found.needed} attacked events (rows={found.needed}){more}"


def _shown(cell: Cell) -> str:
    text = "null" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return textwrap.shorten(text, 60, placeholder="…")


def _indented(title: str, text: str) -> str:
    return f"  {title:<14}" + text.replace("\n", "\n" + " " * 16)
