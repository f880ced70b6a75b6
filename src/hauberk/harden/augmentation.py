# SPDX-License-Identifier: Apache-2.0
"""Valid-neighbour augmentation: what an event can be made into is shown to the learner as the event that it is."""

from __future__ import annotations

import numpy as np

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.neighbours import neighbours
from hauberk.harden.provoke import sound_events
from hauberk.harden.setting import Extra, Setting

_SALT = 21


def augment(setting: Setting) -> Candidate:
    """Add valid records that each event can be turned into for the purse, with the label of the event.

    Attackers have a reason to change events alone, so events alone are added to; together the neighbours of one event
    weigh as much as the event.

    Raises:
        NotSuited: there is nothing to change.
    """
    extra = valid_neighbours(setting)
    if extra.frame.height == 0:
        raise NotSuited("no event can be changed into another valid record for the purse")
    done = (
        f"{extra.frame.height:,} valid records that events can be turned into for the purse were added as events, "
        f"with weight {extra.weight:.3g} each"
    )
    return setting.candidate("augment", setting.lesson(extra=[extra]), (done,))


def valid_neighbours(setting: Setting) -> Extra:
    """Neighbours of the events at the purse; see `augment`."""
    events = sound_events(setting)
    rng = np.random.default_rng([setting.seed, _SALT])
    count = setting.effort.neighbours
    found = neighbours(setting.space(events), events, setting.purse, count, rng)
    return Extra(frame=found, event=np.ones(found.height), weight=1.0 / count)
