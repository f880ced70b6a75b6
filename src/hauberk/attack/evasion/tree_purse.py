# SPDX-License-Identifier: Apache-2.0
"""One row's bracket, case by case over its dear changes: what costs something however little it changes.

A bound that lets a change be made by halves is blind to fixed costs: half a change costs half the fee. So the few changes
with the greatest least costs are settled first, each combination of them is a case of its own, and what the purse still
holds after paying for it limits all other changes. A case that no purse pays for needs no search, and most others are small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify import Accept, Block, Bracket, Choices
from hauberk.attack.certify.search import Searcher
from hauberk.attack.evasion.tree_listing import leaves_of_all, try_all
from hauberk.model.forest import Forest

CASES = 64
"""Cases into which a row's search is divided at most."""

_OPTIONS = 12
"""Options of a block that is settled first."""

_FIRST, _GROWTH = 2_000, 4
"""Leaves that each case may look at in the first round, and how much more in each further one."""

_WHOLE = 0.25
"""Share of a row's leaves that is spent before it is divided, on a bound that holds for every case."""

_SAME = 1e-9
"""Two costs this near to each other, relatively, are one."""

Solve = Callable[[Choices, int, float, Accept | None], Bracket]
"""Searches one case: choices, visits, the purse that is left, and the domain's word."""


@dataclass(slots=True, kw_only=True)
class Case:
    """One combination of dear changes.

    Attributes:
        choices: what is left to choose, with the dear features as this case sets them.
        base: what the dear changes cost.
        lower: proven: no evasion of this case costs less.
        closed: nothing more is to be found out about it.
    """

    choices: Choices
    base: float
    lower: float = 0.0
    closed: bool = False


def solver(forest: Forest, cut: float) -> Solve:
    """How cases are searched: in the trees, below the cut, by one searcher for all rows."""
    searcher = Searcher(forest, cut=cut, flip=False, limit=np.inf)

    def solve(choices: Choices, visits: int, purse: float, accept: Accept | None) -> Bracket:
        if not choices.blocks or leaves_of_all(forest, choices) <= visits:
            return try_all(forest, cut, choices, visits, accept)
        return searcher.search(choices, visits, accept=accept, seed=None, limit=purse)

    return solve


def search_cases(
    solve: Solve,
    choices: Choices,
    visits: int,
    accept: Accept,
    purse: Callable[[], float],
    *,
    few: bool = False,
) -> tuple[float, int]:
    """Bracket one row.

    Args:
        solve: searches one case.
        choices: what the row can become.
        visits: leaves that may be looked at in all.
        accept: the domain's word; it remembers what it accepted.
        purse: the cost of the cheapest evasion that was accepted so far, infinite while there is none.
        few: there are so few choices that dividing them gains nothing.

    Returns:
        The proven lower bound, and the leaves that were looked at.
    """
    whole = Case(choices=choices, base=0.0)
    share = 1.0 if few else _WHOLE
    spent = _look(solve, whole, max(1, int(visits * share)), accept, purse)
    cases = cases_of(choices)
    for case in cases:
        case.lower = max(case.lower, whole.lower)
        case.closed = whole.closed and (few or len(cases) == 1)
    each = _FIRST
    while spent < visits and not all(_done(case, purse()) for case in cases):
        spent += _round(solve, cases, (each, visits - spent), accept, purse)
        each *= _GROWTH
    return min([purse(), *(case.lower for case in cases)]), spent


def _round(solve: Solve, cases: list[Case], visits: tuple[int, int], accept: Accept, purse: Callable[[], float]) -> int:
    """Look once at each case that is open: visits for each, and for all."""
    spent = 0
    for case in cases:
        if spent < visits[1] and not _done(case, purse()):
            spent += _look(solve, case, min(visits[0], visits[1] - spent), accept, purse)
    return spent


def cases_of(choices: Choices) -> list[Case]:
    """All combinations of the options of the dearest blocks, the cheapest first."""
    order = sorted(range(len(choices.blocks)), key=lambda at: (-_least(choices.blocks[at]), at))
    cases = [Case(choices=choices, base=0.0)]
    for at in order:
        block = choices.blocks[at]
        if _least(block) <= 0.0 or len(block.cost) > _OPTIONS or len(cases) * len(block.cost) > CASES:
            continue
        cases = [made for case in cases for made in _divided(case, block)]
    for case in cases:
        case.lower = case.base
    return sorted(cases, key=lambda case: case.base)


def _least(block: Block) -> float:
    paid = block.cost[block.cost > 0.0]
    # a block with a free change next to dear ones is settled by what its dear ones cost
    return float(paid.min()) if paid.size else 0.0


def _divided(case: Case, block: Block) -> list[Case]:
    rest = tuple(other for other in case.choices.blocks if other is not block)
    made: list[Case] = []
    for values, cost in zip(block.values, block.cost.tolist(), strict=True):
        row = case.choices.row.copy()
        row[list(block.features)] = values
        made.append(Case(choices=replace(case.choices, row=row, blocks=rest), base=case.base + cost))
    return made


def _done(case: Case, purse: float) -> bool:
    return case.closed or case.lower >= purse * (1.0 - _SAME)


def _look(solve: Solve, case: Case, visits: int, accept: Accept, purse: Callable[[], float]) -> int:
    """Search one case within what the purse leaves; first without the domain, which is dear to ask."""
    left = purse() - case.base
    within = _affordable(case.choices, left)
    found = solve(within, visits, left, None)
    spent, lower, closed = found.visits, found.lower, found.exact
    if np.isfinite(found.upper) and found.witness is not None:
        told = accept(found.witness)
        paid = case.base + found.upper
        if (told is None or told[0] > paid * (1.0 + _SAME)) and spent < visits:
            # a rule refuses what the trees let through: another evasion is sought that it does not
            again = solve(within, visits - spent, left, accept)
            spent, lower, closed = spent + again.visits, max(lower, again.lower), again.exact
    case.lower = max(case.lower, case.base + lower)
    case.closed = closed
    return spent + 1


def _affordable(choices: Choices, purse: float) -> Choices:
    """The choices without options that cost as much as the purse holds, or more."""
    if not np.isfinite(purse):
        return choices
    blocks: list[Block] = []
    for block in choices.blocks:
        keep: NDArray[np.bool_] = block.cost < purse
        keep[0] = True
        if keep.sum() > 1:
            blocks.append(replace(block, values=block.values[keep], cost=block.cost[keep]))
    return replace(choices, blocks=tuple(blocks))
