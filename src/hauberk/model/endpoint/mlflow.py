# SPDX-License-Identifier: Apache-2.0
"""MLflow's scoring protocol: POST /invocations with `dataframe_split`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import event_index
from hauberk.model.endpoint.answers import blocks, plain_values, to_scores
from hauberk.model.endpoint.transport import Transport


@dataclass(frozen=True, slots=True)
class MlflowScorer:
    """Scores by asking an MLflow server."""

    transport: Transport
    event: int

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        return np.concatenate([self._block(block) for block in blocks(frame)])

    def _block(self, block: pl.DataFrame) -> NDArray[np.float64]:
        where = self.transport.address.shown
        columns = [plain_values(column, where) for column in block.get_columns()]
        rows = [list(row) for row in zip(*columns, strict=True)]
        answer = self.transport.ask("", {"dataframe_split": {"columns": block.columns, "data": rows}})
        values = cast("dict[str, Any]", answer).get("predictions") if isinstance(answer, dict) else answer
        if values is None:
            raise Unreadable("the answer holds no 'predictions'", where=where)
        return to_scores(values, block.height, self.event, labels=False, where=where)


def open_mlflow(transport: Transport, request: Request) -> Opened:
    """Open a model behind an MLflow scoring server.

    Raises:
        UsageError: the columns that it reads were not named; the protocol does not say them.
    """
    if not request.features:
        raise UsageError(
            "an MLflow server does not say which columns it reads",
            where=request.where,
            next_step="name them in order with features=[…]",
        )
    event = event_index((0, 1), request.positive, where=request.where)
    return Opened(
        framework="endpoint",
        features=request.features,
        scorer=MlflowScorer(transport, event),
        objective="MLflow scoring server",
    )
