# SPDX-License-Identifier: Apache-2.0
"""Trees are shown once more, as a whole: frames through the codes, the trees and the link, against the model's scores.

The converters prove margins on matrices. This proves what lies between a frame and that matrix, and, where the model
lives in a process of its own, that what came over the pipe is what answers there.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.probes import probe_blocks
from hauberk.model.trees import Trees
from hauberk.model.view import Scorer

ROWS = 400
"""Rows of each kind that are compared."""


def shown_by_scores(trees: Trees, scorer: Scorer) -> Trees:
    """Return the trees if their scores equal the model's on probed rows, those beside thresholds among them.

    Raises:
        UsageError: they differ on a row.
    """
    rng = np.random.default_rng(7)
    for kind, matrix in probe_blocks(trees.forest):
        if not len(matrix) or kind == "infinity" or (kind == "nan" and not trees.forest.takes_nan):
            continue
        rows = matrix if len(matrix) <= ROWS else matrix[np.sort(rng.choice(len(matrix), ROWS, replace=False))]
        frame = _frame(trees, rows)
        theirs, ours = scorer(frame), trees.scores(frame)
        allowed = 2e-6 if trees.forest.values.dtype == np.float32 else 1e-8
        wrong = ~(np.abs(ours - theirs) <= allowed)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise UsageError(
                "the model's trees cannot be read so that they score as the model does",
                where=trees.where,
                why=f"scores differ on {int(wrong.sum())} of {len(rows)} probed rows, first {ours[row]:.9g} against "
                f"{theirs[row]:.9g}",
                next_step="attack the model by its scores, which need no trees, and report the model's kind to Hauberk",
            )
    return trees


def _frame(trees: Trees, rows: NDArray[np.float64]) -> pl.DataFrame:
    """Rows of codes and numbers as a table holds them."""
    columns: list[pl.Series] = []
    for at, name in enumerate(trees.features):
        values = pl.Series(name, rows[:, at]).fill_nan(None)
        known = trees.codes.get(name)
        if known is None:
            columns.append(values.fill_null(0.0) if name in trees.refuses_missing else values)
            continue
        missing_allowed = name not in trees.refuses_missing
        codes = np.mod(np.nan_to_num(np.abs(rows[:, at]), posinf=0.0), max(len(known), 1)).astype(np.int64)
        tokens = pl.Series(name, list(known)).gather(codes)
        gaps = pl.Series(np.isnan(rows[:, at]) & missing_allowed)
        columns.append(tokens.set(gaps, None))
    return pl.DataFrame(columns)
