# SPDX-License-Identifier: Apache-2.0
"""HB-E002: the attacker needs no scores; approve and decline are enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import Assessment, assess_evasion
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.exhibits import columns_used, curve, worst_cases
from hauberk.attack.evasion.grade import by_money
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed, guarded
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Better, Measurement

THREATS = ("AML.T0015", "AML.T0043.001", "ML01:2023", "NISTAML.025")


@check(
    id="HB-E002",
    title="Answers without scores are enough to get past the model",
    threats=THREATS,
    needs=(Need.LABELS, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def labels_suffice(
    ctx: CheckContext, *, rows: int = 200, queries: int = 1000, actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """Keeping scores secret does not help where approve and decline tell the attacker enough.

    **What it finds.** Events that the model catches today, each with the cheapest valid record that an attacker finds who
    sees nothing but the decision: he tries random changes until one passes, then takes changes back and makes them
    smaller for as long as the answer stays the same. Every such record was accepted by the domain and scored by the
    model as shipped.

    **Why an attacker cares.** Any applicant sees decisions. If they suffice, hiding scores is no defence.

    **How it decides.** A sample of `rows` caught events is attacked with `queries` questions each. Severity follows the
    share of evasions that cost less than the loss that they cause, by the lower end of the exact interval.

    **False alarms.** A real service limits how often one person may ask; compare `queries_needed` with that limit, and
    see HB-E003. No evasion found is not a proof of robustness.

    **Remedy.** Limit and link tries by person and device, and take away what carries the evasion as for HB-E001.

    **Reference.** NIST AI 100-2 E2025, section 2.2.2; Brendel, Rauber and Bethge 2018.
    """
    ctx = as_seen_by(ctx, actors)
    found = assess_evasion(ctx, method=Method.LABELS, rows=rows, queries=queries, seed=seed)
    wording.state_limits(ctx, found.cases, found.result.allowance)
    unit = wording.currency_of(ctx) or "cost"
    yield wording.rate_measurement("label_evasion_rate", Rate.of(int(found.evaded.sum()), found.n), at="any cost")
    yield from wording.median_measurement("label_median_cost", found.result.cost, unit, Better.HIGHER)
    spent = found.result.queries[found.evaded].astype(np.float64)
    yield from wording.median_measurement("label_queries_spent", spent, "queries", Better.HIGHER)
    first = found.result.first[found.evaded].astype(np.float64)
    yield from wording.median_measurement("label_queries_needed", first, "queries", Better.HIGHER)
    if found.evaded.any():
        yield _finding(ctx, found)


def _finding(ctx: CheckContext, found: Assessment) -> Finding:
    currency = wording.currency_of(ctx)
    parts = carriers(found)
    rate = Rate.of(int(found.evaded.sum()), found.n)
    median = float(np.quantile(found.result.cost[found.evaded], 0.5, method="inverted_cdf"))
    steps = curve(
        "Share of caught events that get through by decisions alone, by cost",
        f"cost at most ({currency or 'units'})",
        found.result.cost,
        "Read: for this cost or less, this share gets through; low and high are the ends of the exact 95 % interval.",
    )
    return Finding(
        check="HB-E002",
        title=f"{100 * rate.value:.0f} % of the caught events get through by watching decisions alone",
        message=f"An attacker who sees only approve or decline finds a valid record that passes for "
        f"{wording.percent(rate)} of {found.n} caught events, half of them for "
        f"{wording.at_most(median, currency)}. Hiding the score does not prevent it.",
        severity=by_money(found, ctx.money.digits),
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="labels", rows=rate.hits),
        remedy=f"Limit how often one person can ask, link tries that differ in {parts[0].column} alone, and verify that "
        "column at its source.",
        evidence=(steps, *columns_used(parts), worst_cases(found, currency or "units")),
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
