# SPDX-License-Identifier: Apache-2.0
"""What robust boosting is asked to fit: rows, labels, weights and each row's box, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import NothingToExamine, UsageError

TINY = 1e-35
"""Magnitudes up to this are zero to LightGBM, so no threshold may tell them from zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Labelled rows with the box that each of them can be moved in.

    Attributes:
        x: the values, NaN for missing ones, shape (n, k), float64.
        low: the least value each can be given, same shape; NaN where the value is missing, which stays missing.
        high: the greatest value, same shape.
        sign: 1 for the event, -1 otherwise, shape (n,), float64.
        weight: what each row counts, above 0, shape (n,), float64.
    """

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sign: NDArray[np.float64]
    weight: NDArray[np.float64]


def rows_of(
    x: Any, y: Any, down: Any, up: Any, *, weight: Any = None, integer: Sequence[int] = (), where: str = "fit_robust"
) -> Rows:
    """Check what was given and return it in one form.

    Args:
        x: the rows, shape (n, k), numbers; NaN is a missing value.
        y: labels 0 and 1, both present, shape (n,).
        down: how far each value can be lowered, at least 0, infinity allowed, a number or shape (k,) or (n, k).
        up: how far each can be raised, likewise.
        weight: what each row counts, above 0, shape (n,); 1 by default.
        integer: columns of whole numbers, whose boxes shrink to whole numbers.
        where: what is asked for, for messages.

    Raises:
        UsageError: a shape, type or value cannot mean anything; the message names it.
        NothingToExamine: there are no rows or no columns.
    """
    values = _numbers(x, "the rows", where)
    if values.ndim != 2:
        raise _wrong(f"the rows have shape {values.shape}", "one row a line is needed, a matrix of shape (n, k)", where)
    if not values.size:
        raise NothingToExamine("there is nothing to fit", where=where, why=f"the rows have shape {values.shape}")
    if np.isinf(values).any():
        row, column = (int(place[0]) for place in np.nonzero(np.isinf(values)))
        raise _wrong(f"row {row}, column {column} is infinite", "values are finite, or NaN where missing", where)
    with np.errstate(over="ignore"):
        if np.isinf(values.astype(np.float32)).any():
            raise _wrong("a value is beyond the greatest float32", "tree libraries read single precision", where)
    sign = np.where(_labels(y, len(values), where) == 1, 1.0, -1.0)
    reach = [_reach(each, values.shape, name, where) for each, name in ((down, "down"), (up, "up"))]
    low, high = values - reach[0], values + reach[1]
    for column in _whole(integer, values, where):
        low[:, column], high[:, column] = np.ceil(low[:, column]), np.floor(high[:, column])
    values, low, high = (np.where(np.abs(each) <= TINY, 0.0, each) for each in (values, low, high))
    return Rows(x=values, low=low, high=high, sign=sign, weight=_weights(weight, len(values), where))


def mixed(rows: Rows, share: float) -> Rows:
    """Return rows that count this share at their worst and the rest as they are, both parts with the weight they had.

    Args:
        rows: what was asked for.
        share: above 0 up to 1.
    """
    moves = (rows.low < rows.x).any(axis=1) | (rows.high > rows.x).any(axis=1)
    if share == 1.0 or not moves.any():
        return rows
    still = rows.x[moves]
    return Rows(
        x=np.concatenate([rows.x, still]),
        low=np.concatenate([rows.low, still]),
        high=np.concatenate([rows.high, still]),
        sign=np.concatenate([rows.sign, rows.sign[moves]]),
        weight=np.concatenate([np.where(moves, share, 1.0) * rows.weight, (1.0 - share) * rows.weight[moves]]),
    )


def _numbers(given: Any, name: str, where: str) -> NDArray[np.float64]:
    try:
        return np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise _wrong(f"{name} are not all numbers", str(error)[:200], where) from error


def _labels(y: Any, n: int, where: str) -> NDArray[np.float64]:
    labels = _numbers(y, "the labels", where)
    if labels.shape != (n,):
        raise _wrong(f"there are {n} rows and labels of shape {labels.shape}", "each row has one label", where)
    if not np.isin(labels, (0.0, 1.0)).all():
        odd = labels[~np.isin(labels, (0.0, 1.0))][0]
        raise _wrong(f"{odd:g} is no label", "labels are 0 and 1, with 1 for the event", where)
    if len(np.unique(labels)) < 2:
        raise _wrong(f"every label is {labels[0]:g}", "a model cannot be fitted to one class", where)
    return labels


def _reach(given: Any, shape: tuple[int, ...], name: str, where: str) -> NDArray[np.float64]:
    reach = _numbers(given, f"the values of '{name}'", where)
    if reach.shape not in {(), shape[1:], shape}:
        why = f"it is one number, one for each of {shape[1]} columns, or one for each value of {shape[0]} rows"
        raise _wrong(f"'{name}' has shape {reach.shape}", why, where)
    if not (reach >= 0).all():
        raise _wrong(f"'{name}' holds {reach[~(reach >= 0)].flat[0]:g}", "a value moves by 0 or more", where)
    return np.broadcast_to(reach, shape)


def _whole(integer: Sequence[int], x: NDArray[np.float64], where: str) -> list[int]:
    columns = [int(column) for column in integer]
    for column in columns:
        if not 0 <= column < x.shape[1]:
            raise _wrong(f"there is no column {column} to be whole", f"the rows have {x.shape[1]} columns", where)
        known = x[~np.isnan(x[:, column]), column]
        if (known != np.floor(known)).any():
            raise _wrong(
                f"column {column} is declared whole and holds {known[known != np.floor(known)][0]:g}", "", where
            )
    return columns


def _weights(weight: Any, n: int, where: str) -> NDArray[np.float64]:
    if weight is None:
        return np.ones(n)
    weights = _numbers(weight, "the weights", where)
    if weights.shape != (n,):
        raise _wrong(f"there are {n} rows and weights of shape {weights.shape}", "each row has one weight", where)
    if not ((weights > 0) & np.isfinite(weights)).all():
        raise _wrong("a weight is not a finite number above 0", "leave rows out that are to count nothing", where)
    return weights


def _wrong(what: str, why: str, where: str) -> UsageError:
    return UsageError(what, where=where, why=why, next_step="correct the call")
