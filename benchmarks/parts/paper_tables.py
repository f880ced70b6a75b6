# SPDX-License-Identifier: Apache-2.0
"""The two tables of the robust boosting paper, in their original order.

The R package mlbench holds Wisconsin breast cancer (699 rows with the patient's number, 683 without gaps) and the Pima
diabetes table (768 rows) as UCI gave them, so that the paper's split by position can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from parts.r_tables import MLBENCH, columns


@dataclass(frozen=True)
class Table:
    """One table as the paper splits it: first 80 % to train, of which a seeded 80 % is fitted, and the rest to test.

    Columns are scaled to [0, 1] by the training rows' extremes.
    """

    name: str
    reach: float
    x: np.ndarray
    y: np.ndarray
    fit: np.ndarray
    tune: np.ndarray
    test: np.ndarray

    @staticmethod
    def of(name: str, reach: float, x: np.ndarray, y: np.ndarray, order: np.ndarray | None = None) -> Table:
        """Split by position, or by a given order of the rows."""
        order = np.arange(len(x)) if order is None else order
        train, test = order[: int(0.8 * len(x))], order[int(0.8 * len(x)) :]
        low, high = x[train].min(axis=0), x[train].max(axis=0)
        # the paper's code shuffles the training rows with numpy's old generator, seed 1
        shuffled = train[np.random.RandomState(1).permutation(len(train))]
        cut = int(0.8 * len(train))
        return Table(name, reach, (x - low) / (high - low), y, shuffled[:cut], shuffled[cut:], test)


def tables() -> list[tuple[str, float, np.ndarray, np.ndarray]]:
    """Name, reach, rows and labels of both tables."""
    cancer, pima = columns(MLBENCH, "BreastCancer"), columns(MLBENCH, "PimaIndiansDiabetes")
    whole = np.all([values != "" for values in cancer.values()], axis=0)
    # the patient's number is a column like any other to the paper
    x = np.stack([values[whole].astype(float) for name, values in cancer.items() if name != "Class"], axis=1)
    measures = np.stack([values for name, values in pima.items() if name != "diabetes"], axis=1)
    return [
        ("breast cancer", 0.3, x, (cancer["Class"][whole] == "malignant").astype(int)),
        ("diabetes", 0.05, measures, (pima["diabetes"] == "pos").astype(int)),
    ]
