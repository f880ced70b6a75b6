# SPDX-License-Identifier: Apache-2.0
"""The run as a JSON document for programs: the record itself with what every reader would compute from it."""

from __future__ import annotations

from typing import Any

import msgspec

from hauberk.core.run import Run
from hauberk.report.codec import as_plain
from hauberk.report.plain import escape_json
from hauberk.report.verdict import MEANING, exit_code


def render_json(run: Run, *, masked: bool) -> bytes:
    """Return the run as indented JSON that follows the published schema and that `load_run` reads back.

    Beside the record stand `exit_code`, `verdict`, `masked`, and the `fingerprint` of each finding. Characters that
    could fool a terminal or a reader are written as escapes.
    """
    plain = as_plain(run)
    for outcome, entry in zip(run.outcomes, plain["outcomes"], strict=True):
        for finding, item in zip(outcome.findings, entry["findings"], strict=True):
            item["fingerprint"] = finding.fingerprint
    code = exit_code(run)
    head: dict[str, Any] = {
        "schema_version": plain.pop("schema_version"),
        "exit_code": code,
        "verdict": MEANING[code],
        "masked": masked,
    }
    return to_json({**head, **plain})


def to_json(document: dict[str, Any]) -> bytes:
    """Return a document as indented UTF-8 JSON with a final line feed, harmless on a terminal."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    return (escape_json(text) + "\n").encode()
