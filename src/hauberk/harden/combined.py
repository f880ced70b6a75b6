# SPDX-License-Identifier: Apache-2.0
"""Feature changes that cost next to nothing, then valid neighbours, then adversarial rounds on top."""

from __future__ import annotations

from dataclasses import replace

from hauberk.harden.augmentation import valid_neighbours
from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.feature_changes import change_features, kept, told
from hauberk.harden.retraining import rounds
from hauberk.harden.setting import Setting

_SHARE = 0.5
"""Part of the allowance that feature changes may use up."""

_NOTHING = "nothing dropped"


def combine(setting: Setting) -> Candidate:
    """Drop the carrying columns that cost little, then show the learner what still gets through.

    Raises:
        NotSuited: there is nothing to attack once those columns are gone.
    """
    settled = setting.settled or _drops(setting)
    dropped = tuple(item for item in settled if item != _NOTHING)
    ground = replace(setting, features=kept(setting.features, dropped), settled=())
    extra = valid_neighbours(ground)
    before = (
        *told(dropped),
        f"{extra.frame.height:,} valid records that events can be turned into were added as events",
    )
    found = rounds(ground, "combined", before, [extra])
    return replace(found, settled=settled)


def _drops(setting: Setting) -> tuple[str, ...]:
    """The columns to drop; a word for none, so that the choice is not made again."""
    try:
        found = change_features(setting.smaller(_SHARE)).settled
    except NotSuited:
        return (_NOTHING,)
    return tuple(item for item in found if item.startswith("drop:")) or (_NOTHING,)
