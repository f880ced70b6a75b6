# SPDX-License-Identifier: Apache-2.0
"""The ports: what the rooms need from the outside world, as protocols. Adapters meet them in `app` alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from hauberk.core.event import Checkpoint, Event


class Clock(Protocol):
    """Where the time comes from."""

    def now_us(self) -> int:
        """UTC time in microseconds since 1970."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_us(self) -> int:
        """UTC time in microseconds since 1970."""
        return time.time_ns() // 1000


class Progress(Protocol):
    """Where a long job says how far it is."""

    def __call__(self, *, stage: str, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` steps of `stage` are over; `total` 0 means unknown."""
        ...


class EventLog(Protocol):
    """An append-only log."""

    def append(self, events: Sequence[Event]) -> int:
        """Append all or nothing; return the log's size after it. An event is acknowledged when this returns."""
        ...

    def read(self, start: int = 0) -> Iterator[tuple[int, Event]]:
        """Yield index and event from `start` on."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Return a signed checkpoint of the log as it stands."""
        ...


class BlobStore(Protocol):
    """A content-addressed store of bytes."""

    def put(self, content: bytes) -> str:
        """Store bytes and return their `sha256:` digest."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest; they are verified on the way out."""
        ...
