# SPDX-License-Identifier: Apache-2.0
"""Read UBJSON, the binary JSON that XGBoost writes, and refuse whatever is cut off or nested without end.

XGBoost's own reader ends the process on some truncated files, so a file is read here first.
Source: the UBJSON specification, draft 12, with the optimised containers that XGBoost uses.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_DEPTH = 64
"""Levels of nesting that are followed; a model has about ten."""

_NUMBERS = {
    "i": (">b", 1),
    "U": (">B", 1),
    "I": (">h", 2),
    "l": (">i", 4),
    "L": (">q", 8),
    "d": (">f", 4),
    "D": (">d", 8),
}
_DTYPES = {"i": "i1", "U": "u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_CONSTANTS = {"Z": None, "T": True, "F": False, "N": None}


class UbjsonError(ValueError):
    """The bytes are not one whole UBJSON value."""


def loads(content: bytes) -> Any:
    r"""Return the value that the bytes spell; arrays of one numeric type come as numpy arrays.

    Raises:
        UbjsonError: the bytes end early, go on after the value, or hold an unknown type.

    Examples:
        >>> loads(b"{L\x00\x00\x00\x00\x00\x00\x00\x01ai\x05}")
        {'a': 5}
    """
    reader = _Reader(content)
    value = reader.value(reader.mark(), 0)
    if content[reader.at :].strip(b"\x00\n "):
        raise UbjsonError(f"bytes follow the end of the value at byte {reader.at}")
    return value


class _Reader:
    __slots__ = ("at", "content")

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size < 0 or self.at + size > len(self.content):
            raise UbjsonError(f"it ends at byte {len(self.content)} and needs {size} more from byte {self.at}")
        piece = self.content[self.at : self.at + size]
        self.at += size
        return piece

    def mark(self) -> str:
        """The next type mark."""
        return self.take(1).decode("latin-1")

    def number(self, kind: str) -> Any:
        """A number of the given type."""
        layout, size = _NUMBERS[kind]
        return struct.unpack(layout, self.take(size))[0]

    def size(self) -> int:
        """A length, with its own type mark."""
        kind = self.mark()
        if kind not in "iUIlL":
            raise UbjsonError(f"a length of type {kind!r} at byte {self.at - 1}")
        return int(self.number(kind))

    def text(self) -> str:
        """A string, without its mark."""
        try:
            return self.take(self.size()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UbjsonError(f"text before byte {self.at} is not UTF-8") from error

    def value(self, kind: str, depth: int) -> Any:
        """The value that follows a mark."""
        if kind in _NUMBERS:
            return self.number(kind)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == "S":
            return self.text()
        if kind == "C":
            return self.mark()
        if depth > _DEPTH:
            raise UbjsonError(f"nested deeper than {_DEPTH} levels")
        if kind == "[":
            return self.array(depth + 1)
        if kind == "{":
            return self.object(depth + 1)
        raise UbjsonError(f"unknown type {kind!r} at byte {self.at - 1}")

    def header(self) -> tuple[str, int]:
        """The optional type and count of a container; '' and -1 where absent."""
        kind, count = "", -1
        if self.content[self.at : self.at + 1] == b"$":
            self.at += 1
            kind = self.mark()
        if self.content[self.at : self.at + 1] == b"#":
            self.at += 1
            count = self.size()
        if kind and count < 0:
            raise UbjsonError(f"a typed container without a count at byte {self.at}")
        return kind, count

    def array(self, depth: int) -> Any:
        """An array, after its bracket; a count of -1 means up to the closing one."""
        kind, count = self.header()
        if kind in _DTYPES:
            dtype = np.dtype(_DTYPES[kind])
            return np.frombuffer(self.take(count * dtype.itemsize), dtype=dtype)
        items: list[Any] = []
        while len(items) != count:
            mark = kind or self.mark()
            if count < 0 and mark == "]":
                break
            items.append(self.value(mark, depth))
        return items

    def object(self, depth: int) -> dict[str, Any]:
        """An object, after its brace."""
        kind, count = self.header()
        members: dict[str, Any] = {}
        read = 0
        while read != count:
            if count < 0 and self.content[self.at : self.at + 1] == b"}":
                self.at += 1
                break
            name = self.text()
            members[name] = self.value(kind or self.mark(), depth)
            read += 1
        return members
