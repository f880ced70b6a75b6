# SPDX-License-Identifier: Apache-2.0
"""The built-in checks, one thin file each, which call the engines of the rooms below.

A generated index lists them without importing any; `python -m hauberk.checks.generate` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from hauberk.core.check import CheckSpec, Cost, Need, Order, Stage
from hauberk.core.entry import Entry
from hauberk.core.errors import UsageError

__all__ = ["entry_from", "index", "load"]


@cache
def index() -> tuple[Entry, ...]:
    """Return the built-in checks in order of id, without importing any."""
    text = resources.files("hauberk.checks").joinpath("index.json").read_text(encoding="utf-8")
    return tuple(entry_from(check, row) for check, row in sorted(json.loads(text).items()))


def load(check: str) -> CheckSpec:
    """Import the one file of a built-in check and return its declaration.

    Raises:
        UsageError: there is no such check.
    """
    for entry in index():
        if entry.id == check:
            return entry.load()
    raise UsageError(f"there is no built-in check {check!r}", next_step="`hauberk checks` lists the checks")


def entry_from(check: str, row: dict[str, Any]) -> Entry:
    """Return the entry of one row of the index."""
    return Entry(
        id=check,
        title=row["title"],
        module=row["module"],
        function=row["function"],
        stage=Stage(row["stage"]),
        needs=tuple(Need(need) for need in row["needs"]),
        threats=tuple(row["threats"]),
        cost=Cost(row["cost"]),
        since=row["since"],
        order=Order(row["order"]),
        params=row["params"],
    )
