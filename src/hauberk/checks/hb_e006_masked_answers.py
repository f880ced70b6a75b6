# SPDX-License-Identifier: Apache-2.0
"""HB-E006: the model's answers hide how it can be evaded, so that a failed attack proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion import symptoms_words, wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.specimen import FEATURES, exposed, guarded
from hauberk.attack.evasion.symptoms import Symptom
from hauberk.attack.evasion.symptoms_examine import Examination, examine
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.model import open_model

THREATS = ("AML.T0015", "AML.T0043.001", "ML01:2023", "NISTAML.022")

_SURE = frozenset({Symptom.RANDOM, Symptom.MEMORY, Symptom.COMPANY, Symptom.SATURATED, Symptom.ONE_SIDED})


@check(
    id="HB-E006",
    title="The model's answers hide how it can be evaded",
    threats=THREATS,
    needs=(Need.SCORES, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.SECONDS,
)
def masked_answers(
    ctx: CheckContext, *, rows: int = 20, queries: int = 240, actors: str = "", seed: int = 0
) -> Iterator[Measurement | Finding]:
    """An attack that fails because it was fed noise, steps or a flat field says nothing about the model's strength.

    **What it finds.** Answers that change when a question is repeated, or with the company of a record; scores that are
    rounded, piled up at 1, or shattered; inputs that are rounded; a model that lets nobody through; and attacks whose
    outcome contradicts what is known beforehand: one with every column free that fails, a stronger one that finds less, one
    by scores that loses to one that sees decisions alone, and evasions that do not survive text or single precision.

    **Why an attacker cares.** He is not bound to the attack that was tried. Published defences of this kind fell to the
    first attack that was adapted to them.

    **How it decides.** Valid records that nobody has asked before are asked again, alone and in company, and along lines;
    `rows` caught events are attacked with `queries` questions in ways whose order is known. Every sign is a finding of its
    own: the evasion figures of the run are then masked. Attacks adapted to it are tried, and what they find stands beside.
    Where the model's trees lie open, coarse or flat answers hide nothing and are no sign.

    **False alarms.** A model with very few leaves behind an address; a score card that bins its inputs evenly. Give the
    assessment the model file, so that its trees are read.

    **Remedy.** Assess what stands behind the layer that hides: the unrounded, repeatable score.

    **Reference.** Athalye, Carlini and Wagner 2018; Carlini et al. 2019; Tramer et al. 2020; Pintor et al. 2022.
    """
    ctx = as_seen_by(ctx, actors)
    found = examine(ctx, rows=rows, queries=queries, seed=seed)
    ctx.limits.append(
        "The self-check looks for known ways in which answers mislead an attack; a layer that spots attackers by other "
        "means, such as records that resemble one another, may escape it."
    )
    if found.gap:
        ctx.limits.append(f"No record was attacked adaptively: {found.gap}.")
    yield from (reading.measured() for reading in found.readings)
    yield from _adaptive(ctx, found)
    if not found.signs:
        ctx.evidence.append(symptoms_words.tests(found.readings))
    yield from (_finding(ctx, found, symptom) for symptom in found.signs)


def _adaptive(ctx: CheckContext, found: Examination) -> Iterator[Measurement]:
    """What each attack found: the adapted ones are the figures to go by where the result is masked."""
    unit = wording.currency_of(ctx) or "cost"
    for variant in found.variants if found.signs else ():
        rate = Rate.of(int(variant.result.evaded.sum()), variant.result.evaded.size)
        name = "adaptive" if variant.adaptive else "plain"
        yield wording.rate_measurement(f"{name}_evasion_rate", rate, at=variant.name)
        for one in wording.median_measurement(f"{name}_median_cost", variant.result.cost, unit, Better.HIGHER):
            yield replace(one, at=variant.name)
    if found.resubmitted is not None:
        yield wording.rate_measurement("resubmission_rate", found.resubmitted, at="10 identical tries")


def _finding(ctx: CheckContext, found: Examination, symptom: Symptom) -> Finding:
    return Finding(
        check="HB-E006",
        title=symptoms_words.TITLES[symptom],
        message=symptoms_words.says(symptom, found.readings, found.variants, found.resubmitted)
        + " No attack that failed on this model counts as a sign of strength.",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH if symptom in _SURE else Confidence.MEDIUM,
        location=Location(asset="model", key=symptom.value),
        remedy=symptoms_words.REMEDIES[symptom],
        evidence=(
            *symptoms_words.attacks(found.variants, wording.currency_of(ctx) or "units"),
            symptoms_words.tests(found.readings),
        ),
        threats=THREATS,
        inferred=ctx.domain is not None and not ctx.domain.confirmed,
    )


def _bad() -> Situation:
    """A model that publishes its score in steps of a sixteenth."""
    situation = exposed()
    model = situation.model
    assert model is not None

    def rounded(rows: pl.DataFrame) -> NDArray[np.float64]:
        return np.rint(model.scores(rows) * 16.0) / 16.0

    return replace(situation, model=open_model(rounded, features=FEATURES, name="loans"))


def _clean() -> Situation:
    return guarded()


EXAMPLES = Examples(bad=_bad, clean=_clean)
