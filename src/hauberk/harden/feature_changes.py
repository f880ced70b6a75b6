# SPDX-License-Identifier: Apache-2.0
"""Feature changes: drop or coarsen the columns that carry the evasions, as far as that is affordable."""

from __future__ import annotations

from collections.abc import Sequence

from hauberk.harden.candidate import Candidate, NotSuited
from hauberk.harden.greedy import affordable
from hauberk.harden.lesson import Lesson
from hauberk.harden.provoke import read_by
from hauberk.harden.recipe import Learner
from hauberk.harden.setting import Setting

INTERVALS = 3
"""Intervals that a coarse column is cut into."""

_COARSE_TRIED = 2


def change_features(setting: Setting) -> Candidate:
    """Train without the columns that carry the evasions, or with few thresholds in them.

    Columns are dropped in the order of what that costs on the validation rows, while the total stays within the allowance;
    those that are too dear to drop are cut into a few intervals where that is affordable (LightGBM alone can).

    Raises:
        NotSuited: no column carries an evasion, or none can be given up.
    """
    settled = setting.settled or _chosen(setting)
    if not settled:
        named = ", ".join(_options(setting)) or "any column"
        raise NotSuited(f"giving up {named} costs more area under the curve than is allowed")
    return setting.candidate("features", lesson_of(setting, settled), told(settled), settled)


def lesson_of(setting: Setting, settled: Sequence[str]) -> Lesson:
    """The rows without dropped columns and with coarse ones; `settled` names them as `drop:NAME` and `coarse:NAME`."""
    return setting.lesson(features=kept(setting.features, settled), coarse=coarse(settled))


def kept(features: Sequence[str], settled: Sequence[str]) -> tuple[str, ...]:
    """The columns that are not dropped."""
    dropped = {item.removeprefix("drop:") for item in settled if item.startswith("drop:")}
    return tuple(name for name in features if name not in dropped)


def coarse(settled: Sequence[str]) -> dict[str, int]:
    """The coarse columns with their number of intervals."""
    return {item.removeprefix("coarse:"): INTERVALS for item in settled if item.startswith("coarse:")}


def told(settled: Sequence[str]) -> tuple[str, ...]:
    """What was done, in words."""
    dropped = [item.removeprefix("drop:") for item in settled if item.startswith("drop:")]
    cut = list(coarse(settled))
    said = [f"without {', '.join(dropped)}"] if dropped else []
    return (*said, *([f"{', '.join(cut)} cut into at most {INTERVALS} intervals"] if cut else []))


def _options(setting: Setting) -> tuple[str, ...]:
    """The columns that carry evasions; where nothing is known of that, those that can be changed."""
    changeable = read_by(setting.domain, setting.features)
    carried = tuple(name for name in setting.carriers if name in changeable)
    found = carried or changeable
    if not found:
        raise NotSuited("the attacker can change no column that the model reads")
    return found if len(found) < len(setting.features) else found[:-1]


def _chosen(setting: Setting) -> tuple[str, ...]:
    floor = setting.area - setting.allowance
    drops = tuple(f"drop:{name}" for name in _options(setting))

    def area(settled: tuple[str, ...]) -> float:
        return setting.remembered(tuple(sorted(settled)), lambda: lesson_of(setting, settled))

    taken = affordable(drops, area, floor, setting.effort.fits)
    for name in _coarsenable(setting, taken)[:_COARSE_TRIED]:
        wanted = (*taken, f"coarse:{name}")
        if area(wanted) >= floor:
            taken = wanted
    return taken


def _coarsenable(setting: Setting, taken: Sequence[str]) -> list[str]:
    """Columns of numbers that were not dropped; XGBoost knows one number of intervals for all columns."""
    if setting.recipe.learner is not Learner.LIGHTGBM:
        return []
    coded = {*setting.categories, *setting.recipe.categorical}
    return [name for name in _options(setting) if f"drop:{name}" not in taken and name not in coded]
