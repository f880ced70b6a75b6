# SPDX-License-Identifier: Apache-2.0
"""HB-E004: changes that cost nothing are enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import Assessment, assess_evasion
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.exhibits import columns_used, worst_cases
from hauberk.attack.evasion.grade import by_rate
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed, guarded
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Measurement
from hauberk.domain import Column
from hauberk.domain import Cost as Price

THREATS = ("AML.T0015", "AML.T0043.003", "ML01:2023", "NISTAML.022", "CWE-807")


@check(
    id="HB-E004",
    title="Changes that cost nothing get past the model",
    threats=THREATS,
    needs=(Need.LABELS, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def free_evasion(
    ctx: CheckContext, *, rows: int = 200, queries: int = 1000, actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """What costs nothing will be tried, by people who do not even know that they are attacking.

    **What it finds.** Events that the model catches and that pass after changes which the domain prices at zero, such as
    another spelling of an occupation, a box left empty, or a purchase put off by a day.

    **Why an attacker cares.** There is no purse to exhaust and no trace of an expense. Whole groups of applicants learn it
    from each other.

    **How it decides.** By the attack of HB-E001 where the model gives scores, by that of HB-E002 where it gives labels
    alone; with equal parameters the work is shared. Severity follows the lower end of the exact interval of the share
    that passes for nothing.

    **False alarms.** A price of zero that was never thought about: it is the default of a domain. Give each column that an
    attacker can change its price.

    **Remedy.** Price or freeze these columns in the domain if the zero was wrong; if it is right, take them out of the
    model or derive them from a source that the subject does not write to.

    **Reference.** CWE-807, reliance on untrusted inputs in a security decision; NIST AI 100-2 E2025, section 2.2.
    """
    ctx = as_seen_by(ctx, actors)
    scored = ctx.model is not None and Need.SCORES in ctx.model.capabilities
    method = Method.SCORES if scored else Method.LABELS
    found = assess_evasion(ctx, method=method, rows=rows, queries=queries, seed=seed)
    wording.state_limits(ctx, found.cases, found.result.allowance)
    free = _free(found)
    rate = Rate.of(int(free.evaded.sum()), found.n)
    yield wording.rate_measurement("free_evasion_rate", rate)
    if rate.hits:
        parts = carriers(free)
        yield Finding(
            check="HB-E004",
            title=f"{100 * rate.value:.0f} % of the caught events get through at no cost",
            message=f"Of {found.n} caught events, {wording.percent(rate)} pass after changes that the domain prices at "
            f"nothing. The columns that carry it: {wording.carried_by(parts)}.",
            severity=by_rate(rate),
            confidence=Confidence.HIGH,
            location=Location(asset="model", key="free evasion", rows=rate.hits),
            remedy=f"If changing {parts[0].column} really costs nothing, take it out of the model or read it from a "
            "source that its subject does not write to; if not, price it in the domain.",
            evidence=(*columns_used(parts), worst_cases(free, wording.currency_of(ctx) or "units")),
            threats=THREATS,
            loss=wording.loss_of(free),
            loss_formula=wording.loss_formula(ctx, free),
            inferred=ctx.domain is not None and not ctx.domain.confirmed,
        )


def _free(found: Assessment) -> Assessment:
    """The same attack, with the evasions that cost something left out."""
    cost = np.where(found.result.cost <= 0.0, found.result.cost, np.inf)
    return replace(found, result=replace(found.result, cost=cost))


def _bad() -> Situation:
    situation = exposed()
    assert situation.domain is not None
    return replace(situation, domain=replace(situation.domain, columns=tuple(map(_unpriced, situation.domain.columns))))


def _clean() -> Situation:
    return guarded()


def _unpriced(column: Column) -> Column:
    return replace(column, cost=Price()) if column.mutable else column


EXAMPLES = Examples(bad=_bad, clean=_clean)
