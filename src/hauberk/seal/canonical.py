# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785): one value, one byte string. Whatever is hashed or signed is spelt by it.

Floats are refused, since a signature must not hang on how two programs print a number: they travel as strings, and
`plain` turns them into such.
"""

from __future__ import annotations

import dataclasses
import json
import math
import numbers
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, cast

import rfc8785

from hauberk.core.errors import Unreadable, UsageError
from hauberk.core.event import Plain

SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader holds exactly."""

MAX_DEPTH = 64
"""How deep lists and objects may be nested."""


def canonical(obj: object) -> bytes:
    r"""Return the RFC 8785 bytes of a value made of None, booleans, integers, strings, lists, tuples and dictionaries.

    Raises:
        UsageError: a float, an integer beyond 53 bits, a key that is not a string, a lone surrogate, or another type;
            the error says where in the value.

    >>> canonical({"b": 1, "a": [True, None, "é"]})
    b'{"a":[true,null,"\xc3\xa9"],"b":1}'
    """
    _refuse(obj, "$", 0)
    try:
        return rfc8785.dumps(cast("Any", obj))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise UsageError("this value has no canonical JSON", why=str(error)) from error


def _refuse(obj: object, where: str, depth: int) -> None:
    if obj is None or isinstance(obj, str | bool):
        return
    if depth > MAX_DEPTH:
        raise UsageError(f"this value is nested deeper than {MAX_DEPTH} levels", where=where[:80])
    if isinstance(obj, float):
        raise UsageError(
            f"the float {obj!r} cannot be signed",
            where=where,
            why="two programs may print one float in two ways",
            next_step="pass it as a string, or convert the whole value with hauberk.seal.plain",
        )
    if isinstance(obj, int):
        if abs(obj) > SAFE_INTEGER:
            raise UsageError(
                f"the integer {obj} is beyond 53 bits", where=where, next_step="pass it as a string of digits"
            )
        return
    _refuse_inside(obj, where, depth)


def _refuse_inside(obj: object, where: str, depth: int) -> None:
    if isinstance(obj, list | tuple):
        for index, item in enumerate(cast("list[object]", obj)):
            _refuse(item, f"{where}[{index}]", depth + 1)
        return
    if isinstance(obj, dict):
        for key, item in cast("dict[object, object]", obj).items():
            if not isinstance(key, str):
                raise UsageError(f"the key {key!r} is not a string", where=where)
            _refuse(item, f"{where}.{key}", depth + 1)
        return
    raise UsageError(
        f"a {type(obj).__name__} cannot be signed",
        where=where,
        next_step="convert the value with hauberk.seal.plain first",
    )


def plain(obj: object) -> Plain:
    """Turn dataclasses, enumerations, paths, numbers of other libraries and floats into what `canonical` accepts.

    Floats become their shortest round-trip string (`repr`), infinities and NaN `inf`, `-inf` and `nan`; integers
    beyond 53 bits become strings of digits. Dataclasses become objects of their fields.

    Raises:
        UsageError: a type that has no plain form, or a key that is not a string.

    >>> plain({"rate": 0.1, "n": 3})
    {'rate': '0.1', 'n': 3}
    """
    if isinstance(obj, Enum):
        return plain(obj.value)
    if obj is None or isinstance(obj, bool):
        return obj
    if isinstance(obj, str):
        return str(obj)
    if isinstance(obj, PurePath):
        return obj.as_posix()
    if isinstance(obj, numbers.Number):
        return _plain_number(obj)
    return _plain_container(obj)


def _plain_number(obj: object) -> Plain:
    if isinstance(obj, numbers.Integral):
        whole = int(obj)
        return whole if abs(whole) <= SAFE_INTEGER else str(whole)
    if isinstance(obj, numbers.Real):
        number = float(obj)
        return "nan" if math.isnan(number) else repr(number)
    raise UsageError(f"a {type(obj).__name__} has no plain form")


def _plain_container(obj: object) -> Plain:
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return {field.name: plain(getattr(obj, field.name)) for field in dataclasses.fields(obj)}
    if isinstance(obj, Mapping):
        result: dict[str, Plain] = {}
        for key, value in cast("Mapping[object, object]", obj).items():
            if not isinstance(key, str):
                raise UsageError(f"the key {key!r} is not a string", next_step="use strings as keys")
            result[str(key)] = plain(value)
        return result
    if isinstance(obj, list | tuple):
        return [plain(item) for item in cast("list[object]", obj)]
    raise UsageError(f"a {type(obj).__name__} has no plain form", next_step="sets need an order, bytes an encoding")


def parse_canonical(content: bytes, *, where: str = "") -> Plain:
    """Read bytes that `canonical` wrote, and refuse any other spelling of the same value.

    Raises:
        Unreadable: not JSON, repeated keys, floats, or not in canonical form.
    """
    value = parse_json(content, where=where)
    try:
        again = canonical(value)
    except UsageError as error:
        raise Unreadable("this JSON cannot be canonical", where=where, why=error.what) from error
    if again != content:
        raise Unreadable("this JSON is not in canonical form", where=where, why="its bytes are spelt in another way")
    return value


def parse_json(content: bytes | str, *, where: str = "") -> Plain:
    """Read strict JSON without floats: repeated keys, NaN, broken UTF-8 and abysmal nesting are refused.

    Raises:
        Unreadable: it is not such JSON.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        value: Plain = json.loads(text, object_pairs_hook=_pairs, parse_float=_no_float, parse_constant=_no_float)
        return value
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Unreadable("this is not JSON that Hauberk wrote", where=where, why=why) from error


def _pairs(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object repeats a key")
    return result


def _no_float(text: str) -> Plain:
    raise ValueError(f"the number {text[:40]} is not an integer")
