# SPDX-License-Identifier: Apache-2.0
"""Robust boosting: every split is judged by the worst that each event can be made into for the purse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hauberk.core.errors import UsageError
from hauberk.harden.boost import fit_robust
from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.learn import suffix_of
from hauberk.harden.lesson import is_event, matrix_of
from hauberk.harden.provoke import read_by
from hauberk.harden.reach import Reach, reach_of
from hauberk.harden.recipe import Learner
from hauberk.harden.setting import Setting

_SALT = 51
_DEPTH = 4
_ETA = 0.1
_TREES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    trees: int
    depth: int
    eta: float


def boost_robustly(setting: Setting) -> Candidate:
    """Train with robust splits; only events can be moved, since nobody has a reason to be declined.

    Raises:
        NotSuited: columns of words or codes, names that the formats cannot write, or nothing to change.

    Source:
        Andriushchenko and Hein, NeurIPS 2019; see `hauberk.harden.boost`.
    """
    if setting.categories or setting.recipe.categorical:
        raise NotSuited("robust splits are for numbers, and the model reads categories")
    if not read_by(setting.domain, setting.features):
        raise NotSuited("the attacker can change no column that the model reads")
    matrix, event = matrix_of(setting.train, setting.features, {}), is_event(setting.train, setting.label)
    rng = np.random.default_rng([setting.seed, _SALT])
    reach = reach_of(setting.domain, setting.features, setting.train, matrix, setting.purse, rng)
    moved = _events_alone(reach, event)
    if not ((moved.down > 0.0) | (moved.up > 0.0)).any():
        raise NotSuited("the purse buys no change of a column that the model reads")
    size = _size(setting)
    integer = [at for at, name in enumerate(setting.features) if setting.domain.column(name).grid == 1.0]
    try:
        model = fit_robust(
            matrix, event, down=moved.down, up=moved.up, trees=size.trees, depth=size.depth, eta=size.eta,
            min_child=20, integer=integer, names=setting.features, seed=setting.seed,
        )  # fmt: skip
    except UsageError as error:
        raise NotSuited(error.what, why=error.why) from error
    plain = model.xgboost_json() if setting.recipe.learner is Learner.XGBOOST else model.lightgbm_text()
    done = (
        f"{size.trees} trees of depth {size.depth}, each split judged by the worst that events can be made into, column by "
        f"column, for the purse; mean robust loss {model.bound[0]:.3f} before and {model.bound[-1]:.3f} after"
    )
    return Candidate(
        strategy="robust",
        content=plain,
        suffix=suffix_of(setting.recipe),
        features=setting.features,
        done=(done,),
    )


def _events_alone(reach: Reach, event: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Reach:
    mask = event[:, None] == 1.0
    return Reach(down=np.where(mask, reach.down, 0.0), up=np.where(mask, reach.up, 0.0))


def _size(setting: Setting) -> _Size:
    """As many trees as the effort allows, with the depth of the recipe where it states one."""
    depth = int(setting.recipe.params.get("max_depth", _DEPTH))
    trees = min(setting.recipe.rounds, _TREES + 10 * setting.effort.fits)
    return _Size(trees=trees, depth=depth if 1 <= depth <= 8 else _DEPTH, eta=_ETA)
