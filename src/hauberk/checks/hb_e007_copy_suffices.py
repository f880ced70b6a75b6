# SPDX-License-Identifier: Apache-2.0
"""HB-E007: a copy trained on the model's answers is enough to get past it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.copying import Copied, assess_transfer
from hauberk.attack.evasion.exhibits import columns_used, curve, worst_cases
from hauberk.attack.evasion.grade import by_money
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.specimen import exposed, guarded
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.errors import UsageError
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Better, Measurement

THREATS = ("AML.T0015", "AML.T0043.002", "AML.T0005.001", "ML01:2023", "NISTAML.022")

_ANSWERS = ("labels", "scores")


@check(
    id="HB-E007",
    title="A copy trained on answers is enough to get past the model",
    threats=THREATS,
    needs=(Need.LABELS, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.MINUTES,
)
def copy_suffices(
    ctx: CheckContext, *, rows: int = 100, records: int = 2000, answers: str = "labels", actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """An attacker buys answers to records of his own, trains a copy, and works out on the copy what will pass.

    **What it finds.** Events that the model catches today, each with a valid record that was worked out on a copy of the
    model and passed the model itself at one of at most five tries. The copy learnt from the answers to `records` valid
    records, and from nothing else: neither the training data nor the model's form were used.

    **Why an attacker cares.** The copy answers for nothing, leaves no trace, and is never rate-limited. The queries that
    trained it look like many different people who ask once.

    **How it decides.** `records` valid records around `rows` caught events are put to the model; the copy is a small
    boosted-tree model trained on its decisions (`answers = "labels"`) or its scores. The copy is attacked with no further
    question to the model, first for what just passes it, then with more and more to spare; each is tried once. Random
    search with the same number of questions stands beside. Severity follows the share of evasions that cost less than
    the loss that they cause, by the lower end of the exact interval.

    **False alarms.** A domain that lets the attacker change what he cannot. Where random search does as well, the copy is
    not the problem, see HB-E001. No evasion found is not a proof of robustness.

    **Remedy.** Take away what carries the evasions as for HB-E001. Answer less often and less exactly, link accounts that
    together cover the domain evenly, and watch for records that no client would send.

    **Reference.** Papernot et al. 2017 (practical black-box attacks); NIST AI 100-2 E2025, section 2.2.2.
    """
    ctx = as_seen_by(ctx, actors)
    if answers not in _ANSWERS:
        raise UsageError(
            f"{answers!r} is no kind of answer", where="HB-E007 answers", next_step='use "labels" or "scores"'
        )
    if answers == "scores" and ctx.model is not None and Need.SCORES not in ctx.model.capabilities:
        raise UsageError("the model gives labels alone", where="HB-E007 answers", next_step='use "labels"')
    if min(rows, records) < 1:
        raise UsageError("rows and records must be at least 1", where="HB-E007")
    found = assess_transfer(ctx, rows=rows, records=records, labels_only=answers == "labels", seed=seed)
    wording.state_limits(ctx, found.transfer.cases, found.transfer.result.allowance)
    if not found.held:
        ctx.limits.append("The answers were all alike, or too few, so that no copy could be trained on them.")
    yield from _measured(ctx, found)
    if found.transfer.evaded.any():
        yield _finding(ctx, found, answers)


def _measured(ctx: CheckContext, found: Copied) -> Iterator[Measurement]:
    unit = wording.currency_of(ctx) or "cost"
    transfer, floor = found.transfer, found.floor
    yield wording.rate_measurement("transfer_rate", Rate.of(int(transfer.evaded.sum()), transfer.n), at="any cost")
    yield from wording.median_measurement("transfer_median_cost", transfer.result.cost, unit, Better.HIGHER)
    yield wording.rate_measurement("random_rate_same_queries", Rate.of(int(floor.evaded.sum()), floor.n), at="any cost")
    yield from wording.median_measurement("random_median_cost_same_queries", floor.result.cost, unit, Better.HIGHER)
    asked = transfer.result.queries.astype(np.float64)
    yield from wording.median_measurement("queries_per_record", asked, "queries", Better.HIGHER)
    if found.held:
        yield wording.rate_measurement("copy_agreement", Rate.of(found.agrees, found.held))


def _finding(ctx: CheckContext, found: Copied, answers: str) -> Finding:
    transfer = found.transfer
    currency = wording.currency_of(ctx)
    parts = carriers(transfer)
    rate = Rate.of(int(transfer.evaded.sum()), transfer.n)
    random = Rate.of(int(found.floor.evaded.sum()), found.floor.n)
    median = float(np.quantile(transfer.result.cost[transfer.evaded], 0.5, method="inverted_cdf"))
    steps = curve(
        "Share of caught events that get through by way of a copy, by cost",
        f"cost at most ({currency or 'units'})",
        transfer.result.cost,
        "Read: for this cost or less, this share gets through; low and high are the ends of the exact 95 % interval.",
    )
    told = "decisions" if answers == "labels" else "scores"
    return Finding(
        check="HB-E007",
        title=f"{100 * rate.value:.0f} % of the caught events get through by way of a copy of the model",
        message=f"A copy trained on {told} for {found.bought:,} valid records shows the way through for "
        f"{wording.percent(rate)} of {transfer.n} caught events, half of them for {wording.at_most(median, currency)}, "
        f"each passed by the model at one of at most five tries. Random search with as many questions reaches "
        f"{100 * random.value:.0f} %.",
        severity=by_money(transfer, ctx.money.digits),
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="copy", rows=rate.hits),
        remedy=f"Verify {parts[0].column} at its source or take it out of the model; limit how many answers accounts that "
        "belong together can collect.",
        evidence=(steps, *columns_used(parts), worst_cases(transfer, currency or "units")),
        threats=THREATS,
        loss=wording.loss_of(transfer),
        loss_formula=wording.loss_formula(ctx, transfer),
        inferred=ctx.domain is not None and not ctx.domain.confirmed,
    )


def _bad() -> Situation:
    return exposed()


def _clean() -> Situation:
    return guarded()


EXAMPLES = Examples(bad=_bad, clean=_clean)
