# SPDX-License-Identifier: Apache-2.0
"""Scan model files: verdicts, their exit code, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hauberk.artifact.scan import FileVerdict, ScanFinding, Verdict, scan_path
from hauberk.core.errors import UsageError

SCAN_FORMATS = ("text", "json", "sarif")
"""How verdicts can be written."""

_LEVELS = {Verdict.MALICIOUS: "error", Verdict.SUSPICIOUS: "error", Verdict.CARRIES_CODE: "warning"}


def scan_artifact(paths: Iterable[str | Path]) -> tuple[FileVerdict, ...]:
    """Scan files and folders; nothing in them is executed or imported.

    Args:
        paths: files and folders, in the order of the result.

    Raises:
        UsageError: there is nothing at a path.
        NothingToExamine: a folder without files.
    """
    return tuple(verdict for path in paths for verdict in scan_path(path))


def scan_exit_code(verdicts: Sequence[FileVerdict]) -> int:
    """1 if a file is malicious, suspicious or carries code; else 4 if one was not read to its end; else 0."""
    codes = {each.verdict.exit_code for each in verdicts}
    return next((code for code in (1, 4) if code in codes), 0)


def render_scan(verdicts: Sequence[FileVerdict], kind: str) -> bytes:
    """Write verdicts as `text`, `json` (a list, one object a file) or `sarif` 2.1.0.

    Raises:
        UsageError: another format.
    """
    if kind == "text":
        return "".join(f"{line}\n" for each in verdicts for line in _lines(each)).encode()
    if kind == "json":
        return _json([_plain(each) for each in verdicts])
    if kind == "sarif":
        return _json(_sarif(verdicts))
    raise UsageError(f"there is no format {kind!r}", next_step=f"formats: {', '.join(SCAN_FORMATS)}")


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=True).encode() + b"\n"


def _visible(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode-escape").decode() for each in text)


def _lines(each: FileVerdict) -> list[str]:
    lines = [f"{each.verdict.value:<13}{_visible(each.path)}  ({each.format})"]
    for found in each.findings[:20]:
        lines.append(f"    {found.rule.id} {_place(found)}: {_visible(found.detail)}")
        if found.arguments:
            lines.append(f"        with {_visible(found.arguments)}")
    if len(each.findings) > 20:
        lines.append(f"    … and {len(each.findings) - 20} more; --format json lists all")
    if each.findings:
        gravest = min(each.findings, key=lambda found: list(Verdict).index(found.rule.verdict))
        lines.append(f"    why: {gravest.rule.title} ({', '.join(gravest.rule.threats) or 'no id'})")
        lines.append(f"    next: {gravest.rule.remedy}")
    return lines


def _place(found: ScanFinding) -> str:
    parts = [f"in {_visible(found.member)}"] if found.member else []
    parts += [f"byte {found.at}"] if found.at >= 0 else []
    parts += [f"opcode {found.opcode}"] if found.opcode >= 0 else []
    return ", ".join(parts) or "whole file"


def _plain(each: FileVerdict) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "path": each.path,
        "format": each.format,
        "verdict": each.verdict.value,
        "findings": [
            {
                "rule": found.rule.id,
                "verdict": found.rule.verdict.value,
                "title": found.rule.title,
                "detail": found.detail,
                "offset": found.at if found.at >= 0 else None,
                "opcode": found.opcode if found.opcode >= 0 else None,
                "callable": found.callable or None,
                "arguments": found.arguments or None,
                "member": found.member or None,
                "threats": list(found.rule.threats),
                "remedy": found.rule.remedy,
            }
            for found in each.findings
        ],
    }


def _sarif(verdicts: Sequence[FileVerdict]) -> dict[str, Any]:
    used = {found.rule.id: found.rule for each in verdicts for found in each.findings}
    described = [
        {
            "id": key,
            "shortDescription": {"text": rule.title},
            "help": {"text": rule.remedy},
            "properties": {"tags": list(rule.threats)},
        }
        for key, rule in sorted(used.items())
    ]
    driver = {"name": "hauberk", "rules": described}
    results = [_result(each, found) for each in verdicts for found in each.findings]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(each: FileVerdict, found: ScanFinding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": Path(each.path).as_posix()}}
    if found.at >= 0 and not found.member:
        place["region"] = {"byteOffset": found.at, "byteLength": 1}
    return {
        "ruleId": found.rule.id,
        "level": _LEVELS.get(found.rule.verdict, "warning"),
        "message": {"text": f"{found.rule.title}: {found.detail} ({_place(found)})"},
        "locations": [{"physicalLocation": place}],
        "properties": {"verdict": each.verdict.value, "callable": found.callable, "arguments": found.arguments},
    }
