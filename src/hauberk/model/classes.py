# SPDX-License-Identifier: Apache-2.0
"""Which of a classifier's classes is the event, and which columns it reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hauberk.core.errors import UsageError
from hauberk.model.view import missing_columns

Label = bool | int | float | str
"""What a class can be called."""

_GENERATED = re.compile(r"(?:Column_|column_|f|x|feature_|)(\d+)")


def event_index(classes: Sequence[object], positive: Label, *, where: str) -> int:
    """Return the position of the event among two classes.

    Args:
        classes: the classes in the order of the model's probability columns.
        positive: what the event is called.
        where: the model, for messages.

    Raises:
        UsageError: there are not two classes, or none of them, or both, is the event.

    Examples:
        >>> event_index([False, True], 1, where="m"), event_index(["bad", "good"], "bad", where="m")
        (1, 0)
    """
    plain = [_plain(value) for value in classes]
    listed = ", ".join(repr(value) for value in plain[:6]) + (", …" if len(plain) > 6 else "")
    if len(plain) != 2:
        raise UsageError(
            f"the model tells {len(plain)} classes apart, and an event needs two",
            where=where,
            why=f"classes: {listed}",
            next_step="train a model of two classes: the event and everything else",
        )
    found = [index for index, value in enumerate(plain) if _same(value, positive)]
    if len(found) != 1:
        raise UsageError(
            f"none of the model's classes is the event {positive!r}",
            where=where,
            why=f"classes: {listed}",
            next_step="say which class is the event with positive=…",
        )
    return found[0]


def column_names(own: Sequence[str], width: int, given: Sequence[str] | None, *, where: str) -> tuple[str, ...]:
    """Return the names of the columns that a model reads, in its order.

    Args:
        own: the names that the model carries; empty if none.
        width: how many columns it reads.
        given: names that the caller knows. A model with names of its own keeps them, and all must be among those given;
            one without, or with generated ones such as `Column_0`, takes the given ones in order.
        where: the model, for messages.

    Raises:
        UsageError: names are missing, or the counts differ.
    """
    if given is not None and own and set(own) <= set(given):
        return tuple(own)
    if own and not generated(own):
        error = None if given is None else missing_columns(tuple(own), list(given), where)
        if error is not None:
            raise error
        return tuple(own)
    if given is None:
        raise UsageError(
            f"the model reads {width} columns and carries no names for them",
            where=where,
            next_step="name its columns in order with features=[…], or train it on a table with column names",
        )
    if len(given) != width:
        raise UsageError(
            f"the model reads {width} columns, the data has {len(given)}; the model carries no names to tell which",
            where=where,
            next_step="name exactly the model's columns, in its order, with features=[…]",
        )
    return tuple(given)


def generated(names: Sequence[str]) -> bool:
    """Whether names are those that a library makes up for a matrix: `Column_0`, `f0`, `x0` or `0` and so on."""
    return all((match := _GENERATED.fullmatch(name)) and int(match[1]) == index for index, name in enumerate(names))


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _same(value: object, positive: Label) -> bool:
    if isinstance(value, str) == isinstance(positive, str):
        return value == positive
    return _spelled(value) == _spelled(positive)


def _spelled(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
