# SPDX-License-Identifier: Apache-2.0
"""How the checks on evasion say what they measured: the same figures in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import CheckContext
from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.carriers import Carrier
from hauberk.attack.evasion.cases import Cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.core.measurement import Better, Measurement
from hauberk.stats.interval import quantile_interval

_NAMED = 3
"""Columns that are named in a sentence."""


def percent(rate: Rate) -> str:
    """A rate with its interval.

    Example:
        >>> percent(Rate.of(30, 60))
        '50 % (95 % interval 37 to 63 %)'
    """
    return f"{100 * rate.value:.0f} % (95 % interval {100 * rate.low:.0f} to {100 * rate.high:.0f} %)"


def amount(value: float, currency: str) -> str:
    """An amount of money, or of whatever the domain counts costs in.

    Example:
        >>> amount(1234.6, "EUR"), amount(0.0, "EUR"), amount(0.25, "")
        ('1,235 EUR', 'nothing', '0.25 units of cost')
    """
    if value == 0.0:
        return "nothing"
    figure = f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
    return f"{figure} {currency or 'units of cost'}"


def at_most(value: float, currency: str) -> str:
    """An amount as an upper bound.

    Example:
        >>> at_most(12.0, "EUR"), at_most(0.0, "EUR")
        ('12 EUR or less', 'nothing')
    """
    said = amount(value, currency)
    return said if value == 0.0 else f"{said} or less"


def currency_of(ctx: CheckContext) -> str:
    """Currency in which the domain prices changes; empty if neither domain nor money terms name one."""
    return (ctx.domain.currency if ctx.domain else "") or ctx.money.currency


def rate_measurement(name: str, rate: Rate, *, at: str = "") -> Measurement:
    """A rate as a measurement; less is better."""
    return Measurement(
        name=name, value=rate.value, unit="rate", n=rate.n, low=rate.low, high=rate.high, better=Better.LOWER, at=at
    )


def median_measurement(name: str, values: NDArray[np.float64], unit: str, better: Better) -> Iterator[Measurement]:
    """The median of finite values with its interval; nothing where there is no value."""
    finite = values[np.isfinite(values)]
    if finite.size:
        middle, low, high = quantile_interval(finite)
        yield Measurement(name=name, value=middle, unit=unit, n=finite.size, low=low, high=high, better=better)


def carried_by(parts: Sequence[Carrier]) -> str:
    """The columns that carry the evasions, in a few words."""
    named = [f"{part.column} ({100 * part.uses.value:.0f} %)" for part in parts[:_NAMED]]
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return ", ".join(named) + more


def state_limits(ctx: CheckContext, cases: Cases, queries: int) -> None:
    """Say what an attack on these cases cannot tell."""
    ctx.limits.append(
        f"Where no evasion was found within {queries} queries a record, that is no proof of robustness: another attack, or "
        "more queries, may find one."
    )
    ctx.limits.append("Costs are upper bounds: a cheaper evasion may exist than the cheapest one found.")
    state_sample(ctx, cases)


def state_sample(ctx: CheckContext, cases: Cases) -> None:
    """Say which records were left out, and how far those that were taken stand for the others."""
    if cases.n < cases.caught - cases.invalid:
        ctx.limits.append(
            f"{cases.n} of the {cases.caught - cases.invalid} records that could be attacked were attacked, as a sample."
        )
    if cases.invalid:
        ctx.limits.append(
            f"{cases.invalid} of {cases.caught} caught events were left out, since the domain refuses them as they are; "
            f"most of these break {cases.refused_by}."
        )
    if cases.role == "train":
        ctx.limits.append(
            "No holdout was given: the attacked records are training data, on which models look stronger."
        )
    if ctx.domain is not None and not ctx.domain.confirmed:
        ctx.limits.append(
            "The domain was inferred and no person confirmed what an attacker can change and at what cost."
        )


def loss_of(found: Assessment) -> int | None:
    """What all evaded cases lose together, in minor units; None without money terms."""
    return None if found.loss is None else int(found.loss[found.evaded].sum())


def loss_formula(ctx: CheckContext, found: Assessment) -> str:
    """How that loss was computed, in words; empty without money terms."""
    if found.loss is None:
        return ""
    return f"sum over the {int(found.evaded.sum())} evaded of {found.n} attacked records; {ctx.money.formula}"
