# SPDX-License-Identifier: Apache-2.0
"""From a finding to proof: which finding is meant, that the same check runs again, and what counts as fixed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

import hauberk
from hauberk.app.fix import fix_finding
from hauberk.app.fix_story import tell_fix
from hauberk.app.fix_target import REMEDIES, find_finding
from hauberk.checks import index
from hauberk.core.errors import UsageError
from hauberk.core.finding import Severity
from hauberk.core.outcome import Status
from hauberk.core.run import Run
from hauberk.harden import PRESETS, STRATEGIES

TINY = replace(
    PRESETS["quick"], rounds=1, trained_on=40, training_queries=30, chosen_on=40, choosing_queries=40,
    reported_on=120, reporting_queries=60, visits=300, fits=3,
)  # fmt: skip

SMALL = {"HB-E001": {"rows": 40, "queries": 60}}


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "quick", TINY)


@pytest.fixture
def run(project: Path) -> Run:
    return hauberk.check(project, select=("HB-E001", "HB-A"), params=SMALL)


def test_a_finding_is_fixed_and_the_check_that_found_it_proves_it(project: Path, run: Run) -> None:
    before = next(item for item in run.findings() if item.check == "HB-E001")
    done = fix_finding("HB-E001", project, max_auc_loss=0.3, apply=True)
    assert done.exit_code == 0
    assert done.finding.fingerprint == before.fingerprint
    assert done.after.check == "HB-E001"
    assert done.after.params["seed"] != done.before.params["seed"]
    assert done.after.params["rows"] >= 200  # no smaller a sample than the check's own
    if done.remains is not None:
        assert done.remains.severity.rank < Severity.HIGH.rank
    assert done.model.kept.applied
    assert [outcome.check for outcome in done.model.run.outcomes] == ["HARDEN", "HB-E001"]
    assert hauberk.recorded_run(done.model.run.id, project) == done.model.run
    assert hauberk.verify_evidence(project).ok
    text = tell_fix(done).decode()
    assert "before: " in text
    assert "after: " in text
    assert "exit code 0: fixed" in text


def test_a_finding_that_remains_is_not_called_fixed(project: Path, run: Run) -> None:
    done = fix_finding("hb-e001", project, max_auc_loss=0.001)
    assert done.exit_code == 1
    assert not done.model.kept.applied
    assert "exit code 1: not fixed" in tell_fix(done).decode()


def test_findings_are_named_by_check_or_by_the_beginning_of_a_fingerprint(run: Run) -> None:
    worst = next(item for item in run.findings() if item.check == "HB-E001")
    for name in ("HB-E001", "hb-e001", worst.fingerprint, worst.fingerprint[:6], worst.fingerprint[:8].upper()):
        assert find_finding(run, name) == worst


def test_an_unknown_finding_is_refused_with_the_nearest_one(project: Path, run: Run) -> None:
    worst = next(item for item in run.findings() if item.check == "HB-E001")
    with pytest.raises(UsageError) as caught:
        fix_finding("HB-E010", project)
    assert "did you mean HB-E001?" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        fix_finding(f"{worst.fingerprint[:11]}0", project)
    assert f"did you mean {worst.fingerprint[:12]}?" in str(caught.value)
    with pytest.raises(UsageError, match="no finding 'zzz'") as caught:
        fix_finding("zzz", project)
    assert "its findings: " in str(caught.value)
    for short in ("", worst.fingerprint[:3]):
        with pytest.raises(UsageError):
            fix_finding(short, project)


def test_a_check_that_found_nothing_has_nothing_to_fix(project: Path, run: Run) -> None:
    quiet = next(outcome for outcome in run.outcomes if outcome.status is Status.PASSED)
    with pytest.raises(UsageError, match="has no finding"):
        fix_finding(quiet.check, project)


def test_what_training_cannot_mend_says_what_can(project: Path, run: Run) -> None:
    other = next(item for item in run.findings() if item.check.startswith("HB-A"))
    with pytest.raises(UsageError, match="no automatic fix") as caught:
        fix_finding(other.check, project)
    assert caught.value.next_step == other.remedy
    assert caught.value.exit_code == 2


def test_remedies_name_checks_and_strategies_that_exist() -> None:
    checks, names = {entry.id for entry in index()}, {item.name for item in STRATEGIES}
    for check, remedy in REMEDIES.items():
        assert check in checks
        assert set(remedy.strategies) <= names
        assert "threshold" not in remedy.strategies  # it would mend nothing without telling the business
        assert remedy.purse in {0.0, math.inf}
