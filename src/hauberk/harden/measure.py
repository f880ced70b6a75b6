# SPDX-License-Identifier: Apache-2.0
"""Measure one model on one set of rows: how well it tells, how often it acts, and what gets through for how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Budget, CheckContext, Money
from hauberk.attack.evasion import Assessment, Method, assess_evasion
from hauberk.attack.evasion.by_trees import bracket_rows
from hauberk.attack.evasion.cases import after, losses
from hauberk.attack.evasion.ladder import Rate
from hauberk.core.check import Need
from hauberk.core.errors import Incomplete, NothingToExamine, UsageError
from hauberk.domain import Domain, Space
from hauberk.harden.lesson import is_event
from hauberk.model import ModelView
from hauberk.stats import auc, auc_interval, rate_interval
from hauberk.table import open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How models are measured.

    Attributes:
        rows: labelled rows.
        label: name of the label.
        domain: what is valid, and at what price.
        money: how a missed event becomes an amount.
        methods: attacks, all on the same records; the cheapest evasion of any counts.
        attacked: most records to attack.
        queries: questions for each record.
        visits: leaves looked at for each record by the attacker who holds the trees.
        seed: of the attacks.
    """

    rows: pl.DataFrame
    label: str
    domain: Domain
    money: Money
    methods: tuple[Method, ...]
    attacked: int
    queries: int
    visits: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """What was measured.

    Attributes:
        scores: of all rows, shape (n,).
        event: which rows are events, shape (n,).
        threshold: score from which on the model acts.
        found: what the attacks found; None where nothing could be attacked.
        nothing: why nothing could be attacked; empty if something was.
        closed: whether that is because the attacker can change nothing that the model reads, so that nothing gets through.
        methods: the attacks that were made.
    """

    scores: NDArray[np.float64]
    event: NDArray[np.bool_]
    threshold: float
    found: Assessment | None
    nothing: str
    closed: bool
    methods: tuple[Method, ...]

    @property
    def area(self) -> float:
        """Area under the ROC curve."""
        return auc(self.scores, self.event)

    @property
    def area_ends(self) -> tuple[float, float]:
        """Ends of its 95 % interval."""
        return auc_interval(self.area, int(self.event.sum()), int((~self.event).sum()))

    @property
    def alerts(self) -> Rate:
        """Share of all rows that the model acts on."""
        return Rate.of(int((self.scores >= self.threshold).sum()), self.scores.size)

    @property
    def recall(self) -> Rate:
        """Share of the events that the model catches."""
        return Rate.of(int((self.scores[self.event] >= self.threshold).sum()), int(self.event.sum()))

    @property
    def cost(self) -> NDArray[np.float64]:
        """Price of the cheapest evasion of each attacked record; infinite where none was found."""
        return np.empty(0) if self.found is None else self.found.result.cost

    def through(self, purse: float) -> Rate | None:
        """Share of the caught events that get through within a purse; None where nothing is known."""
        if self.closed:
            return Rate.of(0, self.recall.hits) if self.recall.hits else None
        if self.found is None:
            return None
        cost = self.cost
        hits = int(np.isfinite(cost).sum() if np.isinf(purse) else (cost <= purse).sum())
        return Rate.of(hits, cost.size)

    def proven(self, purse: float) -> Rate | None:
        """Share of the caught events of which it is proven that no valid record within the purse gets through."""
        if self.closed:
            return Rate.of(self.recall.hits, self.recall.hits) if self.recall.hits else None
        if self.found is None:
            return None
        lower = self.found.result.lower
        return Rate.of(int((lower > purse).sum() if np.isfinite(purse) else np.isinf(lower).sum()), lower.size)

    def held(self, purse: float) -> tuple[float, float, float] | None:
        """Share of all events that are caught although each attacker spends up to the purse, with its interval.

        It is the product of two rates; each end takes the worse end of both at 97.5 %, so that the product holds at 95 %
        (Bonferroni).
        """
        rate = self.through(purse)
        if rate is None:
            return None
        recall = self.recall
        caught, passed = rate_interval(recall.hits, recall.n, 0.975), rate_interval(rate.hits, rate.n, 0.975)
        middle = recall.value * (1.0 - rate.value)
        return middle, caught[0] * (1.0 - passed[1]), caught[1] * (1.0 - passed[0])


def measure(trial: Trial, view: ModelView, threshold: float) -> Figures:
    """Score the rows, and attack the events that the model catches.

    Raises:
        Incomplete: the model fails on rows, or is not steady.
        UsageError: the model's answers are no scores.
    """
    event = is_event(trial.rows, trial.label) == 1.0
    scores = view.scores(trial.rows)
    methods = usable(trial.methods, view)
    found, nothing = None, ""
    closed = not Space(trial.domain, view.features, trial.rows.head(1)).mutable.any()
    try:
        found = None if closed else _attacked(trial, view, threshold, methods)
    except NothingToExamine as error:
        nothing = error.what
    if closed:
        nothing = "the attacker can change no column that the model reads"
    if found is not None and Method.TREES in methods:
        try:
            found = _with_trees(trial, found)
        except UsageError:  # its trees cannot be read after all: the attacks that need none stand
            methods = tuple(method for method in methods if method is not Method.TREES)
    return Figures(
        scores=scores, event=event, threshold=threshold, found=found, nothing=nothing, closed=closed, methods=methods
    )


def usable(methods: Sequence[Method], view: ModelView) -> tuple[Method, ...]:
    """The attacks that a model's answers allow."""
    needs = {Method.SCORES: Need.SCORES, Method.TREES: Need.TREES}
    return tuple(method for method in methods if needs.get(method, Need.LABELS) in view.capabilities)


def _attacked(trial: Trial, view: ModelView, threshold: float, methods: Sequence[Method]) -> Assessment:
    ctx = CheckContext(
        holdout=open_table(trial.rows, name="rows"),
        label=trial.label,
        domain=trial.domain,
        model=view,
        threshold=threshold,
        money=trial.money,
        rng=np.random.default_rng(trial.seed),
        run_seed=trial.seed,
    )
    found: Assessment | None = None
    for method in (item for item in methods if item is not Method.TREES):
        one = assess_evasion(ctx, method=method, rows=trial.attacked, queries=trial.queries, seed=trial.seed)
        found = one if found is None else found.joined(one)
    if found is None:
        raise NothingToExamine("no attack was asked for")
    unknown = int(found.result.unknown.sum())
    if unknown:
        raise Incomplete(f"of {unknown} of {found.n} records nothing can be said", why=found.result.trouble)
    return found


def _with_trees(trial: Trial, found: Assessment) -> Assessment:
    """Let the attacker who holds the trees look for something cheaper, and keep what he proves.

    Raises:
        UsageError: the model's trees cannot be read.
    """
    cases = found.cases
    everyone = np.arange(cases.n)
    result = bracket_rows(cases.problem, everyone, Budget(), visits=trial.visits, seed=found.result)
    loss = losses(trial.money, after(cases, result.witness, everyone))
    return Assessment(cases=cases, result=result, loss=loss)
