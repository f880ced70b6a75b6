# SPDX-License-Identifier: Apache-2.0
"""The record of a run as a JSON file, and back. The same run always gives the same bytes."""

from __future__ import annotations

import math
import re
from typing import Any, cast

import msgspec

from hauberk.core.errors import Unreadable
from hauberk.core.run import SCHEMA_VERSION, Run

_NUMBERS = ("value", "low", "high", "level")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INFINITE = {"inf": math.inf, "-inf": -math.inf}


def dump_run(run: Run) -> bytes:
    r"""Return the run as one line of canonical JSON: sorted keys, UTF-8, a final line feed.

    JSON has no infinity: the infinite value or bound of a measurement is written as the string `inf` or `-inf`, and
    read back as a number. A lone surrogate, which UTF-8 cannot carry, is written out as text such as `\udc80`.
    """
    return msgspec.json.encode(as_plain(run), order="deterministic") + b"\n"


def load_run(content: bytes, *, where: str = "") -> Run:
    """Read a run that `dump_run` or the JSON rendering wrote.

    Args:
        content: the file's bytes.
        where: the file's name, for messages.

    Raises:
        Unreadable: it is not JSON, not a run, or a run of another major schema version.
    """
    try:
        plain = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(where, str(error)) from error
    _check_version(plain, where)
    try:
        return msgspec.convert(_revive(plain), Run)
    except (msgspec.ValidationError, ValueError) as error:
        raise _unreadable(where, str(error)) from error


def as_plain(run: Run) -> dict[str, Any]:
    """Return the run as dictionaries, lists and JSON scalars: finite numbers and well-formed text only."""
    return plain_record(msgspec.to_builtins(run))


def plain_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of built-in types with finite numbers and well-formed text only."""
    return cast("dict[str, Any]", _plain(record))


def _plain(node: Any) -> Any:
    """Make every number finite or a string, every measured number a float, and every text encodable."""
    match node:
        case dict():
            return _plain_entries(cast("dict[str, Any]", node))
        case list() | tuple():
            return [_plain(item) for item in cast("list[Any]", node)]
        case float() if not math.isfinite(node):
            return str(node)
        case str():
            return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", node)
        case _:
            return node


def _plain_entries(entries: dict[str, Any]) -> dict[str, Any]:
    measured = entries.keys() >= {"unit", "better"}
    return {
        _plain(key): _plain(_as_float(value) if measured and key in _NUMBERS else value)
        for key, value in entries.items()
    }


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _revive(node: Any) -> Any:
    """Turn the infinities of measurements back into numbers; those of evidence cells stay text by contract."""
    match node:
        case dict():
            entries = cast("dict[str, Any]", node)
            numbers = _NUMBERS if entries.keys() >= {"unit", "value"} else ()
            return {key: _number(value) if key in numbers else _revive(value) for key, value in entries.items()}
        case list() | tuple():
            return [_revive(item) for item in cast("list[Any]", node)]
        case _:
            return node


def _number(value: Any) -> Any:
    return _INFINITE.get(value, value) if isinstance(value, str) else value


def _check_version(plain: Any, where: str) -> None:
    version = cast("dict[str, Any]", plain).get("schema_version") if isinstance(plain, dict) else None
    if not isinstance(version, str):
        raise _unreadable(where, "it has no schema_version")
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise Unreadable(
            f"the run is written in schema version {version[:20]!r}, and this Hauberk reads {SCHEMA_VERSION}",
            where=where,
            next_step="read it with the release that wrote it, or run the check again",
        )


def _unreadable(where: str, why: str) -> Unreadable:
    return Unreadable(
        "this is not the record of a run", where=where, why=why, next_step="name a file that `hauberk check` wrote"
    )
