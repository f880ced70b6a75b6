# SPDX-License-Identifier: Apache-2.0
"""What an evasion is about: a model, the space of valid records, a threshold, and the records that are caught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.attack.evasion.mixing import row_keys
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.model.view import ModelView

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]


class Ground(Protocol):
    """Where an attack may step: what it needs of `hauberk.domain.Space`, in numbers alone.

    Points are float64 rows of shape `(k,)`, one number a column; `origin` always holds, row by row, the record that
    the attacker starts from.
    """

    @property
    def names(self) -> Sequence[str]:
        """Column of each of the k coordinates."""
        ...

    @property
    def blocks(self) -> Sequence[Sequence[int]]:
        """Coordinates that change together: single ones, and one-hot groups."""
        ...

    @property
    def mutable(self) -> Flags:
        """Which coordinates an attacker can change, shape (k,)."""
        ...

    def decode(self, points: Matrix, /) -> pl.DataFrame:
        """Records with their original types."""
        ...

    def encode(self, frame: pl.DataFrame, /) -> Matrix:
        """Points of records."""
        ...

    def valid(self, points: Matrix, /) -> Flags:
        """Which points are records that the domain accepts."""
        ...

    def reachable(self, points: Matrix, origin: Matrix, /) -> Flags:
        """Which points an attacker can get to from their origins."""
        ...

    def project(self, points: Matrix, origin: Matrix, /) -> Matrix:
        """The nearest valid and reachable points; the origin itself where there is none."""
        ...

    def price(self, points: Matrix, origin: Matrix, /) -> NDArray[np.float64]:
        """What each change costs the attacker, in the domain's money, 0 for nothing."""
        ...

    def levels(self, j: int, origin: NDArray[np.float64] | None = None, /) -> NDArray[np.float64]:
        """Values worth trying in one coordinate, whatever the origin, ascending, shape (L,); NaN is a missing value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """One attack's task.

    Attributes:
        model: the model as shipped.
        ground: the valid records and the ways between them.
        threshold: score from which on the business acts; a record evades with a score below it.
        origin: the records that the model catches, shape (n, k).
        keys: one number a record, made from its content alone, so that neither order nor company changes its luck.
    """

    model: ModelView
    ground: Ground
    threshold: float
    origin: Matrix
    keys: NDArray[np.uint64]

    @classmethod
    def of(cls, model: ModelView, ground: Ground, threshold: float, origin: Matrix) -> Problem:
        """Pose a problem.

        Raises:
            UsageError: a threshold that no score can fall below, or a record that the domain refuses.
            NothingToExamine: no record, or a domain in which the attacker can change nothing.
        """
        if not 0.0 < threshold <= 1.0:
            raise UsageError(
                f"no score can fall below a threshold of {threshold:g}",
                next_step="set [model] threshold above 0 and at most 1",
            )
        if origin.shape[0] == 0:
            raise NothingToExamine("there is no record to attack")
        if not ground.mutable.any():
            raise NothingToExamine(
                "the attacker can change no column that the model reads",
                why="every column of the domain is marked as changed by nobody, or is derived",
                next_step="review changed_by in the domain; if it is right, no change of a record can evade",
            )
        if not ground.valid(origin).all():
            raise UsageError("an attack starts from valid records alone", next_step="leave out what the domain refuses")
        return cls(model=model, ground=ground, threshold=threshold, origin=origin, keys=row_keys(origin))
