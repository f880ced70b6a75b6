# SPDX-License-Identifier: Apache-2.0
"""How far rows are from keeping each constraint, and in which direction they would come nearer.

The measure of a constraint is zero exactly where it holds. Elsewhere it is, to first order, the distance to where it holds,
in units of the columns' scales: the amount by which a comparison fails over the length of its slope. Of several ways to hold
the nearest counts; comparisons that must hold together add up. What has no measure, such as a condition on a text, counts 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hauberk.domain.space.codec import Floats
from hauberk.domain.space.family import Family, Step
from hauberk.domain.space.judge import Row
from hauberk.domain.space.limits import Bools, Ints
from hauberk.domain.space.mechanics import Mechanics

_LEAST = 1e-12
"""Measure of what is broken by nothing that could be measured, such as a strict comparison of equals."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strain:
    """How rows strain against the constraints of a space.

    Attributes:
        keys: the constraints, such as `rule.low_below_high`.
        amount: shape (n, m), one column a constraint; 0 where it holds, above 0 where it does not.
        slope: shape (n, k), a sub-gradient of the sum of the amounts, for the columns as they are read: a derived column's
            share is passed on to what it derives from. Columns of choices have slope 0.
        blind: shape (n,), rows that break something which has no slope.
    """

    keys: tuple[str, ...]
    amount: Floats
    slope: Floats
    blind: Bools


def strain(mechanics: Mechanics, rows: Floats) -> Strain:
    """Measure rows; `rows` lies column by column, shape (k, n)."""
    slope = np.zeros(rows.shape)
    amounts: list[Floats] = []
    blind = np.zeros(rows.shape[1], dtype=np.bool_)
    with np.errstate(all="ignore"):
        for family in mechanics.families:
            held = mechanics.judge(family, rows)
            amount = np.zeros(held.shape)
            member, at = np.nonzero(~held)
            if member.size:
                columns = family.index[member].T
                size, slopes = _nearest(mechanics, family, rows[columns, at[None, :]], columns)
                amount[member, at] = np.maximum(size, _LEAST)
                np.add.at(slope, (columns, at[None, :]), slopes)
                blind[at[~slopes.any(axis=0)]] = True
            amounts.append(amount)
    keys = tuple(key for family in mechanics.families for key in family.keys)
    amount = np.concatenate(amounts).T if amounts else np.zeros((rows.shape[1], 0))
    return Strain(keys=keys, amount=amount, slope=np.ascontiguousarray(slope.T), blind=blind)


def _nearest(mechanics: Mechanics, family: Family, slots: Floats, columns: Ints) -> tuple[Floats, Floats]:
    """The amount and its slopes by the nearest way to hold, shapes (e,) and (p, e)."""
    row = Row(mechanics.codecs, {name: slots[at] for at, name in enumerate(family.slots)})
    scales = mechanics.scales[columns]
    best: Floats = np.full_like(slots[0], np.inf)
    slopes: Floats = np.zeros_like(slots)
    for way in family.ways:
        total: Floats = np.zeros_like(best)
        table: Floats = np.zeros_like(slots)
        for step in way:
            size, part = _atom(step, row, family, scales, mechanics.limits.discrete[columns])
            total += size
            table += part
        nearer = total < best
        best[nearer], slopes[:, nearer] = total[nearer], table[:, nearer]
    best[~np.isfinite(best)] = 1.0
    return best, slopes


def _atom(step: Step, row: Row, family: Family, scales: Floats, discrete: Bools) -> tuple[Floats, Floats]:
    """The measure of one atom; 1 without slope where it fails and cannot be measured."""
    fails = ~np.broadcast_to(step.holds(row), scales.shape[1:])
    table: Floats = np.zeros_like(scales)
    if step.measure is None:
        return fails.astype(np.float64), table
    (value, _), slopes = step.measure(row)
    for name, slope in slopes.items():
        table[family.slots.index(name)] = slope
    table[discrete] = 0.0
    length = np.sqrt(((table * scales) ** 2).sum(axis=0))
    usable = fails & (length > 0.0) & np.isfinite(length) & np.isfinite(value)
    size: Floats = np.where(usable, np.abs(value) / np.where(usable, length, 1.0), 1.0 * fails)
    direction = np.where(usable, np.sign(value) / np.where(usable, length, 1.0), 0.0)
    # a strict comparison of equals is approached from above
    direction = np.where(usable & (value == 0.0), 1.0 / np.where(usable, length, 1.0), direction)
    sloped: Floats = np.where(usable, table * direction, 0.0)
    return size, sloped
