# SPDX-License-Identifier: Apache-2.0
"""List the built-in checks, and print the page of one."""

from __future__ import annotations

import json
from typing import Any

from hauberk.checks import index, load
from hauberk.core.entry import Entry
from hauberk.core.errors import UsageError


def list_checks(*, format: str = "text") -> str:  # noqa: A002 - the command line's --format
    """Return the built-in checks as a table or as JSON, without importing any."""
    entries = index()
    if format == "json":
        return json.dumps([_row(entry) for entry in entries], indent=2)
    width = max((len(entry.id) for entry in entries), default=0)
    lines = [f"{entry.id:<{width}}  {entry.stage.value:<8}  {entry.title}" for entry in entries]
    return "\n".join([*lines, "", f"{len(entries)} checks; `hauberk checks ID` prints the page of one"])


def check_page(check: str, *, format: str = "text") -> str:  # noqa: A002 - the command line's --format
    """Return the documentation page of a check.

    Raises:
        UsageError: there is no such check.
    """
    found = {entry.id: entry for entry in index()}.get(check.upper())
    if found is None:
        raise UsageError(f"there is no check {check!r}", next_step="`hauberk checks` lists the checks")
    spec = load(found.id)
    if format == "json":
        return json.dumps({**_row(found), "page": spec.doc}, indent=2)
    facts = [
        f"{found.id}: {found.title}",
        "",
        f"stage    {found.stage.value}",
        f"needs    {', '.join(need.value for need in found.needs) or 'nothing'}",
        f"threats  {', '.join(found.threats) or 'none'}",
        f"cost     {found.cost.value} on 100,000 rows",
        f"since    {found.since}",
    ]
    facts += [f"param    {name} = {value!r}" for name, value in found.params.items()]
    return "\n".join([*facts, "", spec.doc])


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "stage": entry.stage.value,
        "needs": [need.value for need in entry.needs],
        "threats": list(entry.threats),
        "cost": entry.cost.value,
        "since": entry.since,
        "params": entry.params,
    }
