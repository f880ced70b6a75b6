# SPDX-License-Identifier: Apache-2.0
"""The run as SARIF 2.1.0, for code scanning and editors. Source: OASIS SARIF 2.1.0 and GitHub's limits for uploads.

A key without a value is left out, never null. The most severe results come first, since readers cut lists short.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hauberk.catalog import find_threat
from hauberk.core.asset import AssetRef
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run
from hauberk.report.answers import notices
from hauberk.report.document import to_json
from hauberk.report.numbers import iso, label, measured, money
from hauberk.report.plain import markdown, visible
from hauberk.report.verdict import exit_code

MAX_RESULTS = 25_000
"""Results of one run that GitHub accepts; what exceeds them is counted in a notification."""

_MAX_TAGS = 10
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORE = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_NOTICE = {Status.ERROR: "error", Status.TIMED_OUT: "error", Status.NOT_APPLICABLE: "note", Status.SKIPPED: "note"}


def render_sarif(run: Run) -> bytes:
    """Return the run as one SARIF log with one run."""
    checks = {outcome.check: at for at, outcome in enumerate(_first(run.outcomes))}
    found = list(run.findings(waived=True))
    log: dict[str, Any] = {"$schema": _SCHEMA, "version": "2.1.0"}
    entry: dict[str, Any] = {
        "tool": {"driver": _driver(run)},
        "automationDetails": {"id": f"hauberk/{visible(run.project)}/"},
        "invocations": [_invocation(run, checks, len(found))],
        "artifacts": [_artifact(asset) for asset in run.assets],
        "results": [_result(run, finding, checks) for finding in found[:MAX_RESULTS]],
        "columnKind": "unicodeCodePoints",
    }
    log["runs"] = [entry]
    return to_json(log)


def _first(outcomes: tuple[Outcome, ...]) -> list[Outcome]:
    """Return the first outcome of each check."""
    return list({outcome.check: outcome for outcome in reversed(outcomes)}.values())[::-1]


def _message(text: str) -> str:
    """Return text that no reader of SARIF takes for an embedded link."""
    return visible(text).replace("](", "] (") or "-"


def _driver(run: Run) -> dict[str, Any]:
    version = visible(run.environment.hauberk)
    rules = [_rule(outcome, _of(run, outcome.check)) for outcome in _first(run.outcomes)]
    return {"name": "Hauberk", "version": version, "semanticVersion": version, "rules": rules}


def _of(run: Run, check: str) -> list[Finding]:
    return [item for outcome in run.outcomes if outcome.check == check for item in outcome.findings]


def _rule(outcome: Outcome, found: list[Finding]) -> dict[str, Any]:
    worst = max((item.severity for item in found), key=lambda severity: severity.rank, default=None)
    properties: dict[str, Any] = {"tags": _tags(outcome, found)}
    if worst is not None:
        properties["precision"] = _PRECISION[found[0].confidence]
        if worst in _SCORE:
            properties["security-severity"] = _SCORE[worst]
    remedies = list(dict.fromkeys(item.remedy for item in found if item.remedy))[:5]
    rule: dict[str, Any] = {
        "id": outcome.check,
        "shortDescription": {"text": _message(outcome.title)},
        "fullDescription": {"text": _message(found[0].message if found else outcome.title)},
        "help": _help(outcome, remedies),
        "defaultConfiguration": {"level": _LEVEL[worst] if worst is not None else "none"},
        "properties": properties,
    }
    return rule


def _help(outcome: Outcome, remedies: list[str]) -> dict[str, str]:
    command = f"hauberk checks {outcome.check}"
    advice = remedies or ["This check found nothing that needs a remedy."]
    limits = [f"It cannot see: {limit}" for limit in outcome.limits]
    text = "\n".join(_message(line) for line in [*advice, *limits, f"More: {command}"])
    steps = "\n".join(f"- {markdown(line)}" for line in advice)
    blind = "".join(f"\n- {markdown(line)}" for line in outcome.limits)
    note = f"\n\n**What it cannot see**\n{blind}" if blind else ""
    return {"text": text, "markdown": f"**{markdown(outcome.title)}**\n\n{steps}{note}\n\nMore: `{command}`"}


def _tags(outcome: Outcome, found: list[Finding]) -> list[str]:
    tags = ["security", "machine-learning", visible(outcome.stage) or "check"]
    for identifier in dict.fromkeys(name for item in found for name in item.threats):
        known = find_threat(identifier)
        if known is not None:
            tags.append(f"external/cwe/{identifier.lower()}" if known.framework == "CWE" else identifier)
    return list(dict.fromkeys(tags))[:_MAX_TAGS]


def _invocation(run: Run, checks: dict[str, int], found: int) -> dict[str, Any]:
    code = exit_code(run)
    messages = [_notice(item, checks) for item in run.outcomes if item.status in _NOTICE]
    if run.aborted:
        messages.append({"level": "error", "message": {"text": "The run was interrupted."}})
    if found > MAX_RESULTS:
        left = f"{found - MAX_RESULTS:,} of {found:,} findings are left out; the JSON format holds them all."
        messages.append({"level": "warning", "message": {"text": left}})
    messages += [{"level": "note", "message": {"text": _message(note)}} for note in notices(run)]
    invocation: dict[str, Any] = {
        "executionSuccessful": not (run.aborted or run.incomplete),
        "commandLine": visible(run.command),
        "exitCode": code,
        "startTimeUtc": iso(run.started_us),
        "toolExecutionNotifications": messages,
    }
    if run.ended_us:
        invocation["endTimeUtc"] = iso(run.ended_us)
    return invocation


def _notice(outcome: Outcome, checks: dict[str, int]) -> dict[str, Any]:
    status = str(outcome.status).replace("_", " ")
    return {
        "level": _NOTICE[outcome.status],
        "message": {"text": _message(f"{outcome.check} {status}: {outcome.reason}")},
        "associatedRule": {"id": outcome.check, "index": checks[outcome.check]},
    }


def _uri(asset: AssetRef) -> str:
    raw = (asset.uri or asset.name).encode("utf-8", "replace").decode()
    if raw.startswith(("http://", "https://")):
        return quote(raw, safe="/:?=&%@+,;~-._")
    return ("file://" if raw.startswith("/") else "") + (quote(raw, safe="/~-._") or "unnamed")


def _artifact(asset: AssetRef) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _uri(asset)},
        "description": {"text": _message(f"{asset.kind} {asset.name} ({asset.role})")},
    }
    if asset.digest.startswith("sha256:"):
        artifact["hashes"] = {"sha-256": visible(asset.digest.removeprefix("sha256:"))}
    return artifact


def _result(run: Run, finding: Finding, checks: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": checks.get(finding.check, -1),
        "kind": "fail",
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(f"{finding.title}. {finding.message}")},
        "locations": [_location(run, finding)],
        "partialFingerprints": {
            "hauberk/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": _properties(run, finding),
    }
    if run.baseline:
        result["baselineState"] = "unchanged" if finding.fingerprint in run.baseline else "new"
    suppressions = [
        {
            "kind": "external",
            "status": "accepted",
            "justification": _message(f"{item.reason} (owner {item.owner}, until {item.expires})"),
        }
        for item in run.waived
        if item.fingerprint == finding.fingerprint
    ]
    if run.waived:
        result["suppressions"] = suppressions
    return result


def _location(run: Run, finding: Finding) -> dict[str, Any]:
    where = finding.location
    asset = next((item for item in run.assets if item.role == where.asset), None)
    parts = [part for part in (where.asset, where.column, where.key) if part]
    logical = {"fullyQualifiedName": visible("/".join(parts)) or "run", "kind": "member" if where.column else "module"}
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if where.column:
        logical["name"] = visible(where.column)
    if asset is not None:
        index = run.assets.index(asset)
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(asset), "index": index}}
    return location


def _properties(run: Run, finding: Finding) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "remedy": visible(finding.remedy),
        "measurements": [f"{label(item)}: {measured(item)}" for item in finding.measurements],
    }
    if finding.location.rows is not None:
        properties["rows"] = finding.location.rows
    if finding.loss is not None:
        properties["loss"] = money(finding.loss, run.currency)
    if finding.inferred:
        properties["inferredDomain"] = True
    return properties
