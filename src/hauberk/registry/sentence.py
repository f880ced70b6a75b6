# SPDX-License-Identifier: Apache-2.0
"""Sentences of a policy: templates in which facts stand in for their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Fact = bool | int | str | tuple[str, ...]

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A placeholder of a sentence.

    Attributes:
        name: name of the fact or measurement.
        form: empty for the plain value, `percent` for a rate, `one|many` for a count with its noun.
    """

    name: str
    form: str


def places(sentence: str) -> Iterator[Place]:
    """Yield the placeholders of a sentence.

    Raises:
        ValueError: a brace that belongs to no placeholder, or a form that is neither `percent` nor `one|many`.
    """
    if set("{}") & set(_PLACE.sub("", sentence)):
        raise ValueError("a brace stands alone; a placeholder is {name}, {name:one|many} or {name:percent}")
    for match in _PLACE.finditer(sentence):
        form = match[2] or ""
        if form not in {"", "percent"} and form.count("|") != 1:
            raise ValueError(f"{match[0]} is neither {{name}} nor {{name:one|many}} nor {{name:percent}}")
        yield Place(name=match[1], form=form)


def filled(sentence: str, facts: Mapping[str, Fact]) -> str:
    """Return a sentence with its facts; a fact that is unknown stands as `unknown`.

    Example:
        >>> filled("{high:finding is|findings are} open", {"high": 1})
        '1 finding is open'
        >>> filled("{evaded:percent} of the frauds got through", {"evaded": 123_400})
        '12.34 % of the frauds got through'
    """

    def fill(match: re.Match[str]) -> str:
        value, form = facts.get(match[1]), match[2] or ""
        if "|" in form:
            one, many = form.split("|")
            return f"{_worded(value)} {one if value == 1 else many}"
        if form == "percent" and isinstance(value, int):
            return f"{value / 10_000:.6g} %"
        return _worded(value)

    return _PLACE.sub(fill, sentence)


def _worded(value: Fact | None) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
