# SPDX-License-Identifier: Apache-2.0
"""Hardening as an outcome that every report shows: figures before and after with intervals, curves, costs, what is left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hauberk.attack.evasion import Assessment
from hauberk.attack.evasion.carriers import carriers
from hauberk.attack.evasion.exhibits import columns_used, worst_cases
from hauberk.attack.evasion.grade import by_money
from hauberk.attack.evasion.ladder import Rate, rungs
from hauberk.attack.evasion.wording import amount, carried_by, loss_of, percent
from hauberk.core.evidence import Cell, Evidence, View
from hauberk.core.finding import Confidence, Finding, Location
from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Outcome, Param, Status
from hauberk.harden.case import Case
from hauberk.harden.choose import Tried
from hauberk.harden.drive import Hardened, Hardening
from hauberk.harden.measure import Figures
from hauberk.stats import quantile_interval

OUTCOME = "HARDEN"
"""Name of the outcome among those of a run."""

THREATS = ("AML.T0015", "ML01:2023", "NISTAML.022")


def outcome_of(hardening: Hardening, case: Case, params: dict[str, Param], seed: int) -> Outcome:
    """What was measured, what proves it, and what still gets through, as a finding.

    The tables belong to that finding, where there is one, since reports show those of a finding first.
    """
    done = hardening.hardened
    currency = case.domain.currency or case.money.currency
    shown = tuple(_shown(hardening, currency))
    findings = tuple(_left(hardening, case, currency, shown))
    return Outcome(
        check=OUTCOME,
        title="The model, trained again so that evasion is dear",
        stage="harden",
        status=Status.FINDINGS if findings else Status.PASSED,
        params=params,
        seed=seed,
        findings=findings,
        measurements=tuple(_measured(hardening, done, currency)) if done else (),
        evidence=() if findings else shown,
        limits=tuple(_limits(hardening)),
    )


def at_purse(purse: float, currency: str) -> str:
    """The purse in words.

    Example:
        >>> at_purse(1022.0, "TWD"), at_purse(float("inf"), "TWD"), at_purse(0.0, "")
        ('for 1,022 TWD', 'at any cost', 'for nothing')
    """
    return "at any cost" if math.isinf(purse) else f"for {amount(purse, currency)}"


def _measured(hardening: Hardening, done: Hardened, currency: str) -> Iterator[Measurement]:
    purse = hardening.purse
    limit = "any cost" if math.isinf(purse) else f"cost <= {purse:g}"
    for when, figures in (("before", done.before), ("after", done.after)):
        rate, held, proven = figures.through(purse), figures.held(purse), figures.proven(purse)
        if rate is not None:
            yield _rate("evasion_rate", rate, Better.LOWER, f"{when}, {limit}")
        if held is not None:
            yield Measurement(
                name="caught_under_attack", value=held[0], unit="rate", n=figures.recall.n, low=held[1], high=held[2],
                better=Better.HIGHER, at=f"{when}, {limit}",
            )  # fmt: skip
        if proven is not None and proven.hits:
            yield _rate("proven_rate", proven, Better.HIGHER, f"{when}, {limit}")
        yield _rate("caught", figures.recall, Better.HIGHER, when)
        yield _rate("alerts", figures.alerts, Better.NEITHER, when)
        low, high = figures.area_ends
        yield Measurement(
            name="auc", value=figures.area, unit="", n=figures.scores.size, low=low, high=high,
            better=Better.HIGHER, at=when,
        )  # fmt: skip
        yield from _median(figures, currency or "units", when)
    lost, low, high = done.lost
    yield Measurement(
        name="auc_lost", value=lost, unit="", n=done.before.scores.size, low=low, high=high, better=Better.LOWER
    )


def _rate(name: str, rate: Rate, better: Better, at: str) -> Measurement:
    return Measurement(
        name=name, value=rate.value, unit="rate", n=rate.n, low=rate.low, high=rate.high, better=better, at=at
    )


def _median(figures: Figures, unit: str, when: str) -> Iterator[Measurement]:
    """What half of the attacked records need at least; unbounded where fewer than half get through at all."""
    if figures.cost.size == 0:
        return
    middle, low, high = quantile_interval(figures.cost)
    yield Measurement(
        name="median_cost", value=middle, unit=unit, n=figures.cost.size, low=low, high=high,
        better=Better.HIGHER, at=when,
    )  # fmt: skip


def _left(hardening: Hardening, case: Case, currency: str, shown: tuple[Evidence, ...]) -> Iterator[Finding]:
    """What still gets through: the hardened model is judged by the measure of HB-E001, at any cost."""
    done = hardening.hardened
    figures = done.after if done else hardening.shipped
    found = figures.found
    if found is None or not found.evaded.any():
        return
    rate, limited = figures.through(math.inf), figures.through(hardening.purse)
    assert rate is not None
    assert limited is not None
    spent = at_purse(hardening.purse, currency)
    named = "the hardened model" if done else "the model"
    yield Finding(
        check=OUTCOME,
        title=f"{100 * limited.value:.0f} % of the events that {named} catches get through {spent}",
        message=(
            f"Of {found.n} caught events, {percent(limited)} get through {spent}, and {percent(rate)} at any cost. The "
            f"columns that carry it: {carried_by(carriers(found))}."
        ),
        severity=by_money(found, case.money.digits),
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="hardening", rows=limited.hits),
        remedy=(
            "Run `hauberk check` on it; what still gets through has to be met outside the model: verify these columns at "
            "their source."
            if done
            else "Allow more area to be given up with --max-auc-loss, try --preset thorough, or verify these columns at "
            "their source."
        ),
        evidence=shown,
        threats=THREATS,
        loss=loss_of(found),
        loss_formula=_formula(found, case),
        inferred=not case.domain.confirmed,
    )


def _formula(found: Assessment, case: Case) -> str:
    """How the loss was computed, in words; empty without money terms."""
    if found.loss is None:
        return ""
    return f"sum over the {int(found.evaded.sum())} evaded of {found.n} attacked records; {case.money.formula}"


def _shown(hardening: Hardening, currency: str) -> Iterator[Evidence]:
    yield strategy_table(hardening)
    done = hardening.hardened
    if done is None:
        return
    costs = [level for level in rungs(done.before.cost[np.isfinite(done.before.cost)]) if level > 0.0]
    levels: list[float] = sorted({0.0, *costs, *([] if math.isinf(hardening.purse) else [hardening.purse])})
    for name, figures in (("shipped", done.before), ("hardened", done.after)):
        if figures.held(0.0) is not None:
            yield _curve(name, figures, levels, currency)
    yield _beside(done, levels, currency)
    yield from done.candidate.evidence
    if done.after.found is not None and done.after.found.evaded.any():
        yield from columns_used(carriers(done.after.found))
        yield worst_cases(done.after.found, currency or "units")


def strategy_table(hardening: Hardening) -> Evidence:
    """Every strategy on the rows to choose on: what gets through, what it costs, what was done or why not."""
    chosen = hardening.hardened.candidate.strategy if hardening.hardened else ""
    rows = [_strategy(item, hardening.purse, chosen) for item in (hardening.control, *hardening.tried)]
    return Evidence(
        title="Strategies, on rows that none of them was trained on",
        columns=(
            "strategy",
            "get through",
            "low",
            "high",
            "at any cost",
            "AUC lost",
            "AUC",
            "caught",
            "alerts",
            "what was done",
        ),
        rows=tuple(rows),
        note=(
            "Get through: share of the caught events with an evasion within the purse, by the attack by scores with a seed "
            "of its own and by chance. AUC lost: against the model trained again without a fix. The threshold move keeps "
            "the shipped model, which was trained on these rows, so that its AUC is not comparable; it costs alerts, and is "
            "chosen only where it alone is asked for."
        ),
    )


def _strategy(item: Tried, purse: float, chosen: str) -> tuple[Cell, ...]:
    name = f"{item.name} (chosen)" if item.name == chosen else item.name
    if item.figures is None or item.candidate is None:
        return (name, *[None] * 8, item.reason)
    rate, ever = item.through(purse), item.through(math.inf)
    ends: tuple[Cell, ...] = (None, None, None) if rate is None else (_4(rate.value), _4(rate.low), _4(rate.high))
    said = "; ".join(item.candidate.done) + (f"; {item.reason}" if item.reason else "")
    figures = item.figures
    numbers = (item.lost, figures.area, figures.recall.value, figures.alerts.value)
    return (name, *ends, None if ever is None else _4(ever.value), *(_4(number) for number in numbers), said)


def _curve(name: str, figures: Figures, levels: Sequence[float], currency: str) -> Evidence:
    rows = [(_6(level), *_ends(figures, level)) for level in levels]
    recall = figures.recall
    return Evidence(
        title=f"Events that the {name} model catches although each attacker spends as much",
        columns=(f"spent at most ({currency or 'units'})", "share of all events", "low", "high"),
        rows=tuple(rows),
        view=View.STEPS,
        note=f"Without an attack it catches {percent(recall)} of the {recall.n:,} events on the holdout.",
    )


def _beside(done: Hardened, levels: Sequence[float], currency: str) -> Evidence:
    rows = [(_6(level), *_ends(done.before, level), *_ends(done.after, level)) for level in levels]
    columns = ("before", "low", "high", "after", "low", "high")
    return Evidence(
        title="Events caught under attack, before and after",
        columns=(f"spent at most ({currency or 'units'})", *columns),
        rows=tuple(rows),
        note="Shares of all events on the holdout, by the same attacks with the same number of questions.",
    )


def _ends(figures: Figures, level: float) -> tuple[Cell, ...]:
    held = figures.held(level)
    return (None, None, None) if held is None else tuple(_4(value) for value in held)


def _limits(hardening: Hardening) -> Iterator[str]:
    fit, tune, report = hardening.rows
    yield (
        f"Candidates were trained on {fit:,} rows and chosen on {tune:,} others; the chosen one was trained on both, with "
        f"the threshold found on the second, and measured on {report:,} rows that had no part in either."
    )
    if hardening.splits > 1:
        yield (
            f"One split holds too few events to compare candidates by: what is told of them is of {hardening.splits} splits "
            "of the training rows together, and the threshold is the median of theirs."
        )
    yield f"The purse is {hardening.purse:g}: {hardening.purse_source}. Who can spend more gets through more often."
    done = hardening.hardened
    if done is not None:
        kinds = ", ".join(method.value for method in done.after.methods)
        yield (
            f"Attacks of the report: {kinds}, with seeds of their own; of these, training used the one by scores. Where "
            "they found no evasion, that is no proof of robustness, unless a proven share is stated."
        )
    yield from hardening.notes


def _4(value: float) -> float:
    return round(float(value), 4)


def _6(value: float) -> float:
    return float(f"{value:.6g}")
