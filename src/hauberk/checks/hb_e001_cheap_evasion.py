# SPDX-License-Identifier: Apache-2.0
"""HB-E001: a valid record, changed within the attacker's means, gets past the model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import Assessment, assess_evasion
from hauberk.attack.evasion.carriers import Carrier, carriers
from hauberk.attack.evasion.exhibits import columns_used, curve, worst_cases
from hauberk.attack.evasion.grade import by_money, worthwhile
from hauberk.attack.evasion.ladder import Rate, named_rungs, rates_by_cost, rungs
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed, guarded
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.errors import UsageError
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Better, Measurement

THREATS = ("AML.T0015", "AML.T0043.001", "ML01:2023", "NISTAML.022")


@check(
    id="HB-E001",
    title="A valid record gets past the model",
    threats=THREATS,
    needs=(Need.SCORES, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def cheap_evasion(
    ctx: CheckContext, *, rows: int = 200, queries: int = 1000, levels: str = "", actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """Someone who knows the score of each try changes what he can change until the model lets him through.

    **What it finds.** Events that the model catches today, each with the cheapest valid record that gets through: within
    the domain's ranges, choices and rules, changing only what the attacker can change, in the direction in which he can,
    priced by the domain. Every such record was written to a file, read back, accepted by the domain, and scored by the
    model as shipped.

    **Why an attacker cares.** A model that decides by columns its subject can change is a lock to which he cuts the key.

    **How it decides.** A sample of `rows` caught events is attacked with `queries` queries each: single steps and their
    cheapest combinations, then a genetic search, and beside it random search with the same allowance, whose cheaper
    evasions count too. Rates carry exact intervals at round cost levels (or those named in `levels`, such as
    `0, 100, 1000`). Severity follows the share of evasions that cost less than the loss that they cause.

    **False alarms.** A domain that lets the attacker change what he cannot, or prices a change too low. Findings on an
    inferred domain are marked. No evasion found is not a proof of robustness.

    **Remedy.** Verify or give up the columns that carry the evasions, correct their price, or train on evading records.

    **Reference.** NIST AI 100-2 E2025, section 2.2 (evasion); Kantchelian, Tygar and Joseph 2016.
    """
    ctx = as_seen_by(ctx, actors)
    asked = _levels(levels)
    clever = assess_evasion(ctx, method=Method.SCORES, rows=rows, queries=queries, seed=seed)
    floor = assess_evasion(ctx, method=Method.RANDOM, rows=rows, queries=queries, seed=seed)
    found = clever.joined(floor)
    wording.state_limits(ctx, found.cases, clever.result.allowance)
    yield from _measured(ctx, found, clever, floor, asked or rungs(found.result.cost[found.evaded]))
    if found.evaded.any():
        yield _finding(ctx, found, carriers(found))


def _levels(text: str) -> tuple[float, ...]:
    try:
        return named_rungs(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} does not name cost levels", where="HB-E001 levels", next_step="write them as in '0, 100, 1000'"
        ) from error


def _measured(
    ctx: CheckContext, found: Assessment, clever: Assessment, floor: Assessment, levels: tuple[float, ...]
) -> Iterator[Measurement]:
    unit = wording.currency_of(ctx) or "cost"
    cost = found.result.cost
    yield wording.rate_measurement("evasion_rate", Rate.of(int(found.evaded.sum()), found.n), at="any cost")
    for level, rate in zip(levels, rates_by_cost(cost, levels), strict=True):
        yield wording.rate_measurement("evasion_rate", rate, at=f"cost <= {level:g}")
    yield from wording.median_measurement("median_cost", cost, unit, Better.HIGHER)
    first = clever.result.first[clever.evaded].astype(np.float64)
    yield from wording.median_measurement("queries_needed", first, "queries", Better.HIGHER)
    yield wording.rate_measurement("random_evasion_rate", Rate.of(int(floor.evaded.sum()), floor.n), at="any cost")
    yield from wording.median_measurement("random_median_cost", floor.result.cost, unit, Better.HIGHER)
    if found.loss is not None:
        digits = ctx.money.digits
        good = worthwhile(found, digits)
        yield wording.rate_measurement("worthwhile_evasion_rate", Rate.of(int(good.sum()), found.n))
        lost = found.loss[found.evaded] / 10**digits
        yield from wording.median_measurement("median_loss", lost, ctx.money.currency or unit, Better.LOWER)


def _finding(ctx: CheckContext, found: Assessment, parts: list[Carrier]) -> Finding:
    currency = wording.currency_of(ctx)
    rate = Rate.of(int(found.evaded.sum()), found.n)
    median = float(np.quantile(found.result.cost[found.evaded], 0.5, method="inverted_cdf"))
    evidence = curve(
        "Share of caught events that get through, by cost",
        f"cost at most ({currency or 'units'})",
        found.result.cost,
        "Read: for this cost or less, this share gets through; low and high are the ends of the exact 95 % interval.",
    )
    return Finding(
        check="HB-E001",
        title=f"{100 * rate.value:.0f} % of the events that the model catches can get through as valid records",
        message=f"Of {found.n} caught events, {wording.percent(rate)} can be changed into valid records that score below "
        f"the business threshold, half of these for {wording.at_most(median, currency)}. "
        f"The columns that carry it: {wording.carried_by(parts)}.",
        severity=by_money(found, ctx.money.digits),
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="valid evasion", rows=rate.hits),
        remedy=f"Verify {parts[0].column} at its source or take it out of the model, and check the price that the domain "
        "puts on its change; then train again and repeat this check.",
        evidence=(evidence, *columns_used(parts), worst_cases(found, currency or "units")),
        threats=THREATS,
        loss=wording.loss_of(found),
        loss_formula=wording.loss_formula(ctx, found),
        inferred=ctx.domain is not None and not ctx.domain.confirmed,
    )


def _bad() -> Situation:
    return exposed()


def _clean() -> Situation:
    return guarded()


EXAMPLES = Examples(bad=_bad, clean=_clean)
