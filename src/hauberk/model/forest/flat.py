# SPDX-License-Identifier: Apache-2.0
"""One flat forest: every tree model of every library as the same few arrays.

Each numeric test has one form, `x <= threshold` goes left, on rows in the predictor's own precision: XGBoost's `x < t`
in single precision is `x <= (the float32 just below t)`, CatBoost's `x > t` goes right is `x <= t` goes left. So each leaf
is a box of half-open intervals (low, high], and the value just above a threshold is `nextafter` in that precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.arrival import kernels

NAN_LEFT = 1
"""Node flag: a missing value goes left."""

NAN_IS_ZERO = 2
"""Node flag: NaN is read as 0 (LightGBM, columns without missing values in training)."""

ZERO_IS_MISSING = 4
"""Node flag: 0 counts as a missing value (LightGBM's zero_as_missing)."""

CATEGORY = 8
"""Node flag: members of a set of codes go left, everything else but NaN goes right."""

TRUNCATES = 16
"""Node flag: a code between -1 and 0 is read as 0 (LightGBM cuts towards zero; XGBoost takes it for no category)."""


class Link(StrEnum):
    """What turns a margin into a score."""

    IDENTITY = "identity"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    HALVING = "halving"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """A tree ensemble; all arrays are read-only, siblings are neighbours.

    Attributes:
        library: the library whose predictor it equals.
        width: columns that a row has.
        roots: each tree's first node, shape (t,), int32.
        slots: the output that each tree adds to, shape (t,), int32; with vector leaves the first of them.
        feature: the column that a node tests, shape (n,), int32.
        threshold: `x <= threshold` goes left, shape (n,), float64; NaN for categorical nodes and leaves.
        child: the left child, with the right one at the next position; `-1 - leaf` for a leaf; shape (n,), int32.
        flags: NAN_LEFT and the other flags of each node, shape (n,), uint8.
        first_word: for a categorical node, where its set starts in `words`, shape (n,), int32.
        word_count: and how many words it has, shape (n,), int32.
        words: bits of the codes that go left, uint32.
        values: leaf values, shape (leaves, m); float32 where the library sums in float32.
        start: what the sum starts with, shape (k,), same type as `values`.
        divisor: what the sum is divided by: 1, or the number of trees of an average.
        single: whether the predictor rounds rows to float32 first.
        tiny: magnitudes up to this are read as 0 (LightGBM), else 0.
        link: from margin to score.
        sigma: factor of the margin inside the sigmoid.
        categories: for columns whose library takes values instead of codes, the values in code order.
        takes_nan: whether the library scores rows with NaN.
        takes_infinity: whether it scores rows with infinities.
        probed: rows on which equality with the library was shown.
        gap: greatest difference of margins on those rows.
    """

    library: str
    width: int
    roots: NDArray[np.int32]
    slots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    child: NDArray[np.int32]
    flags: NDArray[np.uint8]
    first_word: NDArray[np.int32]
    word_count: NDArray[np.int32]
    words: NDArray[np.uint32]
    values: NDArray[Any]
    start: NDArray[Any]
    divisor: float = 1.0
    single: bool = False
    tiny: float = 0.0
    link: Link = Link.IDENTITY
    sigma: float = 1.0
    categories: Mapping[int, tuple[Any, ...]] = field(default_factory=dict[int, tuple[Any, ...]])
    takes_nan: bool = True
    takes_infinity: bool = True
    probed: int = 0
    gap: float = float("inf")

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.roots)

    @property
    def outputs(self) -> int:
        """How many margins a row gets."""
        return len(self.start)

    def prepare(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return rows as the predictor sees them: float32 or float64, shape (n, width), row-major.

        Args:
            matrix: numbers, shape (n, width). Categorical columns hold codes; null is NaN.

        Raises:
            UsageError: the shape is another.
        """
        if matrix.ndim != 2 or matrix.shape[1] != self.width:
            raise UsageError(
                f"the forest reads {self.width} columns, the rows have shape {matrix.shape}",
                where=self.library,
                next_step="give one row a line, with the model's columns in its order",
            )
        with np.errstate(over="ignore", under="ignore"):
            rows = np.array(matrix, dtype=np.float32 if self.single else np.float64, order="C")
        if self.tiny:
            rows[np.abs(rows) <= self.tiny] = 0.0
        for column, known in self.categories.items():
            codes: NDArray[np.float64] = rows[:, column].astype(np.float64)
            rows[~((codes >= 0) & (codes < len(known)) & (codes == np.floor(codes))), column] = np.nan
        return rows

    def margins(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return the raw sums of rows, shape (n, outputs); see `prepare` for rows and errors."""
        return self.margins_of(self.prepare(matrix))

    def margins_of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return the raw sums of rows that `prepare` made, shape (n, outputs)."""
        sums = np.repeat(self.start[None, :], len(rows), axis=0)
        # the kernels bring numba with them, which costs half a second: loaded when a forest first scores
        kernels().add_margins(self, rows, sums)
        return np.asarray(sums, dtype=np.float64) / self.divisor

    def scores(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return the scores of rows, shape (n, outputs): margins through the link."""
        return self.linked(self.margins(matrix))

    def linked(self, margins: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of margins, same shape."""
        if self.link is Link.SIGMOID:
            with np.errstate(over="ignore"):
                return 1.0 / (1.0 + np.exp(-self.sigma * margins))
        if self.link is Link.SOFTMAX:
            powers = np.exp(margins - margins.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
        return np.exp2(-margins) if self.link is Link.HALVING else margins

    def visits(self, rows: NDArray[Any]) -> int:
        """Return how many nodes, leaves included, rows that `prepare` made visit in all trees."""
        return int(kernels().count_visits(self, rows))
