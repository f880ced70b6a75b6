# SPDX-License-Identifier: Apache-2.0
"""Few choices, tried one by one: the cheapest first, until one evades. What was not tried yet is dearer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify import Accept, Bracket, Choices
from hauberk.model.forest import Forest

MOST = 65_536
"""Combinations of options up to which they are put in order."""

LIGHT = 8
"""Leaves reached by rows that pass through the trees together, which take as long as one that a search looks at."""

_TOGETHER = 256
"""Combinations that pass through the trees at a time."""


def leaves_of_all(forest: Forest, choices: Choices) -> float:
    """What trying every choice of a row takes, in leaves of a search; infinite for too many, or with loose columns."""
    many = 1
    for block in choices.blocks:
        many *= len(block.cost)
        if many > MOST:
            return np.inf
    return np.inf if choices.loose else _worth(forest, many)


def _worth(forest: Forest, rows: int) -> int:
    return -(-rows * max(forest.trees, 1) // LIGHT)


def try_all(forest: Forest, cut: float, choices: Choices, visits: int, accept: Accept | None) -> Bracket:
    """Try all choices of a row in the order of their costs.

    Args:
        forest: the trees; a row evades where output 0 is below the cut.
        cut: the margin that decides.
        choices: without loose columns, and few enough to be put in order.
        visits: leaves that may be looked at; each choice takes one a tree, and `LIGHT` of these count as one.
        accept: the domain's word; without it the first choice that evades ends the search.

    Returns:
        `lower` is the cost of the first choice that evades, refused or not, or of the first one that was not tried.
        `exact` says that nothing is left to be tried that could make the bracket narrower.
    """
    hunt = _Hunt(accept=accept)
    order, cost = _ordered(choices)
    tried, afford = 0, visits * LIGHT // max(forest.trees, 1)
    while tried < len(order) and tried < afford and not hunt.done(float(cost[order[tried]])):
        part = order[tried : tried + min(_TOGETHER, afford - tried)]
        rows = _rows(choices, part)
        passes = np.flatnonzero(forest.margins(rows)[:, 0] < cut)
        for at in passes.tolist():
            hunt.meet(float(cost[part[at]]), rows[at])
        tried += len(part)
    whole = tried == len(order)
    frontier = np.inf if whole else float(cost[order[tried]])
    lower = min(hunt.first, frontier)
    finished = whole or hunt.done(frontier)
    return Bracket(lower=lower, upper=hunt.cost, witness=hunt.witness, exact=finished, visits=_worth(forest, tried))


@dataclass(slots=True, kw_only=True)
class _Hunt:
    """The first choice that evades, and the cheapest that the domain accepts."""

    accept: Accept | None
    first: float = np.inf
    cost: float = np.inf
    witness: NDArray[np.float64] | None = field(default=None)

    def done(self, frontier: float) -> bool:
        """Whether nothing from this cost on is of interest."""
        return self.cost <= frontier

    def meet(self, cost: float, row: NDArray[np.float64]) -> None:
        """Take in a choice that evades; they come with rising costs."""
        self.first = min(self.first, cost)
        if self.done(cost):
            return
        told = (cost, row) if self.accept is None else self.accept(row)
        if told is not None and told[0] < self.cost:
            self.cost, self.witness = told


def _ordered(choices: Choices) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """All combinations, as numbers, the cheapest first; and what each costs."""
    cost = np.zeros(1)
    for block in choices.blocks:
        cost = (cost[:, None] + block.cost[None, :]).ravel()
    return np.argsort(cost, kind="stable"), cost


def _rows(choices: Choices, numbers: NDArray[np.intp]) -> NDArray[np.float64]:
    """The rows that combinations make, shape (n, width)."""
    rows: NDArray[Any] = np.repeat(choices.row[None, :], len(numbers), axis=0)
    left = numbers
    for block in reversed(choices.blocks):
        left, option = np.divmod(left, len(block.cost))
        rows[:, list(block.features)] = block.values[option]
    return rows
