# SPDX-License-Identifier: Apache-2.0
"""Between the domain and the trees: what a record can become, in the terms of a forest, and the way back to a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify import Block, Choices
from hauberk.attack.certify.cells import Grid
from hauberk.attack.evasion.problem import Matrix, Problem
from hauberk.attack.evasion.tree_edges import edges_of
from hauberk.core.errors import UsageError
from hauberk.domain.space.offers import Offer
from hauberk.domain.space.options import Options
from hauberk.model.trees import Trees

_Table = tuple[Matrix, NDArray[np.float64], NDArray[np.bool_]]


@runtime_checkable
class Optioned(Protocol):
    """A ground that says what each column of a record can become between edges; `hauberk.domain.Space` does."""

    def options(self, edges: Mapping[str, NDArray[np.float64]], /) -> Options:
        """See `Space.options`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """What one record can become.

    Attributes:
        choices: in the terms of the forest.
        offers: the same in those of the ground, block by block, option by option.
        origin: the record, shape (k,).
    """

    choices: Choices
    offers: Sequence[Offer]
    origin: Matrix

    def point(self, witness: NDArray[np.float64]) -> Matrix:
        """The record behind a row of the forest that is made of options, shape (k,); loose columns keep their values."""
        made = self.origin.copy()
        for block, offer in zip(self.choices.blocks, self.offers, strict=True):
            wanted = witness[list(block.features)]
            same = (block.values == wanted) | (np.isnan(block.values) & np.isnan(wanted))
            option = int(np.flatnonzero(same.all(axis=1))[0])
            if option:
                made[list(offer.columns)] = offer.values[option]
        return made


class Ways:
    """Reads what the records of a problem can become.

    Args:
        problem: its ground has to say what columns can become, see `Optioned`.
        trees: of its model.

    Raises:
        UsageError: the ground does not say so.
    """

    def __init__(self, problem: Problem, trees: Trees) -> None:
        if not isinstance(problem.ground, Optioned):
            raise UsageError(
                "an attack by trees needs a domain that says what each column can become",
                next_step="give the attack a hauberk.domain.Space",
            )
        self._problem, self._trees = problem, trees
        self._options = problem.ground.options(edges_of(trees))
        self._grid = Grid.of(trees.forest)
        self._at = {name: at for at, name in enumerate(trees.features)}
        self._feature = [self._at.get(name, -1) for name in problem.ground.names]
        self._tables: dict[int, _Table | None] = {}
        self._rows = trees.matrix(problem.ground.decode(problem.origin))

    @property
    def rows(self) -> NDArray[np.float64]:
        """The records as the forest reads them, shape (n, width)."""
        return self._rows

    def of(self, row: int) -> Way:
        """What one record of the problem can become."""
        origin = self._problem.origin[row]
        blocks: list[Block] = []
        offers: list[Offer] = []
        for offer in self._options.of(origin):
            made = self._block(offer, self._rows[row])
            if made is not None:
                blocks.append(made[0])
                offers.append(made[1])
        loose = tuple(self._feature[j] for j in self._options.loose if self._feature[j] >= 0)
        return Way(
            choices=Choices(row=self._rows[row], blocks=tuple(blocks), loose=loose), offers=offers, origin=origin
        )

    def _block(self, offer: Offer, row: NDArray[np.float64]) -> tuple[Block, Offer] | None:
        """An offer in the forest's terms, without what the model would refuse; None if nothing is left to choose."""
        places = [place for place, j in enumerate(offer.columns) if self._feature[j] >= 0]
        features = tuple(self._feature[offer.columns[place]] for place in places)
        if not features:
            return None
        read = np.empty((len(offer.cost), len(places)))
        known = np.ones(len(offer.cost), dtype=np.bool_)
        for at, place in enumerate(places):
            read[:, at], fine = self._read(offer.columns[place], offer.values[:, place])
            known &= fine
        read[0], known[0] = row[list(features)], True
        told = self._told_apart(features, read, np.where(known, offer.cost, np.inf), row)
        if len(told) < 2:
            return None
        kept = Offer(columns=offer.columns, values=offer.values[told], cost=offer.cost[told])
        return Block(features=features, values=read[told], cost=kept.cost), kept

    def _told_apart(
        self, features: tuple[int, ...], read: NDArray[np.float64], cost: NDArray[np.float64], row: NDArray[np.float64]
    ) -> NDArray[np.intp]:
        """The cheapest of the options that no tree tells apart, what the record is first; without what costs infinity."""
        rows = np.repeat(row[None, :], len(read), axis=0)
        rows[:, list(features)] = read
        seen = self._trees.forest.prepare(rows)
        marks = [self._grid.signature(column, seen[:, column].astype(np.float64)) for column in features]
        order = np.lexsort((np.arange(len(read)), cost, *marks))
        table = np.stack(marks, axis=1)[order]
        new = np.concatenate([[True], (table[1:] != table[:-1]).any(axis=1)])
        told = np.sort(order[new & np.isfinite(cost[order])])
        return np.concatenate([[0], told[told > 0]])

    def _read(self, j: int, values: Matrix) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What the forest reads for values of one column, and which of them the model takes."""
        if j not in self._tables:
            self._tables[j] = self._table(j)
        table = self._tables[j]
        name = self._problem.ground.names[j]
        forest = self._trees.forest
        if table is None:
            read, known = values, np.ones(len(values), dtype=np.bool_)
        else:
            ends = np.searchsorted(table[0], values)
            ends = np.minimum(ends, len(table[0]) - 1)
            hit = table[0][ends] == values
            read = np.where(hit, table[1][ends], np.nan)
            known = (hit & table[2][ends]) | np.isnan(values) | ~np.asarray(hit | self._trees.refuses_unknown)
        if not forest.takes_nan or name in self._trees.refuses_missing:
            known = known & ~np.isnan(read)
        if not forest.takes_infinity:
            # single precision has no room for more
            known = known & ~(np.abs(read) > float(np.finfo(np.float32).max))
        return read, known

    def _table(self, j: int) -> _Table | None:
        """Values of one column, ascending, what the forest reads for each, and whether the model takes it.

        None for numbers that the forest reads as they are.
        """
        name = self._problem.ground.names[j]
        codes, known = self._options.codes(j), self._trees.codes.get(name)
        if codes.size:
            return self._chosen(j, codes)
        if known is None:
            return None
        numbers = np.array([float(value) for value in known])
        order = np.argsort(numbers)
        return numbers[order], order.astype(np.float64), np.ones(len(order), dtype=np.bool_)

    def _chosen(self, j: int, codes: Matrix) -> _Table:
        read, known = np.full(len(codes), np.nan), np.zeros(len(codes), dtype=np.bool_)
        points = np.repeat(self._problem.origin[:1], len(codes), axis=0)
        points[:, j] = codes
        frame = self._problem.ground.decode(points)
        for place in range(len(codes)):
            try:
                read[place] = self._trees.matrix(frame[place : place + 1])[0, self._feature[j]]
                known[place] = True
            except UsageError:
                # a choice of the domain that the model was not trained on
                known[place] = False
        return codes, read, known
