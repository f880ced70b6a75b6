# SPDX-License-Identifier: Apache-2.0
"""Whatever a test has at hand, as a model, rows, labels and a domain: paths, frames, arrays, objects, text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.domain import Domain, load_domain, loads_domain
from hauberk.model import ModelView, open_model
from hauberk.table import Table, open_table

_NAMED = 60
"""Characters of a value that a message repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is tested.

    Attributes:
        model: the model.
        table: the rows with their labels.
        label: name of the label column, which holds 1 for the event and 0 for everything else.
        domain: what is valid.
        words: how model, rows, labels and domain were given, as an expression that gives them again.
        opened: whether the model was opened here and has to be closed.
    """

    model: ModelView
    table: Table
    label: str
    domain: Domain
    words: tuple[str, str, str, str]
    opened: bool


def read_subject(
    model: Any,
    rows: Any,
    labels: Any,
    domain: Any,
    *,
    positive: str | int = 1,
    features: Sequence[str] | None = None,
    trust: Sequence[str] = (),
) -> Subject:
    """Open what a test was given.

    Args:
        model: a path, an address, a fitted estimator, a function from a polars frame to P(event), or a view.
        rows: a path, a frame of polars, pandas or pyarrow, or a numpy array whose columns are the domain's, in its order.
        labels: name of a column of `rows`, a path to a table of one column, or a sequence as long as `rows`.
        domain: a domain, a path, or the text of a domain file.
        positive: what the event is called among the labels and the model's classes.
        features: columns that the model reads, in its order; all columns but the label by default.
        trust: digests of model files that may be opened although their format can run code.

    Raises:
        UsageError: something that cannot be read as what it is given for, or rows and labels of different length.
        Unreadable: a damaged file.
        NothingToExamine: no rows, or labels of one kind alone.
    """
    declared = _domain(domain)
    frame = _frame(rows, declared)
    if frame.height == 0:
        raise NothingToExamine("X has no rows")
    values, label, rest = _labels(labels, frame)
    event = _events(values, positive, frame.height)
    view = _model(model, tuple(features or rest.columns), positive, trust)
    return Subject(
        model=view,
        table=open_table(rest.with_columns(event.alias(label)), name="X"),
        label=label,
        domain=declared,
        words=(_words(model, "model"), _words(rows, "X"), _words(labels, "y"), _words(domain, "domain")),
        opened=view is not model,
    )


def _domain(given: Any) -> Domain:
    if isinstance(given, Domain):
        return given
    if isinstance(given, str) and "\n" in given:
        return loads_domain(given, where="the text that was given as domain")
    if isinstance(given, str | os.PathLike):
        return load_domain(Path(cast("str", given)))
    raise UsageError(
        f"a {type(given).__name__} is no domain",
        next_step="give a hauberk.domain.Domain, the path of a domain file, or its text",
    )


def _frame(given: Any, domain: Domain) -> pl.DataFrame:
    if not isinstance(given, np.ndarray):
        return open_table(given, name="X").frame()
    array = np.asarray(cast("Any", given))
    if array.ndim != 2 or array.shape[1] != len(domain.names):
        raise UsageError(
            f"an array of shape {array.shape} does not have the domain's {len(domain.names)} columns",
            where="X",
            next_step="give an array with the columns of the domain in its order, or a frame, whose columns have names",
        )
    return pl.DataFrame({name: array[:, j] for j, name in enumerate(domain.names)})


def _labels(given: Any, frame: pl.DataFrame) -> tuple[pl.Series, str, pl.DataFrame]:
    """The labels, a name for them that no column has, and the rows without them."""
    if isinstance(given, str) and given in frame.columns:
        return frame[given], given, frame.drop(given)
    label = "label"
    while label in frame.columns:
        label += "_"
    if isinstance(given, str | os.PathLike) or hasattr(given, "columns"):
        table = open_table(given, name="y")
        if len(table.columns) != 1:
            raise UsageError(f"y has {len(table.columns)} columns, the labels are one", where="y")
        return table.frame().to_series(), label, frame
    try:
        values = given if isinstance(given, pl.Series) else pl.Series(np.asarray(given))
    except (TypeError, ValueError) as error:
        raise UsageError(f"a {type(given).__name__} is no labels", where="y", why=str(error)[:200]) from error
    return values, label, frame


def _events(values: pl.Series, positive: str | int, height: int) -> pl.Series:
    if values.len() != height:
        raise UsageError(f"X has {height} rows and y has {values.len()}", next_step="give one label for each row")
    missing = values.null_count() + (int(values.is_nan().sum()) if values.dtype.is_float() else 0)
    if missing:
        raise UsageError(f"{missing} of {height} labels are missing", where="y", next_step="leave these rows out")
    wanted = str(positive)
    try:
        same = values.cast(pl.Float64) == float(positive)
    except (ValueError, pl.exceptions.PolarsError):
        same = values.cast(pl.String) == wanted
    kinds = same.n_unique()
    if kinds < 2:
        which = "the event" if same.all() else "no event"
        raise NothingToExamine(
            f"all {height} labels say {which}",
            where="y",
            why=f"the event is called {wanted[:_NAMED]!r}; one class alone does not show that the model tells two apart",
            next_step="give rows of both classes, or say with positive=… what the event is called",
        )
    return same.cast(pl.Int8)


def _model(given: Any, features: tuple[str, ...], positive: str | int, trust: Sequence[str]) -> ModelView:
    if isinstance(given, ModelView):
        return given
    return open_model(given, features=features, positive=positive, trust=tuple(trust))


def _words(given: Any, name: str) -> str:
    """An expression for what was given: the path itself, or the name that a test would call it by."""
    if isinstance(given, os.PathLike):
        return repr(os.fspath(cast("os.PathLike[str]", given)))
    if isinstance(given, str) and "\n" not in given:
        return repr(given)
    return name
