# SPDX-License-Identifier: Apache-2.0
"""From the numbers that a server sends to P(event) for each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError

BLOCK = 2000
"""Rows that one request carries."""


def blocks(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the frame in blocks of BLOCK rows."""
    return frame.iter_slices(BLOCK)


def plain_values(column: pl.Series, where: str) -> list[Any]:
    """Return a column as JSON holds it: null for null and NaN, text for dates.

    Raises:
        UsageError: the column holds infinity, which JSON cannot say.
    """
    if column.dtype.is_float():
        if column.is_infinite().any():
            raise UsageError(f"column {column.name!r} holds infinity, which JSON cannot carry", where=where)
        return column.fill_nan(None).to_list()
    if column.dtype.is_temporal() or column.dtype.is_decimal():
        return column.cast(pl.String).to_list()
    return column.to_list()


def to_scores(values: Any, rows: int, event: int, *, labels: bool, where: str) -> NDArray[np.float64]:
    """Return P(event) for each row.

    Args:
        values: numbers, pairs of numbers, or objects of two numbers, one for each row; a flat list of two numbers a
            row is taken as pairs.
        rows: how many rows were sent.
        event: which of two numbers is the event.
        labels: whether whole numbers are class labels and wanted; otherwise an answer of whole numbers alone is refused.
        where: the server, for messages.

    Raises:
        Unreadable: another shape, or things that are not numbers.
        UsageError: hard labels where probabilities are wanted.
    """
    if isinstance(values, list):
        values = [_pair(item) for item in cast("list[object]", values)]
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise _garbage("ragged", rows, where) from error
    if array.dtype.kind not in "fiub":
        raise _garbage("not made of numbers", rows, where)
    if array.dtype.kind in "iub" and not labels:
        raise UsageError(
            "the model server answers with whole numbers, so hard labels, not probabilities",
            where=where,
            next_step="serve predict_proba, such as mlflow.sklearn.log_model(…, pyfunc_predict_fn='predict_proba')",
        )
    return _of_event(array.astype(np.float64), rows, event, where)


def _of_event(scores: NDArray[np.float64], rows: int, event: int, where: str) -> NDArray[np.float64]:
    if scores.shape in {(rows, 2), (2 * rows,)}:
        return np.ascontiguousarray(scores.reshape(rows, 2)[:, event])
    if scores.shape in {(rows,), (rows, 1)}:
        flat = scores.reshape(rows)
        return flat if event == 1 else 1.0 - flat
    raise _garbage(f"of shape {scores.shape}", rows, where)


def _pair(item: Any) -> Any:
    """An object such as `{"0": 0.9, "1": 0.1}` as a list in the order of its sorted keys."""
    if isinstance(item, dict):
        members = cast("dict[str, Any]", item)
        return [members[key] for key in sorted(members)]
    return item


def _garbage(what: str, rows: int, where: str) -> Unreadable:
    return Unreadable(
        f"the answer for {rows} rows is {what}",
        where=where,
        next_step="Hauberk reads one probability a row, or the probabilities of two classes",
    )
