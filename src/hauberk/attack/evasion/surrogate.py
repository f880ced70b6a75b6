# SPDX-License-Identifier: Apache-2.0
"""A copy of the model, trained on its answers to valid records: what an attacker builds who may not ask often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.attack.evasion.mixing import mix, row_keys
from hauberk.attack.evasion.problem import Flags, Ground, Matrix, Problem
from hauberk.model import ModelView
from hauberk.model.forest.arrival import library

ROUNDS = 80
"""Trees of a copy."""

_PARAMS: dict[str, Any] = {
    "objective": "cross_entropy",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A ground whose records are its points: a copy reads numbers and codes, so nothing has to be decoded for it.

    Attributes:
        ground: where the attack may step; rules, prices and projections are its own.
    """

    ground: Ground

    @property
    def names(self) -> Sequence[str]:
        """Column of each coordinate."""
        return self.ground.names

    @property
    def blocks(self) -> Sequence[Sequence[int]]:
        """Coordinates that change together."""
        return self.ground.blocks

    @property
    def mutable(self) -> Flags:
        """Which coordinates an attacker can change."""
        return self.ground.mutable

    def decode(self, points: Matrix, /) -> pl.DataFrame:
        """Points as Float64 columns."""
        return pl.DataFrame(np.asfortranarray(points), schema=list(self.names), orient="row")

    def encode(self, frame: pl.DataFrame, /) -> Matrix:
        """Points of such frames."""
        return frame.select(self.names).to_numpy().astype(np.float64)

    def valid(self, points: Matrix, /) -> Flags:
        """As the ground says."""
        return self.ground.valid(points)

    def reachable(self, points: Matrix, origin: Matrix, /) -> Flags:
        """As the ground says."""
        return self.ground.reachable(points, origin)

    def project(self, points: Matrix, origin: Matrix, /) -> Matrix:
        """As the ground says."""
        return self.ground.project(points, origin)

    def price(self, points: Matrix, origin: Matrix, /) -> Matrix:
        """As the ground says."""
        return self.ground.price(points, origin)

    def levels(self, j: int, origin: Matrix | None = None, /) -> Matrix:
        """As the ground says."""
        return self.ground.levels(j, origin)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copy:
    """A trained copy.

    Attributes:
        view: the copy as a model over a `Coded` ground.
        agrees: on how many of the answers held back from training the copy falls on the model's side.
        held: how many were held back.
    """

    view: ModelView
    agrees: int
    held: int


def train_copy(problem: Problem, points: Matrix, answers: NDArray[np.float64], seed: int) -> Copy:
    """Train a copy on answers; the order of the records does not matter.

    Args:
        problem: whose threshold and column names count.
        points: valid records that the model was asked about, shape (m, k).
        answers: its scores, or 0 and 1 for its decisions, shape (m,).
        seed: of the training.
    """
    keys = row_keys(points)
    order = np.lexsort((answers, keys))
    points, answers, keys = points[order], answers[order], keys[order]
    held = mix(keys) % np.uint64(5) == 0
    lightgbm = library("lightgbm")  # it costs a second to load, which other attacks need not pay
    data = lightgbm.Dataset(points[~held], label=answers[~held], params={"verbosity": -1, "num_threads": 1})
    booster = lightgbm.train({**_PARAMS, "seed": seed % 2**31}, data, num_boost_round=ROUNDS)

    def score(frame: pl.DataFrame) -> NDArray[np.float64]:
        found: NDArray[np.float64] = booster.predict(frame.to_numpy().astype(np.float64), num_threads=1)
        return found

    names = tuple(problem.ground.names)
    view = ModelView(name="a copy", digest="", framework="lightgbm", features=names, scorer=score)
    told = view.scores(Coded(problem.ground).decode(points[held])) >= problem.threshold
    same = int((told == (answers[held] >= problem.threshold)).sum())
    return Copy(view=view, agrees=same, held=int(held.sum()))
