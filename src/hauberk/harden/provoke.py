# SPDX-License-Identifier: Apache-2.0
"""Attack a model in training, and bring back the records that got through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hauberk.assess import Budget
from hauberk.attack.evasion import Method, Problem, attack
from hauberk.domain import Domain, validate
from hauberk.harden.candidate import NotSuited
from hauberk.harden.setting import Setting
from hauberk.model import ModelView


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Provoked:
    """What an attack on a sample brought back.

    Attributes:
        attacked: how many records were attacked.
        records: those that got through within the purse, as the attack left them.
    """

    attacked: int
    records: pl.DataFrame

    @property
    def through(self) -> int:
        """How many got through."""
        return self.records.height


def provoke(
    setting: Setting,
    view: ModelView,
    events: pl.DataFrame,
    threshold: float,
    rng: np.random.Generator,
    *,
    most: int = 0,
) -> Provoked:
    """Attack a sample of the events that a model catches, by its scores.

    Args:
        setting: purse and effort.
        view: the model.
        events: valid events, with all columns.
        threshold: score from which on the model catches.
        rng: draws the sample and the attack.
        most: records to attack; what the effort trains on by default.
    """
    caught = np.flatnonzero(view.scores(events) >= threshold)
    picked = np.sort(rng.permutation(caught)[: most or setting.effort.trained_on])
    chosen = events[picked.tolist()]
    if picked.size == 0:
        return Provoked(attacked=0, records=chosen)
    space = setting.space(chosen)
    problem = Problem.of(view, space, threshold, space.encode(chosen))
    queries = setting.effort.training_queries
    found = attack(problem, np.arange(picked.size), Budget(), rng, method=Method.SCORES, queries=queries)
    kept = np.flatnonzero(found.cost <= setting.purse) if np.isfinite(setting.purse) else np.flatnonzero(found.evaded)
    changed = space.decode(found.witness[kept])
    return Provoked(attacked=int(picked.size), records=chosen[kept.tolist()].with_columns(changed.get_columns()))


def sound_events(setting: Setting) -> pl.DataFrame:
    """The events among the rows to train on that the domain accepts.

    Raises:
        NotSuited: there is none, or the attacker can change nothing about them.
    """
    events = setting.events()
    sound = events.filter(pl.Series(validate(setting.domain, events).valid)) if events.height else events
    if sound.height == 0:
        raise NotSuited("no event among the training rows is a valid record, so that none can be changed into another")
    if not setting.space(sound).mutable.any():
        raise NotSuited("the attacker can change no column that the model reads")
    return sound


def read_by(domain: Domain, features: Sequence[str]) -> tuple[str, ...]:
    """The features that an attacker can change himself, in the model's order."""
    free = set(domain.changeable_by())
    return tuple(name for name in features if name in free)
