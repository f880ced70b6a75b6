# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules: one float32 matrix in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import event_index
from hauberk.model.matrix import numeric_matrix


@dataclass(frozen=True, slots=True)
class TorchScorer:
    """Scores with a torch module in evaluation mode."""

    module: Any
    event: int
    where: str

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        import torch

        matrix = np.ascontiguousarray(numeric_matrix(frame, where=self.where), dtype=np.float32)
        with torch.inference_mode():
            answer = self.module(torch.from_numpy(matrix)).double().numpy()
        if answer.ndim == 2 and answer.shape[1] == 2:
            return np.ascontiguousarray(answer[:, self.event])
        flat: NDArray[np.float64] = answer.reshape(len(answer), -1)[:, 0] if answer.ndim == 2 else answer
        return flat if self.event == 1 else 1.0 - flat


def open_module(module: Any, request: Request) -> Opened:
    """Open a torch module whose output is a probability, one or two columns; margins are refused when scored.

    Raises:
        UsageError: its columns were not named.
    """
    if not request.features:
        raise UsageError(
            "a torch module does not say which columns it reads",
            where=request.where,
            next_step="name them in order with features=[…]",
        )
    module.eval()
    event = event_index((0, 1), request.positive, where=request.where)
    return Opened(framework="torch", features=request.features, scorer=TorchScorer(module, event, request.where))
