# SPDX-License-Identifier: Apache-2.0
"""What fixing says at its end: the finding before and after, by the same check with a fresh seed, and what that cost."""

from __future__ import annotations

from hauberk.app.fix import Fixed, paired
from hauberk.app.harden_story import tell_hardening
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.report.numbers import label, number
from hauberk.report.numbers import rate as percent
from hauberk.report.paper import Paper


def tell_fix(fixed: Fixed, *, width: int = 100, color: bool = False) -> bytes:
    """The closing words, as text for a terminal: hardening first, then the proof."""
    paper = Paper(width, color)
    paper.heading(f"Proof: {fixed.finding.check} again, with a fresh seed, on the fixed model")
    paper.write(_said(fixed.finding), lead="before: ", indent=2)
    if fixed.after is None:
        paper.write("no fix was chosen", lead="after: ", indent=2)
    else:
        paper.write("gone" if fixed.remains is None else _said(fixed.remains), lead="after: ", indent=2)
        paper.write()
        pairs = paired(fixed.before, fixed.after)
        rows = [(label(now), _measured(was), _measured(now)) for was, now in pairs if was.unit == now.unit]
        paper.table(("measured", "before", "after"), rows, indent=2)
    paper.write()
    paper.write(f"{fixed.sentence[:1].upper()}{fixed.sentence[1:]}.", style="good" if fixed.exit_code == 0 else "bad")
    meaning = {0: "fixed", 4: "incomplete"}.get(fixed.exit_code, "not fixed")
    paper.write(f"exit code {fixed.exit_code}: {meaning}", style="bold")
    return tell_hardening(fixed.model, width=width, color=color, closing=False) + paper.bytes()


def _said(finding: Finding) -> str:
    return f"{finding.severity.value.upper()} {finding.title} ({finding.fingerprint[:12]})"


def _measured(item: Measurement) -> str:
    show = percent if item.unit == "rate" else number
    ends = "" if item.low is None or item.high is None else f" ({show(item.low)} to {show(item.high)})"
    return f"{show(item.value)}{ends}"
