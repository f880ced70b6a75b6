# SPDX-License-Identifier: Apache-2.0
"""The attack itself: pose a problem, pick a method, get back proved evasions and what they cost."""

from __future__ import annotations

import numpy as np

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.by_trees import VISITS, bracket_rows
from hauberk.attack.evasion.mixing import word
from hauberk.attack.evasion.problem import Problem, Rows
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.schedule import Goal
from hauberk.attack.evasion.scheduled import Attempt, allowed, run_attempts
from hauberk.attack.evasion.transfer import Transfer
from hauberk.core.check import Need


def attack(
    problem: Problem,
    rows: Rows,
    budget: Budget,
    rng: np.random.Generator,
    *,
    method: Method = Method.SCORES,
    queries: int = 1000,
    visits: int = VISITS,
    restarts: int = 1,
    goal: Goal = Goal.CHEAPEST,
    width: int = 256,
    batch: int = 16_384,
) -> Result:
    """Find the cheapest valid record that gets through, for each row.

    What is found for a row depends on its content, the seed that `rng` yields, and its allowance; it does not depend on
    `width`, on `batch`, or on the other rows. An attack by transfer is the exception: its copy of the model is trained on
    what all rows were answered.

    Args:
        problem: model, ground, threshold and records.
        rows: which records of the problem, each once.
        budget: account for `queries` and `proofs`, in all and by attack; its limit is divided evenly among the rows before
            anything is asked.
        rng: one number is drawn from it as the attack's seed.
        method: what the attacker sees.
        queries: questions allowed for each row. By trees, they are asked by a search by scores that goes first, if any.
        visits: by trees, leaves that may be looked at for each row.
        restarts: searches with luck of their own that share a row's allowance evenly and run side by side.
        goal: when a row is done.
        width: rows at work at a time.
        batch: most candidates that the model sees at a time; the last four do not concern an attack by transfer.

    Returns:
        What was found, every evasion proved. Where the model stopped answering, or failed on candidates, the rows of which
        nothing can be said are marked as unknown.

    Raises:
        OverBudget: the budget does not cover one question for each row.
        TimedOut: the deadline has passed.
        Incomplete: an evasion does not survive a journey through a file, or the model answers one record in two ways.

    Source:
        The search by scores linearises the model around a point, solves the multiple-choice knapsack that this gives,
        and repeats, as sequential linear programming does; what remains is closed by a steady-state genetic search
        with repair (Michalewicz 1996, chapter 15). By labels it walks the boundary, as Brendel, Rauber and Bethge
        (2018) do for images, towards the origin column by column; in a ball it searches by cross-entropy, see
        `hauberk.attack.evasion.squeeze`.
    """
    rows = np.unique(rows)
    if method is Method.TREES:
        first = None
        if queries:
            first = attack(
                problem, rows, budget, rng, queries=queries, restarts=restarts, goal=goal, width=width, batch=batch
            )
        return bracket_rows(problem, rows, budget, visits=visits, seed=first)
    seed = int(rng.integers(2**63))
    allowance = allowed(queries, rows.size, budget, least=restarts)
    if method is Method.TRANSFER:
        hears = Need.SCORES in problem.model.capabilities
        return Transfer(
            problem=problem, rows=rows, budget=budget, seed=seed, allowance=allowance, labels_only=not hears
        ).run()
    attempts = [
        Attempt(problem=problem, method=method, queries=allowance // restarts, seed=seed if at == 0 else word(seed, at))
        for at in range(restarts)
    ]
    found = run_attempts(attempts, rows, budget, goal=goal, width=width, batch=batch)
    result = found[0]
    for other in found[1:]:
        result = result.cheapest(other)
    return result
