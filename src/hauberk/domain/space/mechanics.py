# SPDX-License-Identifier: Apache-2.0
"""The moving parts of a space: judge and repair matrices that lie column by column, shape (k, n)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.column import Direction
from hauberk.domain.declaration import Domain, Group
from hauberk.domain.space.codec import Codec, Floats, make_codec
from hauberk.domain.space.judge import Bools, Row, make_constraints, make_derivations, matches_derived, recompute
from hauberk.domain.space.repair import MAX_ROUNDS, Link, Mender, make_links, snap_column, snap_group

_BLENDS = (0.5, 0.25, 0.125)


class Mechanics:
    """Judges and repairs.

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
        self.constraints = make_constraints(domain, self.codecs, self.derivations)
        named = [tuple(names[j] for j in block) for block in self.blocks]
        self.links: tuple[Link, ...] = make_links(self.constraints, self.derivations, named)
        self.values = [_known_values(self.codecs[name], template) for name in names]
        self.scales: Floats = np.array(
            [_scale(codec, values) for codec, values in zip(self.codecs.values(), self.values, strict=True)]
        )
        self._mender = Mender(self.codecs, dict(zip(names, self.scales.tolist(), strict=True)))

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

    def valid(self, rows: Floats) -> Bools:
        """Whether each row meets every column, group, derivation and rule, shape (n,)."""
        with np.errstate(all="ignore"):
            ok = np.full(rows.shape[1], fill_value=True)
            for j, name in enumerate(self.names):
                ok &= self.codecs[name].fits(rows[j])
            row = self._row(rows)
            for constraint in self.constraints:
                ok &= constraint.holds(row)
        return ok

    def reachable(self, rows: Floats, origin: Floats) -> Bools:
        """Whether each row differs from its origin only where and as the actors can change it, shape (n,)."""
        ok = np.full(rows.shape[1], fill_value=True)
        for j, name in enumerate(self.names):
            column = self.codecs[name].column
            if name in self.derived or (self.mutable[j] and column.direction is Direction.BOTH):
                continue
            fine = ~differ(rows[j], origin[j])
            if self.mutable[j]:
                fine |= rows[j] >= origin[j] if column.direction is Direction.UP else rows[j] <= origin[j]
            ok &= fine
        return ok

    def project(self, rows: Floats, origin: Floats) -> Floats:
        """Repair proposed rows, in place; the origin where that fails."""
        with np.errstate(all="ignore"):
            self._snap(rows, origin)
            if self.links:
                self._mend(rows, origin)
                self._blend(rows, origin)
        lost = ~(self.valid(rows) & self.reachable(rows, origin))
        rows[:, lost] = origin[:, lost]
        return rows

    def _snap(self, rows: Floats, origin: Floats) -> None:
        """Every column by itself, groups, then derived columns."""
        for j, name in enumerate(self.names):
            rows[j] = snap_column(self.codecs[name], rows[j], origin[j]) if self.mutable[j] else origin[j]
        for group in self.groups:
            members = [self.at[name] for name in group.columns]
            free = [bool(self.mutable[j]) for j in members]
            if any(free):
                rows[members] = snap_group(group, rows[members], origin[members], free)
        self._derive(rows, origin)

    def _derive(self, rows: Floats, origin: Floats) -> None:
        """Recompute derived columns; one whose stored value still agrees keeps it, so that unchanged rows stay unchanged."""
        for item in self.derivations:
            row, j = self._row(rows), self.at[item.name]
            codec = self.codecs[item.name]
            fresh = recompute([item], self.codecs, row)[item.name]
            rows[j] = origin[j]
            row = self._row(rows)
            agrees = matches_derived(codec.column, row[item.name], item.program(row)) & codec.fits(rows[j])
            rows[j] = np.where(agrees, origin[j], fresh)

    def _mend(self, rows: Floats, origin: Floats) -> None:
        """Rounds over all links; each works on the rows that break it."""
        for _ in range(MAX_ROUNDS):
            mended = False
            for link in self.links:
                broken = self._broken(link, rows)
                if broken.size:
                    self._mend_link(link, rows, origin, broken)
                    mended = True
            if not mended:
                return

    def _broken(self, link: Link, rows: Floats) -> NDArray[np.intp]:
        row = Row(self.codecs, {name: rows[self.at[name]] for name in link.names})
        held = np.broadcast_to(link.constraint.holds(row), rows.shape[1:])
        return np.flatnonzero(~held)

    def _mend_link(self, link: Link, rows: Floats, origin: Floats, broken: NDArray[np.intp]) -> None:
        proposed = {name: rows[self.at[name], broken] for name in link.names}
        start = {name: origin[self.at[name], broken] for name in link.names}
        for name, values in self._mender.mend(link, proposed, start).items():
            rows[self.at[name], broken] = values
        part, before = rows[:, broken], origin[:, broken]
        self._derive(part, before)
        rows[:, broken] = part

    def _blend(self, rows: Floats, origin: Floats) -> None:
        """Rows that are still broken, part of the way back to their origin."""
        for share in _BLENDS:
            broken = np.flatnonzero(~self.valid(rows))
            if not broken.size:
                return
            start, target = origin[:, broken], rows[:, broken]
            blended = np.where(np.isfinite(target - start), start + share * (target - start), start)
            self._snap(blended, start)
            fine = self.valid(blended)
            rows[:, broken[fine]] = blended[:, fine]


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
