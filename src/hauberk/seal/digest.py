# SPDX-License-Identifier: Apache-2.0
"""SHA-256 digests, spelt `sha256:` and 64 lower-case hexadecimal digits. A file is opened once and read as a stream."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from hauberk.core.errors import Unreadable, UsageError

CHUNK = 1 << 20
"""Bytes that are read at a time."""

BLOCK = 1 << 18
"""Bytes that are hashed at a time: small enough to stay in a core's own cache."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_bytes(content: bytes) -> str:
    """Return the digest of bytes.

    >>> digest_bytes(b"")
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    return "sha256:" + hashlib.sha256(content).hexdigest()


def is_digest(text: str) -> bool:
    """Say whether a text is spelt like a digest."""
    return _DIGEST.fullmatch(text) is not None


def hex_of(digest: str) -> str:
    """Return the 64 hexadecimal digits of a digest.

    Raises:
        UsageError: it is not spelt like a digest.
    """
    if not is_digest(digest):
        raise UsageError(f"{digest[:90]!r} is not a digest", why="it must be sha256: and 64 lower-case hex digits")
    return digest[7:]


@contextmanager
def open_regular(path: str | os.PathLike[str], *, follow: bool = True, dir_fd: int | None = None) -> Generator[int]:
    """Open a regular file for reading, once, and yield its descriptor.

    A named pipe or a device is refused without blocking on it.

    Args:
        path: the file.
        follow: whether the last part of the path may be a symbolic link.
        dir_fd: descriptor of the folder that a relative path starts from.

    Raises:
        UsageError: there is no such file.
        Unreadable: a folder, a pipe, a device, a symbolic link where none may be, or no permission.
    """
    where = os.fspath(path)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags, dir_fd=dir_fd)
    except FileNotFoundError as error:
        raise UsageError("there is no such file", where=where) from error
    except OSError as error:
        raise Unreadable("this file cannot be opened", where=where, why=os.strerror(error.errno or 0)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("this is not a regular file", where=where)
        yield descriptor
    finally:
        os.close(descriptor)


def read_chunks(descriptor: int) -> Iterator[bytes]:
    """Yield the bytes of an open file from its start to its end."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    while chunk := os.read(descriptor, CHUNK):
        yield chunk


class Summing(Protocol):
    """What bytes can be fed to, such as a hash of another kind."""

    def update(self, data: memoryview, /) -> object:
        """Take the next bytes; they must be copied to be kept."""
        ...


def digest_descriptor(descriptor: int, *, where: str = "", also: Summing | None = None) -> tuple[str, int]:
    """Return digest and size in bytes of an open file, which is read once.

    Args:
        descriptor: the file.
        where: what to call it in an error.
        also: fed with the very same bytes.

    Raises:
        Unreadable: it was written to while it was read.
    """
    before = os.fstat(descriptor)
    summed = hashlib.sha256()
    size = 0
    block = bytearray(BLOCK)  # one buffer for the whole file: no memory is asked for while it is read
    window = memoryview(block)
    os.lseek(descriptor, 0, os.SEEK_SET)
    while count := os.readv(descriptor, [block]):
        summed.update(window[:count])
        if also is not None:
            also.update(window[:count])
        size += count
    after = os.fstat(descriptor)
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or size != after.st_size:
        raise Unreadable("this file changed while it was read", where=where, next_step="stop the writer and try again")
    return "sha256:" + summed.hexdigest(), size


def digest_file(path: str | Path) -> str:
    """Return the digest of a file's bytes.

    Raises:
        UsageError: there is no such file.
        Unreadable: it is not a regular file, cannot be opened, or changed while it was read.
    """
    with open_regular(path) as descriptor:
        return digest_descriptor(descriptor, where=str(path))[0]
