# SPDX-License-Identifier: Apache-2.0
"""A plain function from a polars frame to P(event) for each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.adapters.opened import Opened, Request


@dataclass(frozen=True, slots=True)
class CallableScorer:
    """Scores with a function of the caller's own."""

    function: Callable[[pl.DataFrame], Any]

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        return np.asarray(self.function(frame), dtype=np.float64)


def open_callable(function: Callable[[pl.DataFrame], Any], request: Request) -> Opened:
    """Open a function that takes a polars frame and returns P(event) for each row.

    Raises:
        UsageError: the columns that it reads were not named.
    """
    if not request.features:
        raise UsageError(
            "a function does not say which columns it reads",
            where=request.where,
            next_step="name them in order with features=[…]",
        )
    return Opened(framework="callable", features=request.features, scorer=CallableScorer(function))
