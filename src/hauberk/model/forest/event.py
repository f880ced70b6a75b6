# SPDX-License-Identifier: Apache-2.0
"""From a forest of any classifier of two classes to one margin that rises with P(event)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError
from hauberk.model.forest.flat import Forest, Link


def event_forest(forest: Forest, event: int, *, where: str) -> Forest:
    """Return the same trees with one output, greater where the event is likelier.

    Two outputs under the softmax become their difference under the sigmoid; one output of the other class is negated.

    Args:
        forest: of a classifier of two classes; one output belongs to the second class.
        event: which class is the event, 0 or 1.
        where: the model, for messages.

    Raises:
        UsageError: the forest has more outputs, or its margins are not turned into a probability.
    """
    if forest.outputs == 1 and forest.link in {Link.SIGMOID, Link.IDENTITY}:
        return forest if event == 1 else _turned(forest)
    if forest.outputs == 2 and forest.link is Link.SOFTMAX:
        return _difference(forest, event)
    raise UsageError(
        "the model's trees do not add up to one probability",
        where=where,
        why=f"{forest.outputs} margins and the link {forest.link}",
        next_step="attack the model by its scores, which need no trees",
    )


def _turned(forest: Forest) -> Forest:
    whole = forest.divisor if forest.link is Link.IDENTITY else 0.0
    start = np.asarray(whole - forest.start, dtype=forest.start.dtype)
    return replace(forest, values=_frozen(-forest.values), start=_frozen(start))


def _difference(forest: Forest, event: int) -> Forest:
    other = 1 - event
    if forest.values.shape[1] == 2:
        values = forest.values[:, event : event + 1] - forest.values[:, other : other + 1]
    else:
        values = forest.values * _signs(forest, event)[:, None]
    start = forest.start[event : event + 1] - forest.start[other : other + 1]
    return replace(
        forest,
        values=_frozen(values),
        slots=_frozen(np.zeros_like(forest.slots)),
        start=_frozen(start),
        link=Link.SIGMOID,
        sigma=1.0,
        # each of the two sums was shown to lie so near
        gap=2.0 * forest.gap,
    )


def _signs(forest: Forest, event: int) -> NDArray[Any]:
    """For each leaf, 1 if its tree adds to the event's output and -1 if to the other's."""
    signs = np.ones(len(forest.values), dtype=forest.values.dtype)
    sizes = np.diff(np.append(forest.roots, len(forest.child)))
    tree = np.repeat(np.arange(forest.trees), sizes)
    leaves = forest.child < 0
    signs[-1 - forest.child[leaves]] = np.where(forest.slots[tree[leaves]] == event, 1, -1)
    return signs


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    plain = np.ascontiguousarray(array)
    plain.flags.writeable = False
    return plain
