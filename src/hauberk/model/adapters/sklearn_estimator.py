# SPDX-License-Identifier: Apache-2.0
"""scikit-learn: fitted classifiers and whole pipelines, in memory.

A pipeline that was fitted on a table is fed a polars frame with the same column names, one that was fitted on a
matrix is fed a matrix. Pandas writes a missing word as NaN and polars as None, and encoders and imputers treat the
two as different values; the fitted steps tell which of them the model learned, and the frame is written that way.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from hauberk.core.errors import UsageError
from hauberk.model.adapters.missing_words import learned_nan
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import column_names, event_index
from hauberk.model.forest.convert import forest_of
from hauberk.model.forest.event import event_forest
from hauberk.model.matrix import is_number, is_text, numeric_matrix
from hauberk.model.tree_proof import shown_by_scores
from hauberk.model.trees import TreeReader, Trees

_GROWN = frozenset({"BaseHistGradientBoosting", "BaseGradientBoosting", "ForestClassifier", "BaseDecisionTree"})
"""Ancestors of the classifiers whose trees are read."""


@dataclass(frozen=True, slots=True)
class EstimatorScorer:
    """Scores with `predict_proba`, or with `predict` where there are labels alone."""

    estimator: Any
    event: int
    label: Any
    labels_only: bool
    named: bool
    nan_words: bool
    threads: int

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, or 0.0 and 1.0 for labels, shape (n,)."""
        rows = written_as_fitted(frame, nan_words=self.nan_words)
        with warnings.catch_warnings():
            # libraries warn of unknown categories and of frames without names once per call; neither changes a score
            warnings.simplefilter("ignore")
            if not self.threads:
                return self._answer(rows)
            with threadpool_limits(limits=self.threads):
                return self._answer(rows)

    def _answer(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        if not self.named:
            numeric = all(is_number(dtype) for dtype in rows.dtypes)
            return self._ask(numeric_matrix(rows) if numeric else rows.to_numpy())
        try:
            return self._ask(rows)
        except Exception:  # broad: a step of the user's own may need the frame type that it was written for
            pandas_rows = _as_pandas(rows)
            if pandas_rows is None:
                raise
            return self._ask(pandas_rows)

    def _ask(self, rows: Any) -> NDArray[np.float64]:
        if self.labels_only:
            return np.asarray(np.asarray(self.estimator.predict(rows)) == self.label, dtype=np.float64)
        return np.asarray(self.estimator.predict_proba(rows)[:, self.event], dtype=np.float64)


def open_estimator(estimator: Any, request: Request) -> Opened:
    """Open a fitted scikit-learn classifier or pipeline.

    Raises:
        UsageError: it is not fitted, is not a classifier of two classes, or its columns cannot be told.
    """
    _require_fitted(estimator, request)
    classes = getattr(estimator, "classes_", None)
    if classes is None or any(np.ndim(label) for label in classes):
        raise UsageError(
            f"{type(estimator).__name__} is not a classifier with one target",
            where=request.where,
            next_step="give a fitted classifier, or a pipeline that ends in one",
        )
    event = event_index(list(classes), request.positive, where=request.where)
    own = getattr(estimator, "feature_names_in_", None)
    width = int(getattr(estimator, "n_features_in_", 0)) or len(request.features or ())
    features = column_names(
        [] if own is None else [str(name) for name in own], width, request.features, where=request.where
    )
    labels_only = not hasattr(estimator, "predict_proba")
    scorer = EstimatorScorer(
        estimator=estimator,
        event=event,
        label=list(classes)[event],
        labels_only=labels_only,
        named=own is not None,
        nan_words=learned_nan(estimator),
        threads=request.threads,
    )
    final = getattr(estimator, "_final_estimator", estimator)
    return Opened(
        framework="scikit-learn",
        features=features,
        scorer=scorer,
        labels_only=labels_only,
        objective=type(final).__name__,
        trees=_reader(estimator, scorer, features),
    )


def _reader(estimator: Any, scorer: EstimatorScorer, features: tuple[str, ...]) -> TreeReader | None:
    """Reads the trees of an estimator of a kind that is converted, None for others.

    The steps of a pipeline turn a record into something else before a tree sees it, so pipelines are among the others.
    """
    kinds = {kind.__name__ for kind in type(estimator).__mro__}
    if scorer.labels_only or not kinds & _GROWN:
        return None
    return TreeReader(lambda: _trees(estimator, scorer, features))


def _trees(estimator: Any, scorer: EstimatorScorer, features: tuple[str, ...]) -> Trees:
    where = type(estimator).__name__
    forest = forest_of(estimator)
    trees = Trees(
        forest=event_forest(forest, scorer.event, where=where),
        features=features,
        codes={features[column]: values for column, values in forest.categories.items()},
        where=where,
    )
    return shown_by_scores(trees, scorer)


def written_as_fitted(frame: pl.DataFrame, *, nan_words: bool) -> pl.DataFrame:
    """Return the frame with missing values written as scikit-learn expects them.

    Numbers get NaN for null. Words with nulls become objects with NaN if `nan_words`, else they keep None.
    """
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        if not column.null_count():
            columns.append(column)
        elif is_number(column.dtype):
            columns.append(column.cast(pl.Float64).fill_null(float("nan")))
        elif nan_words and is_text(column.dtype):
            words = [float("nan") if value is None else value for value in column.cast(pl.String).to_list()]
            columns.append(pl.Series(column.name, words, dtype=pl.Object))
        else:
            columns.append(column)
    return pl.DataFrame(columns)


def _require_fitted(estimator: Any, request: Request) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_is_fitted(estimator)
    except NotFittedError as error:
        raise UsageError(
            f"this {type(estimator).__name__} is not fitted", where=request.where, next_step="fit it first"
        ) from error
    except TypeError:
        # it only looks like an estimator, which is enough: there is no `fit` and so nothing to be unfitted
        return


def _as_pandas(rows: pl.DataFrame) -> Any | None:
    """Return the same rows as a pandas frame, or None where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        return None
    build: Callable[..., Any] = pd.DataFrame
    return build({column.name: _plain_array(column) for column in rows.get_columns()})


def _plain_array(column: pl.Series) -> NDArray[Any]:
    if is_text(column.dtype):
        return np.array(column.cast(pl.String).to_list(), dtype=object)
    return np.asarray(column.to_numpy())
