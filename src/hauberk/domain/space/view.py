# SPDX-License-Identifier: Apache-2.0
"""The space: everything that an attack loop asks of a domain, on float64 matrices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.domain.declaration import Domain
from hauberk.domain.expression import columns_of
from hauberk.domain.space.codec import Floats
from hauberk.domain.space.judge import Bools
from hauberk.domain.space.mechanics import Mechanics, differ
from hauberk.domain.space.options import MOST, Options
from hauberk.domain.space.price import levels, price
from hauberk.domain.space.projector import Projector
from hauberk.domain.space.propose import propose
from hauberk.domain.space.repair import snap_column
from hauberk.domain.space.strain import Strain, strain

_CHUNK = 10_000


class Space:
    """The numeric view of a domain.

    A matrix has one row a record and one float64 column for each of `names`: the value itself for numbers, days since
    1970-01-01 for dates, the code of the choice (position in `choices`) for categories, booleans and texts. NaN is NULL (or
    NaN itself in a column that allows NaN and not NULL); an unseen choice is -1, a forbidden NaN infinity, both invalid.

    `names` starts with the features; columns follow that rules, groups or derivations tie to them, as far as the template
    has them: an attacker who changes `income` also changes the feature derived from it.

    Args:
        domain: what is valid.
        features: the model's features; each must be declared in the domain.
        template: rows that show the data types and give values to try; free text and identifiers can only take the values
            that they have here, so build the space with the rows to be attacked.
        actors: who attacks; None for everybody but nobody. Columns that others change stay as they are.

    Raises:
        UsageError: a feature that the domain or the template lacks.
        ConfigError: a data type that cannot hold its column's kind.

    Attributes:
        domain: what is valid.
        names: columns of the matrices.
        unchecked: keys of rules, groups and derivations that read columns which the template lacks; nobody checks them here.
    """

    def __init__(
        self,
        domain: Domain,
        features: Sequence[str],
        template: pl.DataFrame,
        *,
        actors: Iterable[str] | None = None,
    ) -> None:
        for name in features:
            domain.column(name)
            if name not in template.columns:
                raise UsageError(
                    f"the rows lack the feature {name!r}", where=name, next_step="pass rows with all features"
                )
        self.domain = domain
        self.names, self.unchecked = _closure(domain, tuple(features), frozenset(template.columns))
        self._parts = Mechanics(domain, self.names, template, frozenset(domain.changeable_by(actors)))
        self._projector = Projector(self._parts)

    @property
    def mutable(self) -> NDArray[np.bool_]:
        """For each column, whether the actors can change it directly; derived columns follow and do not count."""
        return self._parts.mutable.copy()

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Indices of mutable columns that change together: single columns, and one-hot groups."""
        return self._parts.blocks

    @property
    def scales(self) -> Floats:
        """For each column, the change that counts as one when rows are compared: the middle 90 % of the template."""
        return self._parts.scales.copy()

    @property
    def derived(self) -> NDArray[np.bool_]:
        """For each column, whether it follows from others by its derivation."""
        return np.array([name in self._parts.derived for name in self.names], dtype=np.bool_)

    def choices_of(self, j: int) -> int:
        """Out of how many values a column of the matrix chooses; 0 for a column that holds values themselves."""
        return len(self._parts.codecs[self.names[j]].tokens or ())

    def encode(self, frame: pl.DataFrame) -> Floats:
        """Turn rows into a matrix, shape (n, k).

        Raises:
            UsageError: a column is missing.
            ConfigError: a column's data type cannot hold its kind.
        """
        absent = [name for name in self.names if name not in frame.columns]
        if absent:
            raise UsageError(f"the rows lack the column {absent[0]!r}", where=absent[0], next_step="pass all columns")
        matrix = np.empty((frame.height, len(self.names)))
        for j, name in enumerate(self.names):
            matrix[:, j] = self._parts.codecs[name].encode(frame)
        return matrix

    def decode(self, matrix: NDArray[Any]) -> pl.DataFrame:
        """Turn a matrix back into rows of the template's data types; a value without a meaning becomes null."""
        rows = self._rows(matrix)
        return pl.DataFrame([self._parts.codecs[name].decode(rows[j]) for j, name in enumerate(self.names)])

    def valid(self, matrix: NDArray[Any]) -> Bools:
        """Whether each row meets the domain, shape (n,): the verdict of `validate` on the decoded rows."""
        return self._parts.valid(self._rows(matrix))

    def reachable(self, matrix: NDArray[Any], origin: NDArray[Any]) -> Bools:
        """Whether the actors can get from each origin row to the row, by who can change what in which direction.

        Derived columns may differ: that they agree with what they derive from is part of `valid`.
        """
        rows = self._rows(matrix)
        return self._parts.reachable(rows, self._origin(origin, rows))

    def project(self, matrix: NDArray[Any], origin: NDArray[Any]) -> Floats:
        """The nearest valid reachable row for each proposed one, shape (n, k).

        Args:
            matrix: proposed rows; any values, not changed.
            origin: the rows that they start from, shape (n, k) or (k,).

        Returns:
            Rows that are valid and reachable; where none was found, the origin itself, whatever it is. A valid reachable row
            comes back as it is. Nearest is approximate where rules link several columns.
        """
        rows = self._rows(matrix)
        start = self._origin(origin, rows)
        for first in range(0, rows.shape[1], _CHUNK):
            part = rows[:, first : first + _CHUNK]
            rows[:, first : first + _CHUNK] = self._projector.project(part.copy(), start[:, first : first + _CHUNK])
        return np.ascontiguousarray(rows.T)

    def settle(self, matrix: NDArray[Any]) -> Floats:
        """Each row by itself onto values that its columns can have, shape (n, k).

        Numbers are clipped and rounded, whoever may change them; derived columns are recomputed. Rules and groups are not
        enforced, and no origin plays a part, so that equal rows settle alike wherever they come from. Choices and NaN stay.
        """
        return np.ascontiguousarray(self._parts.settle(self._rows(matrix)).T)

    def strain(self, matrix: NDArray[Any]) -> Strain:
        """How far each row is from keeping each rule, group and derivation, and which way leads there; see `Strain`."""
        return strain(self._parts, self._rows(matrix))

    def sample(self, origin: NDArray[Any], rng: np.random.Generator, n: int) -> Floats:
        """Valid reachable neighbours of each origin row, shape (m, n, k).

        Most differ from the origin in one or two blocks. Where no neighbour was found, the origin comes back.

        Args:
            origin: rows, shape (m, k) or (k,).
            rng: where chance comes from; the same state gives the same neighbours.
            n: how many for each row.
        """
        start = self._rows(origin)
        found = np.repeat(start, n, axis=1)
        for first in range(0, found.shape[1], _CHUNK):
            part = found[:, first : first + _CHUNK].copy()
            found[:, first : first + _CHUNK] = self._neighbours(part, rng)
        return np.ascontiguousarray(found.T).reshape(start.shape[1], n, len(self.names))

    def _neighbours(self, origin: Floats, rng: np.random.Generator) -> Floats:
        found = origin.copy()
        for most in (3, 2, 1):
            same = ~differ(found, origin).any(axis=0)
            if not same.any() or not self.blocks:
                break
            start = origin[:, same]
            found[:, same] = self._projector.project(propose(self._parts, start, rng, most), start)
        return found

    def levels(self, j: int, origin: NDArray[Any] | None = None) -> Floats:
        """Values worth trying in one column, ascending, shape (m,).

        Args:
            j: the column.
            origin: a row, shape (k,), from whose value the column's direction counts; None for any.

        Returns:
            All choices or grid points if they are few, else bounds and quantiles of the template; NaN last where NULL is
            allowed.
        """
        codec = self._parts.codecs[self.names[j]]
        values = levels(codec, self._parts.values[j])
        if codec.allows_nan:
            values = np.append(values, np.nan)
        if origin is None:
            return values
        row = np.ravel(np.asarray(origin, dtype=np.float64))
        if row.size != len(self.names):
            raise UsageError(f"one row of {len(self.names)} values is needed, this has {row.size}")
        kept = snap_column(codec, values, np.full(values.shape, row[j]))
        return values[~differ(kept, values)]

    def price(self, matrix: NDArray[Any], origin: NDArray[Any]) -> Floats:
        """What the change from each origin row costs, in major units of the domain's currency, shape (n,).

        The sum over changed columns of fixed and per-unit cost, and effort at the price of an hour. A change of choice
        counts as one unit, a one-hot group as the column that becomes 1 (the one that becomes 0 if none does), NULL as no
        unit; derived columns are free.
        """
        rows = self._rows(matrix)
        return price(self._parts, rows, self._origin(origin, rows), self.domain.hour)

    def options(self, edges: Mapping[str, Floats], *, most: int = MOST) -> Options:
        """What each row can become, for a reader that tells values apart at edges alone; see `Options`.

        Args:
            edges: for each column that is read, the values from which on it is read otherwise, ascending; values equal to an
                edge belong above it. For choices and one-hot columns they count for nothing: these are listed whole.
            most: values, or combinations of values, up to which linked columns are listed whole.
        """
        return Options(self._parts, self.domain, edges, most=most)

    def _rows(self, matrix: NDArray[Any]) -> Floats:
        """A fresh copy that lies column by column, shape (k, n)."""
        rows = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise UsageError(f"a matrix of shape (n, {len(self.names)}) is needed, this one is {np.shape(matrix)}")
        return np.array(rows.T, order="C")

    def _origin(self, origin: NDArray[Any], rows: Floats) -> Floats:
        start = self._rows(origin)
        if start.shape[1] == 1 and rows.shape[1] != 1:
            start = np.repeat(start, rows.shape[1], axis=1)
        if start.shape != rows.shape:
            raise UsageError(f"{rows.shape[1]} rows and {start.shape[1]} origins do not go together")
        return start


def _closure(
    domain: Domain, features: tuple[str, ...], present: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The features and what is tied to them; and the keys of the ties that cannot be followed."""
    ties = _ties(domain)
    names = dict.fromkeys(features)
    size = 0
    while size < len(names):
        size = len(names)
        for reads in ties.values():
            if not names.keys().isdisjoint(reads) and present.issuperset(reads):
                names.update(dict.fromkeys(reads))
    unchecked = [
        key for key, reads in ties.items() if not names.keys().isdisjoint(reads) and not present.issuperset(reads)
    ]
    return tuple(names), tuple(unchecked)


def _ties(domain: Domain) -> dict[str, tuple[str, ...]]:
    """Key of everything that links columns, and the columns."""
    ties = {f"rule.{rule.name}": columns_of(domain.rule_node(rule)) for rule in domain.rules}
    ties |= {f"group.{group.name}": group.columns for group in domain.groups}
    for name in domain.derivation_order:
        ties[f"{name}.derived"] = (name, *columns_of(domain.derived_node(domain.column(name))))
    return ties
