# SPDX-License-Identifier: Apache-2.0
"""Columns of a row that change together, and the values that are worth telling apart, with what each costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from hauberk.domain.column import Direction, Kind
from hauberk.domain.space.codec import Codec, Floats
from hauberk.domain.space.judge import Bools, Constraint, Derivation, Row, matches_derived, recompute
from hauberk.domain.space.mechanics import Mechanics, differ


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offer:
    """What some columns of one row can become together.

    Attributes:
        columns: indices into `Space.names`, shape (c,).
        values: shape (m, c); the first is what they are.
        cost: price of each, shape (m,), 0 for the first; what several offers cost together is their sum.
    """

    columns: tuple[int, ...]
    values: Floats
    cost: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """One valued column: for each interval between edges the smallest and the largest value that is allowed in it.

    Attributes:
        column: its index.
        codec: how it is written.
        edges: where it is read otherwise, ascending, shape (e,).
        first: smallest allowed value of each interval, NaN where there is none, shape (e + 1,).
        last: largest allowed value of each interval.
        rate: what a change costs, for any change and for each unit.
    """

    column: int
    codec: Codec
    edges: Floats
    first: Floats
    last: Floats
    rate: tuple[float, float]

    @property
    def columns(self) -> tuple[int, ...]:
        """The one column."""
        return (self.column,)

    def offer(self, origin: Floats) -> Offer:
        """What the column of one row, shape (k,), can become."""
        own = float(origin[self.column])
        at = int(np.searchsorted(self.edges, own, side="right"))
        above, below = self.first[at + 1 :], self.last[:at]
        if np.isnan(own):
            above, below = self.first, self.last[:0]
        values = np.concatenate([[own], above[~np.isnan(above)], below[~np.isnan(below)]])
        if self.codec.allows_nan and not np.isnan(own):
            values = np.append(values, np.nan)
        values = values[_reached(self.codec, values, own)]
        fixed, unit = self.rate
        gap = np.abs(values - own)
        cost = fixed + unit * np.where(np.isfinite(gap), gap, 0.0)
        cost[0] = 0.0
        return Offer(columns=self.columns, values=values[:, None], cost=cost)


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Columns whose values are listed: choices, a one-hot group, or several blocks with what derives from them.

    Attributes:
        columns: their indices, derived ones included.
        blocks: those that are changed, block by block.
        derivations: of the derived ones, in order.
        constraints: what these columns and those that never change decide.
        mechanics: the space's parts.
        hour: the price of an hour of effort.
    """

    columns: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    derivations: tuple[Derivation, ...]
    constraints: tuple[Constraint, ...]
    mechanics: Mechanics
    hour: float

    def offer(self, origin: Floats) -> Offer:
        """What the columns of one row, shape (k,), can become."""
        tables = [_table(self.mechanics, block, origin) for block in self.blocks]
        chosen = np.array(list(product(*(range(len(table)) for table in tables))), dtype=np.intp)
        rows = np.repeat(origin[:, None], len(chosen), axis=1)
        for at, (block, table) in enumerate(zip(self.blocks, tables, strict=True)):
            rows[list(block)] = table[chosen[:, at]].T
        start = np.repeat(origin[:, None], len(chosen), axis=1)
        _follow(self.mechanics, self.derivations, rows, start)
        keep = self._allowed(rows, start)
        keep[0] = True
        rows, start = rows[:, keep], start[:, keep]
        cost = _price(self.mechanics, [j for block in self.blocks for j in block], rows, start, self.hour)
        return Offer(columns=self.columns, values=np.ascontiguousarray(rows[list(self.columns)].T), cost=cost)

    def _allowed(self, rows: Floats, start: Floats) -> Bools:
        row = Row(self.mechanics.codecs, {name: rows[j] for j, name in enumerate(self.mechanics.names)})
        ok = np.full(rows.shape[1], fill_value=True)
        derived = {item.name for item in self.derivations}
        with np.errstate(all="ignore"):
            for j in self.columns:
                codec = self.mechanics.codecs[self.mechanics.names[j]]
                moved = differ(rows[j], start[j])
                ok &= codec.fits(rows[j]) | ~moved
                if codec.column.name not in derived:
                    ok &= _directed(codec, rows[j], start[j]) | ~moved
            for constraint in self.constraints:
                ok &= constraint.holds(row)
        return ok


def _table(mechanics: Mechanics, block: tuple[int, ...], origin: Floats) -> Floats:
    """What the columns of one block can hold, shape (m, c), what they hold first."""
    own = origin[list(block)][None, :]
    codec = mechanics.codecs[mechanics.names[block[0]]]
    if codec.column.kind is Kind.ONE_HOT:
        group = next(group for group in mechanics.groups if codec.column.name in group.columns)
        others = [mechanics.at[name] for name in group.columns if mechanics.at[name] not in block]
        if (origin[others] == 1.0).any():
            return own
        rest = np.zeros((1 if group.empty else 0, len(block)))
        return np.concatenate([own, np.eye(len(block)), rest])
    count = len(codec.tokens or ()) if codec.coded else int((codec.high - codec.low) / codec.grid) + 1
    values = codec.low + np.arange(count) * (codec.grid or 1.0)
    return np.concatenate([own[:, 0], values, [np.nan] if codec.allows_nan else []])[:, None]


def _follow(mechanics: Mechanics, derivations: Iterable[Derivation], rows: Floats, origin: Floats) -> None:
    """Recompute derived columns, as `Space.project` does: one whose stored value still agrees keeps it."""
    for item in derivations:
        codec, j = mechanics.codecs[item.name], mechanics.at[item.name]
        with np.errstate(all="ignore"):
            fresh = recompute([item], mechanics.codecs, _row(mechanics, rows))[item.name]
            rows[j] = origin[j]
            row = _row(mechanics, rows)
            agrees = matches_derived(codec.column, row[item.name], item.program(row)) & codec.fits(rows[j])
        rows[j] = np.where(agrees, origin[j], fresh)


def _row(mechanics: Mechanics, rows: Floats) -> Row:
    return Row(mechanics.codecs, {name: rows[j] for j, name in enumerate(mechanics.names)})


def _directed(codec: Codec, values: Floats, own: Floats | float) -> Bools:
    """Whether each value lies in the direction in which the column can be changed."""
    if codec.column.direction is Direction.UP:
        return np.asarray(values >= own)
    return np.asarray(values <= own) if codec.column.direction is Direction.DOWN else np.full(values.shape, True)


def _reached(codec: Codec, values: Floats, own: float) -> Bools:
    reached = _directed(codec, values, own)
    reached[0] = True
    return reached


def rate(codec: Codec, hour: float) -> tuple[float, float]:
    """What a change of the column costs: for any change, and for each unit of it."""
    cost = codec.column.cost
    return cost.fixed + hour * cost.effort, cost.per_unit + hour * cost.effort_per_unit


def _price(mechanics: Mechanics, columns: Iterable[int], rows: Floats, origin: Floats, hour: float) -> Floats:
    """What the change of some columns costs, as `Space.price` counts it, shape (m,)."""
    total = np.zeros(rows.shape[1])
    for j in columns:
        codec = mechanics.codecs[mechanics.names[j]]
        changed = differ(rows[j], origin[j])
        if codec.column.kind is Kind.ONE_HOT:
            group = next(group for group in mechanics.groups if codec.column.name in group.columns)
            members = [mechanics.at[name] for name in group.columns]
            changed &= (rows[j] > origin[j]) | ~(rows[members] > origin[members]).any(axis=0)
        gap = np.where(changed, 1.0, 0.0) if codec.coded else np.abs(rows[j] - origin[j])
        fixed, unit = rate(codec, hour)
        total += np.where(changed, fixed + unit * np.where(np.isfinite(gap), gap, 0.0), 0.0)
    return total
