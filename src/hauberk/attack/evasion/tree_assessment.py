# SPDX-License-Identifier: Apache-2.0
"""The bracket for checks: what is found and what is proven about the same sample of caught events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import CheckContext
from hauberk.attack.evasion.assessment import Assessment, assess_evasion, assessment_of, shared_cases
from hauberk.attack.evasion.by_trees import bracket_rows
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Flags
from hauberk.attack.evasion.result import Method
from hauberk.core.check import Need
from hauberk.core.errors import Incomplete, NothingToExamine, UsageError
from hauberk.core.evidence import Cell, Evidence, View

_POINTS = 80
"""Steps of the figure that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """What is known at one cost: three shares that make up all cases.

    Attributes:
        cost: the cost.
        through: share with a record that gets through for at most this.
        safe: share of which it is proven that none does.
        open: the rest.
    """

    cost: float
    through: Rate
    safe: Rate
    open: Rate


def assess_bracket(ctx: CheckContext, *, rows: int, queries: int, visits: int, seed: int = 0) -> Assessment:
    """Bracket the price of getting through for a sample of the events that the model catches.

    Args:
        ctx: what the check may look at.
        rows: most records to bracket.
        queries: questions of the search by scores that goes first; 0 for none.
        visits: leaves that may be looked at for each record; the check's own budget may lower it.
        seed: of the search by scores.

    Raises:
        NothingToExamine: the model's trees cannot be read; or see `choose_cases`.
        Incomplete: the model does not score as its trees do, is not steady, or an evasion could not be proved.
        OverBudget: the budget does not cover one question and one leaf a record.
    """
    cases = shared_cases(ctx, rows)
    try:
        cases.problem.model.trees()
    except UsageError as error:
        raise NothingToExamine(error.what, where=error.where, why=error.why, next_step=error.next_step) from error
    first = None
    if queries and ctx.model is not None and Need.SCORES in ctx.model.capabilities:
        first = assess_evasion(ctx, method=Method.SCORES, rows=rows, queries=queries, seed=seed).result
    result = bracket_rows(cases.problem, np.arange(cases.n), ctx.budget, visits=visits, seed=first)
    wrong = result.lower > result.cost * (1.0 + 1e-9)
    if wrong.any():
        raise Incomplete(
            f"{int(wrong.sum())} of {cases.n} records get through for less than was proven",
            next_step="report this as a defect of Hauberk: the proof and the witness contradict each other",
        )
    return assessment_of(ctx, cases, result)


def standings(found: Assessment, levels: Sequence[float]) -> list[Standing]:
    """What is known at each cost."""
    cost, lower, n = found.result.cost, found.result.lower, found.n
    kept: list[Standing] = []
    for level in levels:
        through, safe = int((cost <= level).sum()), int((lower > level).sum())
        rates = (Rate.of(through, n), Rate.of(safe, n), Rate.of(n - through - safe, n))
        kept.append(Standing(cost=level, through=rates[0], safe=rates[1], open=rates[2]))
    return kept


def closeness(found: Assessment) -> NDArray[np.float64]:
    """Upper bound over lower bound, 1 for exact, of the cases that have both and a lower bound above nothing."""
    cost, lower, exact = found.result.cost, found.result.lower, settled(found)
    both = np.isfinite(cost) & ((lower > 0.0) | exact)
    ratio: NDArray[np.float64] = np.where(exact[both], 1.0, cost[both] / np.where(exact[both], 1.0, lower[both]))
    return ratio


def settled(found: Assessment) -> Flags:
    """Of which cases the price is known exactly, or it is proven that there is none."""
    return np.asarray(found.result.cost <= found.result.lower * (1.0 + 1e-9), dtype=np.bool_)


def bracket_figure(found: Assessment, unit: str) -> Evidence:
    """Two cumulative curves over cost with a band between them: what was found, and what is not ruled out."""
    cost, lower = found.result.cost, found.result.lower
    ends = np.concatenate([cost, lower])
    points = np.unique(np.concatenate([[0.0], ends[np.isfinite(ends)]]))
    if points.size > _POINTS:
        points = np.unique(np.quantile(points, np.linspace(0.0, 1.0, _POINTS), method="higher"))
    rows: list[tuple[Cell, ...]] = []
    for point in points.tolist():
        through, possible = float((cost <= point).mean()), float((lower <= point).mean())
        rows.append((float(f"{point:.6g}"), *(float(f"{share:.6g}") for share in (through, through, possible))))
    return Evidence(
        title="Share of caught events that get through, by cost: found, and not ruled out",
        columns=(f"cost at most ({unit})", "share found", "found", "not ruled out"),
        rows=tuple(rows),
        view=View.STEPS,
        note="Read: for this cost or less, at least the share found gets through, with a record in hand for each, and at "
        "most the share not ruled out does, with a proof for the rest. The band between them is what is not known.",
    )
