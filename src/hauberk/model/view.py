# SPDX-License-Identifier: Apache-2.0
"""One view of a model: what it answers, never what it is made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.check import Need
from hauberk.core.errors import HauberkError, Incomplete, UsageError
from hauberk.model.trees import TreeReader, Trees

SLACK = 1e-6
"""How far from [0, 1] a score may lie, since single-precision models round to 1.0000001; it is clipped."""

PROBES = 64
"""Calls that are spent on finding out which rows a model fails on, before the answer becomes 'at least'."""

NAMED = 5
"""Columns that a message lists by name."""


class Scorer(Protocol):
    """The one thing that every adapter does."""

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return P(event) for each row, shape (n,), each from 0 to 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A model as the rest of the house sees it.

    Attributes:
        name: what people call it.
        digest: `sha256:` of its bytes; empty for an endpoint or an object in memory.
        framework: `lightgbm`, `xgboost`, `catboost`, `scikit-learn`, `onnx`, `endpoint` or `callable`; for display only.
        features: names of the columns it reads, in its order.
        scorer: the adapter; called with a frame that holds exactly `features`, in that order.
        capabilities: what it can answer, out of SCORES, LABELS, TREES and GRADIENTS. A model that gives hard labels
            alone has LABELS, and its scorer returns 0.0 or 1.0. TREES says that the model is of a kind whose trees are
            read; reading them is left until `trees` is called, which may still refuse.
        tree_reader: reads the trees; None where the model is of no such kind.
        deterministic: false if the adapter knows that two calls may differ.
    """

    name: str
    digest: str
    framework: str
    features: tuple[str, ...]
    scorer: Scorer
    capabilities: frozenset[Need] = field(default_factory=lambda: frozenset({Need.SCORES, Need.LABELS}))
    deterministic: bool = True
    tree_reader: TreeReader | None = None

    def scores(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row of a frame that holds at least the model's features.

        Raises:
            UsageError: a feature is missing, or the model returned something that is not n numbers from 0 to 1.
            Incomplete: the model failed on rows; the message says on how many.
        """
        return checked_scores(self, frame)

    def trees(self) -> Trees:
        """The model's trees, shown to score as the model does; read once, when they are first asked for.

        Raises:
            UsageError: the model is not made of trees, or of trees that would not score as the model does.
            Incomplete: the process that holds the model did not answer.
        """
        if self.tree_reader is None:
            raise UsageError(
                "the model gives no trees",
                where=self.name,
                why=f"it is a {self.framework} model of a kind whose trees are not read",
                next_step="attack the model by its scores, which need no trees",
            )
        return self.tree_reader()

    def close(self) -> None:
        """End what the adapter keeps open, such as a worker process. Calling it twice does no harm."""
        closer = cast("Callable[[], None] | None", getattr(self.scorer, "close", None))
        if closer is not None:
            closer()


def checked_scores(view: ModelView, frame: pl.DataFrame) -> NDArray[np.float64]:
    """Score, and refuse answers that cannot be probabilities; see `ModelView.scores`."""
    _require_features(view, frame)
    rows = frame.select(view.features)
    if rows.height == 0:
        return np.empty(0, dtype=np.float64)
    try:
        answer = view.scorer(rows)
    except HauberkError:
        raise
    except Exception as error:  # broad: a model is foreign code and may raise anything
        raise _failure(view, rows, error) from error
    return _probabilities(view, answer, rows.height)


def missing_columns(wanted: tuple[str, ...], present: list[str], where: str) -> UsageError | None:
    """Return the error that names the absent columns, or None if all of `wanted` are present."""
    have = set(present)
    absent = [name for name in wanted if name not in have]
    if not absent:
        return None
    listed = ", ".join(absent[:NAMED]) + (f" and {len(absent) - NAMED} more" if len(absent) > NAMED else "")
    return UsageError(
        f"the model reads {len(wanted)} columns, the data has {len(present)}; missing: {listed}",
        where=where,
        next_step="give data with the columns that the model was trained on, under the same names",
    )


def _require_features(view: ModelView, frame: pl.DataFrame) -> None:
    error = missing_columns(view.features, frame.columns, view.name)
    if error is not None:
        raise error


def _failure(view: ModelView, rows: pl.DataFrame, error: Exception) -> Incomplete:
    count, first, exact = _failing(view.scorer, rows)
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    if count == 0:
        what = f"the model failed on a batch of {rows.height} rows, and on none of them alone"
    elif count == rows.height:
        what = f"the model failed on every one of {rows.height} rows"
    else:
        what = f"the model failed on {'' if exact else 'at least '}{count} of {rows.height} rows, first on row {first}"
    return Incomplete(
        what,
        where=view.name,
        why=said,
        next_step="look at these rows: a type or a category that the model was not trained on is the usual cause",
    )


def _failing(scorer: Scorer, rows: pl.DataFrame) -> tuple[int, int, bool]:
    """How many rows fail, the first of them, and whether the count is exact, by halving within PROBES calls."""
    failing: list[int] = []
    calls = 0
    todo = [(0, rows.height)]
    while todo and calls < PROBES:
        start, stop = todo.pop()
        calls += 1
        if _works(scorer, rows.slice(start, stop - start)):
            continue
        if stop - start == 1:
            failing.append(start)
            continue
        middle = (start + stop) // 2
        todo += [(middle, stop), (start, middle)]
    if not todo:
        return len(failing), min(failing, default=0), True
    return max(len(failing), 1), min(failing, default=todo[-1][0]), False


def _works(scorer: Scorer, rows: pl.DataFrame) -> bool:
    try:
        scorer(rows)
    except Exception:  # broad: the question is whether it raises, whatever it raises
        return False
    return True


def _probabilities(view: ModelView, answer: Any, height: int) -> NDArray[np.float64]:
    try:
        scores = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _not_scores(view, "the model did not return numbers", str(error)[:200]) from error
    if scores.shape != (height,):
        raise _not_scores(view, f"the model returned shape {scores.shape} for {height} rows, not ({height},)")
    bad = int(np.count_nonzero(~np.isfinite(scores)))
    if bad:
        raise _not_scores(view, f"the model returned NaN or infinity for {bad} of {height} rows")
    outside = (scores < -SLACK) | (scores > 1 + SLACK)
    if outside.any():
        span = f"from {scores.min():.6g} to {scores.max():.6g}"
        raise _not_scores(
            view,
            f"{int(outside.sum())} of {height} scores lie outside 0 to 1",
            f"the answers run {span}: margins, amounts or class numbers are not probabilities",
        )
    return np.clip(scores, 0.0, 1.0)


def _not_scores(view: ModelView, what: str, why: str = "") -> UsageError:
    return UsageError(
        what,
        where=view.name,
        why=why,
        next_step="Hauberk needs P(event) for each row: export the model with its probability output",
    )
