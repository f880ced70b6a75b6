# SPDX-License-Identifier: Apache-2.0
"""From a frame to what numeric libraries read: float matrices and category codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import UsageError

TEXT = (pl.String, pl.Categorical, pl.Enum)
"""Column types that hold words."""


def is_text(dtype: pl.DataType) -> bool:
    """Whether a column of this type holds words."""
    return isinstance(dtype, TEXT)


def is_number(dtype: pl.DataType) -> bool:
    """Whether a column of this type can stand as a number: numbers, booleans, and columns of nulls alone."""
    return dtype.is_numeric() or isinstance(dtype, (pl.Boolean, pl.Null))


def numeric_matrix(
    frame: pl.DataFrame,
    categories: Mapping[str, Sequence[Any]] | None = None,
    *,
    refuse_unknown: bool = False,
    where: str = "",
) -> NDArray[np.float64]:
    """Return the frame as float64, shape (n, k), column-major; null becomes NaN, true becomes 1.

    Args:
        frame: the rows, in the model's column order.
        categories: for each categorical column its values in code order; a value that is not among them becomes NaN.
        refuse_unknown: raise for such a value instead.
        where: the model, for messages.

    Raises:
        UsageError: a column is neither numeric nor categorical, or holds words where its categories are numbers.
    """
    known = categories or {}
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        if column.name in known:
            codes = category_codes(column, known[column.name], where=where)
            if refuse_unknown:
                _require_known(column, codes, where)
            columns.append(codes)
        elif is_number(column.dtype):
            columns.append(column.cast(pl.Float64))
        else:
            raise UsageError(
                f"the model reads column {column.name!r} as a number, and the data holds {column.dtype}",
                where=where,
                next_step="give the column as numbers, coded as it was in training",
            )
    return np.asarray(pl.DataFrame(columns).to_numpy(order="fortran"), dtype=np.float64)


def missing_count(column: pl.Series) -> int:
    """How many values are null or NaN."""
    return column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)


def _require_known(column: pl.Series, codes: pl.Series, where: str) -> None:
    unknown = codes.null_count() - missing_count(column)
    if unknown > 0:
        raise UsageError(
            f"column {column.name!r} holds a category that the model was not trained on, in {unknown} rows",
            where=where,
            why="the framework has no rule for such a value",
            next_step="leave these rows out, or treat the value as missing before scoring",
        )


def category_codes(column: pl.Series, categories: Sequence[Any], *, where: str = "") -> pl.Series:
    """Return the position of each value among `categories` as Float64; null where it is null or not among them.

    Raises:
        UsageError: the column holds words and the categories are numbers, or the other way round. A silent cast would
            turn every value into 'unknown'.
    """
    codes = list(range(len(categories)))
    if column.null_count() == column.len() or not codes:
        return pl.Series(column.name, [None] * column.len(), dtype=pl.Float64)
    kind = _kind(categories)
    if kind == "words" and is_text(column.dtype):
        old, values = column.cast(pl.String), pl.Series(list(categories), dtype=pl.String)
    elif kind == "numbers" and is_number(column.dtype):
        old, values = column.cast(pl.Float64), pl.Series(list(map(float, categories)), dtype=pl.Float64)
    else:
        raise UsageError(
            f"column {column.name!r} is {column.dtype} in the data, and the model's categories for it are of another kind",
            where=where,
            why=f"the categories are {kind}",
            next_step="give the column in the type that it had in training",
        )
    return old.replace_strict(values, codes, default=None, return_dtype=pl.Float64).alias(column.name)


def _kind(categories: Sequence[Any]) -> str:
    if all(isinstance(value, str) for value in categories):
        return "words"
    return "numbers" if all(isinstance(value, (int, float)) for value in categories) else "of mixed kinds"
