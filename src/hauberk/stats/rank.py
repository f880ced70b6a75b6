# SPDX-License-Identifier: Apache-2.0
"""How well one number orders two classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auc(values: NDArray[np.float64], event: NDArray[np.bool_]) -> float:
    """Probability that an event's value lies above another row's, ties counted half (Mann and Whitney 1947).

    Args:
        values: shape (n,), no NaN.
        event: shape (n,), at least one true and one false.

    Raises:
        ValueError: one class is absent.

    Example:
        >>> auc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True]))
        0.75
    """
    events = int(event.sum())
    others = event.size - events
    if not events or not others:
        raise ValueError("both classes are needed")
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    above = np.cumsum(counts) - (counts - 1) / 2.0
    return float((above[place][event].sum() - events * (events + 1) / 2.0) / (events * others))


def auc_interval(area: float, events: int, others: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Interval for an area under the curve (Hanley and McNeil 1982), cut to 0 and 1.

    Args:
        area: measured area, 0 to 1.
        events: rows of the one class, at least 1.
        others: rows of the other class, at least 1.
        z: normal quantile of the level; the default gives 95 %.

    Example:
        >>> [round(end, 3) for end in auc_interval(0.8, 100, 1000)]
        [0.747, 0.853]
    """
    q1 = area / (2.0 - area)
    q2 = 2.0 * area * area / (1.0 + area)
    spread = area * (1.0 - area) + (events - 1) * (q1 - area * area) + (others - 1) * (q2 - area * area)
    error = z * float(np.sqrt(max(spread, 0.0) / (events * others)))
    return max(area - error, 0.0), min(area + error, 1.0)
