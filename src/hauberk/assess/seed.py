# SPDX-License-Identifier: Apache-2.0
"""Seeds: each check gets its own generator, from the run's seed and its id and nothing else."""

from __future__ import annotations

import hashlib

import numpy as np


def check_seed(run_seed: int, check: str) -> int:
    """Return the seed of one check's generator, from 0 to 2**53 - 1 so that any JSON reader keeps it exactly.

    The id enters through SHA-256, since Python's own hash of a string differs from process to process.

    Args:
        run_seed: seed of the run, 0 or more.
        check: id of the check.

    Example:
        >>> check_seed(0, "HB-D001") == check_seed(0, "HB-D001") != check_seed(0, "HB-D002")
        True
    """
    name = int.from_bytes(hashlib.sha256(check.encode()).digest()[:16], "big")
    state = np.random.SeedSequence([run_seed, name]).generate_state(1, np.uint64)
    return int(state[0]) >> 11


def shared_seed(run_seed: int, topic: str, number: int = 0) -> int:
    """Return the seed of work that several checks of one run share: another run seed or number gives other luck.

    Args:
        run_seed: seed of the run, 0 or more.
        topic: what the work is, such as `evasion`.
        number: a parameter of the check by which a person asks for another try, 0 or more.

    Example:
        >>> shared_seed(0, "evasion") == shared_seed(0, "evasion") != shared_seed(1, "evasion")
        True
    """
    return check_seed(run_seed, f"shared {topic} {number}")


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a check's seed; the bit generator is named, since numpy's default may change."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
