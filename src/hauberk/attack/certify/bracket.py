# SPDX-License-Identifier: Apache-2.0
"""Both sides at once: a proven lower bound and a witnessed upper bound of what it costs to evade a forest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.certify.choices import Accept, Bracket, Choices
from hauberk.attack.certify.search import Searcher
from hauberk.model.forest import Forest


def bracket(
    forest: Forest,
    choices: Choices,
    *,
    cut: float,
    visits: int,
    flip: bool = False,
    limit: float = math.inf,
    accept: Accept | None = None,
    seed_witness: NDArray[np.float64] | None = None,
) -> Bracket:
    """Return what is proven and what was found about the cheapest choice that evades.

    A bound is claimed only where it holds whatever the order in which the library adds its leaves: a slack for that is
    taken off. A witness, and a box in which every tree has one leaf left, is decided by the sum as the library takes it.

    Args:
        forest: the trees; output 0 decides.
        choices: what the row can become.
        cut: a row evades where its margin is below this.
        visits: leaves that may be looked at; the search ends within one step of it. More visits never widen a bracket.
        flip: a row evades where its margin is at or above the cut instead.
        limit: costs beyond this are of no interest; `lower` then says no more than that nothing below the limit evades.
        accept: the domain's word on a witness. The lower bound leaves rules out, and stays true.
        seed_witness: a row that is believed to evade, shape (width,); taken where `accept` prices it, or where it is made
            of the choices' options.

    Raises:
        UsageError: the choices cannot mean anything.
    """
    searcher = Searcher(forest, cut=cut, flip=flip, limit=limit)
    return searcher.search(choices, visits, accept=accept, seed=seed_witness)


def bracket_many(
    forest: Forest,
    many: Sequence[Choices],
    *,
    cut: float,
    visits: int,
    flip: bool = False,
    limit: float = math.inf,
    accept: Accept | None = None,
    budget: Budget | None = None,
) -> list[Bracket]:
    """Return one bracket a row, the same as `bracket` gives for it alone, with the forest read once.

    Args:
        forest: the trees.
        many: one entry a row.
        cut: as in `bracket`.
        visits: leaves that may be looked at for each row.
        flip: as in `bracket`.
        limit: as in `bracket`.
        accept: as in `bracket`.
        budget: account for `visits`; asked after each row.

    Raises:
        UsageError: the choices cannot mean anything.
        OverBudget: the budget does not cover a row.
        TimedOut: its deadline has passed; the clock never changes a bracket.
    """
    searcher = Searcher(forest, cut=cut, flip=flip, limit=limit)
    found: list[Bracket] = []
    for choices in many:
        found.append(searcher.search(choices, visits, accept=accept, seed=None))
        if budget is not None:
            budget.spend("visits", found[-1].visits)
    return found
