# SPDX-License-Identifier: Apache-2.0
"""Attempts on the schedule: attacks, targets and restarts side by side, each with a result of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.ball import Ball
from hauberk.attack.evasion.board import Board
from hauberk.attack.evasion.desk import ENDPOINT, Desk
from hauberk.attack.evasion.luck import Luck
from hauberk.attack.evasion.moves import Menu
from hauberk.attack.evasion.oracle import Oracle
from hauberk.attack.evasion.problem import Problem, Rows
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.routes import route
from hauberk.attack.evasion.scene import Scene
from hauberk.attack.evasion.schedule import Goal, Lane, Schedule
from hauberk.core.errors import OverBudget


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """One attack of a schedule.

    Attributes:
        problem: the target; those of one schedule are about the same records.
        method: what the attacker sees.
        queries: questions allowed for each row.
        seed: of its luck.
    """

    problem: Problem
    method: Method
    queries: int
    seed: int


def run_attempts(
    attempts: Sequence[Attempt],
    rows: Rows,
    budget: Budget,
    *,
    goal: Goal = Goal.CHEAPEST,
    width: int = 256,
    batch: int = 16_384,
) -> list[Result]:
    """Run several attacks in one schedule: attacks, targets and restarts side by side; arguments as for `attack`.

    Returns:
        One result for each attempt.

    Raises:
        TimedOut: the deadline has passed.
        Incomplete: see `attack`.
    """
    lanes = [_lane(attempt, rows) for attempt in attempts]
    careful = any(attempt.problem.model.framework == ENDPOINT for attempt in attempts)
    desk = Desk(budget=budget, batch=batch)
    schedule = Schedule(lanes=lanes, desk=desk, width=width, goal=goal, careful=careful)
    schedule.run()
    trouble = schedule.broken.sentence if schedule.broken else desk.trouble
    return [_collect(lane, attempt, trouble) for lane, attempt in zip(lanes, attempts, strict=True)]


def allowed(queries: int, rows: int, budget: Budget, *, least: int = 1) -> int:
    """Questions that each row may ask, so that the budget's limit is divided evenly.

    Raises:
        OverBudget: it does not cover `least` questions for each row.
    """
    left = budget.left("queries")
    allowance = queries if left is None else min(queries, left // max(rows, 1))
    if allowance < least:
        most, each = min(queries * rows, left or 0), "one" if least == 1 else str(least)
        raise OverBudget(
            f"{most} queries do not cover {each} for each of {rows} rows",
            next_step="raise the budget or attack fewer rows",
        )
    return allowance


def _lane(attempt: Attempt, rows: Rows) -> Lane:
    problem = attempt.problem
    dense = attempt.method is Method.LABELS and isinstance(problem.ground, Ball)
    scene = Scene(
        problem=problem,
        oracle=Oracle(
            problem=problem,
            allowance=attempt.queries,
            labels_only=attempt.method is not Method.SCORES,
            remembers=not dense,
        ),
        board=Board(origin=problem.origin, pooled=not dense),
        menu=Menu.of(problem.ground, problem.origin[:1] if dense else problem.origin),
        luck=Luck(seed=attempt.seed, keys=problem.keys),
    )
    return Lane(name=attempt.method.value, search=route(attempt.method, scene, attempt.queries), rows=rows)


def _collect(lane: Lane, attempt: Attempt, trouble: str) -> Result:
    rows, scene = lane.rows, lane.search.scene
    proved = np.isfinite(lane.cost[rows])
    lost = lane.open[rows] | (scene.oracle.failed[rows] > 0) | scene.board.evaded(rows)
    unknown = lost & ~proved if trouble else np.zeros(rows.size, dtype=np.bool_)
    return Result(
        method=attempt.method,
        allowance=attempt.queries,
        rows=rows,
        cost=lane.cost[rows],
        witness=np.where(proved[:, None], lane.witness[rows], scene.home(rows)),
        queries=scene.oracle.used[rows],
        first=np.where(proved, scene.oracle.first[rows], 0),
        unknown=unknown,
        trouble=trouble if unknown.any() else "",
    )
