# SPDX-License-Identifier: Apache-2.0
"""Each row's own luck: a generator made from the seed and the row's content, whoever is attacked beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.mixing import generator
from hauberk.attack.evasion.problem import Rows


@dataclass(slots=True, kw_only=True)
class Luck:
    """Uniform numbers, row by row.

    Attributes:
        seed: the attack's seed.
        keys: one number a row, made from its content.
    """

    seed: int
    keys: NDArray[np.uint64]
    _generators: dict[int, np.random.Generator] = field(init=False, default_factory=dict[int, np.random.Generator])

    def draw(self, rows: Rows, count: int, width: int) -> NDArray[np.float64]:
        """Draw `count` times `width` numbers from 0 to 1 for each row, shape (len(rows) * count, width), row by row."""
        drawn = np.empty((rows.size, count, width))
        for place, row in enumerate(rows.tolist()):
            if row not in self._generators:
                self._generators[row] = generator(self.seed, int(self.keys[row]))
            drawn[place] = self._generators[row].random((count, width))
        return drawn.reshape(rows.size * count, width)

    def forget(self, rows: Rows) -> None:
        """Drop the generators of rows that are done."""
        for row in rows.tolist():
            self._generators.pop(row, None)
