# SPDX-License-Identifier: Apache-2.0
"""The demo, whole and real: what it finds, what it leaves, that it says so, and that it replaces nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import hauberk
from hauberk.app.demo.run import Demo
from hauberk.app.demo.story import tell
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.report import exit_code


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    made = hauberk.demo(tmp_path_factory.mktemp("demo") / "credit")
    patch.undo()
    return made


def test_the_model_is_not_weakened_for_the_story(demo: Demo) -> None:
    assert demo.trained.auc >= 0.77


def test_every_check_came_to_its_end(demo: Demo) -> None:
    assert [(outcome.check, outcome.reason) for outcome in demo.run.incomplete] == []


def test_what_it_found_is_evasion_by_valid_records_with_money_at_stake(demo: Demo) -> None:
    worst = next(demo.run.findings())
    assert worst.check == "HB-E001"
    assert worst.loss
    assert not worst.inferred
    outcome = next(item for item in demo.run.outcomes if item.check == "HB-E001")
    rates = [one for one in outcome.measurements if one.unit == "rate"]
    assert rates
    assert all(one.n >= 100 and one.low is not None for one in rates)


def test_rows_that_contradict_themselves_are_set_aside_with_reasons(demo: Demo) -> None:
    assert demo.admission.marked == 682
    assert (demo.folder / "quarantine" / "quarantined.parquet").is_file()


def test_the_words_name_findings_report_code_and_three_commands(demo: Demo) -> None:
    words = tell(demo)
    assert "HB-E001" in words
    assert "report.html" in words
    assert f"`hauberk check` would exit with {exit_code(demo.run)}" in words
    assert words.split("Next\n")[1].count("\n") == 2
    assert max(len(line) for line in words.splitlines() if str(demo.folder.name) not in line) <= 100


def test_the_evidence_holds_against_the_report(demo: Demo) -> None:
    found = hauberk.verify_evidence(demo.folder, keys=(demo.key,), checkpoint=demo.report)
    assert found.ok, found.summary


def test_the_signature_holds_and_one_changed_byte_does_not(demo: Demo) -> None:
    model = demo.folder / "model.txt"
    found = hauberk.verify_artifact(model, keys=(demo.key,))
    assert found.signer == "demo"
    assert found.attestations == ("assessment by demo", "scan by demo", "training by demo")
    assert hauberk.check_bom(demo.folder / "model.cdx.json", model=model)
    content = model.read_bytes()
    model.write_bytes(content.replace(b"0.", b"1.", 1))
    with pytest.raises(IntegrityError, match="not what was signed"):
        hauberk.verify_artifact(model, keys=(demo.key,))
    model.write_bytes(content)


def test_a_folder_that_is_not_a_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an earlier demo"):
        hauberk.demo(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
