# SPDX-License-Identifier: Apache-2.0
"""A model's trees beside the way from a frame to what they read: the capability TREES.

The forest is brought into one form first: one output, and the greater it is, the likelier is the event. So a record
passes exactly where the margin lies below the cut that belongs to the business threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import HauberkError, UsageError
from hauberk.model.forest.flat import Forest, Link
from hauberk.model.matrix import numeric_matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """Trees of a binary classifier.

    Attributes:
        forest: one output; P(event) rises with it. Its link is the sigmoid, or the identity where leaves hold shares.
        features: columns of the frame, in the forest's order.
        codes: for columns that the forest reads as codes, the values in code order.
        refuses_unknown: a value outside `codes` is refused, as by the model; else it counts as missing.
        refuses_missing: columns in which a missing value is refused, as by the model.
        where: the model, for messages.
    """

    forest: Forest
    features: tuple[str, ...]
    codes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    refuses_unknown: bool = False
    refuses_missing: frozenset[str] = frozenset()
    where: str = ""

    def matrix(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Rows as the forest reads them, shape (n, k), float64; see `Forest.margins`.

        Args:
            frame: holds at least `features`. Categories become codes, null becomes NaN, true becomes 1.

        Raises:
            UsageError: a column has a type, or a value, that the model would refuse too.
        """
        rows = frame.select(self.features)
        matrix = numeric_matrix(rows, self.codes, refuse_unknown=self.refuses_unknown, where=self.where)
        for name in self.refuses_missing:
            if np.isnan(matrix[:, self.features.index(name)]).any():
                raise UsageError(f"column {name!r} lacks a value, and the model has no rule for that", where=self.where)
        return matrix

    def margins(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Margin of each row of a frame, shape (n,); see `matrix` for errors."""
        return np.ascontiguousarray(self.forest.margins(self.matrix(frame))[:, 0])

    def scores(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) of each row of a frame, shape (n,): what the model itself answers, but for rounding."""
        return self.forest.linked(self.margins(frame))

    def cut(self, threshold: float) -> float:
        """The margin that belongs to a score; infinite for 0 and 1 under the sigmoid.

        Example:
            >>> from types import SimpleNamespace as of
            >>> forest = of(link=Link.SIGMOID, sigma=2.0)
            >>> Trees(forest=forest, features=()).cut(0.5)  # a coin's toss is a margin of 0
            0.0
        """
        if self.forest.link is Link.IDENTITY:
            return threshold
        if not 0.0 < threshold < 1.0:
            return math.inf if threshold >= 1.0 else -math.inf
        return math.log(threshold / (1.0 - threshold)) / self.forest.sigma

    def slack(self, threshold: float) -> float:
        """How far from the cut a margin must lie before rounding, in any order of summation, cannot decide the side.

        It bounds the error of a sum of so many terms of such sizes (Higham 2002, section 4.2), and that of the link in
        the predictor's precision. A margin above `cut + slack` is a score at or above the threshold in the model itself.
        """
        forest = self.forest
        unit = float(np.finfo(forest.values.dtype).eps)
        greatest = np.zeros(0)
        if forest.trees:
            ends = np.append(forest.roots[1:], len(forest.child))
            leaf = np.where(forest.child < 0, np.abs(forest.values[-1 - np.minimum(forest.child, -1), 0]), 0.0)
            greatest = np.maximum.reduceat(leaf, forest.roots) if len(ends) else greatest
        total = float(np.abs(forest.start[0]) + greatest.sum()) / forest.divisor
        summed = (forest.trees + 4) * unit * total + 2.0 * forest.gap
        if forest.link is Link.IDENTITY:
            return summed + 4.0 * unit
        # a few units in the last place of a score near the threshold, as a distance in margins
        cut = self.cut(threshold)
        product = 4.0 * unit * abs(cut) if math.isfinite(cut) else 0.0
        return summed + product + 4.0 * unit / max(1.0 - threshold, unit) / forest.sigma


class TreeReader:
    """Reads trees when they are first asked for, and remembers them, or the refusal.

    Args:
        read: does the reading.
    """

    def __init__(self, read: Callable[[], Trees]) -> None:
        self._read = read
        self._found: Trees | None = None
        self._refusal: HauberkError | None = None

    def __call__(self) -> Trees:
        """The trees.

        Raises:
            UsageError: they cannot be read so that they score as the model does.
        """
        if self._refusal is not None:
            told = self._refusal
            raise type(told)(told.what, where=told.where, why=told.why, next_step=told.next_step)
        if self._found is None:
            try:
                self._found = self._read()
            except HauberkError as error:
                self._refusal = error
                raise
        return self._found
