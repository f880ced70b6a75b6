# SPDX-License-Identifier: Apache-2.0
"""`hauberk harden` and `hauberk fix` on the command line: exit codes, streams, formats."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hauberk.cli.harden import STRATEGIES as SHOWN
from hauberk.cli.main import run
from hauberk.harden import PRESETS, STRATEGIES

TINY = replace(
    PRESETS["quick"], rounds=1, trained_on=40, training_queries=30, chosen_on=40, choosing_queries=40,
    reported_on=120, reporting_queries=60, visits=300, fits=3,
)  # fmt: skip

ROBUST = ["--strategy", "robust", "--max-auc-loss", "0.2"]


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "quick", TINY)


def test_the_names_in_the_help_are_the_strategies() -> None:
    assert tuple(item.name for item in STRATEGIES) == SHOWN


def test_a_fix_that_holds_is_a_table_with_intervals_and_ends_with_0(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["harden", *ROBUST, "--apply", "--output", "html=hardening.html"]) == 0
    shown = capsys.readouterr()
    for words in ("get through", "AUC lost (paired)", "before (95 %)", "after (95 %)", "exit code 0: the fix holds"):
        assert words in shown.out
    assert "hauberk check --since last" in shown.out
    assert "try strategies" in shown.err
    assert "\x1b" not in shown.out
    page = (project / "hardening.html").read_text()
    assert "<svg" in page
    assert max(len(line) for line in shown.out.splitlines()) <= 100


def test_json_is_the_record_and_nothing_else(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-q", "harden", *ROBUST, "--format", "json"]) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["outcomes"][0]["check"] == "HARDEN"
    assert document["schema_version"]
    assert shown.err == ""


def test_no_fix_that_holds_ends_with_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-q", "harden", "--strategy", "monotone", "--max-auc-loss", "0"]) == 1
    assert "exit code 1: no fix that holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["harden", "--strategy", "robsut"], 2),
        (["harden", "--purse", "-1"], 2),
        (["harden", "--max-auc-loss", "0.9"], 2),
        (["harden", "--config", "/nowhere"], 2),
        (["harden", "--output", "html=model.txt"], 2),
        (["fix"], 2),
        (["fix", "HB-E001"], 2),
        (["fix", "HB-E001", "--config", "/nowhere"], 2),
    ],
)
def test_what_cannot_mean_anything_ends_with_2(
    project: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-q", *words]) == code
    assert capsys.readouterr().out == ""


def test_fix_goes_from_the_finding_to_the_proof(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-q", "check", "--select", "HB-E001"]) == 1
    capsys.readouterr()
    assert run(["-q", "fix", "HB-E001", "--max-auc-loss", "0.3"]) == 0
    shown = capsys.readouterr().out
    assert "Proof: HB-E001 again" in shown
    assert "evasion rate (any cost)" in shown
    assert run(["-q", "fix", "HB-E01"]) == 2
    assert "did you mean HB-E001?" in capsys.readouterr().err
