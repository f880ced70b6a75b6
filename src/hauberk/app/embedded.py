# SPDX-License-Identifier: Apache-2.0
"""Find the checkpoint that a run, a report or a plain file carries."""

from __future__ import annotations

import html
import json
import re
from typing import Any, cast

_NOTE = re.compile(r"hauberk/[^\n<>]+\n\d+\n[A-Za-z0-9+/=]+\n(?:[^\n<>]*\n)*?\n(?:\u2014 [^\n<>]+\n?)+")
"""C2SP signed note of a tlog-checkpoint: origin, size, root, extension lines, empty line, signature lines."""


def embedded_checkpoint(text: str) -> str:
    """Return the first checkpoint in a text; empty if there is none.

    Args:
        text: a checkpoint, the JSON of a run, or an HTML or Markdown report.
    """
    if text.lstrip().startswith("{"):
        return _in_json(text)
    found = _NOTE.search(html.unescape(text))
    if found is None:
        return ""
    note = found.group(0)
    return note if note.endswith("\n") else note + "\n"


def _in_json(text: str) -> str:
    try:
        tree = json.loads(text)
    except ValueError:
        return ""
    return _find(tree)


def _find(tree: Any) -> str:
    """The note of the run's own checkpoint, wherever the format keeps the run."""
    while isinstance(tree, dict):
        table = cast("dict[str, Any]", tree)
        checkpoint: Any = table.get("checkpoint")
        if isinstance(checkpoint, dict):
            note: Any = cast("dict[str, Any]", checkpoint).get("note")
            return note if isinstance(note, str) else ""
        tree = table.get("run")
    return ""
