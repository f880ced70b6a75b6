# SPDX-License-Identifier: Apache-2.0
"""How far apart requests go out: a server that is busy and does not say for how long is asked less often from then on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

FIRST_S, LONGEST_S = 0.05, 5.0
"""Gap between requests after the first refusal, and the longest that is kept."""

_SHRINKS = 0.9


@dataclass(slots=True)
class Pace:
    """A refusal doubles the gap, an answer shortens it by a tenth.

    Attributes:
        gap_s: seconds from one request to the next; 0 while the server never refused.
    """

    gap_s: float = 0.0
    _last: float = field(init=False, default=float("-inf"))
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock, repr=False)

    def wait(self, until: float) -> None:
        """Sleep until the next request may go out, but not beyond `until` (monotonic seconds)."""
        with self._lock:
            now = time.monotonic()
            start = min(max(now, self._last + self.gap_s), max(until, now))
            self._last = start
        if start > now:
            time.sleep(start - now)

    def slower(self) -> None:
        """The server refused."""
        self.gap_s = min(max(2.0 * self.gap_s, FIRST_S), LONGEST_S)

    def faster(self) -> None:
        """The server answered."""
        self.gap_s = self.gap_s * _SHRINKS if self.gap_s > FIRST_S / 10 else 0.0


def asked_pause(header: str | None, *, now_s: float | None = None) -> float | None:
    """Seconds to wait as a `Retry-After` header asks, in either of its forms; None if it says nothing that can be read.

    Args:
        header: its value.
        now_s: the time, in seconds since 1970, from which a date counts; the wall clock by default.

    Source:
        RFC 9110, section 10.2.3.

    Example:
        >>> asked_pause("12"), asked_pause("soon"), asked_pause(None)
        (12.0, None, None)
        >>> asked_pause("Thu, 01 Jan 1970 00:01:00 GMT", now_s=45.0)
        15.0
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        date = parsedate_to_datetime(header).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(date - (time.time() if now_s is None else now_s), 0.0)
