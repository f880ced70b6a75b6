# SPDX-License-Identifier: Apache-2.0
"""A run is shown, compared and judged only if the ledger vouches for its bytes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

import hauberk
from hauberk.app.diff import compare_runs
from hauberk.app.report import recorded_run
from hauberk.core.errors import IntegrityError

FAST = ("HB-D001", "HB-A")


@pytest.fixture
def run(project: Path):
    return hauberk.check(project, select=FAST)


def _edit(project: Path, run) -> Path:
    path = project / ".hauberk" / "runs" / f"{run.id}.json"
    text = path.read_text()
    path.write_text(text.replace('"effect":"deny"', '"effect":"allow"'))
    assert path.read_text() != text
    return path


def test_a_run_that_was_edited_is_nowhere_believed(project: Path, run) -> None:
    assert recorded_run("last", project) == run
    path = _edit(project, run)
    for ask in (
        lambda: recorded_run("last", project),
        lambda: recorded_run(str(path), project),
        lambda: hauberk.judge_release(config=project),
        lambda: hauberk.check(project, select=FAST, since="last"),
        lambda: compare_runs("last", "last", config=project),
    ):
        with pytest.raises(IntegrityError, match="ledger does not know"):
            ask()


def test_a_copy_with_the_same_bytes_is_the_same_run(project: Path, run, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes((project / ".hauberk" / "runs" / f"{run.id}.json").read_bytes())
    assert recorded_run(str(copy), project) == run


def test_without_the_ledger_or_a_key_that_signed_it_nothing_is_believed(
    project: Path, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(IntegrityError, match="does not hold"):
        recorded_run("last", project)
    assert not (tmp_path / "elsewhere").exists(), "who only reads gets no key"
    monkeypatch.undo()
    (project / ".hauberk" / "ledger.sqlite").unlink()
    with pytest.raises(IntegrityError, match="does not hold"):
        recorded_run("last", project)


def test_what_tells_of_people_is_closed_to_other_users(project: Path) -> None:
    state = project / ".hauberk"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    run = hauberk.check(project, select=FAST)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [state, *state.rglob("*")]}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert f"{run.id}.json" in modes


def test_the_model_of_the_run_has_to_be_the_signed_one(project: Path) -> None:
    """Two models lie in the project; one was examined, the other is signed."""
    signed = project / "signed.txt"
    signed.write_bytes((project / "model.txt").read_bytes() + b"\n")
    hauberk.check(project, select=FAST)
    hauberk.sign_artifact(signed, config=project)
    settings = project / "hauberk.toml"
    settings.write_text(settings.read_text().replace('"model.txt"', '"signed.txt"'))
    with pytest.raises(IntegrityError, match=r"is not the model that the run examined"):
        hauberk.judge_release(config=project)


def test_evidence_under_another_domain_is_none(project: Path, run) -> None:
    """Who loosens the domain, lets it be assessed and tightens it again has proved nothing."""
    hauberk.judge_release(config=project)
    domain = project / "domain.toml"
    domain.write_text(domain.read_text().replace("high = 200000", "high = 100000"))
    with pytest.raises(IntegrityError, match="not the domain under which"):
        hauberk.judge_release(config=project)
    settings = project / "hauberk.toml"
    settings.write_text(settings.read_text().replace('[domain]\npath = "domain.toml"\n', ""))
    with pytest.raises(IntegrityError, match="nothing is not the domain"):
        hauberk.judge_release(config=project)
