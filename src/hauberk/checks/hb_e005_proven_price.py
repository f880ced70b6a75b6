# SPDX-License-Identifier: Apache-2.0
"""HB-E005: what it takes to get past the model, from both sides: found with a record, and proven with a bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.exhibits import columns_used, worst_cases
from hauberk.attack.evasion.grade import by_money, worthwhile
from hauberk.attack.evasion.ladder import Rate, named_rungs, rungs
from hauberk.attack.evasion.tree_assessment import assess_bracket, bracket_figure, closeness, settled, standings
from hauberk.attack.evasion.tree_specimen import exposed_trees, guarded_trees
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.errors import UsageError
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Better, Measurement

THREATS = ("AML.T0015", "AML.T0043.000", "ML01:2023", "NISTAML.022")


@check(
    id="HB-E005",
    title="Someone who holds the model gets past it for less than it costs you",
    threats=THREATS,
    needs=(Need.TREES, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def proven_price(
    ctx: CheckContext,
    *,
    rows: int = 40,
    queries: int = 300,
    visits: int = 200_000,
    levels: str = "",
    actors: str = "",
    seed: int = 0,
) -> Iterator[Measurement | Finding]:
    """The price of getting through, bracketed: from above by a record in hand, from below by a proof.

    **What it finds.** For a sample of caught events, the cheapest valid record that someone finds who holds the model's
    trees, and beside it the cost below which it is proven that no valid record gets through. Every record found was
    written to a file, read back, accepted by the domain and scored by the model as shipped.

    **Why an attacker cares.** Models leak: a file in a bucket, a former employee, a copy trained on answers. And the owner
    wants to know how good the attack was: a search that finds nothing proves nothing, a bound does.

    **How it decides.** The best of a search by scores with `queries` questions begins; a search in the trees, of at most
    `visits` leaves a record, then moves both ends towards each other. The lower end leaves out rules between columns, so
    that it may be too low and is never too high. At each cost level every record is let through, proven safe, or open;
    open is no verdict. Severity follows the share of evasions that cost less than the loss that they cause, as in HB-E001.

    **False alarms.** As for HB-E001, a domain that prices a change too low. Proofs hold for the domain as declared: an
    attacker who can change what it calls fixed is not bound by them.

    **Remedy.** Verify or give up the columns that carry the evasions, or harden the model and compare the lower ends.

    **Reference.** Kantchelian, Tygar and Joseph 2016; Devos, Meert and Davis 2021; NIST AI 100-2 E2025, section 2.2.
    """
    ctx = as_seen_by(ctx, actors)
    try:
        asked = named_rungs(levels)
    except ValueError as error:
        raise UsageError(
            f"{levels!r} does not name cost levels", where="HB-E005 levels", next_step="write them as in '0, 100, 1000'"
        ) from error
    found = assess_bracket(ctx, rows=rows, queries=queries, visits=visits, seed=seed)
    _state_limits(ctx, found)
    yield from _measured(ctx, found, asked)
    if found.evaded.any():
        yield _finding(ctx, found)
    else:
        ctx.evidence.append(bracket_figure(found, wording.currency_of(ctx) or "units"))


def _measured(ctx: CheckContext, found: Assessment, asked: tuple[float, ...]) -> Iterator[Measurement]:
    cost, lower = found.result.cost, found.result.lower
    ends = np.concatenate([cost, lower])
    for standing in standings(found, asked or rungs(ends[np.isfinite(ends)])):
        at = f"cost <= {standing.cost:g}"
        yield wording.rate_measurement("found_through_rate", standing.through, at=at)
        yield _more("proven_safe_rate", standing.safe, at)
        yield wording.rate_measurement("open_rate", standing.open, at=at)
    yield _more("never_through_rate", Rate.of(int(np.isinf(lower).sum()), found.n), "any cost")
    yield _more("exact_rate", Rate.of(int(settled(found).sum()), found.n), "")
    unit = wording.currency_of(ctx) or "cost"
    yield from wording.median_measurement("median_price_found", cost, unit, Better.HIGHER)
    yield from wording.median_measurement("median_price_proven", lower, unit, Better.HIGHER)
    ratio = closeness(found)
    yield from wording.median_measurement("found_over_proven", ratio, "ratio", Better.LOWER)
    if ratio.size:
        yield Measurement(
            name="mean_found_over_proven", value=float(ratio.mean()), unit="ratio", n=ratio.size, better=Better.LOWER
        )
    if found.loss is not None:
        good = worthwhile(found, ctx.money.digits)
        yield wording.rate_measurement("worthwhile_through_rate", Rate.of(int(good.sum()), found.n))


def _more(name: str, rate: Rate, at: str) -> Measurement:
    return Measurement(
        name=name, value=rate.value, unit="rate", n=rate.n, low=rate.low, high=rate.high, better=Better.HIGHER, at=at
    )


def _state_limits(ctx: CheckContext, found: Assessment) -> None:
    wording.state_sample(ctx, found.cases)
    ctx.limits.append(
        "The lower ends are proven for the domain as declared, and leave out rules that link columns which can change."
    )
    undecided = int((~settled(found)).sum())
    if undecided:
        ctx.limits.append(f"For {undecided} of {found.n} records the price lies between two ends and is not known.")


def _finding(ctx: CheckContext, found: Assessment) -> Finding:
    currency = wording.currency_of(ctx)
    parts = carriers(found)
    rate = Rate.of(int(found.evaded.sum()), found.n)
    median = float(np.quantile(found.result.cost[found.evaded], 0.5, method="inverted_cdf"))
    exact = int((found.evaded & settled(found)).sum())
    ratio = closeness(found)
    near = f" For the others the price found is at most {ratio.max():.3g} times what is proven." if ratio.size else ""
    return Finding(
        check="HB-E005",
        title=f"{100 * rate.value:.0f} % of the caught events get through for someone who holds the model",
        message=f"Of {found.n} caught events, {wording.percent(rate)} have a valid record that passes, half of these for "
        f"{wording.at_most(median, currency)}. For {exact} of them no cheaper one exists, which is proven."
        f"{near if exact < rate.hits and ratio.size == rate.hits else ''} "
        f"The columns that carry it: {wording.carried_by(parts)}.",
        severity=by_money(found, ctx.money.digits),
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="proven price", rows=rate.hits),
        remedy=f"Keep the model's file from those who could use it, verify {parts[0].column} at its source or take it out "
        "of the model, and harden the model until the proven price is above what a passed event is worth.",
        evidence=(
            bracket_figure(found, currency or "units"),
            *columns_used(parts),
            worst_cases(found, currency or "units"),
        ),
        threats=THREATS,
        loss=wording.loss_of(found),
        loss_formula=wording.loss_formula(ctx, found),
        inferred=ctx.domain is not None and not ctx.domain.confirmed,
    )


def _bad() -> Situation:
    return exposed_trees()


def _clean() -> Situation:
    return guarded_trees()


EXAMPLES = Examples(bad=_bad, clean=_clean)
