# SPDX-License-Identifier: Apache-2.0
"""Where the questions of all attacks meet the model: full batches, one account, and an end to answers that do not come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.problem import Matrix, Problem
from hauberk.core.errors import HauberkError, Incomplete
from hauberk.model.partial import Partial, partial_scores

ENDPOINT = "endpoint"
"""Framework of a model behind an address."""


class Interrupted(Incomplete):
    """The model stopped answering for good; what was proved until then stays, and the rest is unknown."""

    @property
    def sentence(self) -> str:
        """What happened, and why."""
        return f"{self.what}: {self.why}" if self.why else self.what


def charge(budget: Budget, kind: str, amount: int, by: str) -> None:
    """Count work in a budget, in all and by the attack that caused it: `queries`, and `queries by scores` beside it.

    Args:
        budget: the account.
        kind: `queries`, `visits` or `proofs`.
        amount: how much.
        by: name of the attack.

    Raises:
        OverBudget: the limit of this kind does not cover it.
        TimedOut: the deadline has passed.
    """
    budget.spend(kind, amount)
    budget.spend(f"{kind} by {by}", amount)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Candidates of one attack that the model has to see.

    Attributes:
        by: name of the attack, for the account.
        problem: whose model and ground it is about.
        points: shape (m, k).
    """

    by: str
    problem: Problem
    points: Matrix


@dataclass(slots=True, kw_only=True)
class Desk:
    """Puts the questions of all attacks together and shows them to the model in full batches.

    Attributes:
        budget: account; it also carries the deadline.
        batch: most candidates that a model sees at a time.
        trouble: the first reason for which a candidate got no answer; empty if all did.
    """

    budget: Budget
    batch: int = 16_384
    trouble: str = field(init=False, default="")

    def ask(self, questions: Sequence[Question]) -> list[NDArray[np.float64]]:
        """Scores for each question, shape (m,) each; NaN where the model failed on a candidate.

        Raises:
            Interrupted: an endpoint stopped answering.
            TimedOut: the deadline has passed.
            OverBudget: the account does not cover it.
        """
        answers = [np.zeros(question.points.shape[0]) for question in questions]
        together: dict[tuple[int, int], list[int]] = {}
        for place, question in enumerate(questions):
            if question.points.shape[0]:
                charge(self.budget, "queries", question.points.shape[0], question.by)
                together.setdefault((id(question.problem.model), id(question.problem.ground)), []).append(place)
        for places in together.values():
            parts = [questions[place].points for place in places]
            scores = self._scores(questions[places[0]].problem, np.concatenate(parts))
            ends = np.cumsum([part.shape[0] for part in parts])[:-1]
            for place, found in zip(places, np.split(scores, ends), strict=True):
                answers[place] = found
        return answers

    def _scores(self, problem: Problem, points: Matrix) -> NDArray[np.float64]:
        found = np.empty(points.shape[0])
        features = list(problem.model.features)
        for start in range(0, points.shape[0], self.batch):
            part = slice(start, min(start + self.batch, points.shape[0]))
            self.budget.spend("batches", 1)
            answer = _answer(problem, problem.ground.decode(points[part]).select(features))
            self.trouble = self.trouble or answer.trouble
            found[part] = answer.scores
        return found


def scores_of(problem: Problem, frame: pl.DataFrame) -> NDArray[np.float64]:
    """Scores of records that were answered before.

    Raises:
        Interrupted: the model does not answer now.
    """
    model = problem.model
    try:
        return model.scores(frame.select(list(model.features)))
    except HauberkError as error:
        raise _interrupted(problem, error) from error


def _answer(problem: Problem, frame: pl.DataFrame) -> Partial:
    """One try at an endpoint: its transport has waited and asked again as far as that is polite."""
    model = problem.model
    try:
        return Partial(scores=model.scores(frame)) if model.framework == ENDPOINT else partial_scores(model, frame)
    except HauberkError as error:
        raise _interrupted(problem, error) from error


def _interrupted(problem: Problem, error: HauberkError) -> Interrupted:
    where = error.where or problem.model.name
    return Interrupted(error.what, where=where, why=error.why, next_step=error.next_step)
