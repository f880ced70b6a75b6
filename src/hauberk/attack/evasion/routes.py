# SPDX-License-Identifier: Apache-2.0
"""Attacks assembled from parts: which tactics a search goes through, by what the attacker sees."""

from __future__ import annotations

import numpy as np

from hauberk.attack.evasion.ball import Ball
from hauberk.attack.evasion.breed import Bargain, Breed, Scatter
from hauberk.attack.evasion.opening import Opening
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.scene import Scene, When
from hauberk.attack.evasion.search import Search
from hauberk.attack.evasion.shrink import Shrink
from hauberk.attack.evasion.squeeze import Squeeze
from hauberk.attack.evasion.sweep import Plan, Sweep

_FIRST_WIDTH, _LATER_WIDTH = (2, 40), (6, 12)
"""Fewest and most values tried in each column by the first sweep and by those after it."""

_BLUR = 0.5
"""How much the second plan of a round distrusts that effects add up."""

_ROUND = 100
"""Questions of its allowance for which a row is granted one more round without success."""

_FIRST_SHARE, _LATER_SHARE = 0.35, 0.05
"""Share of a row's allowance that the first sweep and a later one may spend, within these widths."""


def route(method: Method, scene: Scene, allowance: int) -> Search:
    """The search of an attack.

    Args:
        method: what the attacker sees, and how he searches.
        scene: what its tactics share.
        allowance: questions that each row has.

    Raises:
        KeyError: a method that is no search, such as TRANSFER.
    """
    if method is Method.LABELS and isinstance(scene.problem.ground, Ball):
        return _in_a_ball(scene)
    return _ROUTES[method](scene, allowance)


def _by_scores(scene: Scene, allowance: int) -> Search:
    width = _width(scene, _FIRST_SHARE * allowance, _FIRST_WIDTH)
    first = Sweep(scene=scene, width=width, blurred=False)
    later = Sweep(scene=scene, width=min(width, _width(scene, _LATER_SHARE * allowance, _LATER_WIDTH)))
    return Search(
        scene=scene,
        opening=((Opening(scene=scene),), (first,), (Plan(scene=scene, sweep=first),)),
        loop=(
            (Shrink(scene=scene), Breed(scene=scene), Bargain(scene=scene)),
            (later,),
            (Plan(scene=scene, sweep=later), Plan(scene=scene, sweep=later, jitter=_BLUR)),
        ),
        patience=_patience(allowance),
    )


def _width(scene: Scene, questions: float, bounds: tuple[int, int]) -> int:
    """Values for each column, so that a sweep over all of them asks so many questions."""
    return int(np.clip(questions / scene.menu.columns.size, *bounds))


def _by_labels(scene: Scene, allowance: int) -> Search:
    width = _width(scene, _LATER_SHARE * allowance, _LATER_WIDTH)
    return Search(
        scene=scene,
        opening=((Opening(scene=scene),), (Scatter(scene=scene),)),
        loop=(
            (Scatter(scene=scene, when=When.NOT_YET), Sweep(scene=scene, width=width, bargains=True)),
            (Shrink(scene=scene), Breed(scene=scene, most=48, misses=False), Bargain(scene=scene)),
        ),
        patience=_patience(allowance),
    )


def _in_a_ball(scene: Scene) -> Search:
    return Search(scene=scene, opening=(), loop=((Squeeze(scene=scene),),), patience=0)


def _patience(allowance: int) -> int:
    """Rounds without a cheaper evasion that end a row's search: more where there is more to spend."""
    return int(np.clip(allowance // _ROUND, 4, 64))


def _at_random(scene: Scene, allowance: int) -> Search:
    del allowance
    return Search(scene=scene, opening=(), loop=((Scatter(scene=scene, most=64),),), patience=0)


_ROUTES = {Method.SCORES: _by_scores, Method.LABELS: _by_labels, Method.RANDOM: _at_random}
