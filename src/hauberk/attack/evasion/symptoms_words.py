# SPDX-License-Identifier: Apache-2.0
"""How the self-check says what it found: one sentence and one remedy a symptom, and the tables that prove it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hauberk.attack.evasion.exhibits import short
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.symptoms import Reading, Symptom
from hauberk.attack.evasion.symptoms_examine import Variant
from hauberk.core.evidence import Cell, Evidence, View
from hauberk.stats.interval import quantile_interval

TITLES = {
    Symptom.RANDOM: "The model answers the same record in different ways",
    Symptom.MEMORY: "The model answers a record that it has seen before in another way",
    Symptom.COMPANY: "A record's answer depends on the records beside it",
    Symptom.COARSE: "The model gives very few different scores",
    Symptom.SATURATED: "The scores of caught records are all 1 to the last digit",
    Symptom.STEPPED: "The model rounds its inputs",
    Symptom.SHATTERED: "The score jumps up and down between neighbouring records",
    Symptom.ONE_SIDED: "The model lets no record through at all",
    Symptom.BLOCKED: "An attack fails although the attacker may change everything",
    Symptom.WEAKER: "A stronger attack finds less than a weaker one",
    Symptom.MISLEADING: "The scores lead an attack astray",
    Symptom.FRAGILE: "Evasions do not survive their way to the model",
}

_WHY = {
    Symptom.RANDOM: "An attack that believes single answers fails by chance, and one that asks often enough does not.",
    Symptom.MEMORY: "Whoever asks twice gets another answer: what is measured depends on what was asked before, and the "
    "record as shipped need not be the one that was judged.",
    Symptom.COMPANY: "What is measured in a batch need not hold for a record alone, which is how records arrive.",
    Symptom.COARSE: "A search that follows scores sees a flat field and gives up; one by decisions alone does not.",
    Symptom.SATURATED: "A search that follows scores sees a flat field and gives up; one by decisions alone does not.",
    Symptom.STEPPED: "Small changes seem to do nothing, and a search by small steps gives up; larger steps get through.",
    Symptom.SHATTERED: "A search that follows scores is led in circles; and a tiny change of a caught record may pass.",
    Symptom.ONE_SIDED: "Nothing gets through because nobody does: that says nothing of how well the model withstands an "
    "attack.",
    Symptom.BLOCKED: "There are records that pass, and the attacker could become any of them, so that the failure is the "
    "attack's, not the model's strength.",
    Symptom.WEAKER: "The figures of this attack cannot be trusted: more means must never find less.",
    Symptom.MISLEADING: "An attacker who sees less finds more, so that the attack by scores understates what is possible.",
    Symptom.FRAGILE: "Evasions that rest on the last digits may not work against the service as it runs, and others may.",
}

REMEDIES = {
    Symptom.RANDOM: "Take the randomness out or fix its seed for each record, and assess again: noise is no defence against "
    "an attacker who asks more than once.",
    Symptom.MEMORY: "Assess the model without the layer that remembers, and assess that layer on its own.",
    Symptom.COMPANY: "Score records one by one, or normalise by fixed figures instead of those of the batch.",
    Symptom.COARSE: "Give the assessment the unrounded score, even if the service publishes a coarse one.",
    Symptom.SATURATED: "Give the assessment the margin before the last step, or a calibrated score.",
    Symptom.STEPPED: "Assess the model behind the rounding as well, and count on attackers who take larger steps.",
    Symptom.SHATTERED: "Remove the component that shatters the score: it stops no attacker who watches decisions.",
    Symptom.ONE_SIDED: "Give the assessment records that should pass, and check threshold and labels.",
    Symptom.BLOCKED: "Look at the records that passed and at those that did not, and repeat with more queries.",
    Symptom.WEAKER: "Repeat with more queries, and rely on the attacks by decisions or by trees.",
    Symptom.MISLEADING: "Rely on the attacks by decisions or by trees, and give the assessment the unmodified score.",
    Symptom.FRAGILE: "Declare a step for the columns that carry these evasions, as fine as the service transmits them.",
}


def says(symptom: Symptom, readings: Sequence[Reading], variants: Sequence[Variant], again: Rate | None) -> str:
    """What the symptom means, the figures that show it, and what an attack found that does not rest on the answers."""
    shown = next(reading for reading in readings if reading.masked and reading.symptom is symptom)
    parts = [f"Tested: {shown.test}; expected: {shown.sound}; found: {_figure(shown)}.", _WHY[symptom]]
    if symptom in {Symptom.RANDOM, Symptom.MEMORY} and again is not None:
        parts.append(f"Submitted ten times unchanged, {_share(again)} of {again.n} caught records pass at least once.")
    adapted = [variant for variant in variants if variant.adaptive and variant.result.evaded.any()]
    if adapted:
        best = min(adapted, key=_rank)
        rate = Rate.of(int(best.result.evaded.sum()), best.result.evaded.size)
        parts.append(f"An attack adapted to it ({best.name}) gets {_share(rate)} of {rate.n} caught records through.")
    return " ".join(parts)


def _rank(variant: Variant) -> tuple[float, float]:
    cost = variant.result.cost
    return (-float(np.isfinite(cost).mean()), float(np.median(cost[np.isfinite(cost)])))


def _share(rate: Rate) -> str:
    return f"{100 * rate.value:.0f} % ({100 * rate.low:.0f} to {100 * rate.high:.0f} %)"


def _figure(reading: Reading) -> str:
    return _share(reading.rate) + f" of {reading.rate.n}" if reading.rate is not None else f"{reading.value:g}"


def _cells(reading: Reading) -> tuple[Cell, Cell]:
    if reading.rate is None:
        return short(reading.value), reading.n
    return _share(reading.rate), reading.rate.n


def tests(readings: Sequence[Reading]) -> Evidence:
    """Every test of the self-check, whatever came out."""
    rows: list[tuple[Cell, ...]] = [
        (reading.test, reading.sound, *_cells(reading), "masked" if reading.masked else "sound") for reading in readings
    ]
    return Evidence(
        title="The self-check",
        columns=("test", "expected", "found", "n", "verdict"),
        rows=tuple(rows),
        note="A masked result says that a failed attack on this model is no sign of strength.",
    )


def attacks(variants: Sequence[Variant], currency: str) -> tuple[Evidence, ...]:
    """What each attack found on the cases of the self-check; empty where there was no case."""
    rows: list[tuple[Cell, ...]] = []
    for variant in variants:
        cost = variant.result.cost
        rate = Rate.of(int(np.isfinite(cost).sum()), cost.size)
        middle: Cell = short(quantile_interval(cost[np.isfinite(cost)])[0]) if rate.hits else None
        name = variant.name + (" (adapted)" if variant.adaptive else "")
        rows.append((name, short(rate.value), short(rate.low), short(rate.high), middle, rate.n))
    if not rows:
        return ()
    return (
        Evidence(
            title="What attacks find that do not trust the answers",
            columns=("attack", "share that gets through", "low", "high", f"median cost ({currency})", "records"),
            rows=tuple(rows),
            view=View.BARS,
            note="All on the same few caught records, with equal questions for each. The stand-in is a smooth function "
            "fitted to the model's decisions. Low and high are the ends of the exact 95 % interval.",
        ),
    )
