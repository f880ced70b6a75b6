# SPDX-License-Identifier: Apache-2.0
"""The run on a terminal: the four answers first, then findings, checks, limits and how to repeat it."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from hauberk.core.evidence import Evidence
from hauberk.core.finding import Finding
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run
from hauberk.report.answers import Answer, answer, notices, tally
from hauberk.report.evasion import brief
from hauberk.report.numbers import cell, count, duration, label, measured, money, short_digest, when
from hauberk.report.paper import Paper
from hauberk.report.verdict import MEANING, exit_code

MAX_FINDINGS = 50
"""Findings that are written in full; the rest are counted."""

_WITH_EVIDENCE = 10
_ROWS = 5
_MARKS = {
    Status.PASSED: ("✓", "good"),
    Status.FINDINGS: ("✗", "bad"),
    Status.NOT_APPLICABLE: ("–", "dim"),
    Status.SKIPPED: ("–", "dim"),
    Status.ERROR: ("!", "unknown"),
    Status.TIMED_OUT: ("!", "unknown"),
}


def render_text(run: Run, *, width: int, color: bool, ascii_only: bool) -> bytes:
    """Return the run as text for a terminal of `width` cells."""
    paper = Paper(width, color, ascii_only)
    _head(paper, run)
    _answers(paper, run)
    _summary(paper, run)
    _evasion(paper, run)
    _findings(paper, run)
    _checks(paper, run)
    _limits(paper, run)
    _proof(paper, run)
    code = exit_code(run)
    paper.write()
    paper.write(f"exit code {code}: {MEANING[code]}", style="bold")
    return paper.bytes()


def _head(paper: Paper, run: Run) -> None:
    paper.write(f"Hauberk · {run.project}", style="bold")
    paper.write(f"run {run.id} · {when(run.started_us)}", style="dim")
    for note in notices(run):
        paper.write(note, lead="! ", style="unknown", lead_style="unknown")


def _answers(paper: Paper, run: Run) -> None:
    replies = answer(run)
    questions = (
        ("Is it safe to ship?", replies.safe),
        ("What is the worst thing?", replies.worst),
        ("What does it cost?", replies.cost),
    )
    for question, reply in questions:
        paper.write()
        paper.write(question, style="dim")
        _answer(paper, reply)
    paper.write()
    paper.write("What do I do now?", style="dim")
    for at, step in enumerate(replies.steps or ("Nothing.",), 1):
        paper.write(step, lead=f"{at}. ", indent=2)


def _answer(paper: Paper, reply: Answer) -> None:
    paper.write(reply.headline, indent=2, style=str(reply.tone))
    for sentence in reply.sentences:
        paper.write(sentence, indent=4)


def _summary(paper: Paper, run: Run) -> None:
    counts = [f"{run.count(status):,} {str(status).replace('_', ' ')}" for status in Status if run.count(status)]
    paper.heading("Summary")
    paper.write(f"{count(len(run.outcomes), 'planned check')}: {', '.join(counts) or 'none'}")
    found = list(run.findings())
    waived = len(run.waived)
    known = sum(item.fingerprint in set(run.baseline) for item in found) if run.baseline else 0
    extra = [f"{waived:,} waived"] if waived else []
    extra += [f"{known:,} known from the baseline"] if run.baseline else []
    paper.write(f"{count(len(found), 'finding')}: {', '.join([tally(found) or 'none', *extra])}")
    for asset in run.assets:
        paper.write(f"{asset.name}  {short_digest(asset.digest)}", lead=f"{asset.role or asset.kind}: ")


def _evasion(paper: Paper, run: Run) -> None:
    told = brief(run)
    if told is None:
        return
    paper.heading("Can it be evaded?")
    for item in told.answered:
        paper.write()
        paper.write(item.question, style="dim")
        paper.write(item.headline, indent=2, style="bold")
        for sentence in item.sentences:
            paper.write(sentence, indent=4)
    paper.write()
    for exhibit in told.exhibits:
        _evidence(paper, exhibit, rows=len(exhibit.rows))


def _findings(paper: Paper, run: Run) -> None:
    found = list(run.findings())
    if not found:
        return
    paper.heading("Findings")
    for at, finding in enumerate(islice(found, MAX_FINDINGS), 1):
        _finding(paper, run, finding, at)
    left = Counter(item.check for item in found[MAX_FINDINGS:])
    if left:
        paper.write()
        names = ", ".join(f"{check} {n:,}" for check, n in sorted(left.items()))
        paper.write(
            f"{count(left.total(), 'further finding')}, by check: {names}. The JSON and CSV formats hold them all."
        )


def _finding(paper: Paper, run: Run, finding: Finding, at: int) -> None:
    paper.write()
    tag = str(finding.severity).upper()
    paper.write(finding.title, lead=f"{at}. {tag} ", lead_style=str(finding.severity), style="bold")
    paper.write(" · ".join(_facts(run, finding)), indent=3, style="dim")
    paper.write(finding.message, indent=3)
    for item in finding.measurements:
        paper.write(measured(item), lead=f"{label(item)}: ", indent=3)
    if finding.loss is not None:
        formula = f" ({finding.loss_formula})" if finding.loss_formula else ""
        paper.write(money(finding.loss, run.currency) + formula, lead="at stake: ", indent=3)
    if finding.remedy:
        paper.write(finding.remedy, lead="remedy: ", indent=3)
    if at <= _WITH_EVIDENCE:
        for evidence in finding.evidence:
            _evidence(paper, evidence)


def _facts(run: Run, finding: Finding) -> list[str]:
    where = finding.location
    place = ".".join(part for part in (where.asset, where.column) if part)
    facts = [finding.check, place, f"confidence {finding.confidence}"]
    if where.key:
        facts.append(where.key)
    if where.rows is not None:
        facts.append(count(where.rows, "row"))
    if finding.inferred:
        facts.append("inferred domain")
    if run.baseline:
        facts.append("known" if finding.fingerprint in run.baseline else "new")
    return [*facts, finding.fingerprint[:12]]


def _evidence(paper: Paper, evidence: Evidence, rows: int = _ROWS) -> None:
    paper.write(f"{evidence.title}:", indent=3, style="dim")
    paper.table(evidence.columns, [[cell(value) for value in row] for row in evidence.rows[:rows]], indent=5)
    left = len(evidence.rows) - rows
    if left > 0:
        paper.write(f"{count(left, 'further row')} in the JSON and HTML formats", indent=5, style="dim")


def _checks(paper: Paper, run: Run) -> None:
    if not run.outcomes:
        return
    paper.heading("Checks")
    for outcome in run.outcomes:
        mark, style = _MARKS[outcome.status]
        paper.write(f"{outcome.title}{_ending(run, outcome)}", lead=f"{mark} {outcome.check}  ", lead_style=style)


def _ending(run: Run, outcome: Outcome) -> str:
    parts = [] if outcome.status in {Status.PASSED, Status.FINDINGS} else [str(outcome.status).replace("_", " ")]
    if outcome.reason:
        parts.append(outcome.reason)
    if outcome.findings:
        parts.append(count(len(outcome.findings), "finding"))
    if outcome.check in run.seconds:
        parts.append(duration(run.seconds[outcome.check]))
    return f" — {'; '.join(parts)}" if parts else ""


def _limits(paper: Paper, run: Run) -> None:
    limits = list(dict.fromkeys((outcome.check, limit) for outcome in run.outcomes for limit in outcome.limits))
    if not limits:
        return
    paper.heading("What this cannot see")
    for check, limit in limits:
        paper.write(limit, lead=f"{check}  ")


def _proof(paper: Paper, run: Run) -> None:
    paper.heading("Repeat and verify")
    paper.write(run.command, lead="repeat: ")
    paper.write(str(run.seed), lead="seed: ")
    if run.threshold is not None:
        paper.write(f"{run.threshold:g}", lead="threshold: ")
    if run.loss:
        paper.write(run.loss, lead="money: ")
    if run.checkpoint is None:
        paper.write("There is no ledger checkpoint: nothing outside this run proves when it happened.")
        return
    point = run.checkpoint
    paper.write(f"{point.origin}, {count(point.size, 'entry', 'entries')}, root {point.root}", lead="checkpoint: ")
    paper.write("hauberk evidence verify --checkpoint FILE", lead="verify: ")
