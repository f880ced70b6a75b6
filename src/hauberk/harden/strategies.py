# SPDX-License-Identifier: Apache-2.0
"""The strategies by name, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hauberk.core.errors import UsageError
from hauberk.harden.augmentation import augment
from hauberk.harden.candidate import Candidate
from hauberk.harden.combined import combine
from hauberk.harden.feature_changes import change_features
from hauberk.harden.interaction import separate
from hauberk.harden.monotone import constrain
from hauberk.harden.retraining import retrain_adversarially
from hauberk.harden.robust_splitting import boost_robustly
from hauberk.harden.setting import Setting
from hauberk.harden.threshold_move import move_threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One way to make evasion dear.

    Attributes:
        name: by which it is asked for.
        says: what it does, in a few words.
        apply: does it.
    """

    name: str
    says: str
    apply: Callable[[Setting], Candidate]


STRATEGIES = (
    Strategy(name="features", says="drop or coarsen the columns that carry the evasions", apply=change_features),
    Strategy(name="monotone", says="what an attacker can do must not lower the score", apply=constrain),
    Strategy(name="interaction", says="columns that an attacker can change stand alone", apply=separate),
    Strategy(name="augment", says="valid neighbours of events as further events", apply=augment),
    Strategy(name="retrain", says="rounds of attack and training", apply=retrain_adversarially),
    Strategy(name="robust", says="splits judged by the worst case", apply=boost_robustly),
    Strategy(name="combined", says="drop what is cheap to lose, then neighbours and rounds", apply=combine),
    Strategy(
        name="threshold",
        says="the same model, asked to act earlier; never chosen unasked",
        apply=move_threshold,
    ),
)
"""All of them."""


def strategies_of(names: Sequence[str]) -> tuple[Strategy, ...]:
    """The strategies of these names, in the order in which they are tried; all for no name.

    Raises:
        UsageError: an unknown name.
    """
    known = {item.name: item for item in STRATEGIES}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"strategies: {', '.join(known)}"
            raise UsageError(f"there is no strategy {name!r}", next_step=hint)
    return tuple(item for item in STRATEGIES if not names or item.name in names)
