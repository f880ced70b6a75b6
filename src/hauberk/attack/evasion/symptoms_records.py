# SPDX-License-Identifier: Apache-2.0
"""Records for the self-check: valid ones that nobody has asked about before, and ones with every column free."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Budget
from hauberk.attack.evasion.mixing import mix, row_keys
from hauberk.attack.evasion.problem import Matrix
from hauberk.core.errors import NothingToExamine
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Kind, Space, validate
from hauberk.model import ModelView

_SALT = np.uint64(0x51673)
"""Makes the sample independent of the cases, which are chosen by the same keys."""

_FREE_TEXT = frozenset({Kind.TEXT, Kind.IDENTIFIER})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """Where the self-check takes its records from.

    Attributes:
        model: who answers.
        space: the domain's numeric view, with levels from the whole table.
        base: valid rows of the table in an order that their content alone decides, shape (m, k).
        table: all rows of the table, in the same order, shape (n, k).
        budget: account for `queries`.
    """

    model: ModelView
    space: Space
    base: Matrix
    table: Matrix
    budget: Budget

    @classmethod
    def of(cls, model: ModelView, domain: Domain, frame: pl.DataFrame, budget: Budget, *, rows: int) -> Records:
        """Draw at most `rows` valid rows of a table.

        Raises:
            NothingToExamine: the domain refuses every row that was drawn.
        """
        space = Space(domain, model.features, frame)
        table = space.encode(frame)
        order = np.argsort(mix(row_keys(table) ^ _SALT), kind="stable")
        table, drawn = table[order], frame[order[: 2 * rows].tolist()]
        valid = np.flatnonzero(validate(domain, drawn).valid & space.valid(table[: 2 * rows]))[:rows]
        if valid.size == 0:
            raise NothingToExamine("the domain refuses every record of the table that was drawn")
        return cls(model=model, space=space, base=table[valid], table=table, budget=budget)

    def ask(self, points: Matrix) -> NDArray[np.float64]:
        """Scores of points, in one batch."""
        self.budget.spend("queries", points.shape[0])
        return self.model.scores(self.space.decode(points))

    def fresh(self, rng: np.random.Generator) -> Matrix:
        """One valid neighbour of each base row that differs from it and from the others; those without one are left out."""
        near = self.space.sample(self.base, rng, 1)[:, 0]
        moved = np.flatnonzero((near != self.base).any(axis=1) & ~np.isnan(near).all(axis=1))
        return near[moved[np.unique(row_keys(near[moved]), return_index=True)[1]]]

    def numeric(self) -> NDArray[np.intp]:
        """Features that hold numbers, as columns of the matrices."""
        features = set(self.model.features)
        kinds = {Kind.NUMERIC, Kind.INTEGER, Kind.STEP, Kind.DATE}
        named = [
            j for j, name in enumerate(self.space.names)
            if name in features and self.space.domain.column(name).kind in kinds
        ]  # fmt: skip
        return np.array(named, dtype=np.intp)

    def grid(self, j: int) -> float:
        """Distance of neighbouring values of a column; 0 where there is none."""
        return self.space.domain.column(self.space.names[j]).grid or 0.0


def opened(domain: Domain) -> Domain:
    """The domain with every column free, at no cost and without a rule, over its whole range.

    Free text and identifiers stay as they are; one-hot groups stay groups.
    """
    return replace(domain, rules=(), columns=tuple(map(_opened, domain.columns)))


def _opened(column: Column) -> Column:
    if column.kind in _FREE_TEXT:
        return column
    return replace(column, derived=None, changed_by=Actor.APPLICANT, direction=Direction.BOTH, cost=Cost())
