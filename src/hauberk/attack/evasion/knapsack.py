# SPDX-License-Identifier: Apache-2.0
"""Which single moves to combine: the cheapest sets by predicted margin, as if the moves' effects added up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.problem import Flags

BINS = 96
"""Cells of the margin axis."""

_BELOW, _ABOVE = 0.75, 1.5
"""How far below and above the threshold the axis reaches, in units of the scale."""


def combine(
    drop: NDArray[np.float64],
    price: NDArray[np.float64],
    usable: Flags,
    margin: NDArray[np.float64],
    scale: NDArray[np.float64],
    *,
    targets: int = 24,
) -> NDArray[np.int64]:
    """Choose at most one level a column so that the predicted margin falls to each of several targets at least price.

    A dynamic program over cells of the margin axis (the multiple-choice knapsack of Nauss 1978, with rounded weights).
    The prediction is only as good as the sum of single effects, hence several targets on both sides of the threshold.

    Args:
        drop: how much each single move lowers the margin, shape (g, M, L); negative if it raises it.
        price: what each single move adds to the price, shape (g, M, L); negative if it saves.
        usable: which entries are moves at all, shape (g, M, L).
        margin: margin of the point from which the moves start, shape (g,).
        scale: width of the axis's unit, above 0, shape (g,).
        targets: how many sets to return.

    Returns:
        Level index for each column, -1 for leaving it as it is, shape (g, targets, M).
    """
    g, columns, _ = drop.shape
    width = scale * (_BELOW + _ABOVE) / BINS
    zero = round(_BELOW / (_BELOW + _ABOVE) * BINS)
    shift = np.where(usable, np.rint(np.clip(drop / width[:, None, None], -BINS, BINS)), 0).astype(np.int64)
    added = np.where(usable, price, np.inf)
    cells = np.arange(BINS)
    start = np.clip(zero + np.rint(margin / width), 0, BINS - 1).astype(np.int64)
    spent = np.where(cells[None, :] >= start[:, None], 0.0, np.inf)
    choice = np.full((columns, g, BINS), -1, dtype=np.int64)
    rows: NDArray[np.intp] = np.arange(int(g))[:, None, None]
    for column in range(columns):
        source = cells[None, None, :] + shift[:, column, :, None]
        offers = spent[rows, np.clip(source, 0, BINS - 1)] + added[:, column, :, None]
        offers[source < 0] = np.inf
        level = offers.argmin(axis=1)
        offer = np.take_along_axis(offers, level[:, None, :], axis=1)[:, 0, :]
        better = offer < spent - 1e-12
        spent = np.where(better, offer, spent)
        choice[column] = np.where(better, level, -1)
    goal = np.unique(np.linspace(zero + BINS // 8, 0, targets).astype(np.int64))[::-1]
    goal = np.concatenate([goal, np.full(targets - goal.size, goal[-1], dtype=np.int64)])
    return _walk_back(choice, shift, np.broadcast_to(goal, (g, targets)))


def _walk_back(choice: NDArray[np.int64], shift: NDArray[np.int64], goal: NDArray[np.int64]) -> NDArray[np.int64]:
    columns, g, _ = choice.shape
    at = goal.copy()
    picked = np.full((g, goal.shape[1], columns), -1, dtype=np.int64)
    rows: NDArray[np.intp] = np.arange(int(g))[:, None]
    for column in range(columns - 1, -1, -1):
        level = choice[column][rows, at]
        picked[:, :, column] = level
        moved = np.where(level >= 0, shift[rows, column, np.maximum(level, 0)], 0)
        at = np.clip(at + moved, 0, BINS - 1)
    return picked
