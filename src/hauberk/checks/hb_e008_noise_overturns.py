# SPDX-License-Identifier: Apache-2.0
"""HB-E008: small noise overturns the model's decisions, so that not even its vote over noisy copies can be certified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Situation, shared_seed
from hauberk.attack.certify.smoothing import smooth
from hauberk.attack.evasion import wording
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import shared_cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Flags, Problem
from hauberk.attack.evasion.specimen import FEATURES, exposed, guarded
from hauberk.attack.evasion.vote import COPIES, VoteTrial, try_vote
from hauberk.core.check import Cost, Examples, Need, Stage, check
from hauberk.core.errors import NothingToExamine
from hauberk.core.evidence import Cell, Evidence
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.domain import Space
from hauberk.model import open_model

THREATS = ("AML.T0015", "AML.T0043", "ML01:2023", "NISTAML.022")
CASES = 200
"""The sample that the checks on evasion share; this one takes the first of it."""
STEPS = (0.25, 0.5, 1.0, 2.0)
"""Lengths that are shown, in sizes of the noise."""


@check(
    id="HB-E008",
    title="Small noise overturns the model's decisions",
    threats=THREATS,
    needs=(Need.LABELS, Need.DOMAIN, Need.LABEL),
    stage=Stage.ASSESS,
    cost=Cost.SECONDS,
)
def noise_overturns(
    ctx: CheckContext,
    *,
    rows: int = 20,
    draws: int = 400,
    queries: int = 40,
    sigma: float = 0.1,
    flip: float = 0.05,
    alpha: float = 0.001,
    least: float = 0.5,
    actors: str = "",
    seed: int = 0,
) -> Iterator[Measurement | Finding]:
    """A decision that a little noise turns is one that a little effort turns.

    **What it finds.** Models whose catches do not survive noise on the columns that an attacker can change: fewer than
    `least` of the caught events keep a majority of their noisy copies for certain. Beside that, what randomised smoothing
    would certify for any kind of model: the length by which numbers may move, and the choices that may change, before the
    vote over noisy copies can turn.

    **Why an attacker cares.** Where decisions hang by a thread, trying at random is attack enough.

    **How it decides.** Numbers get Gaussian noise of size `sigma`, in units of the middle 90 % of their values; choices are
    replaced with probability `flip`. Of `rows` caught events some draws choose the answer and `draws` further ones prove it
    by the one-sided exact bound, `alpha` being shared among all rows. An attack on the vote itself, `queries` questions a
    row, stands beside; what it finds is proved by fresh draws. Certified and attacked figures cannot cross: a contradiction
    ends the check without a verdict.

    **What it does not say.** The certificates are for the smoothed model, which answers by vote, and not for the model as
    shipped. They hold for changes of the covered columns, valid records or not.

    **False alarms.** Noise that is large for the matter at hand: a tenth of the usual spread of a column may be a lot.

    **Remedy.** Train on noisy or attacked records, or fewer and smoother features; then repeat.

    **Reference.** Cohen, Rosenfeld and Kolter 2019; Lee, Yuan, Chang and Jaakkola 2019; Bojchevski et al. 2020.
    """
    ctx = as_seen_by(ctx, actors)
    cases = shared_cases(ctx, CASES)
    space = cases.problem.ground
    if not isinstance(space, Space):
        raise NothingToExamine("there is no numeric view of the domain to put noise on")
    smoothed = smooth(cases.problem.model, space, sigma=sigma, flip=flip, threshold=ctx.threshold)
    some = Problem.of(cases.problem.model, space, ctx.threshold, cases.problem.origin[:rows])
    number = shared_seed(ctx.run_seed, "smoothing", seed)
    trial = try_vote(smoothed, some, draws=draws, alpha=alpha, queries=queries, seed=number, budget=ctx.budget)
    ctx.limits.append(trial.certificates.statement)
    ctx.limits.append(
        f"The vote was attacked with {queries} questions a record, {COPIES} noisy copies behind each answer."
    )
    table = _beside(trial, sigma)
    yield from _measured(trial, sigma)
    kept = Rate.of(int(trial.flagged.sum()), trial.flagged.size)
    if kept.high < least:
        yield _finding(ctx, kept, sigma, flip, table)
    else:
        ctx.evidence.append(table)


def _measured(trial: VoteTrial, sigma: float) -> Iterator[Measurement]:
    yield _share("certified_rate", trial.flagged, "some change")
    yield _share("abstention_rate", trial.certificates.abstained, "", Better.LOWER)
    yield _share("vote_evasion_rate", trial.turned_away, "any valid change", Better.LOWER)
    for step in STEPS:
        at = f"numbers move by at most {step * sigma:g}"
        yield _share("certified_accuracy", trial.certified(step * sigma), at)
        yield _share("attacked_accuracy", trial.standing(step * sigma), at)
    for count in range(1, trial.certificates.reach.shape[1]):
        yield _share(
            "certified_accuracy", trial.flagged & (trial.certificates.changes >= count), f"{count} choices change"
        )


def _share(name: str, rows: Flags, at: str, better: Better = Better.HIGHER) -> Measurement:
    return replace(wording.rate_measurement(name, Rate.of(int(rows.sum()), rows.size), at=at), better=better)


def _beside(trial: VoteTrial, sigma: float) -> Evidence:
    lines: list[tuple[Cell, ...]] = []
    for step in STEPS:
        certified, standing = (
            int(part.sum()) for part in (trial.certified(step * sigma), trial.standing(step * sigma))
        )
        lines.append((f"{step * sigma:g}", certified, standing, trial.flagged.size))
    return Evidence(
        title="Caught events that stay caught by the vote",
        columns=("numbers move by at most (spreads)", "certified", "not turned by the attack", "of"),
        rows=tuple(lines),
        note="The truth lies between the two columns. " + trial.certificates.statement,
    )


def _finding(ctx: CheckContext, kept: Rate, sigma: float, flip: float, table: Evidence) -> Finding:
    return Finding(
        check="HB-E008",
        title=f"Noise of {sigma:g} spreads leaves {100 * kept.value:.0f} % of the caught events caught for certain",
        message=f"With Gaussian noise of {sigma:g} times a column's usual spread, and {100 * flip:g} % of choices replaced, "
        f"only {wording.percent(kept)} of the caught events keep a certain majority of their noisy copies.",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="noise", rows=kept.n - kept.hits),
        remedy="Train on noisy or attacked records, or with fewer and smoother features, and repeat this check. Do not take "
        "the failure of a single attack for strength: decisions this close to turning fall to chance.",
        evidence=(table,),
        threats=THREATS,
        inferred=ctx.domain is not None and not ctx.domain.confirmed,
    )


def _bad() -> Situation:
    """A model that decides by a remainder: every small change of income is a new draw."""
    return replace(exposed(), model=open_model(_by_remainder, features=FEATURES, name="loans"))


def _by_remainder(rows: pl.DataFrame) -> NDArray[np.float64]:
    flagged: NDArray[np.float64] = (rows["income"].to_numpy() % 3 == 0).astype(np.float64)
    return flagged


def _clean() -> Situation:
    return guarded()


EXAMPLES = Examples(bad=_bad, clean=_clean)
