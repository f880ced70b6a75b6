# SPDX-License-Identifier: Apache-2.0
"""Attacks that adapt to answers which hide something: answers averaged or taken once, decisions alone, smooth stand-ins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Budget
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.cases import Cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Ground, Matrix
from hauberk.attack.evasion.result import Result
from hauberk.model import ModelView
from hauberk.model.view import Scorer

REPEATS = 16
"""Answers that are averaged where a model is random."""

_TRIES = 10
"""Identical submissions of one record."""

_WAVES, _RIDGE = 256, 1e-3
"""Cosines of the smooth stand-in, and how strongly it is held to be smooth."""

_STRICTER = (1.0, 0.6, 0.3)
"""Thresholds of the stand-in, as shares of where its own scores part, at which evasions are looked for."""


@dataclass(slots=True, kw_only=True)
class Steady:
    """A model's answers averaged over repeats and remembered, so that the same record always has the same answer.

    Attributes:
        scorer: who is asked.
        repeats: how often each record is asked when it is first met; 1 keeps the first answer.
    """

    scorer: Scorer
    repeats: int
    _memory: dict[int, float] = field(init=False, default_factory=dict[int, float])

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Scores of rows, shape (n,)."""
        keys = frame.hash_rows(seed=1).to_list()
        first = {key: at for at, key in reversed(list(enumerate(keys)))}
        new = sorted(at for key, at in first.items() if key not in self._memory)
        if new:
            asked = frame[new]
            answers = [np.asarray(self.scorer(asked), dtype=np.float64) for _ in range(self.repeats)]
            found = np.clip(np.mean(answers, axis=0), 0.0, 1.0)
            self._memory.update((keys[at], score) for at, score in zip(new, found.tolist(), strict=True))
        return np.array([self._memory[key] for key in keys])


def steady(model: ModelView, repeats: int) -> ModelView:
    """The model with its answers averaged and remembered."""
    return replace(model, scorer=Steady(scorer=model.scorer, repeats=repeats), digest="")


def resubmitted(model: ModelView, cases: Cases, threshold: float, budget: Budget) -> Rate:
    """Share of the cases that are let through at least once when the very same record is submitted again and again."""
    through = np.zeros(cases.n, dtype=np.bool_)
    for _ in range(_TRIES):
        budget.spend("queries", cases.n)
        through |= model.scores(cases.frame) < threshold
    return Rate.of(int(through.sum()), cases.n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandIn:
    """A smooth function fitted to a model's answers: ridge regression on random cosines (Rahimi and Recht 2007).

    Attributes:
        ground: turns rows into points.
        centre: of each column, shape (k,).
        scale: of each column, shape (k,).
        waves: frequencies, shape (k, w).
        phase: shape (w,).
        weights: shape (w + 1,).
    """

    ground: Ground
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    waves: Matrix
    phase: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, ground: Ground, points: Matrix, answers: NDArray[np.float64], rng: np.random.Generator) -> StandIn:
        """Fit points, shape (m, k), and answers, shape (m,)."""
        centre = np.nan_to_num(np.nanmedian(points, axis=0))
        spread = np.nanquantile(points, 0.95, axis=0) - np.nanquantile(points, 0.05, axis=0)
        scale = np.where(np.isfinite(spread) & (spread > 0.0), spread, 1.0)
        width = 1.0 / np.sqrt(points.shape[1])
        waves = rng.normal(size=(points.shape[1], _WAVES)) * width * 2.0
        bare = cls(
            ground=ground,
            centre=centre,
            scale=scale,
            waves=waves,
            phase=rng.uniform(0.0, 2.0 * np.pi, _WAVES),
            weights=np.zeros(0),
        )
        design = bare.design(points)
        square = design.T @ design + _RIDGE * points.shape[0] * np.eye(design.shape[1])
        return replace(bare, weights=np.linalg.solve(square, design.T @ (2.0 * answers - 1.0)))

    def design(self, points: Matrix) -> Matrix:
        """The cosines of points and a constant, shape (m, w + 1)."""
        scaled = np.nan_to_num((points - self.centre) / self.scale, posinf=3.0, neginf=-3.0)
        waves = np.cos(np.clip(scaled, -3.0, 3.0) @ self.waves + self.phase)
        return np.concatenate([waves, np.ones((points.shape[0], 1))], axis=1)

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Scores of rows, from 0 to 1 and never at either end, shape (n,)."""
        margin = self.design(self.ground.encode(frame)) @ self.weights
        score: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-2.0 * margin))
        return score


def by_stand_in(cases: Cases, stand_in: StandIn, parted: float, budget: Budget, *, queries: int, seed: int) -> Result:
    """Search on the stand-in, and keep what the model itself lets through.

    Args:
        cases: the records.
        stand_in: fitted to the model's answers, on the ground of the cases.
        parted: score of the stand-in that best parts caught from let through.
        budget: account; the stand-in's own answers cost nothing, the model's do.
        queries: questions to the stand-in for each record.
        seed: of the search.
    """
    names = tuple(cases.problem.ground.names)
    view = ModelView(name="stand-in", digest="", framework="callable", features=names, scorer=stand_in)
    best: Result | None = None
    for share in _STRICTER:
        problem = replace(cases.problem, model=view, threshold=parted * share)
        rng = np.random.default_rng(seed)
        found = attack(problem, np.arange(cases.n), Budget(deadline=budget.deadline), rng, queries=queries)
        found = _kept(cases, found, budget)
        best = found if best is None else best.cheapest(found)
    assert best is not None
    return best


def _kept(cases: Cases, found: Result, budget: Budget) -> Result:
    claimed = np.flatnonzero(found.evaded)
    cost = np.full(cases.n, np.inf)
    if claimed.size:
        budget.spend("queries", claimed.size)
        frame = cases.problem.ground.decode(found.witness[claimed]).select(list(cases.problem.model.features))
        through = cases.problem.model.scores(frame) < cases.problem.threshold
        cost[claimed[through]] = found.cost[claimed[through]]
    evaded = np.isfinite(cost)
    return replace(
        found,
        cost=cost,
        witness=np.where(evaded[:, None], found.witness, cases.problem.origin),
        queries=np.isfinite(found.cost).astype(np.int64),
        first=evaded.astype(np.int64),
    )
