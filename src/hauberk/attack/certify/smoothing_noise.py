# SPDX-License-Identifier: Apache-2.0
"""Noise on the columns that an attacker can change: Gaussian on numbers, replacement on choices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.domain import Space

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """What is noisy, and how much.

    Attributes:
        numbers: indices of the columns with Gaussian noise.
        scale: what counts as one in each of them.
        choices: blocks whose choice is replaced: one coded column, or the columns of a one-hot group.
        counts: out of how many values each of them chooses.
        sigma: size of the Gaussian noise, in scales.
        flip: probability that a choice is replaced.
        follow: columns that follow from others, shape (k,); they carry no noise of their own.
    """

    numbers: Ints
    scale: Floats
    choices: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]
    sigma: float
    flip: float
    follow: NDArray[np.bool_]

    def spread(self, rows: Floats, rng: np.random.Generator, n: int) -> Floats:
        """`n` noisy copies of each row, shape (m, n, k).

        All rows get the same draws, so that what a row becomes does not depend on those beside it. A NULL stays one.
        """
        copies = np.repeat(rows[:, None, :], n, axis=1)
        if self.numbers.size:
            draws = rng.standard_normal((n, self.numbers.size))
            copies[:, :, self.numbers] += self.sigma * self.scale * draws
        for block, count in zip(self.choices, self.counts, strict=True):
            replaced = rng.random(n) < self.flip
            steps = np.where(replaced, 1 + rng.integers(0, count - 1, n), 0)
            self._turn(copies, block, count, steps)
        return copies

    def _turn(self, copies: Floats, block: tuple[int, ...], count: int, steps: Ints) -> None:
        """Choices moved on by a number of places, around the end."""
        columns = list(block)
        now = copies[:, :, columns]
        if len(block) == 1:
            # a value that is none of the choices, or NULL, is no choice and stays as it is
            copies[:, :, columns] = np.where((now >= 0) & (now < count), (now + steps[:, None]) % count, now)
            return
        one = np.eye(count)[(now.argmax(axis=2) + steps) % count]
        copies[:, :, columns] = np.where((now.sum(axis=2) == 1.0)[:, :, None], one, now)

    def moved(self, rows: Floats, origin: Floats) -> tuple[Floats, Ints]:
        """How far each row is from its origin: length in scales, and number of changed choices.

        The length is infinite where something else changed that the noise does not cover: a fixed column, or NULL.
        """
        gap = (rows[:, self.numbers] - origin[:, self.numbers]) / self.scale
        length = np.sqrt((np.where(np.isnan(gap), 0.0, gap) ** 2).sum(axis=1))
        null = np.isnan(rows) | np.isnan(origin)
        changed = (rows != origin) & ~(np.isnan(rows) & np.isnan(origin))
        turned = np.zeros(len(rows), dtype=np.intp)
        open_to = self.follow.copy()
        open_to[self.numbers] = True
        improper = np.zeros(len(rows), dtype=np.bool_)
        for block in self.choices:
            columns = list(block)
            open_to[columns] = True
            here = changed[:, columns].any(axis=1)
            turned += here
            improper |= here & ~(self._is_choice(rows[:, columns]) & self._is_choice(origin[:, columns]))
        outside = changed & (~open_to | (null & ~self.follow))
        return np.where(outside.any(axis=1) | improper, np.inf, length), turned

    @staticmethod
    def _is_choice(values: Floats) -> NDArray[np.bool_]:
        """Whether a block holds one of its choices."""
        return values.sum(axis=1) == 1.0 if values.shape[1] > 1 else values[:, 0] >= 0.0


def make_noise(space: Space, columns: Collection[str] | None, sigma: float, flip: float) -> Noise:
    """Noise on the columns that the space's actors can change.

    Args:
        space: the space.
        columns: names of the columns to cover, out of those; None for all of them. A one-hot group counts as a whole.
        sigma: size of the noise on numbers, in the space's scales; 0 leaves numbers alone.
        flip: probability that a choice is replaced, below 0.5; 0 leaves choices alone.

    Raises:
        UsageError: a column that nobody can change, noise of a wrong size, or nothing left to put noise on.
    """
    if not (0.0 <= sigma < np.inf and 0.0 <= flip < 0.5):
        raise UsageError(
            f"noise of size {sigma:g} and replacement with probability {flip:g} are no noise", where="sigma, flip"
        )
    blocks = _wanted(space, columns)
    counts = {block: _count(space, block) for block in blocks}
    numbers = [block[0] for block, count in counts.items() if count == 0 and sigma > 0.0]
    turning = {block: count for block, count in counts.items() if count > 1 and flip > 0.0}
    if not (numbers or turning):
        raise UsageError("there is no column to put noise on", next_step="name columns that somebody can change")
    kept = np.array(numbers, dtype=np.intp)
    return Noise(
        numbers=kept,
        scale=space.scales[kept],
        choices=tuple(turning),
        counts=tuple(turning.values()),
        sigma=sigma,
        flip=flip,
        follow=space.derived,
    )


def _count(space: Space, block: tuple[int, ...]) -> int:
    """Out of how many values a block chooses; 0 for a number."""
    first, *others = block
    return len(block) if others else space.choices_of(first)


def _wanted(space: Space, columns: Collection[str] | None) -> list[tuple[int, ...]]:
    blocks = list(space.blocks)
    if columns is None:
        return blocks
    known = {space.names[j] for block in blocks for j in block}
    for name in columns:
        if name not in known:
            raise UsageError(f"nobody can change {name!r}, so that noise on it certifies nothing", where=name)
    return [block for block in blocks if any(space.names[j] in columns for j in block)]
