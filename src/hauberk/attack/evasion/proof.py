# SPDX-License-Identifier: Apache-2.0
"""No success counts before it was written to a file, read back, validated, and scored by the model as shipped."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.desk import charge, scores_of
from hauberk.attack.evasion.problem import Flags, Matrix, Problem, Rows
from hauberk.core.errors import Incomplete

_SAME = 1e-9
"""Largest difference, relative to the price, between a price before and after the journey through a file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claims:
    """Evasions that somebody claims to have found.

    Attributes:
        rows: which rows of the problem, shape (m,).
        witness: the evading points, shape (m, k).
        cost: what each is said to cost, shape (m,).
    """

    rows: Rows
    witness: Matrix
    cost: NDArray[np.float64]


def prove(problem: Problem, claims: Claims, budget: Budget, *, by: str) -> None:
    """Check every claim: through Parquet and Arrow IPC, in original types, against domain and model.

    Args:
        problem: what the attack was about.
        claims: what is claimed.
        budget: account for the rows that are scored again, under `proofs`.
        by: name of the attack, for the account.

    Raises:
        Incomplete: one claim does not hold; then nothing of the attack may be used.
        Interrupted: the model does not answer.
    """
    if claims.rows.size == 0:
        return
    origin = problem.origin[claims.rows]
    charge(budget, "proofs", 2 * claims.rows.size, by)
    for name, frame in _journeys(problem.ground.decode(claims.witness)):
        points = problem.ground.encode(frame)
        scores = scores_of(problem, frame)
        _refuse(~(scores < problem.threshold), f"are caught when they come back from {name}")
        _refuse(~problem.ground.valid(points), f"are refused by the domain when they come back from {name}")
        _refuse(~problem.ground.reachable(points, origin), "cannot be reached from their records")
        _refuse(_dearer(problem.ground.price(points, origin), claims.cost), "do not cost what was claimed")


def _dearer(price: NDArray[np.float64], claimed: NDArray[np.float64]) -> Flags:
    return np.asarray(np.abs(price - claimed) > _SAME * np.maximum(claimed, 1.0), dtype=np.bool_)


def _journeys(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    parquet, arrow = io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    frame.write_ipc(arrow)
    return [("Parquet", pl.read_parquet(parquet.getvalue())), ("Arrow IPC", pl.read_ipc(arrow.getvalue()))]


def _refuse(broken: Flags, what: str) -> None:
    count = int(broken.sum())
    if count:
        raise Incomplete(
            f"{count} of {broken.size} evasions {what}",
            why="the model does not answer the same record in the same way, or the domain and the attack disagree",
            next_step="score one record twice, alone and in a batch; if both agree, report this as a defect of Hauberk",
        )
