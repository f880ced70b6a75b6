# SPDX-License-Identifier: Apache-2.0
"""The difference between two runs as text, JSON or Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hauberk.core.asset import AssetRef
from hauberk.core.errors import UsageError
from hauberk.core.finding import Finding
from hauberk.report.codec import plain_record
from hauberk.report.compare import Change, RunDiff, Trend
from hauberk.report.document import to_json
from hauberk.report.numbers import count, interval, label, quantity, short_digest
from hauberk.report.paper import Paper
from hauberk.report.plain import markdown

DIFF_FORMATS = ("text", "json", "markdown")
"""The formats that `render_diff` knows."""

_STYLE = {Trend.BETTER: "good", Trend.WORSE: "bad", Trend.DIFFERENT: "unknown"}
Section = tuple[str, str, list[str]]


def render_diff(
    diff: RunDiff,
    format: str,  # noqa: A002 - the command line's --format
    *,
    width: int = 100,
    color: bool = False,
    ascii_only: bool = False,
) -> bytes:
    """Return the difference between two runs as one document. It holds no evidence and so no record values.

    Raises:
        UsageError: an unknown format.
    """
    renderers: dict[str, Callable[[], bytes]] = {
        "text": lambda: _text(diff, Paper(width, color, ascii_only)),
        "json": lambda: _json(diff),
        "markdown": lambda: _markdown(diff),
    }
    if format not in renderers:
        raise UsageError(f"there is no diff format {format!r}", next_step=f"choose one of {', '.join(DIFF_FORMATS)}")
    return renderers[format]()


def summary(diff: RunDiff) -> str:
    """Return the difference in one line."""
    parts = [f"{len(diff.new):,} new", f"{len(diff.fixed):,} fixed", f"{len(diff.unchanged):,} unchanged"]
    if diff.unseen:
        parts.append(f"{len(diff.unseen):,} not looked at again")
    worse = sum(change.trend is Trend.WORSE for change in diff.changes)
    better = sum(change.trend is Trend.BETTER for change in diff.changes)
    return f"{', '.join(parts)}; {count(worse, 'measurement')} worse, {better:,} better"


def _verdict(diff: RunDiff) -> str:
    if diff.before == diff.after:
        return "Nothing differs: this is one run, compared with itself."
    return summary(diff) if not diff.empty else "Nothing differs."


def _moved(diff: RunDiff) -> tuple[list[Change], str]:
    """The measurements that moved, and a line for all others."""
    moved = [change for change in diff.changes if change.trend is not Trend.INDISTINGUISHABLE]
    same = len(diff.changes) - len(moved)
    return (
        moved,
        f"{count(same, 'measurement')} stayed within the intervals; the JSON format lists them" if same else "",
    )


def _sections(diff: RunDiff) -> list[Section]:
    """Return heading, style and lines of every part that has something to say."""
    sections: list[Section] = [
        ("New findings", "bad", [_finding(item) for item in diff.new]),
        ("Fixed findings", "good", [_finding(item) for item in diff.fixed]),
        ("Not looked at again, so not known to be fixed", "unknown", [_finding(item) for item in diff.unseen]),
        ("Checks that ended differently", "", [
            f"{item.check}: {_words(item.before)} → {_words(item.after)}" for item in diff.outcomes
        ]),
        ("What was examined", "", [f"{item.role}: {_asset(item.before)} → {_asset(item.after)}" for item in diff.assets]),
    ]  # fmt: skip
    return [section for section in sections if section[2]]


def _words(status: str | None) -> str:
    return str(status).replace("_", " ") if status is not None else "not planned"


def _asset(asset: AssetRef | None) -> str:
    return f"{asset.name} {short_digest(asset.digest)}" if asset is not None else "none"


def _finding(finding: Finding) -> str:
    where = finding.location
    place = "/".join(part for part in (where.asset, where.column, where.key) if part)
    return f"{str(finding.severity).upper()} {finding.title} ({finding.check}, {place}, {finding.fingerprint[:12]})"


def _change(change: Change) -> str:
    parts: list[str] = []
    for item in (change.before, change.after):
        span = interval(item)
        parts.append(quantity(item.value, item.unit) + (f" [{span}]" if span else ""))
    owner = f" of {change.finding[:12]}" if change.finding else ""
    return f"{change.check} {label(change.after)}{owner}: {parts[0]} → {parts[1]}"


def _text(diff: RunDiff, paper: Paper) -> bytes:
    paper.write(f"{diff.before} → {diff.after}", style="bold")
    paper.write(_verdict(diff))
    for heading, style, lines in _sections(diff):
        paper.heading(heading)
        for line in lines:
            paper.write(line, lead="• ", lead_style=style)
    moved, rest = _moved(diff)
    if diff.changes:
        paper.heading("Measurements")
    for change in moved:
        paper.write(_change(change), lead=f"{change.trend:<10} ", lead_style=_STYLE[change.trend])
    if rest:
        paper.write(rest, style="dim")
    return paper.bytes()


def _markdown(diff: RunDiff) -> bytes:
    title = f"# {markdown(diff.before)} → {markdown(diff.after)}"
    lines = [title, "", markdown(_verdict(diff))]
    for heading, _, items in _sections(diff):
        lines += ["", f"## {heading}", "", *(f"- {markdown(item)}" for item in items)]
    moved, rest = _moved(diff)
    if diff.changes:
        lines += ["", "## Measurements", ""]
    lines += [f"- **{change.trend}**: {markdown(_change(change))}" for change in moved]
    lines += [f"- {markdown(rest)}"] if rest else []
    return ("\n".join(lines) + "\n").encode()


def _json(diff: RunDiff) -> bytes:
    document: dict[str, Any] = {"schema_version": "1.0", "summary": summary(diff)}
    plain = plain_record(msgspec.to_builtins(diff))
    for name in ("new", "fixed", "unseen", "unchanged"):
        for finding, item in zip(getattr(diff, name), plain[name], strict=True):
            del item["evidence"]
            item["fingerprint"] = finding.fingerprint
    return to_json(document | plain)
