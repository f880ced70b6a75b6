# SPDX-License-Identifier: Apache-2.0
"""What robust boosting returns: a plain forest that XGBoost and LightGBM load, and how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.harden.boost.to_lightgbm import lightgbm_text
from hauberk.harden.boost.to_xgboost import xgboost_json
from hauberk.model.forest.flat import Forest, Link
from hauberk.model.forest.grow import Tree, flatten, stump
from hauberk.model.forest.walk import leaves_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobustBoosting:
    """A model fitted to the worst that each row can be made into.

    Attributes:
        forest: its trees, whose margins are those of the exported models.
        cover: weight of the training rows in each node of the forest, shape (nodes,).
        names: the columns' names; empty where none were given.
        bound: mean robust loss of the training rows before the first tree and after each, an upper bound of the true
            worst case; it never rises.
        validation: the same of the validation rows; empty without any.
        scale: what the fitted margins were multiplied by, so that the scores are probabilities; 1 if not calibrated.
        shift: and what was added to them.
    """

    forest: Forest
    cover: NDArray[np.float64]
    names: tuple[str, ...]
    bound: tuple[float, ...]
    validation: tuple[float, ...]
    scale: float
    shift: float

    def margins(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return the log odds of the event of rows of shape (n, k), shape (n,)."""
        return self.forest.margins(x)[:, 0]

    def scores(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of the event of rows of shape (n, k), shape (n,)."""
        return self.forest.scores(x)[:, 0]

    def xgboost_json(self) -> bytes:
        """Return the model as JSON that `xgboost.Booster.load_model` reads, with equal margins."""
        return xgboost_json(self.forest, self.cover, self.names)

    def lightgbm_text(self) -> bytes:
        """Return the model as text that `lightgbm.Booster` reads, with equal margins."""
        return lightgbm_text(self.forest, self.cover, self.names)


def forest_of_trees(trees: Sequence[Tree], width: int, *, scale: float, start: float) -> Forest:
    """Return scaled trees as a forest; `start` goes into the first tree, since libraries store it with less precision."""
    scaled = [replace(tree, values=tree.values * scale) for tree in trees] or [stump(np.zeros((1, 1)))]
    scaled[0] = replace(scaled[0], values=scaled[0].values + start)
    single = [replace(tree, values=tree.values.astype(np.float32)) for tree in scaled]
    return flatten(
        single,
        width=width,
        where="robust boosting",
        library="xgboost",
        start=np.zeros(1, dtype=np.float32),
        single=True,
        link=Link.SIGMOID,
    )


def cover_of(forest: Forest, x: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of the rows in each node, shape (nodes,)."""
    leaves = leaves_of(forest, forest.prepare(x))
    on_leaf = np.zeros(len(forest.values))
    np.add.at(on_leaf, leaves, weight[:, None])
    cover = np.where(forest.child < 0, on_leaf[np.maximum(-1 - forest.child, 0)], 0.0)
    # children stand behind their parents
    for node in np.flatnonzero(forest.child >= 0)[::-1].tolist():
        cover[node] = cover[forest.child[node]] + cover[forest.child[node] + 1]
    return cover
