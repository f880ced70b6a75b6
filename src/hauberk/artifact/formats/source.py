# SPDX-License-Identifier: Apache-2.0
"""Bytes by position, never all at once: an open file, a part of one, or a short piece in memory."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Protocol

CHUNK = 1 << 18
"""Bytes that a cursor holds."""


class FormatError(Exception):
    """The bytes are not what they claim to be.

    Args:
        what: what is wrong, in one sentence without a final stop.
        at: byte offset in the source.
    """

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


class LimitError(FormatError):
    """A limit was reached before the end; nothing is known of the rest."""


class Source(Protocol):
    """Readable bytes of known length."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class FileSource:
    """A part of an open file.

    Attributes:
        descriptor: an open, seekable file descriptor that outlives the source.
        start: first byte of the part.
        size: bytes of the part.
    """

    descriptor: int
    start: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer only at the end."""
        count = min(count, self.size - at)
        if at < 0 or count <= 0:
            return b""
        parts: list[bytes] = []
        while count:
            piece = os.pread(self.descriptor, count, self.start + at)
            if not piece:
                raise OSError(errno.EIO, "the file became shorter while it was read")
            parts.append(piece)
            at += len(piece)
            count -= len(piece)
        return parts[0] if len(parts) == 1 else b"".join(parts)


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A short piece in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.content)

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer only at the end."""
        return self.content[at : at + count] if at >= 0 and count > 0 else b""


@dataclass(frozen=True, slots=True)
class PartSource:
    """A part of another source."""

    whole: Source
    start: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer only at the end."""
        return self.whole.read(self.start + at, min(count, self.size - at)) if 0 <= at < self.size else b""


class Cursor:
    """A place in a source that moves forward, with a buffer of bounded size.

    Attributes:
        buffer: the bytes held.
        index: where in the buffer the next byte lies.
        origin: offset of the buffer's first byte in the source.
    """

    __slots__ = ("buffer", "index", "origin", "source")

    def __init__(self, source: Source, at: int = 0) -> None:
        self.source = source
        self.buffer = b""
        self.index = 0
        self.origin = at

    def tell(self) -> int:
        """Offset of the next byte."""
        return self.origin + self.index

    def seek(self, at: int) -> None:
        """Move to an offset.

        Raises:
            FormatError: it lies behind the end.
        """
        if at > self.source.size:
            raise FormatError("the bytes end inside an argument", self.tell())
        if self.origin <= at <= self.origin + len(self.buffer):
            self.index = at - self.origin
        else:
            self.buffer, self.index, self.origin = b"", 0, at

    def fill(self, count: int) -> bool:
        """Hold at least `count` bytes from here; False if there are fewer."""
        if len(self.buffer) - self.index < count:
            self.origin += self.index
            self.buffer = self.source.read(self.origin, max(count, CHUNK))
            self.index = 0
        return len(self.buffer) >= self.index + count

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            FormatError: there are fewer.
        """
        index = self.index
        if len(self.buffer) - index < count:
            if not self.fill(count):
                raise FormatError("the bytes end inside an argument", self.tell())
            index = self.index
        self.index = index + count
        return self.buffer[index : self.index]

    def line(self, limit: int = 1 << 26) -> bytes:
        """The bytes up to the next line feed, which is consumed and not returned.

        Raises:
            FormatError: there is none.
            LimitError: the line is longer than `limit`.
        """
        held = 1 << 12
        while True:
            self.fill(held)
            end = self.buffer.find(b"\n", self.index, self.index + held)
            if end >= 0:
                found = self.buffer[self.index : end]
                self.index = end + 1
                return found
            if len(self.buffer) - self.index < held:
                raise FormatError("the bytes end inside a line", self.tell())
            if held >= limit:
                raise LimitError(f"a line is longer than {limit} bytes", self.tell())
            held *= 4
