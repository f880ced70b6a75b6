# SPDX-License-Identifier: Apache-2.0
"""What hardening says at its end: what was tried, what the chosen fix is worth and costs, where it lies, what to do next."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from hauberk.app.harden import HardenedModel
from hauberk.attack.evasion.ladder import Rate
from hauberk.core.evidence import View
from hauberk.harden import Hardened, Hardening, Tried
from hauberk.harden.exhibits import at_purse
from hauberk.report.numbers import cell, duration
from hauberk.report.numbers import rate as percent
from hauberk.report.paper import Paper


def tell_hardening(done: HardenedModel, *, width: int = 100, color: bool = False, closing: bool = True) -> bytes:
    """The closing words, as text for a terminal; without verdict and exit code where somebody else has the last word."""
    paper = Paper(width, color)
    hardening = done.hardening
    paper.write(f"Hauberk · {done.run.project} · hardening", style="bold")
    for note in hardening.notes:
        paper.write(note, lead="! ", style="unknown", lead_style="unknown")
    _tried(paper, hardening, done.run.currency)
    if hardening.hardened is not None:
        _worth(paper, hardening, hardening.hardened, done.run.currency)
        _curve(paper, done)
    paper.heading("Verdict" if closing else "How it was measured")
    if closing:
        paper.write(_verdict(done), style="good" if done.exit_code == 0 else "bad")
    for limit in done.run.outcomes[0].limits:
        paper.write(limit, lead="- ", style="dim")
    _files(paper, done)
    _next(paper, done)
    if closing:
        paper.write()
        meaning = "the fix holds" if done.exit_code == 0 else "no fix that holds"
        paper.write(f"exit code {done.exit_code}: {meaning}", style="bold")
    return paper.bytes()


def _tried(paper: Paper, hardening: Hardening, currency: str) -> None:
    spent = at_purse(hardening.purse, currency)
    paper.heading(f"Strategies, on rows that none was trained on; who gets through {spent}")
    chosen = hardening.hardened.candidate.strategy if hardening.hardened else ""
    header = ("strategy", "get through", "at any cost", "AUC lost", "caught", "alerts", "training")
    rows = [_row(item, hardening.purse, chosen) for item in (hardening.control, *hardening.tried) if item.figures]
    paper.table(header, rows, indent=2)
    for item in hardening.tried:
        if item.reason:
            paper.write(item.reason, lead=f"{item.name}: ", indent=2, style="dim")


def _row(item: Tried, purse: float, chosen: str) -> tuple[str, ...]:
    figures = item.figures
    assert figures is not None
    through, ever = item.through(purse), item.through(math.inf)
    return (
        f"{item.name} (chosen)" if item.name == chosen else item.name,
        "-" if through is None else _ends(through),
        "-" if ever is None else percent(ever.value),
        f"{item.lost:.4f}",
        percent(figures.recall.value),
        percent(figures.alerts.value),
        duration(item.seconds),
    )


def _ends(rate: Rate) -> str:
    return f"{percent(rate.value)} ({100 * rate.low:.0f} to {100 * rate.high:.0f} %)"


def _worth(paper: Paper, hardening: Hardening, done: Hardened, currency: str) -> None:
    paper.heading(f"{done.candidate.strategy}: trained on all training rows, attacked afresh on the holdout")
    for sentence in done.candidate.done:
        paper.write(sentence, lead="- ", indent=2)
    paper.write()
    spent = at_purse(hardening.purse, currency)
    pairs = [(f"get through {spent}", hardening.purse)]
    pairs += [] if math.isinf(hardening.purse) else [("get through at any cost", math.inf)]
    rows = [(name, _through(done.before.through(purse)), _through(done.after.through(purse))) for name, purse in pairs]
    proven = done.after.proven(hardening.purse)
    if proven is not None and proven.hits:
        was = done.before.proven(hardening.purse)
        rows.append((f"proven not to get through {spent}", _through(was), _through(proven)))
    rows += [
        ("AUC", _area(done.before.area, *done.before.area_ends), _area(done.after.area, *done.after.area_ends)),
        ("events caught", _through(done.before.recall), _through(done.after.recall)),
        ("alerts", _through(done.before.alerts), _through(done.after.alerts)),
        ("acts from a score of", f"{done.before.threshold:g}", f"{done.after.threshold:g}"),
    ]
    paper.table(("", "before", "after"), rows, indent=2)
    paper.write(_area(*done.lost), lead="AUC lost (paired): ", indent=2)


def _through(rate: Rate | None) -> str:
    return "-" if rate is None else _ends(rate)


def _area(value: float, low: float, high: float) -> str:
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _curve(paper: Paper, done: HardenedModel) -> None:
    outcome = done.run.outcomes[0]
    shown = (*outcome.evidence, *(item for finding in outcome.findings for item in finding.evidence))
    for evidence in (item for item in shown if item.view is View.TABLE and len(item.columns) == 7):
        paper.heading(evidence.title)
        header = (evidence.columns[0], "before (95 %)", "after (95 %)")
        rows = [(cell(row[0]), _band(row[1:4]), _band(row[4:7])) for row in evidence.rows]
        paper.table(header, rows, indent=2)


def _band(cells: Sequence[object]) -> str:
    numbers = [value for value in cells if isinstance(value, float)]
    if len(numbers) != 3:
        return "-"
    return f"{percent(numbers[0])} ({100 * numbers[1]:.0f} to {100 * numbers[2]:.0f} %)"


def _verdict(done: HardenedModel) -> str:
    return f"{'The fix holds' if done.exit_code == 0 else 'No fix that holds'}: {done.sentence}."


def _files(paper: Paper, done: HardenedModel) -> None:
    kept = done.kept
    paper.heading("Files")
    for name, path in (("model", kept.model), ("record", kept.record), ("report", kept.report)):
        if path is not None:
            paper.write(os.path.relpath(path), lead=f"{name}: ", indent=2)
    if kept.applied:
        paper.write("hauberk.toml names the hardened model and its threshold now; the shipped file stays.", indent=2)
    elif kept.lines and kept.sentence:
        paper.write(f"The project file was not changed: {kept.sentence}. Write these lines:", indent=2, style="unknown")
        for line in kept.lines:
            paper.write(line, indent=4)


def _next(paper: Paper, done: HardenedModel) -> None:
    kept = done.kept
    paper.heading("Next")
    steps = [f"hauberk report {done.run.id} --format html > hardening.html"]
    if done.exit_code == 0 and not kept.applied and not kept.sentence:
        steps.append(f"{done.run.command} --apply")
    if kept.applied and kept.model is not None:
        steps += ["hauberk check --since last", f"hauberk artifact sign {os.path.relpath(kept.model)}", "hauberk check"]
    for step in steps:
        paper.write(step, indent=4)
