# SPDX-License-Identifier: Apache-2.0
"""The self-check: examine a model's answers, and attack it adaptively where they hide something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hauberk.assess import Budget, CheckContext
from hauberk.attack.evasion.cases import Cases, choose_cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Ground, Matrix
from hauberk.attack.evasion.result import Result
from hauberk.attack.evasion.symptoms import Reading, Symptom, signs
from hauberk.attack.evasion.symptoms_adaptive import REPEATS, StandIn, by_stand_in, resubmitted, steady
from hauberk.attack.evasion.symptoms_answers import graded, in_company, repeated, swapped
from hauberk.attack.evasion.symptoms_attacks import Bouts, bouts, compared, more_actors, unbounded
from hauberk.attack.evasion.symptoms_records import Records
from hauberk.attack.evasion.symptoms_shape import shape
from hauberk.attack.evasion.symptoms_trips import survived
from hauberk.core.check import Need
from hauberk.core.errors import NothingToExamine

_BASE = 256
"""Rows of the table that are probed."""

_NEAR = 40
"""Neighbours of each case that the stand-in is fitted to."""

_SHAPED = frozenset({Symptom.COARSE, Symptom.SATURATED, Symptom.STEPPED, Symptom.SHATTERED})
"""Symptoms that hide nothing where the model's trees lie open: the search by trees does not rest on its answers."""

_RESUBMIT = frozenset({Symptom.RANDOM, Symptom.MEMORY})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """One attack and what it found on the cases of the self-check.

    Attributes:
        name: how it works, in a few words.
        result: the evasions, in the order of the cases.
        adaptive: true if it was chosen because of a symptom.
    """

    name: str
    result: Result
    adaptive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examination:
    """What the self-check found.

    Attributes:
        readings: every test and how it came out.
        variants: the attacks, as asked first; empty where there is no case to attack.
        resubmitted: share of the cases let through when the same record is submitted again and again; None where answers
            do not change.
        gap: why no case was attacked; empty where some were.
    """

    readings: tuple[Reading, ...]
    variants: tuple[Variant, ...] = ()
    resubmitted: Rate | None = None
    gap: str = ""

    @property
    def signs(self) -> list[Symptom]:
        """The symptoms that showed."""
        return signs(list(self.readings))


def examine(ctx: CheckContext, *, rows: int, queries: int, seed: int) -> Examination:
    """Examine the answers, and attack a few cases.

    Args:
        ctx: what the check may look at.
        rows: most cases to attack.
        queries: questions allowed for each of them and each attack.
        seed: of all chance.

    Raises:
        NothingToExamine: see `choose_cases`; only where the answers show no symptom.
        OverBudget: the check's budget does not cover it.
        TimedOut: the deadline has passed.
    """
    model, table = ctx.model, ctx.holdout or ctx.data
    if model is None or ctx.domain is None or table is None:
        raise NothingToExamine("a model, a domain and a table are needed")
    frame = table.frame()
    records = Records.of(model, ctx.domain, frame, ctx.budget, rows=_BASE)
    readings = _looked_at(ctx, records, np.random.default_rng(seed))
    found = signs(readings)
    view = model
    if {Symptom.RANDOM, Symptom.MEMORY, Symptom.COMPANY} & set(found):
        view = steady(model, REPEATS if Symptom.RANDOM in found else 1)
    try:
        cases = choose_cases(replace(ctx, model=view), rows=rows)
    except NothingToExamine as error:
        if not found:
            raise
        return Examination(readings=tuple(readings), gap=error.what)
    return _attacked(ctx, records, readings, cases, queries=queries, seed=seed)


def _looked_at(ctx: CheckContext, records: Records, rng: np.random.Generator) -> list[Reading]:
    """The tests that need no attack. Lines are walked only where answers hold still."""
    readings, first = repeated(records, rng)
    still = not signs(readings)
    read, exchanged = swapped(records, rng)
    asked = [first, exchanged]
    if still:
        company, other = in_company(records, rng)
        readings.append(company)
        asked.append(other)
    asked.append((records.base, records.ask(records.base)))
    readings.extend(graded(iter(asked), read, ctx.threshold))
    if not signs(readings):
        readings.extend(shape(records, read, rng))
    open_book = ctx.model is not None and Need.TREES in ctx.model.capabilities
    return [replace(one, masked=False) if open_book and one.symptom in _SHAPED else one for one in readings]


def _attacked(
    ctx: CheckContext, records: Records, readings: list[Reading], cases: Cases, *, queries: int, seed: int
) -> Examination:
    account = Budget(deadline=ctx.budget.deadline)
    done = bouts(cases, account, queries=queries, seed=seed)
    best = done.scores.cheapest(done.labels).cheapest(done.random)
    if not signs(readings):
        readings.extend(compared(done))
        readings.extend(more_actors(ctx, cases, best, account, queries=queries, seed=seed))
    if not {Symptom.RANDOM, Symptom.MEMORY, Symptom.COMPANY} & set(signs(readings)):
        readings.extend(unbounded(ctx, cases, records, account, queries=queries, seed=seed))
        readings.extend(survived(cases, best, account))
    found = signs(readings)
    again = None
    if _RESUBMIT & set(found) and ctx.model is not None:
        again = resubmitted(ctx.model, cases, ctx.threshold, account)
    variants = tuple(_variants(cases, records, done, found, account, queries=queries, seed=seed))
    for kind, amount in account.spent.items():
        ctx.budget.spend(kind, amount)
    return Examination(readings=tuple(readings), variants=variants, resubmitted=again)


def _variants(
    cases: Cases, records: Records, done: Bouts, found: list[Symptom], budget: Budget, *, queries: int, seed: int
) -> Iterator[Variant]:
    averaged = Symptom.RANDOM in found
    first = bool({Symptom.MEMORY, Symptom.COMPANY} & set(found)) and not averaged
    name = f"scores averaged over {REPEATS} answers" if averaged else "scores, first answers" if first else "scores"
    yield Variant(name=name, result=done.scores, adaptive=averaged or first)
    yield Variant(name="decisions alone", result=done.labels, adaptive=bool(found))
    yield Variant(name="chance", result=done.random)
    if found:
        smooth = _smooth(cases, records, budget, queries=queries, seed=seed)
        if smooth is not None:
            yield Variant(name="smooth stand-in", result=smooth, adaptive=True)


def _smooth(cases: Cases, records: Records, budget: Budget, *, queries: int, seed: int) -> Result | None:
    """Search on a stand-in; None where the model decides everything alike."""
    rng = np.random.default_rng(seed)
    ground, origin = cases.problem.ground, cases.problem.origin
    points = _around(ground, records, origin, rng)
    budget.spend("queries", points.shape[0])
    answers = cases.problem.model.scores(ground.decode(points).select(list(cases.problem.model.features)))
    caught = answers >= cases.problem.threshold
    if caught.all() or not caught.any():
        return None
    stand_in = StandIn.of(ground, points, caught.astype(np.float64), rng)
    scores = stand_in(ground.decode(points))
    parted = float(scores[caught].mean() + scores[~caught].mean()) / 2.0
    return by_stand_in(cases, stand_in, parted, budget, queries=queries, seed=seed)


def _around(ground: Ground, records: Records, origin: Matrix, rng: np.random.Generator) -> Matrix:
    """Rows of the table, and neighbours of the cases one and two steps away."""
    table = ground.encode(records.space.decode(records.base))
    steps = [ground.project(_drawn(ground, origin, rng), origin) for _ in range(_NEAR)]
    return np.concatenate([table, origin, *steps])


def _drawn(ground: Ground, origin: Matrix, rng: np.random.Generator) -> Matrix:
    """Every free column at one of its levels with even chance."""
    drawn = origin.copy()
    for j in np.flatnonzero(ground.mutable).tolist():
        levels = ground.levels(j)
        change = np.flatnonzero(np.rint(rng.random(len(origin))))
        drawn[change, j] = levels[rng.integers(levels.size, size=change.size)]
    return drawn
