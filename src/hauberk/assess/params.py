# SPDX-License-Identifier: Apache-2.0
"""Parameters of checks: a check's keyword parameters are its configuration schema, and every override is held to it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import cast

from hauberk.core.entry import Entry
from hauberk.core.errors import ConfigError
from hauberk.core.outcome import Param


def merged_params(entry: Entry, overrides: Mapping[str, object]) -> dict[str, Param]:
    """Return the defaults of a check with its overrides put in.

    Raises:
        ConfigError: an unknown parameter, or a value of another type than the default.
    """
    merged = dict(entry.params)
    for name, value in overrides.items():
        if name not in entry.params:
            known = f"its parameters are {', '.join(entry.params)}" if entry.params else "it has no parameters"
            raise ConfigError(
                f"check {entry.id} has no parameter {name!r}",
                where=f'[checks."{entry.id}"]',
                why=known,
                next_step=suggestion(name, entry.params) or f"remove {name!r}",
            )
        merged[name] = _checked(entry, name, value)
    return merged


def suggestion(name: str, known: Collection[str]) -> str:
    """Return `did you mean …?` for the nearest known name, or an empty string if none is near."""
    near = difflib.get_close_matches(name.lower(), {item.lower() for item in known}, n=1, cutoff=0.6)
    original = {item.lower(): item for item in sorted(known)}
    return f"did you mean {original[near[0]]!r}?" if near else ""


def _checked(entry: Entry, name: str, value: object) -> Param:
    default = entry.params[name]
    fitted = _fitted(default, value)
    if fitted is None and (value is not None or default is not None):
        raise ConfigError(
            f"parameter {name!r} of check {entry.id} must be {_kind(default)}, it is {value!r}",
            where=f'[checks."{entry.id}"]',
            next_step=f"the default is {default!r}",
        )
    return fitted


def _fitted(default: Param, value: object) -> Param:
    """Return the value if it has the default's type, else None. A whole number may stand for a float."""
    if isinstance(value, list | tuple):
        items = list(cast("Iterable[object]", value))
        texts = [item for item in items if isinstance(item, str)]
        return texts if len(texts) == len(items) and isinstance(default, list | None) else None
    if type(value) is int and isinstance(default, float):
        return float(value)
    if isinstance(value, str | int | float) and (default is None or type(value) is type(default)):
        return value
    return None


def _kind(default: Param) -> str:
    if default is None:
        return "a text, number, truth value or list of texts"
    if isinstance(default, list):
        return "a list of texts"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[type(default)]
