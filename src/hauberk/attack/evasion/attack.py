# SPDX-License-Identifier: Apache-2.0
"""The attack itself: pose a problem, pick a method, get back proved evasions and what they cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.board import Board
from hauberk.attack.evasion.breed import Bargain, Breed, Scatter
from hauberk.attack.evasion.luck import Luck
from hauberk.attack.evasion.moves import Menu
from hauberk.attack.evasion.opening import Opening
from hauberk.attack.evasion.oracle import Oracle
from hauberk.attack.evasion.problem import Problem, Rows
from hauberk.attack.evasion.proof import prove
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.scene import Scene, When
from hauberk.attack.evasion.schedule import run
from hauberk.attack.evasion.search import Search
from hauberk.attack.evasion.shrink import Shrink
from hauberk.attack.evasion.sweep import Plan, Sweep
from hauberk.core.errors import OverBudget

_FIRST_WIDTH, _LATER_WIDTH = 12, 6
"""Values tried in each column by the first sweep and by those after it."""

_BLUR = 0.5
"""How much the second plan of a round distrusts that effects add up."""

_ROUND = 125
"""Questions of its allowance for which a row is granted one more round without success."""

_SWEEP_SHARE = 0.35
"""Largest share of a row's allowance that the first sweep may spend."""


def attack(
    problem: Problem,
    rows: Rows,
    budget: Budget,
    rng: np.random.Generator,
    *,
    method: Method = Method.SCORES,
    queries: int = 1000,
    width: int = 256,
    batch: int = 16_384,
) -> Result:
    """Find the cheapest valid record that gets through, for each row.

    What is found for a row depends on its content, the seed that `rng` yields, and its allowance; it does not depend on
    `width`, on `batch`, or on the other rows.

    Args:
        problem: model, ground, threshold and records.
        rows: which records of the problem, each once.
        budget: account for `queries` and `proofs`; its limit is divided evenly among the rows before anything is asked.
        rng: one number is drawn from it as the attack's seed.
        method: what the attacker sees.
        queries: questions allowed for each row.
        width: rows at work at a time.
        batch: most candidates that the model sees at a time.

    Returns:
        What was found, every evasion proved.

    Raises:
        OverBudget: the budget does not cover one question for each row.
        TimedOut: the deadline has passed.
        Incomplete: the model answered with NaN, or an evasion does not survive a journey through a file.

    Source:
        The search by scores linearises the model around a point, solves the multiple-choice knapsack that this gives,
        and repeats, as sequential linear programming does; what remains is closed by a steady-state genetic search
        with repair (Michalewicz 1996, chapter 15). By labels it walks the boundary, as Brendel, Rauber and Bethge
        (2018) do for images, towards the origin column by column.
    """
    seed = int(rng.integers(2**63))
    rows = np.unique(rows)
    allowance = _allowance(queries, rows.size, budget)
    oracle = Oracle(
        problem=problem, allowance=allowance, budget=budget, labels_only=method is not Method.SCORES, batch=batch
    )
    scene = Scene(
        problem=problem,
        oracle=oracle,
        board=Board(origin=problem.origin),
        menu=Menu.of(problem.ground, problem.origin),
        luck=Luck(seed=seed, keys=problem.keys),
    )
    run(_ROUTES[method](scene, allowance), rows, width=width)
    result = _collect(scene, rows, method, allowance)
    prove(problem, result, budget)
    return result


def _allowance(queries: int, rows: int, budget: Budget) -> int:
    left = budget.left("queries")
    allowance = queries if left is None else min(queries, left // max(rows, 1))
    if allowance < 1:
        raise OverBudget(
            f"{left} queries do not cover one for each of {rows} rows",
            next_step="raise the budget or attack fewer rows",
        )
    return allowance


def _by_scores(scene: Scene, allowance: int) -> Search:
    width = int(np.clip(_SWEEP_SHARE * allowance / scene.menu.columns.size, 2, _FIRST_WIDTH))
    first = Sweep(scene=scene, width=width)
    later = Sweep(scene=scene, width=min(width, _LATER_WIDTH))
    return Search(
        scene=scene,
        opening=((Opening(scene=scene),), (first,), (Plan(scene=scene, sweep=first),)),
        loop=(
            (Shrink(scene=scene), Breed(scene=scene), Bargain(scene=scene)),
            (later,),
            (Plan(scene=scene, sweep=later), Plan(scene=scene, sweep=later, jitter=_BLUR)),
        ),
        patience=_patience(allowance),
    )


def _by_labels(scene: Scene, allowance: int) -> Search:
    return Search(
        scene=scene,
        opening=((Opening(scene=scene),), (Scatter(scene=scene),)),
        loop=(
            (Scatter(scene=scene, when=When.NOT_YET), Sweep(scene=scene, width=_LATER_WIDTH, bargains=True)),
            (Shrink(scene=scene), Breed(scene=scene, most=48, misses=False), Bargain(scene=scene)),
        ),
        patience=_patience(allowance),
    )


def _patience(allowance: int) -> int:
    """Rounds without a cheaper evasion that end a row's search: more where there is more to spend."""
    return int(np.clip(allowance // _ROUND, 4, 64))


def _at_random(scene: Scene, allowance: int) -> Search:
    del allowance
    return Search(scene=scene, opening=(), loop=((Scatter(scene=scene, most=64),),), patience=0)


_ROUTES = {Method.SCORES: _by_scores, Method.LABELS: _by_labels, Method.RANDOM: _at_random}


def _collect(scene: Scene, rows: Rows, method: Method, allowance: int) -> Result:
    board = scene.board
    evaded = board.evaded(rows)
    cost: NDArray[np.float64] = board.cost[rows]
    return Result(
        method=method,
        allowance=allowance,
        rows=rows,
        cost=cost,
        witness=np.where(evaded[:, None], board.best[rows], scene.home(rows)),
        queries=scene.oracle.used[rows],
        first=scene.oracle.first[rows],
    )
