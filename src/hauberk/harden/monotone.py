# SPDX-License-Identifier: Apache-2.0
"""Monotone constraints: where the attacker can move a column one way only, that way must not lower the score."""

from __future__ import annotations

from collections.abc import Sequence

from hauberk.domain import Direction, Domain
from hauberk.domain.column import VALUED
from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.greedy import affordable
from hauberk.harden.provoke import read_by
from hauberk.harden.setting import Setting


def constrain(setting: Setting) -> Candidate:
    """Train with monotone constraints on the columns for which that costs no more than is allowed.

    A column that can only go down may only have scores that do not fall as it goes down. Often that is against what the
    data say, and then the constraint amounts to giving the column up; which constraints are taken is chosen on the
    validation rows.

    Raises:
        NotSuited: no column can be changed one way only, or none of the constraints can be afforded.
    """
    signs = safe_signs(setting.domain, setting.features)
    if not signs:
        raise NotSuited("no column that the model reads can be changed in one direction only")
    taken = setting.settled or _chosen(setting, signs)
    if not taken:
        raise NotSuited(f"each of the constraints ({', '.join(signs)}) costs more area under the curve than is allowed")
    kept = {name: signs[name] for name in taken}
    done = [f"the score does not fall as {name} goes {'up' if sign > 0 else 'down'}" for name, sign in kept.items()]
    left = [name for name in signs if name not in kept]
    done += [f"no constraint on {', '.join(left)}: together they would cost too much"] if left else []
    return setting.candidate("monotone", setting.lesson(monotone=kept), done, taken)


def safe_signs(domain: Domain, features: Sequence[str]) -> dict[str, int]:
    """For each column that can be changed one way only: 1 where the score must not fall with it, -1 where not rise."""
    found: dict[str, int] = {}
    for name in read_by(domain, features):
        column = domain.column(name)
        if column.kind in VALUED and column.direction in {Direction.UP, Direction.DOWN}:
            found[name] = 1 if column.direction is Direction.UP else -1
    return found


def _chosen(setting: Setting, signs: dict[str, int]) -> tuple[str, ...]:
    carried = [name for name in setting.carriers if name in signs]
    options = (*carried, *(name for name in signs if name not in carried))

    def area(taken: tuple[str, ...]) -> float:
        kept = {name: signs[name] for name in taken}
        return setting.remembered(
            tuple(sorted(f"sign:{name}" for name in taken)), lambda: setting.lesson(monotone=kept)
        )

    return affordable(options, area, setting.area - setting.allowance, setting.effort.fits)
