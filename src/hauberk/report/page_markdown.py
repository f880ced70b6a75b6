# SPDX-License-Identifier: Apache-2.0
"""The run as Markdown, for merge requests, tickets and job summaries."""

from __future__ import annotations

import re
from itertools import islice

from hauberk.core.evidence import Evidence
from hauberk.core.finding import Finding
from hauberk.core.run import Run
from hauberk.report.answers import Answer, answer, notices, tally
from hauberk.report.evasion import brief
from hauberk.report.numbers import cell, count, label, measured, money, when
from hauberk.report.plain import markdown, markdown_code, visible
from hauberk.report.verdict import MEANING, exit_code

MAX_FINDINGS = 50
"""Findings that are written in full; the rest are counted, since code hosts cut long comments."""

_WITH_EVIDENCE = 5
_ROWS = 10


def render_markdown(run: Run) -> bytes:
    """Return the run as Markdown; everything foreign is shown as it is and never becomes a link, HTML or a mention."""
    lines = [
        *_head(run),
        *_answers(run),
        *_evasion(run),
        *_findings(run),
        *_checks(run),
        *_limits(run),
        *_proof(run),
    ]
    return ("\n".join(lines) + "\n").encode()


def _head(run: Run) -> list[str]:
    notes = [f"> - {markdown(note)}" for note in notices(run)]
    facts = f"Run {markdown_code(run.id)}, {when(run.started_us)}"
    return [f"# Hauberk: {markdown(run.project)}", "", facts, *([""] if notes else []), *notes]


def _answers(run: Run) -> list[str]:
    replies = answer(run)
    lines = [
        *_answer("Is it safe to ship?", replies.safe),
        *_answer("What is the worst thing?", replies.worst),
        *_answer("What does it cost?", replies.cost),
        "",
        "## What do I do now?",
        "",
    ]
    return [*lines, *(f"{at}. {markdown(step)}" for at, step in enumerate(replies.steps, 1))]


def _answer(question: str, reply: Answer) -> list[str]:
    sentences = [f"- {markdown(sentence)}" for sentence in reply.sentences]
    return ["", f"## {question}", "", f"**{markdown(reply.headline)}**", "", *sentences]


def _evasion(run: Run) -> list[str]:
    told = brief(run)
    if told is None:
        return []
    lines = ["", "## Can it be evaded?", ""]
    for item in told.answered:
        said = " ".join(item.sentences)
        lines.append(f"- {markdown(item.question)} **{markdown(item.headline)}** {markdown(said)}".rstrip())
    return [*lines, *(line for exhibit in told.exhibits for line in _evidence(exhibit, rows=len(exhibit.rows)))]


def _findings(run: Run) -> list[str]:
    found = list(run.findings())
    waived = f", {len(run.waived):,} waived" if run.waived else ""
    lines = ["", "## Findings", "", f"{count(len(found), 'finding')}: {tally(found) or 'none'}{waived}."]
    for at, finding in enumerate(islice(found, MAX_FINDINGS)):
        lines += _finding(run, finding, with_evidence=at < _WITH_EVIDENCE)
    if len(found) > MAX_FINDINGS:
        left = count(len(found) - MAX_FINDINGS, "further finding")
        lines += ["", f"{left} in the JSON and CSV formats."]
    return lines


def _finding(run: Run, finding: Finding, *, with_evidence: bool) -> list[str]:
    title = f"### {str(finding.severity).upper()}: {markdown(finding.title)}"
    lines = ["", title, "", " · ".join(_facts(run, finding)), "", markdown(finding.message), ""]
    lines += [f"- {markdown(label(item))}: {markdown(measured(item))}" for item in finding.measurements]
    if finding.loss is not None:
        formula = f" ({markdown(finding.loss_formula)})" if finding.loss_formula else ""
        lines.append(f"- at stake: **{markdown(money(finding.loss, run.currency))}**{formula}")
    lines.append(f"- remedy: {markdown(finding.remedy)}")
    for evidence in finding.evidence if with_evidence else ():
        lines += _evidence(evidence)
    return lines


def _facts(run: Run, finding: Finding) -> list[str]:
    where = finding.location
    place = ".".join(part for part in (where.asset, where.column) if part) or "run"
    facts = [markdown_code(finding.check), markdown_code(place), f"confidence {finding.confidence}"]
    if finding.inferred:
        facts.append("inferred domain")
    if run.baseline:
        facts.append("known" if finding.fingerprint in run.baseline else "new")
    return [*facts, markdown_code(finding.fingerprint)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _evidence(evidence: Evidence, rows: int = _ROWS) -> list[str]:
    if not evidence.columns:
        return []
    lines = ["", f"{markdown(evidence.title)}:", "", _row([markdown(name) or " " for name in evidence.columns])]
    lines.append(_row(["---"] * len(evidence.columns)))
    lines += [_row([markdown(cell(value)) for value in row]) for row in evidence.rows[:rows]]
    left = len(evidence.rows) - rows
    return [*lines, *(["", f"{count(left, 'further row')} in the JSON format."] if left > 0 else [])]


def _checks(run: Run) -> list[str]:
    if not run.outcomes:
        return []
    lines = ["", "## Checks", "", _row(["check", "title", "outcome", "why"]), _row(["---"] * 4)]
    for outcome in run.outcomes:
        status = str(outcome.status).replace("_", " ")
        why = outcome.reason or (count(len(outcome.findings), "finding") if outcome.findings else "")
        lines.append(_row([markdown_code(outcome.check), markdown(outcome.title), status, markdown(why)]))
    return lines


def _limits(run: Run) -> list[str]:
    limits = [
        f"- {markdown_code(outcome.check)} {markdown(limit)}" for outcome in run.outcomes for limit in outcome.limits
    ]
    return ["", "## What this cannot see", "", *limits] if limits else []


def _proof(run: Run) -> list[str]:
    code = exit_code(run)
    lines = ["", "## Repeat and verify", "", f"- repeat: {markdown_code(run.command)}", f"- seed: {run.seed}"]
    lines += [] if run.threshold is None else [f"- threshold: {run.threshold:g}"]
    lines += [f"- money: {markdown(run.loss)}"] if run.loss else []
    lines += [
        f"- {markdown(asset.role or asset.kind)}: {markdown(asset.name)} {markdown_code(asset.digest)}"
        for asset in run.assets
    ]
    if run.checkpoint is not None:
        point = run.checkpoint
        size = count(point.size, "entry", "entries")
        lines.append(f"- checkpoint: {markdown(point.origin)}, {size}, root {markdown_code(point.root)}")
    lines.append(f"- exit code {code}: {MEANING[code]}")
    return [*lines, *_checkpoint(run)]


def _checkpoint(run: Run) -> list[str]:
    """The signed note itself, line by line as it is, so that it can be taken out of the report and verified."""
    if run.checkpoint is None:
        return []
    note = [visible(line) for line in run.checkpoint.note.removesuffix("\n").split("\n")]
    fence = "`" * max(3, 1 + max(len(ticks) for ticks in re.findall("`*", run.checkpoint.note)))
    return ["", f"{fence}text", *note, fence]
