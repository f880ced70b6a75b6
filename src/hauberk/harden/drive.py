# SPDX-License-Identifier: Apache-2.0
"""Harden a model: try strategies, choose one on rows of its own, train it on everything, and report with fresh attacks.

Three sets of rows are kept apart. Candidates are trained on one, chosen on the second, and what is reported was measured
on the third, which nothing was trained or chosen on. The attacks that report have seeds of their own, and beside the kind
that was trained against stand kinds that were not: nothing is called robust by the attack it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hauberk.attack.evasion import Method
from hauberk.attack.evasion.carriers import carriers
from hauberk.core.errors import NothingToExamine
from hauberk.core.ports import Progress
from hauberk.harden.candidate import Candidate
from hauberk.harden.case import TUNE_SHARE, Case
from hauberk.harden.choose import Tried, choose, enough
from hauberk.harden.effort import Effort
from hauberk.harden.ground import Ground, control_on, further, try_on
from hauberk.harden.learn import settle
from hauberk.harden.lesson import categories_of
from hauberk.harden.measure import Figures, Trial, measure
from hauberk.harden.recipe import recipe_of
from hauberk.harden.setting import Setting
from hauberk.harden.split import part
from hauberk.harden.strategies import Strategy
from hauberk.stats import auc_difference

CHOOSING = (Method.SCORES, Method.RANDOM)
"""Attacks by which candidates are chosen."""

REPORTING = (Method.SCORES, Method.LABELS, Method.RANDOM, Method.TREES)
"""Attacks by which the chosen one is judged: the kind it was trained against with another seed, and three it was not."""

_CHOOSE, _REPORT = 7_001, 7_002
"""What is added to the seed for the attacks that choose and those that report."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hardened:
    """A model that was chosen, trained on all training rows, and measured on the holdout.

    Attributes:
        candidate: the model file and what was done.
        threshold: score from which on it acts.
        before: the shipped model on the holdout.
        after: the hardened one on the same rows, by the same attacks.
        lost: area under the curve given up, with the ends of its paired interval.
        good: whether the fix holds.
        verdict: a sentence that says so.
    """

    candidate: Candidate
    threshold: float
    before: Figures
    after: Figures
    lost: tuple[float, float, float]
    good: bool
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hardening:
    """Everything that hardening found.

    Attributes:
        purse: what an attacker is taken to spend; infinite for any cost.
        purse_source: where that sum comes from.
        allowance: area under the curve that may be given up.
        recipe: how candidates were trained, a sentence.
        rows: how many rows were trained on, chosen on and reported on.
        shipped: the shipped model on the rows to choose on, which it was trained on.
        control: the shipped model trained again without a fix.
        tried: the strategies, in the order in which they were tried.
        hardened: the chosen model; None if no candidate was good enough to be chosen.
        notes: what a reader must know.
        splits: of how many splits of the training rows the figures of the candidates are pooled.
    """

    purse: float
    purse_source: str
    allowance: float
    recipe: str
    rows: tuple[int, int, int]
    shipped: Figures
    control: Tried
    tried: tuple[Tried, ...]
    hardened: Hardened | None
    notes: tuple[str, ...]
    splits: int = 1


def harden(
    case: Case,
    strategies: Sequence[Strategy],
    *,
    folder: Path,
    effort: Effort,
    purse: float | None = None,
    allowance: float = 0.01,
    seed: int = 0,
    progress: Progress | None = None,
) -> Hardening:
    """Harden a model.

    Args:
        case: the model and its rows.
        strategies: what to try.
        folder: where model files are written to be opened.
        effort: counts of work.
        purse: what an attacker spends; by default the median cost of the cheapest evasions of the shipped model.
        allowance: area under the ROC curve that may be given up.
        seed: of everything that draws.
        progress: told how far it is.

    Raises:
        NothingToExamine: too few rows, or the shipped model cannot be attacked.
        Incomplete: a model that fails on rows.
    """
    say = progress or _silent
    train, tune = part(case.train, case.label, TUNE_SHARE, seed, time=case.time)
    trial = Trial(
        rows=tune, label=case.label, domain=case.domain, money=case.money, methods=CHOOSING,
        attacked=effort.chosen_on, queries=effort.choosing_queries, visits=effort.visits, seed=seed + _CHOOSE,
    )  # fmt: skip
    say(stage="attack the shipped model", done=0, total=0)
    shipped = measure(trial, case.model, case.threshold)
    if shipped.found is None:
        raise NothingToExamine(shipped.nothing, next_step="a model that cannot be attacked cannot be hardened")
    spent, source = _purse(shipped, purse)
    say(stage="train the shipped model again, without a fix", done=0, total=0)
    setting = _setting(case, Setting(
        train=train, tune=tune, label=case.label, features=case.features, domain=case.domain, purse=spent,
        recipe=recipe_of(case.content, case.model.features, case.model.name), alerts=shipped.alerts.value,
        allowance=allowance, area=0.0, effort=effort, seed=seed, folder=folder, shipped=case.model, content=case.content,
        carriers=tuple(part.column for part in carriers(shipped.found)),
    ))  # fmt: skip
    first = Ground(setting=setting, trial=trial)
    control, grounds = control_on([first, *further(case, first)])
    setting = grounds[0].setting
    tried: list[Tried] = []
    for at, strategy in enumerate(strategies):
        say(stage="try strategies", done=at, total=len(strategies), note=f"{strategy.name}: {strategy.says}")
        tried.append(try_on(strategy, grounds))
    chosen = choose(tried, spent, allowance, control.rate(spent))
    hardened = None
    if chosen is not None:
        say(stage="train the chosen one on all training rows, and attack it afresh", done=0, total=0)
        hardened = _finish(case, setting, strategies, chosen, allowance)
    return Hardening(
        purse=spent, purse_source=source, allowance=allowance, recipe=setting.recipe.source,
        rows=(train.height, tune.height, case.holdout.height), shipped=shipped, control=control,
        tried=tuple(tried), hardened=hardened, notes=case.notes, splits=len(grounds),
    )  # fmt: skip


def _silent(*, stage: str, done: int, total: int, note: str = "") -> None:
    del stage, done, total, note


def _purse(shipped: Figures, given: float | None) -> tuple[float, str]:
    """The sum that was named, or what half of the evasions of the shipped model cost at most."""
    if given is not None:
        return given, "as asked"
    cost = shipped.cost[np.isfinite(shipped.cost)]
    if cost.size == 0:
        raise NothingToExamine(
            "no evasion of the shipped model was found, so that there is no price to start from",
            next_step="name what an attacker can spend with --purse",
        )
    median = float(np.quantile(cost, 0.5, method="inverted_cdf"))
    said = (
        f"half of the evasions found of the shipped model cost no more ({cost.size} of {shipped.cost.size} were found)"
    )
    return max(median, float(f"{median:.4g}")), said


def _setting(case: Case, setting: Setting) -> Setting:
    """Choose what the recipe leaves open."""
    setting = replace(setting, categories=categories_of(case.features, case.train, case.domain))
    recipe = settle(setting.recipe, setting.lesson(), setting.area_of, setting.seed)
    return replace(setting, recipe=recipe)


def _finish(case: Case, setting: Setting, strategies: Sequence[Strategy], chosen: Tried, allowance: float) -> Hardened:
    """Train on all training rows by what was settled, and measure before and after on the holdout."""
    strategy = next(item for item in strategies if item.name == chosen.name)
    assert chosen.candidate is not None
    again = strategy.apply(replace(setting, train=case.train, settled=chosen.candidate.settled))
    threshold = chosen.threshold if again.threshold is None else again.threshold
    trial = Trial(
        rows=case.holdout, label=case.label, domain=case.domain, money=case.money, methods=REPORTING,
        attacked=setting.effort.reported_on, queries=setting.effort.reporting_queries,
        visits=setting.effort.visits, seed=setting.seed + _REPORT,
    )  # fmt: skip
    before = measure(trial, case.model, case.threshold)
    after = measure(trial, setting.view(again), threshold)
    lost = auc_difference(before.scores, after.scores, before.event)
    good, verdict = enough(before, after, setting.purse, lost[0], allowance)
    return Hardened(
        candidate=again, threshold=threshold, before=before, after=after, lost=lost, good=good, verdict=verdict
    )
