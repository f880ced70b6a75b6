# SPDX-License-Identifier: Apache-2.0
"""One view of a model: what it answers, never what it is made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.check import Need


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
            alone has LABELS, and its scorer returns 0.0 or 1.0.
        deterministic: false if the adapter knows that two calls may differ.
    """

    name: str
    digest: str
    framework: str
    features: tuple[str, ...]
    scorer: Scorer
    capabilities: frozenset[Need] = field(default_factory=lambda: frozenset({Need.SCORES, Need.LABELS}))
    deterministic: bool = True

    def scores(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row of a frame that holds at least the model's features.

        Raises:
            UsageError: a feature is missing, or the model returned something that is not n numbers from 0 to 1.
        """
        return checked_scores(self, frame)


def checked_scores(view: ModelView, frame: pl.DataFrame) -> NDArray[np.float64]:
    """Score, and refuse answers that cannot be probabilities; see `ModelView.scores`."""
    raise NotImplementedError
