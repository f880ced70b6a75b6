# SPDX-License-Identifier: Apache-2.0
"""What a learner is given: rows as numbers, and what it must keep to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain import Domain, Kind
from hauberk.model.matrix import is_number, is_text, numeric_matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """Rows to learn from, and constraints.

    Attributes:
        features: names of the columns.
        matrix: one row a record, shape (n, k); missing values are NaN, categories are codes.
        event: labels, shape (n,).
        weight: weights, shape (n,).
        categories: for columns of words their values in code order.
        coded: columns of numbers that are codes of categories.
        monotone: column to -1 (the score must not rise with it) or 1 (must not fall).
        apart: groups of columns within which columns may interact; empty for no constraint.
        coarse: column to the number of intervals into which its values are cut.
    """

    features: tuple[str, ...]
    matrix: NDArray[np.float64]
    event: NDArray[np.float64]
    weight: NDArray[np.float64]
    categories: Mapping[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    coded: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict[str, int])
    apart: tuple[tuple[str, ...], ...] = ()
    coarse: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def codes(self) -> list[int]:
        """Positions of the columns that hold codes of categories."""
        return [at for at, name in enumerate(self.features) if name in self.categories or name in self.coded]

    @property
    def signs(self) -> list[int]:
        """The monotone constraint of each column, 0 for none."""
        return [self.monotone.get(name, 0) for name in self.features]


def learnable(features: Sequence[str], frame: pl.DataFrame) -> tuple[str, ...]:
    """The features that a learner can read: numbers, truth values and words."""
    return tuple(name for name in features if is_number(frame.schema[name]) or is_text(frame.schema[name]))


def categories_of(features: Sequence[str], frame: pl.DataFrame, domain: Domain) -> dict[str, list[Any]]:
    """Values of the columns of words: the domain's choices where it has any, else those of the rows."""
    found: dict[str, list[Any]] = {}
    for name in features:
        if is_text(frame.schema[name]):
            column = domain.column(name)
            declared = [str(item) for item in column.choices] if column.kind is Kind.CATEGORY else []
            found[name] = declared or frame[name].cast(pl.String).drop_nulls().unique().sort().to_list()
    return found


def matrix_of(frame: pl.DataFrame, features: Sequence[str], categories: Mapping[str, list[Any]]) -> NDArray[np.float64]:
    """Rows as numbers, shape (n, k).

    Raises:
        UsageError: a column that is neither a number nor words.
    """
    kept = {name: values for name, values in categories.items() if name in features}
    return np.ascontiguousarray(numeric_matrix(frame.select(features), kept))


def is_event(frame: pl.DataFrame, label: str) -> NDArray[np.float64]:
    """1.0 for the event, 0.0 for everything else, shape (n,)."""
    values = frame[label].cast(pl.Float64, strict=False).fill_null(0.0).to_numpy()
    return np.asarray(values == 1.0, dtype=np.float64)
