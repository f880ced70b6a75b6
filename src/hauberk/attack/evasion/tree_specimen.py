# SPDX-License-Identifier: Apache-2.0
"""The invented loan book with two small forests: one that follows what its subjects can change, and one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from hauberk.assess import Situation
from hauberk.attack.evasion.specimen import book, exposed, guarded
from hauberk.model import open_model

FEATURES = ("income", "amount", "months", "arrears")


def exposed_trees() -> Situation:
    """A forest grown on the answers of the model that believes what the applicant says."""
    return _grown(exposed())


def guarded_trees() -> Situation:
    """A forest grown on the answers of the model that decides by arrears alone."""
    return _grown(guarded())


def _grown(situation: Situation) -> Situation:
    """The situation with a forest in the place of its model."""
    assert situation.model is not None
    rows = book(600, seed=5)
    events = situation.model.scores(rows) >= situation.threshold
    forest: Any = RandomForestClassifier(8, max_depth=5, random_state=0, n_jobs=1)
    forest.fit(_matrix(rows), events.astype(int))
    return replace(situation, model=open_model(forest, features=FEATURES, name="loan trees"))


def _matrix(rows: pl.DataFrame) -> NDArray[np.float64]:
    return rows.select(FEATURES).cast(pl.Float64).to_numpy()
