# SPDX-License-Identifier: Apache-2.0
"""A histogram of doubles whose bins are fixed in advance, so that counts from any split of the data add up exactly.

The bins are the top 16 bits of the number itself: sign, exponent and four bits of the mantissa. They keep the order of
the numbers and are 1/16 of the value wide, from the smallest to the largest double (the idea behind HDR histograms and
DDSketch, without a logarithm). Counts are integers: no order of rows or batches can change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RUNGS = 1 << 16
"""Number of bins, hence the size of a histogram: at most 512 KiB."""

_SHIFT = np.uint64(48)
_SIGN = np.uint64(1 << 63)
_TOPS = np.arange(RUNGS, dtype=np.int64)
_ORDER = np.where(_TOPS >= RUNGS // 2, RUNGS - 1 - _TOPS, _TOPS + RUNGS // 2)
_NOT_FINITE = (_TOPS & 0x7FF0) == 0x7FF0


def rungs(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of each value, ascending with it; -0.0 counts as 0.0.

    Args:
        values: shape (n,), finite.

    Returns:
        Shape (n,), 0 to RUNGS - 1.

    Example:
        >>> bool(np.all(np.diff(rungs(np.array([-1e9, -1.0, 0.0, 1e-9, 1.0, 2.0, 1e9]))) > 0))
        True
    """
    bits = (values + 0.0).view(np.uint64)
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered >> _SHIFT).astype(np.int64)


def edges(rung: NDArray[np.int64]) -> NDArray[np.float64]:
    """The number of each bin that lies nearest to zero or, for the bin of zero, zero.

    Args:
        rung: shape (n,), 0 to RUNGS - 1.

    Example:
        >>> edges(rungs(np.array([1.0, -2.0, 0.0]))).tolist()
        [1.0, -2.0, 0.0]
    """
    ordered = rung.astype(np.uint64) << _SHIFT
    negative = ordered < _SIGN
    filled = ordered | np.uint64((1 << 48) - 1)
    return np.where(negative, ~filled, ordered ^ _SIGN).view(np.float64)


def count_rungs(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Histogram of the finite values, shape (RUNGS,).

    The top bits are counted as they are and the 65,536 counts put in order afterwards, which is far less work than to put
    every value in order.

    Args:
        values: shape (n,); NaN and infinities are left out.
    """
    top = (values + 0.0).view(np.uint64) >> _SHIFT
    raw = np.bincount(top.astype(np.int64), minlength=RUNGS)
    raw[_NOT_FINITE] = 0
    counts = np.empty_like(raw)
    counts[_ORDER] = raw
    return counts


def rung_quantile(counts: NDArray[np.int64], q: float) -> float:
    """A quantile, at most 1/16 of its value from the exact one (towards zero).

    Args:
        counts: shape (RUNGS,), at least one count above 0.
        q: 0 to 1.

    Raises:
        ValueError: nothing was counted.

    Example:
        >>> rung_quantile(count_rungs(np.array([1.0, 2.0, 4.0])), 0.5)
        2.0
    """
    total = int(counts.sum())
    if total == 0:
        raise ValueError("nothing was counted")
    rank = min(max(int(np.ceil(q * total)), 1), total)
    rung = int(np.searchsorted(np.cumsum(counts), rank))
    return float(edges(np.array([rung]))[0])
