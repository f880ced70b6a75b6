# SPDX-License-Identifier: Apache-2.0
"""Columns that know the label: one that orders the cases nearly perfectly, one that the label is a function of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.stats import auc

FEW = 20
"""Different values up to which a column is judged value by value; above, by the order that it gives."""

Events = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Purity:
    """How well a column's values tell the label, value by value.

    Attributes:
        right: rows whose label is the more frequent one of their value.
        n: rows.
        events_right: those of them that are events.
        values: how many different values there are, NULL included.
    """

    right: int
    n: int
    events_right: int
    values: int


def distinct(values: pl.Series) -> int:
    """Number of different values, NULL included."""
    return int(values.n_unique())


def ordering(values: pl.Series, event: Events) -> float:
    """How well a column with many values orders the cases: area under the curve, 0.5 to 1.

    Numbers and moments are taken as they are, NULL below all of them. Any other value is replaced by the event rate of its
    value in the other half of the rows, so that a value which stands once tells nothing.

    Args:
        values: shape (n,), in an order that has nothing to do with the label.
        event: shape (n,), both classes present.
    """
    if values.dtype.is_numeric() or values.dtype.is_temporal() or values.dtype == pl.Boolean:
        numbers = (values.to_physical() if values.dtype.is_temporal() else values).cast(pl.Float64, strict=False)
        filled = numbers.fill_nan(None).fill_null(-np.inf).to_numpy()
        area = auc(filled, event)
    else:
        area = auc(_rates(values.cast(pl.String, strict=False), event), event)
    return max(area, 1.0 - area)


def _rates(values: pl.Series, event: Events) -> NDArray[np.float64]:
    half = np.arange(values.len()) % 2
    overall = float(event.mean())
    frame = pl.DataFrame({"value": values, "half": half, "event": event.astype(np.int64)})
    table = frame.group_by("value", "half").agg(pl.col("event").sum(), pl.len().alias("n"))
    other = table.with_columns(half=1 - pl.col("half"))
    joined = frame.select("value", "half").join(
        other, on=["value", "half"], how="left", nulls_equal=True, maintain_order="left"
    )
    smoothed = (pl.col("event").fill_null(0) + overall) / (pl.col("n").fill_null(0) + 1.0)
    return joined.select(rate=smoothed)["rate"].to_numpy()


def purity(values: pl.Series, event: Events) -> Purity:
    """How well a column with few values tells the label."""
    frame = pl.DataFrame({"value": values, "event": event.astype(np.int64)})
    table = frame.group_by("value").agg(pl.col("event").sum(), pl.len().cast(pl.Int64).alias("n"))
    events, rows = table["event"].to_numpy(), table["n"].to_numpy()
    mostly = events * 2 > rows
    return Purity(
        right=int(np.where(mostly, events, rows - events).sum()),
        n=int(rows.sum()),
        events_right=int(events[mostly].sum()),
        values=table.height,
    )


def missingness(values: pl.Series) -> pl.Series:
    """Whether each value is there: NULL or NaN count as absent."""
    absent = values.is_null()
    return absent | values.is_nan().fill_null(value=False) if values.dtype.is_float() else absent
