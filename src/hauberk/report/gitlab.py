# SPDX-License-Identifier: Apache-2.0
"""The run as a GitLab SAST report. Source: GitLab's security report schema for SAST, version 15.0.2."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hauberk.catalog import find_threat
from hauberk.core.finding import Finding
from hauberk.core.outcome import Status
from hauberk.core.run import Run
from hauberk.report.answers import notices
from hauberk.report.document import to_json
from hauberk.report.numbers import iso, label, measured, money
from hauberk.report.plain import markdown, visible

VERSION = "15.0.2"
"""Version of the schema that the report follows."""

_NAME, _TEXT, _SOLUTION = 255, 1_048_576, 7_000  # the schema's own bounds, in characters
_TYPES = {"CWE": "cwe"}
_LEVELS = {Status.ERROR: "fatal", Status.TIMED_OUT: "fatal", Status.SKIPPED: "info", Status.NOT_APPLICABLE: "info"}


def render_gitlab(run: Run) -> bytes:
    """Return the run as one SAST report; waived findings are counted in a message and left out."""
    return to_json(
        {
            "version": VERSION,
            "scan": _scan(run),
            "vulnerabilities": [_vulnerability(run, finding) for finding in run.findings()],
        }
    )


def _scan(run: Run) -> dict[str, Any]:
    tool = {
        "id": "hauberk",
        "name": "Hauberk",
        "version": visible(run.environment.hauberk) or "0",
        "vendor": {"name": "Hauberk"},
    }
    return {
        "type": "sast",
        "analyzer": tool,
        "scanner": tool,
        "start_time": iso(run.started_us, ""),
        "end_time": iso(run.ended_us or run.started_us, ""),
        "status": "failure" if run.aborted or run.incomplete else "success",
        "messages": _messages(run),
    }


def _messages(run: Run) -> list[dict[str, str]]:
    messages = [
        {"level": _LEVELS[item.status], "value": visible(f"{item.check} {item.status}: {item.reason}")}
        for item in run.outcomes
        if item.status in _LEVELS
    ]
    if run.aborted:
        messages.append({"level": "fatal", "value": "The run was interrupted."})
    if run.waived:
        messages.append({"level": "info", "value": f"{len(run.waived)} waived findings are left out."})
    return messages + [{"level": "warn", "value": visible(note)} for note in notices(run)]


def _vulnerability(run: Run, finding: Finding) -> dict[str, Any]:
    return {
        "id": str(UUID(hex=finding.fingerprint)),
        "name": visible(finding.title)[:_NAME],
        "description": _description(run, finding)[:_TEXT],
        "severity": str(finding.severity).capitalize(),
        "solution": visible(finding.remedy)[:_SOLUTION],
        "identifiers": _identifiers(finding),
        "location": _location(run, finding),
    }


def _description(run: Run, finding: Finding) -> str:
    lines = [markdown(finding.message), ""]
    lines += [f"- {markdown(label(item))}: {markdown(measured(item))}" for item in finding.measurements]
    if finding.loss is not None:
        lines.append(f"- at stake: {markdown(money(finding.loss, run.currency))} {markdown(finding.loss_formula)}")
    return "\n".join(lines).strip()


def _identifiers(finding: Finding) -> list[dict[str, str]]:
    name = visible(finding.check)
    identifiers = [{"type": "hauberk_check", "name": name, "value": name}]
    for known in (find_threat(identifier) for identifier in finding.threats):
        if known is not None:
            kind = _TYPES.get(known.framework, "hauberk_threat")
            value = known.id.removeprefix("CWE-")
            identifiers.append({"type": kind, "name": f"{known.id} {known.name}", "value": value, "url": known.url})
    return identifiers


def _location(run: Run, finding: Finding) -> dict[str, Any]:
    where = finding.location
    asset = next((item for item in run.assets if item.role == where.asset), None)
    location: dict[str, Any] = {"file": visible((asset.uri or asset.name) if asset is not None else where.asset)}
    if where.column:
        location["class"] = visible(where.column)
    if where.key:
        location["method"] = visible(where.key)
    return location
