# SPDX-License-Identifier: Apache-2.0
"""Adversarial retraining: attack the model, show it what got through, train again, and repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hauberk.core.evidence import Cell, Evidence
from hauberk.harden.candidate import Candidate
from hauberk.harden.learn import suffix_of
from hauberk.harden.provoke import provoke, sound_events
from hauberk.harden.setting import Extra, Setting, threshold_of

_SALT = 31


def retrain_adversarially(setting: Setting) -> Candidate:
    """Rounds of attack and training; every record that got through stays in the training rows, with its true label.

    Each round attacks events of the training rows that the model of the round before catches at the business's share of
    alerts, and keeps what gets through within the purse.

    Raises:
        NotSuited: there is nothing to attack.

    Source:
        Kantchelian, Tygar and Joseph (ICML 2016), section 5, adversarial boosting; the attack is another one.
    """
    return rounds(setting, "retrain", ())


def rounds(setting: Setting, strategy: str, before: Sequence[str], extra: Sequence[Extra] = ()) -> Candidate:
    """Run the rounds under a name, after what was done before and beside the rows that were added before."""
    events = sound_events(setting)
    added = list(extra)
    told: list[tuple[Cell, ...]] = []
    content = setting.fit(setting.lesson(extra=added))
    for number in range(setting.effort.rounds):
        view = setting.open(content)
        threshold = threshold_of(view.scores(setting.train), setting.alerts)
        rng = np.random.default_rng([setting.seed, _SALT, number])
        found = provoke(setting, view, events, threshold, rng)
        told.append((number + 1, found.attacked, found.through))
        if found.through == 0:
            break
        added.append(Extra(frame=found.records, event=np.ones(found.through)))
        content = setting.fit(setting.lesson(extra=added))
    through = sum(item.frame.height for item in added[len(extra) :])
    done = f"{len(told)} rounds of attack and training; {through:,} records that got through were added as events"
    return Candidate(
        strategy=strategy,
        content=content,
        suffix=suffix_of(setting.recipe),
        features=setting.features,
        done=(*before, done),
        evidence=(_table(told),),
    )


def _table(told: Sequence[tuple[Cell, ...]]) -> Evidence:
    return Evidence(
        title="Rounds of adversarial retraining",
        columns=("round", "caught training events attacked", "of these got through within the purse"),
        rows=tuple(told),
        note="The attack is the one by scores; what was trained on it is never judged by it alone.",
    )
