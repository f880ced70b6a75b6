# SPDX-License-Identifier: Apache-2.0
"""The messages between Hauberk and a worker: a JSON header and raw bytes. Nothing in them is ever unpickled.

Standard library only: the worker reads its first message with it before anything else is imported.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from typing import Any, cast

LARGEST_HEADER = 1 << 20
_FRAME = struct.Struct(">IQ")


class WorkerSilent(Exception):
    """The other side did not answer in time."""


class WorkerGone(Exception):
    """The other side closed the pipe."""


def pack(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """Return one message."""
    head = json.dumps(header).encode()
    return _FRAME.pack(len(head), len(payload)) + head + payload


def send(descriptor: int, message: bytes, until: float | None) -> None:
    """Write a message; `until` is a moment of the monotonic clock, None for no limit.

    Raises:
        WorkerSilent: it is past `until`.
        WorkerGone: the pipe is closed.
    """
    view = memoryview(message)
    while view:
        _wait(descriptor, select.POLLOUT, until)
        try:
            view = view[os.write(descriptor, view[:65536]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise WorkerGone from error


def receive(descriptor: int, until: float | None, *, largest: int) -> tuple[dict[str, Any], bytes]:
    """Read one message of at most `largest` bytes after its header.

    Raises:
        WorkerSilent: it is past `until`.
        WorkerGone: the pipe is closed, or what comes is not a message.
    """
    head_size, size = _FRAME.unpack(_read(descriptor, _FRAME.size, until))
    if head_size > LARGEST_HEADER or size > largest:
        raise WorkerGone
    try:
        header: Any = json.loads(_read(descriptor, head_size, until))
    except ValueError as error:
        raise WorkerGone from error
    if not isinstance(header, dict):
        raise WorkerGone
    return cast("dict[str, Any]", header), _read(descriptor, size, until)


def _read(descriptor: int, size: int, until: float | None) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        _wait(descriptor, select.POLLIN, until)
        try:
            piece = os.read(descriptor, min(size - len(pieces), 1 << 20))
        except BlockingIOError:
            continue
        if not piece:
            raise WorkerGone
        pieces += piece
    return bytes(pieces)


def _wait(descriptor: int, event: int, until: float | None) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = None if until is None else max(0.0, until - time.monotonic()) * 1000
    if not poll.poll(left):
        raise WorkerSilent
