# SPDX-License-Identifier: Apache-2.0
"""The self-check's third look: attacks whose outcome is known beforehand, on a few of the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import Budget, CheckContext
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.cases import Cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Flags, Problem
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.symptoms import Reading, Symptom
from hauberk.attack.evasion.symptoms_records import Records, opened
from hauberk.core.errors import NothingToExamine
from hauberk.domain import Space
from hauberk.stats.interval import rate_interval

_CLEARLY = 0.95
"""What a price must fall below, as a share of another, to be clearly cheaper."""

_LOST = 0.05
"""Share of the rows that chance may cost a stronger attacker."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bouts:
    """Attacks on the same few cases.

    Attributes:
        cases: the records.
        brief: by scores with a quarter of the questions.
        scores: by scores.
        labels: by decisions alone, with as many questions.
        random: by chance, with as many questions.
    """

    cases: Cases
    brief: Result
    scores: Result
    labels: Result
    random: Result


def bouts(cases: Cases, budget: Budget, *, queries: int, seed: int) -> Bouts:
    """Attack the cases in four ways."""

    def bout(method: Method, share: int = 1) -> Result:
        rng = np.random.default_rng(seed)
        rows = np.arange(cases.n)
        return attack(cases.problem, rows, budget, rng, method=method, queries=max(queries // share, 1))

    return Bouts(
        cases=cases,
        brief=bout(Method.SCORES, 4),
        scores=bout(Method.SCORES),
        labels=bout(Method.LABELS),
        random=bout(Method.RANDOM),
    )


def compared(done: Bouts) -> Iterator[Reading]:
    """Hold the attacks against each other: a stronger one must not find less, and scores must help."""
    n = done.cases.n
    yield _paired(
        Symptom.WEAKER,
        "lost_with_more_queries",
        "four times the questions",
        "no evasion is lost or gets dearer",
        _worse(done.scores, done.brief),
        n,
    )
    blind = done.labels.cheapest(done.random)
    yield _paired(
        Symptom.MISLEADING,
        "cheaper_without_scores",
        "decisions alone, and chance, against scores",
        "no advantage for those who see less",
        _worse(done.scores, blind),
        n,
        better=_worse(blind, done.scores),
    )


def _worse(one: Result, other: Result) -> Flags:
    """Rows for which the other attack has a clearly cheaper evasion, or the only one."""
    dear = np.asarray(one.cost, dtype=np.float64)
    return np.asarray(other.cost < dear * _CLEARLY, dtype=np.bool_) & np.isfinite(other.cost)


def _paired(
    symptom: Symptom, name: str, test: str, sound: str, worse: Flags, n: int, *, better: Flags | None = None
) -> Reading:
    """A sign where clearly more rows speak for it than chance, and than speak against it, explain."""
    hits = int(worse.sum())
    masked = rate_interval(hits, n)[0] > _LOST
    if better is not None:
        against = int(better.sum())
        masked = masked and rate_interval(hits, max(hits + against, 1))[0] > 0.5
    return Reading(symptom=symptom, name=name, test=test, sound=sound, masked=masked, rate=Rate.of(hits, n))


def unbounded(
    ctx: CheckContext, cases: Cases, records: Records, budget: Budget, *, queries: int, seed: int
) -> Iterator[Reading]:
    """Attack with every column free over its whole range: whoever can become anybody must get through.

    A table in which the model lets no record through gives no reading: nothing is known of what must succeed then.
    """
    assert ctx.domain is not None
    model = cases.problem.model
    passed = records.ask(records.base) < ctx.threshold
    if not passed.any():
        return
    table = records.space.decode(records.table)
    try:
        space = Space(opened(ctx.domain), model.features, table)
        problem = Problem.of(model, space, ctx.threshold, space.encode(cases.frame))
    except NothingToExamine:  # everything is free text, which no attack changes
        return
    rng = np.random.default_rng(seed)
    found = attack(problem, np.arange(cases.n), budget, rng, queries=queries)
    rate = Rate.of(int(found.evaded.sum()), cases.n)
    yield Reading(
        symptom=Symptom.BLOCKED,
        name="unbounded_evasion_rate",
        test="every column free over its whole range, at no cost",
        sound="every record gets through",
        masked=rate.hits < rate.n and _all_open(space, model.features),
        rate=rate,
    )


def _all_open(space: Space, features: tuple[str, ...]) -> bool:
    mutable = dict(zip(space.names, space.mutable.tolist(), strict=True))
    return all(mutable[name] for name in features)


def more_actors(
    ctx: CheckContext, cases: Cases, done: Result, budget: Budget, *, queries: int, seed: int
) -> Iterator[Reading]:
    """Attack as each kind of attacker alone: all of them together must not find less."""
    assert ctx.domain is not None
    kinds = sorted({column.changed_by for column in ctx.domain.columns if column.mutable})
    if len(kinds) < 2:
        return
    lost: NDArray[np.bool_] = np.zeros(cases.n, dtype=np.bool_)
    for kind in kinds:
        space = Space(ctx.domain, cases.problem.model.features, cases.frame, actors=(kind,))
        if space.mutable.any():
            alone = replace(cases.problem, ground=space)
            rng = np.random.default_rng(seed)
            lost |= _worse(done, attack(alone, np.arange(cases.n), budget, rng, queries=max(queries // 4, 1)))
    yield _paired(
        Symptom.WEAKER,
        "lost_with_more_actors",
        "all attackers together against each alone",
        "no evasion is lost or gets dearer",
        lost,
        cases.n,
    )
