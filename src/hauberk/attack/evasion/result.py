# SPDX-License-Identifier: Apache-2.0
"""What an attack found. 'Not found' is never 'robust'."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.problem import Flags, Matrix, Rows


class Method(StrEnum):
    """What the attacker sees, and how he searches."""

    SCORES = "scores"
    LABELS = "labels"
    RANDOM = "random"
    TRANSFER = "transfer"
    TREES = "trees"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """What an attack found for each of m rows, in ascending order of row.

    Attributes:
        method: how it searched.
        allowance: questions that each row was allowed.
        rows: which rows of the problem, shape (m,).
        cost: price of the cheapest evasion found; infinite where none was found within the allowance, which proves
            nothing.
        witness: that evasion, shape (m, k); the row's origin where none was found.
        queries: questions asked.
        first: number of the first question that an evasion answered; 0 where none was found.
        unknown: rows of which nothing can be said: the model stopped answering before they were done, or failed on some of
            their candidates, and no evasion was proved. By default none.
        lower: proven: no valid record cheaper than this gets through; 0 where nothing is proven, infinite where it is
            proven that none does. Only a search that reads the model's trees proves anything.
        trouble: why, in a sentence; empty where the model answered everything.
    """

    method: Method
    allowance: int
    rows: Rows
    cost: NDArray[np.float64]
    witness: Matrix
    queries: NDArray[np.int64]
    first: NDArray[np.int64]
    unknown: Flags = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    lower: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    trouble: str = ""

    def __post_init__(self) -> None:
        if self.unknown.size == 0 and self.rows.size:
            object.__setattr__(self, "unknown", np.zeros(self.rows.size, dtype=np.bool_))
        if self.lower.size == 0 and self.rows.size:
            object.__setattr__(self, "lower", np.zeros(self.rows.size))

    @property
    def evaded(self) -> Flags:
        """For which rows an evasion was found."""
        return np.isfinite(self.cost)

    def cheapest(self, other: Result) -> Result:
        """Take the cheaper evasion of two attacks on the same rows; their questions add up.

        Raises:
            ValueError: the attacks were on different rows.
        """
        if not np.array_equal(self.rows, other.rows):
            raise ValueError("two results can be joined where they are about the same rows")
        mine = self.cost <= other.cost
        both = (self.first > 0) & (other.first > 0)
        return Result(
            method=self.method,
            allowance=self.allowance + other.allowance,
            rows=self.rows,
            cost=np.where(mine, self.cost, other.cost),
            witness=np.where(mine[:, None], self.witness, other.witness),
            queries=self.queries + other.queries,
            unknown=(self.unknown | other.unknown) & ~(self.evaded | other.evaded),
            trouble=self.trouble or other.trouble,
            lower=np.maximum(self.lower, other.lower),
            first=np.where(both, np.minimum(self.first, other.first), np.maximum(self.first, other.first)),
        )
