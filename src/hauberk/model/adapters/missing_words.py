# SPDX-License-Identifier: Apache-2.0
"""Which mark for a missing word a fitted scikit-learn pipeline has learned: NaN or None."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sklearn.base import BaseEstimator

_DEPTH = 12
"""How deep estimators may hold estimators before the search stops; real pipelines hold five."""


_LEAVES = (str, bytes, int, float, complex, type(None))
"""Types that hold no estimators; a vocabulary has millions of them."""


def learned_nan(estimator: Any) -> bool:
    """Whether missing words have to be written as NaN.

    A None among an encoder's categories, or an imputer that looks for None, says that the model was fitted on None.
    Without such evidence the answer is NaN, which is what pandas writes and what imputers look for unless told.
    """
    return not any(_knows_none(step) for step in _steps(estimator, set(), 0))


def _steps(part: Any, seen: set[int], depth: int) -> Iterator[Any]:
    if depth > _DEPTH or isinstance(part, _LEAVES) or id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, BaseEstimator):
        yield part
    for value in _held(part):
        yield from _steps(value, seen, depth + 1)


def _held(part: Any) -> Iterable[Any]:
    """What a part holds: an estimator's attributes, or a container's members."""
    if isinstance(part, (list, tuple)):
        return part
    if isinstance(part, dict):
        return part.values()
    if type(part).__module__.startswith("sklearn.") or isinstance(part, BaseEstimator):
        return getattr(part, "__dict__", {}).values()
    return ()


def _knows_none(step: Any) -> bool:
    categories = getattr(step, "categories_", None)
    if isinstance(categories, list) and any(value is None for column in categories for value in column):
        return True
    return getattr(step, "missing_values", 0) is None
