# SPDX-License-Identifier: Apache-2.0
"""How the results of two batches become one. None means "nothing seen yet" in each of them."""

from __future__ import annotations

from typing import Any


def add(first: Any, second: Any) -> Any:
    """Sum of both; for numbers, `Hits`, numpy arrays of one shape.

    Example:
        >>> add(2, 3), add(None, 3)
        (5, 3)
    """
    if first is None:
        return second
    return first if second is None else first + second


def least(first: Any, second: Any) -> Any:
    """The smaller of both.

    Example:
        >>> least(None, 4), least(2, 4)
        (4, 2)
    """
    if first is None:
        return second
    return first if second is None else min(first, second)


def greatest(first: Any, second: Any) -> Any:
    """The larger of both.

    Example:
        >>> greatest(None, 4), greatest(2, 4)
        (4, 4)
    """
    if first is None:
        return second
    return first if second is None else max(first, second)


def both(first: Any, second: Any) -> Any:
    """Whether it holds for both.

    Example:
        >>> both(True, None), both(True, False)
        (True, False)
    """
    if first is None:
        return second
    return first if second is None else bool(first and second)


def either(first: Any, second: Any) -> Any:
    """Whether it holds for one of both.

    Example:
        >>> either(False, None), either(True, False)
        (False, True)
    """
    if first is None:
        return second
    return first if second is None else bool(first or second)


def add_counts(first: dict[Any, int], second: dict[Any, int]) -> dict[Any, int]:
    """Counts by key, summed; the first argument is not changed.

    Example:
        >>> add_counts({"a": 1}, {"a": 2, "b": 1})
        {'a': 3, 'b': 1}
    """
    total = dict(first)
    for key, count in second.items():
        total[key] = total.get(key, 0) + count
    return total
