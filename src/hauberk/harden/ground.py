# SPDX-License-Identifier: Apache-2.0
"""Where candidates are compared: one split of the training rows, or several where one would hold too few events."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.case import TUNE_SHARE, Case
from hauberk.harden.choose import Tried
from hauberk.harden.control import retrain
from hauberk.harden.lesson import is_event
from hauberk.harden.measure import Figures, Trial, measure
from hauberk.harden.setting import Setting, threshold_of
from hauberk.harden.split import part
from hauberk.harden.strategies import Strategy
from hauberk.model import ModelView

ENOUGH = 400
"""Events on which an area is known well enough to compare candidates; fewer are drawn several times."""

MOST = 5
"""Splits at most."""

_SALT = 61


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """One split, with the means to train on one part and to measure on the other.

    Attributes:
        setting: rows, recipe and purse.
        trial: how models are measured on the rows to choose on.
    """

    setting: Setting
    trial: Trial


def further(case: Case, first: Ground) -> list[Ground]:
    """Further splits of the same rows, where the first holds few events to choose on; none where time orders the rows."""
    events = int(is_event(first.setting.tune, case.label).sum())
    wanted = 1 if case.time else min(math.ceil(ENOUGH / max(events, 1)), MOST)
    return [_ground(case, first, number) for number in range(1, wanted)]


def _ground(case: Case, first: Ground, number: int) -> Ground:
    seed = int(np.random.SeedSequence([first.setting.seed, _SALT, number]).generate_state(1)[0])
    train, tune = part(case.train, case.label, TUNE_SHARE, seed)
    setting = replace(first.setting, train=train, tune=tune, memo={})
    return Ground(setting=setting, trial=replace(first.trial, rows=tune))


def control_on(grounds: Sequence[Ground]) -> tuple[Tried, list[Ground]]:
    """Train the shipped model again without a fix on each ground; each then knows the area that this gives."""
    control = try_on(Strategy(name="retrained", says="", apply=retrain), grounds)
    measured = (control.figures, *control.repeats)
    known = [
        replace(ground, setting=replace(ground.setting, area=figures.area))
        for ground, figures in zip(grounds, measured, strict=True)
        if figures is not None
    ]
    return control, known


def try_on(strategy: Strategy, grounds: Sequence[Ground]) -> Tried:
    """Apply a strategy on each ground; what it settles on the first is done again on the others without choosing."""
    begin = time.monotonic()
    try:
        candidate = strategy.apply(grounds[0].setting)
        again = [strategy.apply(replace(ground.setting, settled=candidate.settled)) for ground in grounds[1:]]
    except NotSuited as error:
        return Tried(name=strategy.name, reason=f"{error.what}: {error.why}" if error.why else error.what)
    seconds = time.monotonic() - begin
    measured = [_measured(ground, made) for ground, made in zip(grounds, (candidate, *again), strict=True)]
    figures = measured[0][0]
    return Tried(
        name=strategy.name,
        candidate=candidate,
        figures=figures,
        repeats=tuple(one for one, _ in measured[1:]),
        lost=float(np.mean([lost for _, lost in measured])),
        reason="" if figures.found is not None else figures.nothing,
        seconds=seconds,
    )


def _measured(ground: Ground, candidate: Candidate) -> tuple[Figures, float]:
    """Figures of a candidate, and the area that it gives up against the model trained again without a fix."""
    setting = ground.setting
    view = setting.view(candidate)
    figures = measure(ground.trial, view, _threshold(candidate, view, setting))
    moved = view is not setting.shipped and setting.area > 0.0  # the shipped model was trained on these rows
    return figures, setting.area - figures.area if moved else 0.0


def _threshold(candidate: Candidate, view: ModelView, setting: Setting) -> float:
    """The candidate's own threshold, or the one that keeps the business's share of alerts on rows not trained on."""
    if candidate.threshold is not None:
        return candidate.threshold
    return threshold_of(view.scores(setting.tune), setting.alerts)
