# SPDX-License-Identifier: Apache-2.0
"""How far a vote can fall when the row moves: the Neyman-Pearson bound for Gaussian noise on numbers and replaced choices.

Numbers carry independent Gaussian noise of one size; each choice is replaced with a stated probability by one of the
others, all alike. Of all base models with a given share of votes at a row, the worst one keeps the noisy copies that become
rarest as the row moves; its share at the moved row bounds that of every other. A number's move enters by its length alone
(Cohen, Rosenfeld and Kolter 2019); a changed choice has three outcomes, the old one, the new one and the rest, whose odds
are known exactly (Lee et al. 2019; Bojchevski, Klicpera and Günnemann 2020). Both together are one test on their product.

A choice out of many tells the two rows apart better than one out of few, so that of several choices those with the most
values are taken for the changed ones.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

MAX_CHANGES = 6
"""Most changed choices that are bounded: the outcomes grow as a power of three."""

_HALVINGS = 80
_LEAST = 1e-6
"""Shorter moves are bounded by this one, which doubles can tell from none; a longer move only lowers the bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the noise can do to some changed choices.

    Attributes:
        here: probability of each outcome at the row, shape (a,).
        there: probability of the same at the moved row.
    """

    here: Floats
    there: Floats


def outcomes(counts: Sequence[int], flip: float) -> Outcomes:
    """The outcomes of changed choices.

    Args:
        counts: for each changed choice, out of how many.
        flip: probability that the noise replaces a choice.

    Raises:
        ValueError: a choice out of fewer than two, more than `MAX_CHANGES` of them, or a `flip` that is not below a half.

    Example:
        >>> found = outcomes([2], 0.25)
        >>> found.here.tolist(), found.there.tolist()
        ([0.75, 0.25], [0.25, 0.75])
    """
    if min(counts, default=2) < 2 or len(counts) > MAX_CHANGES:
        raise ValueError(f"at most {MAX_CHANGES} choices out of two or more, not {list(counts)}")
    if counts and not 0.0 < flip < 0.5:
        raise ValueError(f"the probability of a replaced choice must be above 0 and below 0.5, it is {flip}")
    sides = [_three(count, flip) for count in counts]
    here = [math.prod(one[0] for one in pair) for pair in itertools.product(*sides)]
    there = [math.prod(one[1] for one in pair) for pair in itertools.product(*sides)]
    return Outcomes(np.array(here, dtype=np.float64), np.array(there, dtype=np.float64))


def _three(count: int, flip: float) -> list[tuple[float, float]]:
    """Old value, new value and the rest: probability at the row and at the moved row."""
    other = flip / (count - 1)
    rest = [(flip - other, flip - other)] if count > 2 else []
    return [(1.0 - flip, other), (other, 1.0 - flip), *rest]


def moved_share(share: Floats, move: Floats, found: Outcomes) -> Floats:
    """The least share of votes at a moved row.

    Args:
        share: share of votes at the row, or a lower bound of it, from 0 to 1, shape (n,).
        move: length of the numbers' move over the size of the noise, 0 or more, shape (n,).
        found: outcomes of the choices that change.
    """
    still = _filled(share, found)
    if not (move > 0.0).any():
        return still
    size: Floats = np.maximum(move, _LEAST)
    lean: Floats = np.log(found.there / found.here)[:, None] / size
    far = 60.0 + np.abs(lean).max(axis=0)
    low: Floats = -far
    high: Floats = far
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        full = found.here @ special.ndtr(middle - lean) < share
        low, high = np.where(full, middle, low), np.where(full, high, middle)
    # the lower end of the last bracket keeps less than the share, so that the bound errs on the safe side
    least: Floats = found.there @ special.ndtr(low - lean - size)
    return np.where(move > 0.0, least, still)


def _filled(share: Floats, found: Outcomes) -> Floats:
    """The bound where no number moves: outcomes are kept from the one that becomes rarest on, the last in part."""
    order = np.argsort(found.there / found.here, kind="stable")
    here, there = found.here[order], found.there[order]
    before = np.concatenate([[0.0], np.cumsum(here)[:-1]])
    part = np.clip((share[None, :] - before[:, None]) / here[:, None], 0.0, 1.0)
    return np.asarray((part * there[:, None]).sum(axis=0), dtype=np.float64)


def reach_of(share: Floats, sigma: float, found: Outcomes) -> Floats:
    """How far numbers may move so that more than half of the votes stay, besides choices that change.

    Args:
        share: lower bound of the share of votes at each row, shape (n,).
        sigma: size of the noise on numbers; 0 for none.
        found: outcomes of the choices that change.

    Returns:
        Shape (n,): every shorter move keeps the majority; -1 where not even the choices alone may change.
    """
    alone = moved_share(share, np.zeros_like(share), found)
    low = np.zeros_like(share)
    if sigma > 0.0:
        high = np.maximum(special.ndtri(np.minimum(share, 1.0 - 1e-16)), 0.0)
        for _ in range(_HALVINGS // 2):
            middle = 0.5 * (low + high)
            kept = moved_share(share, middle, found) > 0.5
            low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return np.where(alone > 0.5, sigma * low, -1.0)
