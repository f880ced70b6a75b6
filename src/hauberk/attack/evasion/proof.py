# SPDX-License-Identifier: Apache-2.0
"""No success counts before it was written to a file, read back, validated, and scored by the model as shipped."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.problem import Flags, Problem
from hauberk.attack.evasion.result import Result
from hauberk.core.errors import Incomplete

_SAME = 1e-9
"""Largest difference, relative to the price, between a price before and after the journey through a file."""


def prove(problem: Problem, result: Result, budget: Budget) -> None:
    """Check every evasion of a result: through Parquet and Arrow IPC, in original types, against domain and model.

    Args:
        problem: what the attack was about.
        result: what it claims.
        budget: account for the rows that are scored again, under `proofs`.

    Raises:
        Incomplete: one claim does not hold; then none of the result may be used.
    """
    claimed = np.flatnonzero(result.evaded)
    if claimed.size == 0:
        return
    origin = problem.origin[result.rows[claimed]]
    budget.spend("proofs", 2 * claimed.size)
    for name, frame in _journeys(problem.ground.decode(result.witness[claimed])):
        points = problem.ground.encode(frame)
        scores = problem.model.scores(frame.select(list(problem.model.features)))
        _refuse(~(scores < problem.threshold), f"are caught when they come back from {name}")
        _refuse(~problem.ground.valid(points), f"are refused by the domain when they come back from {name}")
        _refuse(~problem.ground.reachable(points, origin), "cannot be reached from their records")
        _refuse(_dearer(problem.ground.price(points, origin), result.cost[claimed]), "do not cost what was claimed")


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
