# SPDX-License-Identifier: Apache-2.0
"""Robust boosting: every split is judged by the worst that each event can be made into for the purse.

Events count in part at their worst and in part as they are; the part is the largest whose model keeps within what may be
given up of the area under the curve. A box lets every column move for the whole purse at once, so that at its worst an event
is worse off than any attacker can make it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
_COLUMNS = 0.5
_MOST_EXTRA, _ROWS_A_UNIT = 50.0, 40.0
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1)
"""What is tried of each event's weight to count at its worst, most first."""

RESERVE = 0.3
"""Part of the allowance that is kept back, since the area on the rows to choose on is that of a sample."""


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
    fit = _Fit(setting, matrix, event, moved)
    share = float(setting.settled[0]) if setting.settled else _affordable(fit)
    return fit.candidate(share)


def _events_alone(reach: Reach, event: NDArray[np.float64]) -> Reach:
    mask = event[:, None] == 1.0
    return Reach(down=np.where(mask, reach.down, 0.0), up=np.where(mask, reach.up, 0.0))


class _Fit:
    """Robust boosting of one setting's rows, for any share."""

    def __init__(self, setting: Setting, matrix: NDArray[np.float64], event: NDArray[np.float64], moved: Reach) -> None:
        self.setting, self.matrix, self.event, self.moved = setting, matrix, event, moved
        self.integer = [at for at, name in enumerate(setting.features) if setting.domain.column(name).grid == 1.0]
        depth = int(setting.recipe.params.get("max_depth", _DEPTH))
        self.depth = depth if 1 <= depth <= 8 else _DEPTH
        self.trees = min(setting.recipe.rounds, _TREES + 10 * setting.effort.fits)
        self.made: dict[float, Candidate] = {}

    def candidate(self, share: float) -> Candidate:
        """The model for one share; see `boost_robustly` for errors."""
        if share not in self.made:
            self.made[share] = self._fitted(share)
        return self.made[share]

    def _fitted(self, share: float) -> Candidate:
        setting = self.setting
        try:
            model = fit_robust(
                self.matrix, self.event, down=self.moved.down, up=self.moved.up, trees=self.trees, depth=self.depth,
                eta=_ETA, min_child=20, reg=min(_MOST_EXTRA, max(1.0, len(self.event) / _ROWS_A_UNIT)),
                integer=self.integer, names=setting.features, column_share=_COLUMNS, robust_share=share,
                seed=setting.seed,
            )  # fmt: skip
        except UsageError as error:
            raise NotSuited(error.what, why=error.why) from error
        plain = model.xgboost_json() if setting.recipe.learner is Learner.XGBOOST else model.lightgbm_text()
        done = (
            f"{self.trees} trees of depth {self.depth}, each split judged by the worst that events can be made into, column "
            f"by column, for the purse, which counts {share:.0%} of their weight; mean robust loss {model.bound[0]:.3f} "
            f"before and {model.bound[-1]:.3f} after"
        )
        return Candidate(
            strategy="robust", content=plain, suffix=suffix_of(setting.recipe), features=setting.features, done=(done,),
            settled=(f"{share:g}",),
        )  # fmt: skip


def _affordable(fit: _Fit) -> float:
    """The largest share that keeps within the allowance, by bisection; the smallest one if none does.

    The candidate of a share that costs too much is shown with what it costs, and is not chosen.
    """
    setting = fit.setting
    floor = setting.area - (1.0 - RESERVE) * setting.allowance
    low, high = 0, len(SHARES) - 1
    while low < high:
        middle = (low + high) // 2
        if setting.area_of(fit.candidate(SHARES[middle]).content) >= floor:
            high = middle
        else:
            low = middle + 1
    return SHARES[low]
