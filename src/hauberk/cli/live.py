# SPDX-License-Identifier: Apache-2.0
"""How attacks stand, as a table on a terminal that grows while they run; anywhere else, the plain progress line."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from hauberk.cli.progress import ProgressLine

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from hauberk.assess import Standing


class LiveTable:
    """A live table on stderr; see `hauberk.core.ports.Progress`. It is told how attacks stand by `told`.

    Args:
        quiet: say nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._line = ProgressLine(quiet=quiet)
        self._wanted = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._rows: dict[tuple[str, str], Standing] = {}
        self._title = ""
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __call__(self, *, stage: str, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` steps of `stage` are over; `total` 0 means unknown."""
        if not self._wanted:
            self._line(stage=stage, done=done, total=total, note=note)
            return
        with self._lock:
            self._title = f"{stage} {done}/{total}  {note}" if total else f"{stage}  {note}"
            self._show()

    def told(self, standing: Standing) -> None:
        """Take in how an attack stands; called from any thread."""
        if not self._wanted:
            return
        with self._lock:
            self._rows[standing.check, standing.part] = standing
            self._show()

    def close(self) -> None:
        """Leave the table as it stands, so that what follows starts on its own."""
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None
        self._line.close()

    def _show(self) -> None:
        if self._live is None:
            self._live = _live()
            self._live.start()
        self._live.update(self._table(), refresh=True)

    def _table(self) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        from hauberk.report.plain import visible

        head = Text(
            visible(f"{time.monotonic() - self._started:5.1f} s  {self._title}"), no_wrap=True, overflow="ellipsis"
        )
        table = Table(box=None, pad_edge=False)
        for name, side in (("check", "left"), ("attack by", "left"), ("records", "right"), ("get through", "right"),
                           ("median cost", "right")):  # fmt: skip
            table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
        for standing in self._rows.values():
            table.add_row(*map(visible, _cells(standing)))
        return Group(head, table) if self._rows else Group(head)


def _live() -> Live:
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(stderr=True), auto_refresh=False, transient=False)


def _cells(standing: Standing) -> tuple[str, ...]:
    from hauberk.report.numbers import quantity, rate

    rates = [one for one in standing.measurements if one.unit == "rate"]
    costs = [one for one in standing.measurements if one.unit != "rate"]
    through = f"{rate(rates[0].value)} ({rate(rates[0].low or 0.0)} to {rate(rates[0].high or 1.0)})" if rates else ""
    cost = quantity(costs[0].value, costs[0].unit) if costs else "none yet"
    return standing.check, standing.part, f"{standing.done}/{standing.total}", through, cost
