# SPDX-License-Identifier: Apache-2.0
"""HB-E003: a handful of tries is enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import assess_evasion
from hauberk.attack.evasion.exhibits import curve
from hauberk.attack.evasion.grade import by_rate
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed, guarded
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.errors import UsageError
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Measurement

THREATS = ("AML.T0015", "AML.T0042", "ML01:2023", "NISTAML.025")


@check(
    id="HB-E003",
    title="A handful of tries is enough to get past the model",
    threats=THREATS,
    needs=(Need.LABELS, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def few_tries(
    ctx: CheckContext, *, tries: int = 10, rows: int = 200, queries: int = 1000, actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """Where random changes pass within a few tries, a limit on tries does not stop an attacker either.

    **What it finds.** The share of caught events for which one of the first `tries` valid records passes, when the
    attacker sees decisions alone, tries the record as it is, and then changes at random what he can change.

    **Why an attacker cares.** A few tries look like an honest person who corrects an application. Nobody notices.

    **How it decides.** It counts over the attack of HB-E002 at which question the first record passed, whatever it
    costs; with equal parameters the work is shared. Severity follows the lower end of the exact interval, and is never
    above high.

    **False alarms.** First successes may be dear; read the costs in HB-E002 beside this. A higher share may be reached by
    an attacker who knows the product better than chance does.

    **Remedy.** Let few tries pass a person, compare tries of one person with one another, and verify the columns that
    HB-E002 names.

    **Reference.** NIST AI 100-2 E2025, section 2.2.2; MITRE ATLAS AML.T0042.
    """
    ctx = as_seen_by(ctx, actors)
    if not 1 <= tries <= queries:
        raise UsageError(f"tries must lie from 1 to {queries}", where="HB-E003 tries")
    found = assess_evasion(ctx, method=Method.LABELS, rows=rows, queries=queries, seed=seed)
    wording.state_limits(ctx, found.cases, found.result.allowance)
    first = np.where(found.result.first > 0, found.result.first, np.inf)
    counts = sorted({count for count in (1, 2, 5, 10, 20, 50, 100, tries) if count <= found.result.allowance})
    for count in counts:
        rate = Rate.of(int((first <= count).sum()), found.n)
        yield wording.rate_measurement("rate_within_tries", rate, at=f"tries <= {count}")
    within = Rate.of(int((first <= tries).sum()), found.n)
    if within.hits:
        yield Finding(
            check="HB-E003",
            title=f"{100 * within.value:.0f} % of the caught events get through within {tries} tries",
            message=f"For {wording.percent(within)} of {found.n} caught events, one of the first {tries} valid records "
            "passes although the attacker sees decisions alone and changes columns at random.",
            severity=by_rate(within),
            confidence=Confidence.HIGH,
            location=Location(asset="model", key="few tries", rows=within.hits),
            remedy="Allow fewer tries, let a person look at repeated ones, and verify the columns that change between "
            "them.",
            evidence=(_steps(first),),
            threats=THREATS,
            inferred=ctx.domain is not None and not ctx.domain.confirmed,
        )


def _steps(first: NDArray[np.float64]) -> Evidence:
    return curve(
        "Share of caught events that get through, by tries",
        "tries at most",
        first,
        "Read: within this many tries, this share gets through; low and high are the ends of the exact 95 % interval.",
    )


def _bad() -> Situation:
    return exposed()


def _clean() -> Situation:
    return guarded()


EXAMPLES = Examples(bad=_bad, clean=_clean)
