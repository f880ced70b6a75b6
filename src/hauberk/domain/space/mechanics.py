# SPDX-License-Identifier: Apache-2.0
"""The moving parts of a space: judge and snap matrices that lie column by column, shape (k, n)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.declaration import Domain, Group
from hauberk.domain.space.codec import Codec, Floats, make_codec
from hauberk.domain.space.family import Family, FamilyMaker
from hauberk.domain.space.judge import Derivation, Row, make_constraints, make_derivations, matches_derived, recompute
from hauberk.domain.space.limits import Bools, fits, make_limits, snap_plain
from hauberk.domain.space.repair import snap_column, snap_group


class Mechanics:
    """Judges rows and snaps them column by column.

    Args:
        domain: what is valid.
        names: columns of the matrices, all declared and all in the template.
        template: rows that show the data types.
        changeable: names of the columns that the actors can change.
    """

    def __init__(
        self, domain: Domain, names: tuple[str, ...], template: pl.DataFrame, changeable: Collection[str]
    ) -> None:
        self.names = names
        self.at = {name: at for at, name in enumerate(names)}
        self.codecs: dict[str, Codec] = {name: make_codec(domain.column(name), template) for name in names}
        self.mutable: NDArray[np.bool_] = np.array([name in changeable for name in names], dtype=np.bool_)
        self.groups: tuple[Group, ...] = tuple(group for group in domain.groups if names_all(group.columns, self.at))
        self.blocks = self._find_blocks()
        self.derivations = make_derivations(domain, self.codecs)
        self.derived = {item.name for item in self.derivations}
        self.values = [_known_values(self.codecs[name], template) for name in names]
        self.scales: Floats = np.array(
            [_scale(codec, values) for codec, values in zip(self.codecs.values(), self.values, strict=True)]
        )
        self.limits = make_limits(tuple(self.codecs.values()), self.mutable, self.scales)
        self.families = self._find_families(domain)
        self._odd = np.flatnonzero(self.mutable & ~self.limits.plain).tolist()
        self._followers = np.array([name in self.derived for name in names], dtype=np.bool_)

    def _find_families(self, domain: Domain) -> tuple[Family, ...]:
        blocks = [tuple(self.names[j] for j in block) for block in self.blocks]
        maker = FamilyMaker(domain, self.codecs, self.limits, self.derivations, blocks)
        return maker.families(make_constraints(domain, self.codecs, self.derivations))

    def _find_blocks(self) -> tuple[tuple[int, ...], ...]:
        grouped = {name: group for group in self.groups for name in group.columns}
        blocks: dict[tuple[int, ...], None] = {}
        for j in np.flatnonzero(self.mutable).tolist():
            group = grouped.get(self.names[j])
            members = group.columns if group else (self.names[j],)
            block = tuple(self.at[name] for name in members if self.mutable[self.at[name]])
            if group is None or len(block) > 1 or group.empty:
                blocks[block] = None
        return tuple(blocks)

    def _row(self, rows: Floats) -> Row:
        return Row(self.codecs, {name: rows[j] for j, name in enumerate(self.names)})

    def judge(self, family: Family, rows: Floats) -> Bools:
        """Whether each row keeps each member of a family, shape (g, n)."""
        members, n = len(family.keys), rows.shape[1]
        slots = rows[family.index.T].reshape(len(family.slots), members * n)
        held = family.holds(Row(self.codecs, {name: slots[at] for at, name in enumerate(family.slots)}))
        return np.array(np.broadcast_to(held, (members * n,)).reshape(members, n))

    def fits(self, rows: Floats) -> Bools:
        """Whether each value of each row is one of its column's own, shape (n,)."""
        return fits(self.limits, tuple(self.codecs.values()), rows)

    def valid(self, rows: Floats) -> Bools:
        """Whether each row meets every column, group, derivation and rule, shape (n,)."""
        with np.errstate(all="ignore"):
            ok = self.fits(rows)
            for family in self.families:
                ok &= self.judge(family, rows).all(axis=0)
        return ok

    def reachable(self, rows: Floats, origin: Floats) -> Bools:
        """Whether each row differs from its origin only where and as the actors can change it, shape (n,)."""
        limits = self.limits
        changed = differ(rows, origin)
        one_way = self.mutable & (limits.up | limits.down)
        grown, shrunk = rows >= origin, rows <= origin
        fine = np.where(
            (one_way & limits.up)[:, None], grown, np.where((one_way & limits.down)[:, None], shrunk, False)
        )
        free = self._followers | (self.mutable & ~one_way)
        return np.asarray((fine | free[:, None] | ~changed).all(axis=0), dtype=np.bool_)

    def snap(self, rows: Floats, origin: Floats) -> None:
        """Every column by itself, groups, then derived columns; in place."""
        snap_plain(self.limits, rows, origin)
        for j in self._odd:
            rows[j] = snap_column(self.codecs[self.names[j]], rows[j], origin[j])
        for group in self.groups:
            members = [self.at[name] for name in group.columns]
            free = [bool(self.mutable[j]) for j in members]
            if any(free):
                rows[members] = snap_group(group, rows[members], origin[members], free)
        for item in self.derivations:
            j = self.at[item.name]
            rows[j] = self.derive_one(item, {name: rows[self.at[name]] for name in item.reads}, origin[j])

    def settle(self, rows: Floats) -> Floats:
        """Every column by itself onto a value that it can have, then derived columns; in place. NaN stays."""
        with np.errstate(all="ignore"):
            for j, codec in enumerate(self.codecs.values()):
                if not codec.coded:
                    rows[j] = codec.onto_grid(rows[j], codec.low, codec.high)
            row = self._row(rows)
            for name, fresh in recompute(self.derivations, self.codecs, row).items():
                rows[self.at[name]] = fresh
        return rows

    def derive_one(self, item: Derivation, read: dict[str, Floats], before: Floats) -> Floats:
        """A derived column, recomputed where its value of before no longer agrees, so that unchanged rows stay so.

        Args:
            item: the derivation.
            read: the columns that it reads.
            before: its values in the origin.
        """
        codec = self.codecs[item.name]
        fresh = recompute([item], self.codecs, Row(self.codecs, read))[item.name]
        row = Row(self.codecs, read | {item.name: before})
        agrees = matches_derived(codec.column, row[item.name], item.program(row)) & codec.fits(before)
        return np.where(agrees, before, fresh)


def names_all(names: Iterable[str], known: Collection[str]) -> bool:
    """Whether all names are known."""
    return all(name in known for name in names)


def differ(left: Floats, right: Floats) -> Bools:
    """Where two arrays differ; NaN equals NaN."""
    return np.asarray((left != right) & ~(np.isnan(left) & np.isnan(right)))


def _known_values(codec: Codec, template: pl.DataFrame) -> Floats:
    """The values that a column has in the template, sorted, or its bounds."""
    if codec.tokens is not None:
        return np.arange(max(len(codec.tokens), 1), dtype=np.float64)
    values = codec.encode(template)
    values = np.sort(values[np.isfinite(values)])
    ends = [end for end in (codec.column.low, codec.column.high) if end is not None]
    return values if values.size else codec.onto_grid(np.array(ends or [0.0]), codec.low, codec.high)


def _scale(codec: Codec, values: Floats) -> float:
    """The distance that counts as one: the middle 90 % of the known values, else the bounds, at least a grid step."""
    if codec.coded:
        return 1.0
    low, high = np.quantile(values, [0.05, 0.95])
    span = float(high - low)
    if span <= 0.0 and codec.column.low is not None and codec.column.high is not None:
        span = codec.column.high - codec.column.low
    return max(span, codec.grid, 1e-9) if span > 0.0 else max(codec.grid, 1.0)
