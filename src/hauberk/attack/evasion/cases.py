# SPDX-License-Identifier: Apache-2.0
"""The cases of an assessment: events that the model catches today, as a fair sample that does not depend on row order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Money
from hauberk.attack.evasion.desk import ENDPOINT
from hauberk.attack.evasion.mixing import mix, row_keys
from hauberk.attack.evasion.problem import Matrix, Problem
from hauberk.core.errors import ConfigError, Incomplete, NothingToExamine
from hauberk.domain import Domain, Space, Verdict, validate
from hauberk.model import ModelView
from hauberk.model.partial import Partial, partial_scores

_SALT = np.uint64(0x5EED)
"""Makes the order of the sample independent of each row's luck, which comes from the same key."""

_UNSTEADY = 1e-6
"""Largest difference between two answers to the same record; single precision and batching account for less."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Records to attack.

    Attributes:
        problem: model, space, threshold and the encoded records.
        frame: the records with all columns of their table, in the order of `problem.origin`.
        scores: what the model says of them.
        events: how many labelled events the table holds.
        caught: how many of them the model catches.
        invalid: how many of those the domain refuses, so that they cannot be attacked.
        refused_by: what of the domain most of them break, such as `booked_at.range`; empty if none is invalid.
        role: which table they come from.
        unscored: how many of the events the model fails on, so that nothing can be said of them.
        trouble: what it says of the first of these; empty if there are none.
    """

    problem: Problem
    frame: pl.DataFrame
    scores: NDArray[np.float64]
    events: int
    caught: int
    invalid: int
    refused_by: str
    role: str
    unscored: int = 0
    trouble: str = ""

    @property
    def n(self) -> int:
        """How many records are attacked."""
        return self.frame.height

    @property
    def names(self) -> tuple[str, ...]:
        """Column of each coordinate."""
        return tuple(self.problem.ground.names)


def choose_cases(ctx: CheckContext, *, rows: int) -> Cases:
    """Choose at most `rows` events that the model catches.

    Args:
        ctx: what the check may look at; the holdout is used, or the training data where there is none.
        rows: how many.

    Raises:
        NothingToExamine: no events, none caught, none valid, no free column, or a model that answers everything alike.
        Incomplete: the model answers the same record in two ways.
    """
    model, domain = _given(ctx)
    table = ctx.holdout or ctx.data
    role = "holdout" if ctx.holdout is not None else "train"
    if table is None or ctx.label not in table.columns:
        raise NothingToExamine("no table with labels was given to take records from")
    frame = table.frame()
    ctx.budget.spend("rows", frame.height)
    events = frame.filter(pl.col(ctx.label).cast(pl.Float64, strict=False) == 1.0)
    answer = _scores(model, frame, events)
    scores = answer.scores
    caught = scores >= ctx.threshold  # never where there is no score
    if not caught.any():
        raise NothingToExamine(f"the model catches none of the {events.height} events, so that none needs to evade it")
    verdict = validate(domain, events)
    sound = caught & verdict.valid
    refused_by = _refused_by(verdict, caught)
    if not sound.any():
        raise NothingToExamine(
            f"the domain refuses all {int(caught.sum())} events that the model catches",
            why=f"most of them break {refused_by}",
            next_step="correct the domain or the data: an attack starts from valid records alone",
        )
    chosen = events.filter(pl.Series(sound))
    space = Space(domain, model.features, chosen)
    points = space.encode(chosen)
    pick = _sample(points, rows)
    cases = Cases(
        problem=Problem.of(model, space, ctx.threshold, points[pick]),
        frame=chosen[pick.tolist()],
        scores=scores[sound][pick],
        events=events.height,
        caught=int(caught.sum()),
        invalid=int(caught.sum() - sound.sum()),
        refused_by=refused_by,
        role=role,
        unscored=int((~answer.answered).sum()),
        trouble=answer.trouble,
    )
    _refuse_unsteady(model, cases)
    return cases


def losses(money: Money, records: pl.DataFrame) -> NDArray[np.int64] | None:
    """Loss of each record if it passes, in integer minor units; None where no money terms were declared.

    A missing amount counts as 0.

    Raises:
        ConfigError: the amount's column is absent or holds no numbers.
    """
    if not money.amount and not money.flat:
        return None
    total = np.full(records.height, money.flat)
    if money.amount:
        if money.amount not in records.columns or not records.schema[money.amount].is_numeric():
            raise ConfigError(
                f"the column {money.amount!r} that holds the amount at stake is absent or holds no numbers",
                where="[money] amount",
                next_step="name a numeric column of the data, or use flat",
            )
        total += money.share * records[money.amount].cast(pl.Float64).fill_null(0.0).fill_nan(0.0).to_numpy()
    minor: NDArray[np.int64] = np.rint(total * 10**money.digits).astype(np.int64)
    return minor


def after(cases: Cases, witness: Matrix, places: NDArray[np.intp]) -> pl.DataFrame:
    """Some cases with the columns that the attack sees as it left them, and all others as they were."""
    changed = cases.problem.ground.decode(witness)
    records: pl.DataFrame = cases.frame[places.tolist()].with_columns(changed.get_columns())
    return records


def _given(ctx: CheckContext) -> tuple[ModelView, Domain]:
    if ctx.model is None or ctx.domain is None:
        raise NothingToExamine("a model and a domain are needed")
    return ctx.model, ctx.domain


def _refused_by(verdict: Verdict, caught: NDArray[np.bool_]) -> str:
    """The key that most caught events break; the first in the alphabet where several are as common."""
    counts = {key: int((rows & caught).sum()) for key, rows in sorted(verdict.broken.items())}
    worst = max(counts, key=counts.__getitem__, default="")
    return worst if worst and counts[worst] else ""


def _scores(model: ModelView, frame: pl.DataFrame, events: pl.DataFrame) -> Partial:
    if events.height == 0:
        raise NothingToExamine("no row carries the event", next_step="the event must be labelled 1")
    answer = _asked(model, events)
    known = answer.scores[answer.answered]
    if known.size == 0:
        raise Incomplete("the model gives no score for any event", where=model.name, why=answer.trouble)
    if np.ptp(known) == 0.0 and np.ptp(_asked(model, frame).scores) == 0.0:
        raise NothingToExamine(
            "the model gives every record the same score, so that nothing can be said of evasion",
            next_step="train a model that tells records apart",
        )
    return answer


def _asked(model: ModelView, frame: pl.DataFrame) -> Partial:
    """An endpoint is asked once, since asking it for every part of a batch that failed would be no answer to that."""
    return Partial(scores=model.scores(frame)) if model.framework == ENDPOINT else partial_scores(model, frame)


def _sample(points: Matrix, rows: int) -> NDArray[np.intp]:
    """The records whose scattered keys are smallest: a random sample that only the records themselves decide."""
    order = np.argsort(mix(row_keys(points) ^ _SALT), kind="stable")
    return order[:rows]


def _refuse_unsteady(model: ModelView, cases: Cases) -> None:
    again = model.scores(cases.frame[::-1])[::-1]
    unsteady = np.abs(again - cases.scores) > _UNSTEADY
    if unsteady.any():
        raise Incomplete(
            f"the model gave {int(unsteady.sum())} of {cases.n} records another score when it was asked again",
            where=model.name,
            why="it is random, or it lets the records of a batch influence one another",
            next_step="fix its seed, or assess the part of it that answers the same question in the same way",
        )
