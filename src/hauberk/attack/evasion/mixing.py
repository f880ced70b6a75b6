# SPDX-License-Identifier: Apache-2.0
"""Numbers made from a record's content: its key, its own generator, and the fingerprint of a candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)


def mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit words: the finaliser of SplitMix64 (Steele, Lea and Flood 2014), element by element."""
    mixed = words + _STEP
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MULTIPLIERS[0]
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLIERS[1]
    mixed ^= mixed >> np.uint64(31)
    return mixed


def row_keys(points: NDArray[np.float64]) -> NDArray[np.uint64]:
    """One 64-bit number a row, from its content alone: equal rows share it, and 0.0 and -0.0 count as equal.

    Args:
        points: shape (n, k); every NaN counts as the same value.

    Returns:
        Shape (n,). Two of a million different rows share a number with a chance of about 3e-8.

    Example:
        >>> keys = row_keys(np.array([[0.0, np.nan], [-0.0, np.nan], [1.0, np.nan]]))
        >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
        (True, False)
    """
    plain = np.where(np.isnan(points), np.nan, points + 0.0)
    words = np.ascontiguousarray(plain).view(np.uint64)
    place = mix(np.arange(1, points.shape[1] + 1, dtype=np.uint64))
    total = np.add.reduce(mix(words ^ place), axis=1, dtype=np.uint64)
    return mix(np.asarray(total, dtype=np.uint64))


def generator(seed: int, key: int) -> np.random.Generator:
    """The generator of one row: the same for the same seed and the same content, whoever stands beside it."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, key))))


def word(seed: int, number: int) -> int:
    """Another seed made from a seed and a number, from 0 to 2**63 - 1."""
    scattered = mix(np.array([seed & (2**64 - 1)], dtype=np.uint64) + mix(np.array([number], dtype=np.uint64)))
    return int(scattered[0]) >> 1
