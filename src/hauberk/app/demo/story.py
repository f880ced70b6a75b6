# SPDX-License-Identifier: Apache-2.0
"""What the demo says at its end: what was found, in plain words, where the report lies, and what to do next."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from hauberk.catalog import minor_digits
from hauberk.core.decision import Effect
from hauberk.core.finding import Finding
from hauberk.core.outcome import Status
from hauberk.core.run import Run
from hauberk.report import MEANING, exit_code

if TYPE_CHECKING:
    from hauberk.app.demo.run import Demo

WIDTH = 96
MOST = 4
"""Findings that are told; the report has them all."""


def tell(demo: Demo) -> str:
    """Return the closing words of the demo."""
    run = demo.run
    folder = os.path.relpath(demo.folder)
    report = os.path.relpath(demo.report)
    code = exit_code(run)
    command = _command()
    parts = [
        _opening(demo),
        "What was found",
        *[_item(_sentence(finding, run)) for finding in list(run.findings())[:MOST]],
        _rest(run),
        "Verdict",
        *_verdict(run),
        _item(f"`hauberk check` would exit with {code}: {MEANING[code]}."),
        "What proves it",
        _item(f"the report: {report}"),
        _item(f"the ledger: {folder}/.hauberk/ledger.sqlite, {_checkpoint(run)}"),
        _item(f"the model's bill of materials: {os.path.relpath(demo.bill)}"),
        _item(f"signed with a throw-away key, whose private half is gone: {demo.key}"),
        "Next",
        f"    xdg-open {report}",
        f"    {command} evidence verify --config {folder} --checkpoint {report}",
        f"    {command} init --data YOUR.parquet --label COLUMN --model YOUR-MODEL",
    ]
    return "\n".join(part for part in parts if part)


def _command() -> str:
    """How the reader calls Hauberk: by name, or by path where it is not on the search path."""
    called = Path(sys.argv[0])
    here = called.name == "hauberk" and called.is_file() and shutil.which("hauberk") is None
    return os.path.relpath(called) if here else "hauberk"


def _opening(demo: Demo) -> str:
    admission, trained = demo.admission, demo.trained
    text = (
        f"{admission.rows:,} clients were examined and {admission.marked:,} set aside, because their statements "
        f"contradict themselves; a gradient-boosted model was trained on the other {trained.rows:,} "
        f"(AUC {trained.auc:.3f} on clients that it has never seen) and declines from a score of {trained.threshold:g} on."
    )
    return textwrap.fill(text, WIDTH)


def _sentence(finding: Finding, run: Run) -> str:
    unit = 10 ** minor_digits(run.currency)
    loss = "" if finding.loss is None else f" At stake: {finding.loss / unit:,.0f} {run.currency}."
    return f"{finding.severity.value.upper()} {finding.check}: {finding.title}. {finding.message}{loss}"


def _rest(run: Run) -> str:
    total = sum(1 for _ in run.findings())
    ran = run.count(Status.PASSED) + run.count(Status.FINDINGS)
    more = f"{total - MOST} more findings; " if total > MOST else ""
    return _item(
        f"{more}{ran} of {len(run.outcomes)} checks ran, {run.count(Status.NOT_APPLICABLE)} did not apply, "
        f"{len(run.incomplete)} did not end."
    )


def _verdict(run: Run) -> list[str]:
    decision = run.decision
    if decision is None:
        return [_item("not decided")]
    word = "may be released" if decision.effect is Effect.ALLOW else "must not be released"
    return [_item(f"The model {word}."), *[_item(reason.sentence) for reason in decision.reasons]]


def _checkpoint(run: Run) -> str:
    checkpoint = run.checkpoint
    return "no checkpoint" if checkpoint is None else f"{checkpoint.size} entries, root {checkpoint.root[:16]}…"


def _item(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
