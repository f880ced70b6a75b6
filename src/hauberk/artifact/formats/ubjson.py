# SPDX-License-Identifier: Apache-2.0
"""Universal Binary JSON as XGBoost writes it: walked to the last byte, nothing is kept."""

from __future__ import annotations

from hauberk.artifact.formats.source import Cursor, FormatError, Source

_FIXED = {"Z": 0, "N": 0, "T": 0, "F": 0, "i": 1, "U": 1, "C": 1, "I": 2, "l": 4, "L": 8, "d": 4, "D": 8}
_DEPTH = 64


def ubjson(source: Source) -> tuple[str, ...]:
    """Walk a document; returns the keys of its outermost object.

    Raises:
        FormatError: it is broken, nested too deep, or followed by other bytes.
    """
    cursor = Cursor(source)
    keys: list[str] = []
    if cursor.take(1) != b"{":
        raise FormatError("the document is no object", 0)
    _object(cursor, 0, keys)
    if cursor.tell() != source.size:
        raise FormatError(f"{source.size - cursor.tell()} bytes behind the document", cursor.tell())
    return tuple(keys)


def _length(cursor: Cursor) -> int:
    kind = cursor.take(1).decode("latin-1")
    if kind not in "iUIlL":
        raise FormatError("a length is no whole number", cursor.tell())
    size = int.from_bytes(cursor.take(_FIXED[kind]), "big", signed=kind != "U")
    if size < 0:
        raise FormatError("a length is negative", cursor.tell())
    return size


def _object(cursor: Cursor, depth: int, keys: list[str] | None) -> None:
    while cursor.fill(1) and cursor.buffer[cursor.index] != 0x7D:
        size = _length(cursor)
        if size > 4096:
            raise FormatError("a key is too long", cursor.tell())
        key = cursor.take(size)
        if keys is not None:
            keys.append(key.decode("latin-1"))
        _value(cursor, cursor.take(1).decode("latin-1"), depth + 1)
    cursor.take(1)


def _array(cursor: Cursor, depth: int) -> None:
    head = cursor.buffer[cursor.index : cursor.index + 1] if cursor.fill(1) else b""
    kind = ""
    if head == b"$":
        cursor.take(1)
        kind = cursor.take(1).decode("latin-1")
        if cursor.take(1) != b"#" or kind not in _FIXED:
            raise FormatError("a typed array has no length", cursor.tell())
        size = _length(cursor) * _FIXED[kind]
        cursor.seek(cursor.tell() + size)
        return
    if head == b"#":
        cursor.take(1)
        for _ in range(_length(cursor)):
            _value(cursor, cursor.take(1).decode("latin-1"), depth + 1)
        return
    while cursor.fill(1) and cursor.buffer[cursor.index] != 0x5D:
        _value(cursor, cursor.take(1).decode("latin-1"), depth + 1)
    cursor.take(1)


def _value(cursor: Cursor, kind: str, depth: int) -> None:
    if depth > _DEPTH:
        raise FormatError(f"the document is nested deeper than {_DEPTH}", cursor.tell())
    if kind in _FIXED:
        cursor.take(_FIXED[kind])
    elif kind in "SH":
        size = _length(cursor)
        cursor.seek(cursor.tell() + size)
    elif kind == "{":
        _object(cursor, depth, None)
    elif kind == "[":
        _array(cursor, depth)
    else:
        raise FormatError(f"{kind!r} is no type", cursor.tell())
