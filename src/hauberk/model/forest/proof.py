# SPDX-License-Identifier: Apache-2.0
"""No forest leaves a converter before its margins equal the source library's on rows made to tell them apart."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import Forest
from hauberk.model.forest.probes import probe_blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The library's own predictor.

    Attributes:
        margins: raw sums of a float64 matrix, shape (n,) or (n, outputs); categorical columns hold codes.
        scores: what the library gives after its link, same shape; None where it has nothing but margins.
        refusals: the errors with which the library refuses NaN or infinity.
    """

    margins: Callable[[NDArray[np.float64]], Any]
    scores: Callable[[NDArray[np.float64]], Any] | None = None
    refusals: tuple[type[Exception], ...] = (ValueError,)


def proven(forest: Forest, source: Source, *, where: str) -> Forest:
    """Return the forest with the number of rows on which it equals its source, and what the source refuses.

    A single-precision sum may differ by 16 units in the last place of the greatest margin in its block, since the
    library may add in another order; a double one by one part in 10^10.

    Raises:
        UsageError: margins or scores differ on a row.
    """
    gap, probed, taken = 0.0, 0, {"finite": True, "nan": True, "infinity": True}
    for kind, matrix in probe_blocks(forest):
        if not len(matrix):
            continue
        try:
            theirs = _asked(source.margins, matrix, forest.outputs)
        except source.refusals as error:
            if kind == "finite":
                raise _differs(forest, where, f"the library refuses ordinary rows: {str(error)[:200]}") from error
            taken[kind] = False
            continue
        gap = max(gap, _gap(forest, matrix, theirs, where))
        if source.scores is not None:
            _compare_scores(forest, _asked(source.scores, matrix, forest.outputs), theirs, where)
        probed += len(matrix)
    return replace(forest, takes_nan=taken["nan"], takes_infinity=taken["infinity"], probed=probed, gap=gap)


def _gap(forest: Forest, matrix: NDArray[np.float64], theirs: NDArray[np.float64], where: str) -> float:
    ours = forest.margins(matrix)
    precision = 16 * float(np.finfo(np.float32).eps) if forest.values.dtype == np.float32 else 1e-10
    allowed = precision * max(1.0, float(np.abs(theirs).max(initial=0.0)))
    apart = np.abs(ours - theirs).max(axis=1)
    wrong = ~(apart <= allowed)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _differs(
            forest,
            where,
            f"margins differ on {int(wrong.sum())} of {len(matrix)} probed rows, first by "
            f"{ours[row].tolist()} against {theirs[row].tolist()}",
        )
    return float(apart.max(initial=0.0))


def _compare_scores(forest: Forest, theirs: NDArray[np.float64], margins: NDArray[np.float64], where: str) -> None:
    apart = float(np.abs(forest.linked(margins) - theirs).max(initial=0.0))
    if not apart <= 1e-5 * max(1.0, float(np.abs(theirs).max(initial=0.0))):
        raise _differs(forest, where, f"margins agree and scores differ by {apart:.3g}")


def _asked(
    predict: Callable[[NDArray[np.float64]], Any], matrix: NDArray[np.float64], outputs: int
) -> NDArray[np.float64]:
    # libraries warn of hostile values and of matrices without column names, and both are meant here
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(predict(matrix), dtype=np.float64).reshape(-1, outputs)


def _differs(forest: Forest, where: str, why: str) -> UsageError:
    return UsageError(
        "the model's trees cannot be read so that they score as the model does",
        where=where or forest.library,
        why=why,
        next_step="attack the model by its scores, which need no trees, and report the model's kind to Hauberk",
    )
