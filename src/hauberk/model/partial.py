# SPDX-License-Identifier: Apache-2.0
"""Scores of the rows that a model can score: where it fails on some rows, the others keep theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import HauberkError, Incomplete
from hauberk.model.view import ModelView, checked_scores

CALLS = 400
"""Calls that are spent on setting rows that fail apart from those that do not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partial:
    """What a model answered.

    Attributes:
        scores: P(event) for each row, shape (n,); NaN where the model gave no answer that is a probability.
        trouble: what it said of the first row without one; empty if it answered all.
    """

    scores: NDArray[np.float64]
    trouble: str = ""

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which rows have a score, shape (n,)."""
        return ~np.isnan(self.scores)


def partial_scores(view: ModelView, frame: pl.DataFrame) -> Partial:
    """Score what can be scored, by halving a batch that fails within `CALLS` calls; what is left then has no score.

    Args:
        view: a model that is asked here; do not ask an endpoint again and again.
        frame: rows with at least the model's features.

    Raises:
        UsageError: a feature is missing.
        Incomplete: the model as a whole is gone, such as a process that died.
    """
    rows = frame.select(view.features) if set(view.features) <= set(frame.columns) else frame
    scores = np.full(frame.height, np.nan)
    trouble = ""
    calls = 0
    todo = [(0, frame.height)] if frame.height else []
    while todo and calls < CALLS:
        start, stop = todo.pop()
        calls += 1
        part, said = _attempt(view, rows.slice(start, stop - start))
        if part is not None:
            scores[start:stop] = part
            continue
        trouble = trouble or said
        middle = (start + stop) // 2
        if stop - start > 1:
            todo += [(middle, stop), (start, middle)]
    return Partial(scores=scores, trouble=trouble)


@dataclass(frozen=True, slots=True)
class _Given:
    """A scorer whose answer is at hand."""

    answer: NDArray[np.float64]

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        del frame
        return self.answer


def _attempt(view: ModelView, rows: pl.DataFrame) -> tuple[NDArray[np.float64] | None, str]:
    """One call: the scores, or why there are none."""
    if rows.columns != list(view.features):
        return checked_scores(view, rows), ""  # which says what is missing
    try:
        answer = view.scorer(rows)
    except Incomplete:
        raise
    except HauberkError as error:
        return None, f"{error.what}: {error.why}" if error.why else error.what
    except Exception as error:  # broad: a model is foreign code and may raise anything
        return None, f"the model raises {type(error).__name__} on it"
    try:
        return checked_scores(replace(view, scorer=_Given(answer)), rows), ""
    except HauberkError as error:
        return None, f"{error.what}: {error.why}" if error.why else error.what
