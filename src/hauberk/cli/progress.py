# SPDX-License-Identifier: Apache-2.0
"""Progress on stderr: one live line on a terminal, one line a step elsewhere, nothing if asked to be quiet."""

from __future__ import annotations

import shutil
import sys
import time


class ProgressLine:
    """Says how far a long job is; see `hauberk.core.ports.Progress`.

    Args:
        quiet: say nothing.
        heartbeat_s: seconds between two lines of one stage where there is no terminal.
    """

    def __init__(self, *, quiet: bool = False, heartbeat_s: float = 30.0) -> None:
        self._quiet = quiet
        self._heartbeat = heartbeat_s
        self._live = sys.stderr.isatty()
        self._started = time.monotonic()
        self._stage = ""
        self._said = 0.0
        self._open = False

    def __call__(self, *, stage: str, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` steps of `stage` are over; `total` 0 means unknown."""
        if self._quiet:
            return
        now = time.monotonic()
        text = f"{now - self._started:5.1f} s  {stage}"
        if total:
            text += f"  {done}/{total}"
        if note:
            text += f"  {note}"
        if self._live:
            self._write_live(text, stage)
        elif stage != self._stage or now - self._said >= self._heartbeat:
            sys.stderr.write(text + "\n")
            self._said = now
        self._stage = stage
        sys.stderr.flush()

    def _write_live(self, text: str, stage: str) -> None:
        width = shutil.get_terminal_size().columns
        if self._open and stage != self._stage:
            sys.stderr.write("\n")
        sys.stderr.write("\r\x1b[2K" + text[: max(width - 1, 10)])
        self._open = True

    def close(self) -> None:
        """End the live line, so that what follows starts on its own."""
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._open = False
