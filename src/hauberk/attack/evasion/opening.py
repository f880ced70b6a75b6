# SPDX-License-Identifier: Apache-2.0
"""The first question of every attack that listens: how does the model see the record as it is?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.problem import Rows
from hauberk.attack.evasion.scene import Ask, Draft, Scene, When


@dataclass(slots=True, kw_only=True)
class Opening:
    """Ask about the record itself.

    Attributes:
        scene: what all tactics share.
    """

    scene: Scene
    when: When = When.ALWAYS
    again: bool = False

    def draft(self, rows: Rows) -> Draft:
        """One candidate for each row: its start."""
        return Draft.plain(rows, self.scene.home(rows))

    def settle(self, ask: Ask) -> Ask:
        """All of them."""
        return ask

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Note the margin at the start."""
        self.scene.board.start[ask.rows] = np.where(np.isnan(margins), 0.0, margins)

    def forget(self, rows: Rows) -> None:
        """Nothing grows."""
