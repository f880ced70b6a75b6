# SPDX-License-Identifier: Apache-2.0
"""Threshold move: the same model, asked to act earlier. It costs alerts instead of area under the curve."""

from __future__ import annotations

import numpy as np

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.provoke import provoke, sound_events
from hauberk.harden.setting import Setting, threshold_of

_MORE = (1.1, 1.25, 1.5, 2.0)
"""Alerts that are tried, as multiples of today's."""

_SALT = 41


def move_threshold(setting: Setting) -> Candidate:
    """Lower the threshold until half of those who get through today within the purse no longer do.

    Raises:
        NotSuited: no tried threshold is low enough.
    """
    view = setting.shipped
    events, scores = sound_events(setting), view.scores(setting.train)
    today = threshold_of(scores, setting.alerts)
    caught = events[np.flatnonzero(view.scores(events) >= today).tolist()]

    def through(threshold: float) -> float:
        """Share of the events caught today that still get through."""
        rng = np.random.default_rng([setting.seed, _SALT])
        found = provoke(setting, view, caught, threshold, rng, most=setting.effort.chosen_on)
        return found.through / max(found.attacked, 1)

    before = through(today)
    shares = settled(setting) or tuple(factor * setting.alerts for factor in _MORE if factor * setting.alerts < 0.9)
    for share in shares:
        threshold = threshold_of(scores, share)
        if settled(setting) or through(threshold) <= before / 2:
            done = (
                f"acts from {threshold:g} on instead of {today:g}: on {share:.1%} of the rows, not {setting.alerts:.1%}"
            )
            return Candidate(
                strategy="threshold",
                content=setting.content,
                suffix="",
                features=view.features,
                done=(done,),
                settled=(str(share),),
                threshold=threshold,
            )
    raise NotSuited(
        f"even with {shares[-1] / setting.alerts if shares else 1:.3g} times the alerts, more than half of those who get "
        "through today still do"
    )


def settled(setting: Setting) -> tuple[float, ...]:
    """The share of alerts that was chosen before; empty if none was."""
    return tuple(float(item) for item in setting.settled)
