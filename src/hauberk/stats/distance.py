# SPDX-License-Identifier: Apache-2.0
"""How far two samples are apart: effect sizes with a bound on their sampling error, no p-values.

With ten million rows every difference is significant; what matters is how large it is.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def ks_distance(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Largest difference of two cumulative distributions over the same ordered bins (Kolmogorov 1933).

    Args:
        first: counts, shape (bins,), at least one above 0.
        second: counts over the same bins.

    Returns:
        0 for equal shapes to 1 for disjoint ones; at most the distance of the unbinned samples.

    Raises:
        ValueError: one of them is empty.

    Example:
        >>> ks_distance(np.array([5, 5, 0]), np.array([0, 5, 5]))
        0.5
    """
    gap = np.cumsum(_share(first)) - np.cumsum(_share(second))
    return float(np.abs(gap).max())


def total_variation(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Share of the mass that would have to move to turn one distribution into the other.

    Args:
        first: counts, shape (bins,), at least one above 0.
        second: counts over the same bins.

    Raises:
        ValueError: one of them is empty.

    Example:
        >>> total_variation(np.array([9, 1]), np.array([8, 2]))
        0.1
    """
    return float(round(0.5 * np.abs(_share(first) - _share(second)).sum(), 12))


def ks_margin(n: int, m: int, level: float = 0.95) -> float:
    """How far a measured Kolmogorov distance may lie from the true one (Dvoretzky, Kiefer, Wolfowitz; Massart 1990).

    Args:
        n: rows of the first sample, at least 1.
        m: rows of the second sample, at least 1.
        level: confidence level; it is split evenly over the two samples.

    Example:
        >>> round(ks_margin(10_000, 10_000), 4)
        0.0296
    """
    tail = (1.0 - level) / 2.0
    return sum(math.sqrt(math.log(2.0 / tail) / (2.0 * size)) for size in (n, m)) if tail > 0 else 1.0


def variation_margin(n: int, m: int, bins: int, level: float = 0.95) -> float:
    """How far a measured total variation may lie from the true one (Bretagnolle, Huber, Carol 1978).

    Args:
        n: rows of the first sample, at least 1.
        m: rows of the second sample, at least 1.
        bins: how many bins can be filled, at least 1.
        level: confidence level; it is split evenly over the two samples.

    Example:
        >>> round(variation_margin(10_000, 10_000, 4), 4)
        0.0359
    """
    tail = (1.0 - level) / 2.0
    return sum(math.sqrt((bins * math.log(2.0) - math.log(tail)) / (2.0 * size)) for size in (n, m))


def _share(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    total = int(counts.sum())
    if total == 0:
        raise ValueError("nothing was counted")
    return counts / total
