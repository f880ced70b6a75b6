# SPDX-License-Identifier: Apache-2.0
"""Intervals for rates and quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special


def rate_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval for a rate (Clopper and Pearson 1934).

    Args:
        hits: how often it happened, 0 to `n`.
        n: how often it could have happened; 0 gives the interval (0, 1).
        level: confidence level, above 0 and below 1.

    Returns:
        Lower and upper end, each from 0 to 1.

    Raises:
        ValueError: `hits` outside 0 to `n`.

    Example:
        >>> [round(end, 4) for end in rate_interval(0, 100)]
        [0.0, 0.0362]
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits out of {n}")
    tail = (1.0 - level) / 2.0
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(special.betaincinv(hits + 1, n - hits, 1.0 - tail))
    return low, high


def quantile_interval(values: NDArray[np.float64], q: float = 0.5, level: float = 0.95) -> tuple[float, float, float]:
    """A quantile with its distribution-free interval from order statistics (David and Nagaraja, 2003, section 7.1).

    Args:
        values: one-dimensional, at least one, no NaN.
        q: which quantile, above 0 and below 1.
        level: confidence level.

    Returns:
        The quantile (inverse of the empirical distribution), lower end, upper end; the ends are the extremes of the
        sample where it is too small for the level.

    Raises:
        ValueError: no values.

    Example:
        >>> quantile_interval(np.arange(1.0, 100.0))
        (50.0, 40.0, 60.0)
    """
    if values.size == 0:
        raise ValueError("no values")
    ordered = np.sort(values)
    n = ordered.size
    tail = (1.0 - level) / 2.0
    low = _binomial_quantile(tail, n, q) - 1
    high = _binomial_quantile(1.0 - tail, n, q)
    middle = float(np.quantile(ordered, q, method="inverted_cdf"))
    return middle, float(ordered[max(low, 0)]), float(ordered[min(high, n - 1)])


def _binomial_quantile(p: float, n: int, rate: float) -> int:
    """Smallest count whose cumulative probability reaches `p`; `scipy.stats` would cost its import for this alone."""
    count = max(int(special.bdtrik(p, n, rate)), 0)
    while count > 0 and special.bdtr(count - 1, n, rate) >= p:
        count -= 1
    while count < n and special.bdtr(count, n, rate) < p:
        count += 1
    return count
