# SPDX-License-Identifier: Apache-2.0
"""Hardening as a use case: what it writes, what it records, what it leaves alone, and what it refuses."""

from __future__ import annotations

import pickle
import tomllib
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import hauberk
from hauberk.app import keep
from hauberk.app.harden import HardenedModel, harden_model
from hauberk.app.project import open_project
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.harden import PRESETS
from hauberk.model import open_model
from hauberk.report import render
from hauberk.seal import digest_bytes, digest_file

TINY = replace(
    PRESETS["quick"], rounds=1, trained_on=40, training_queries=30, chosen_on=40, choosing_queries=40,
    reported_on=120, reporting_queries=60, visits=300, fits=3,
)  # fmt: skip

WIDE = {"strategy": ("robust",), "max_auc_loss": 0.2}
"""What a fix that holds takes on this little project: three hundred loans of which one column decides."""


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "quick", TINY)


def events(project: Path) -> list:
    with open_project(project).ledger() as ledger:
        return [event for _, event in ledger.read()]


def listing(project: Path) -> set[str]:
    return {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}


@pytest.fixture
def applied(project: Path) -> HardenedModel:
    return harden_model(project, apply=True, **WIDE)


def test_the_hardened_model_goes_on_in_the_life_cycle(project: Path, applied: HardenedModel) -> None:
    assert applied.exit_code == 0
    assert applied.kept.applied
    settings = tomllib.loads((project / "hauberk.toml").read_text())
    assert project / settings["model"]["path"] == applied.kept.model
    assert settings["model"]["threshold"] == applied.hardening.hardened.threshold
    signature = hauberk.sign_artifact(applied.kept.model, config=project)
    assert signature.is_file()
    run = hauberk.check(project, select=("HB-A",))
    assert [asset.digest for asset in run.assets if asset.role == "model"] == [digest_file(applied.kept.model)]
    assert "signature" not in " ".join(reason.sentence for reason in run.decision.reasons)
    assert hauberk.verify_evidence(project).ok


def test_the_shipped_file_stays_and_the_new_one_is_plain(project: Path, template: Path) -> None:
    before = (project / "model.txt").read_bytes()
    done = harden_model(project, apply=True, **WIDE)
    assert (project / "model.txt").read_bytes() == before
    assert done.kept.model.name.startswith("model-hardened-")
    assert done.kept.model.parent == project
    booster = lightgbm.Booster(model_file=str(done.kept.model))
    holdout = pl.read_parquet(project / "holdout.parquet")
    names = booster.feature_name()
    scores = open_model(done.kept.model).scores(holdout)
    assert np.allclose(booster.predict(holdout.select(names).to_numpy().astype(float)), scores)


def test_without_apply_the_project_file_is_untouched_and_the_model_lies_in_the_state(project: Path) -> None:
    text = (project / "hauberk.toml").read_text()
    done = harden_model(project, **WIDE)
    assert (project / "hauberk.toml").read_text() == text
    assert not done.kept.applied
    assert done.kept.model.parent == project / ".hauberk" / "hardening"
    assert done.kept.lines[0] == "[model]"


def test_the_ledger_knows_what_was_done_and_vouches_for_the_record(project: Path) -> None:
    done = harden_model(project, out=project / "results", **WIDE)
    (event,) = [one for one in events(project) if one.kind == "model.hardened"]
    assert event.subject == digest_file(done.kept.model)
    assert event.payload["run"] == digest_file(done.kept.record)
    assert event.payload["strategy"] == "robust"
    assert event.payload["holds"] is True
    assert hauberk.recorded_run(done.run.id, project) == done.run
    assert done.kept.report.read_bytes() == render(done.run, "html")
    assert hauberk.verify_evidence(project).ok
    done.kept.record.write_bytes(done.kept.record.read_bytes().replace(b"robust", b"ROBUST"))
    assert not hauberk.verify_evidence(project).ok


def test_hardening_is_never_the_last_assessment(project: Path) -> None:
    run = hauberk.check(project, select=("HB-A",))
    harden_model(project, **WIDE)
    assert hauberk.recorded_run("last", project).id == run.id


def test_every_format_shows_it(project: Path) -> None:
    run = harden_model(project, **WIDE).run
    for kind in ("text", "json", "sarif", "junit", "markdown", "html", "csv", "gitlab"):
        assert b"HARDEN" in render(run, kind)


def test_a_fix_that_does_not_hold_is_not_applied(project: Path) -> None:
    done = harden_model(project, strategy=("augment",), max_auc_loss=0.0, purse=5.0, apply=True)
    assert done.exit_code == 1
    assert not done.kept.applied
    assert tomllib.loads((project / "hauberk.toml").read_text())["model"]["path"] == "model.txt"


def test_an_interruption_leaves_an_entry_and_nothing_half_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(project)

    def interrupt(*, stage: str, done: int, total: int, note: str = "") -> None:
        if stage.startswith("try"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        harden_model(project, apply=True, progress=interrupt, **WIDE)
    assert {path for path in listing(project) - before if not path.startswith(".hauberk/ledger")} <= {
        ".hauberk/checkpoint"
    }
    assert [event.kind for event in events(project)][-1] == "hardening.aborted"


def test_a_full_disk_is_told_and_leaves_the_project_as_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (project / "hauberk.toml").read_text()

    def full(path: Path, content: bytes, *, private: bool = False) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(keep, "write_atomically", full)
    with pytest.raises(UsageError, match="cannot be written") as caught:
        harden_model(project, apply=True, **WIDE)
    assert "No space left" in str(caught.value)
    assert (project / "hauberk.toml").read_text() == text
    assert not list(project.glob("model-hardened*"))
    assert "model.hardened" not in [event.kind for event in events(project)]


def test_a_file_where_the_folder_should_be_is_refused_before_any_work(project: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        harden_model(project, out=project / "model.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        harden_model(project, out=project / "model.txt" / "deep")


def edit(project: Path, old: str, new: str) -> None:
    file = project / "hauberk.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_what_is_missing_is_named(project: Path) -> None:
    text = (project / "hauberk.toml").read_text()
    edit(project, 'train = "train.parquet"\n', "")
    with pytest.raises(UsageError, match="no training table"):
        harden_model(project)
    (project / "hauberk.toml").write_text(text)
    edit(project, 'path = "model.txt"', 'path = ""')
    with pytest.raises(UsageError, match="no model was declared"):
        harden_model(project)


def test_one_class_and_a_frozen_domain_leave_nothing_to_do(project: Path) -> None:
    domain = (project / "domain.toml").read_text()
    (project / "domain.toml").write_text(domain.replace('changed_by = "applicant"\ndirection = "up"\n', ""))
    with pytest.raises(NothingToExamine, match="nothing to harden against"):
        harden_model(project)
    (project / "domain.toml").write_text(domain)
    frame = pl.read_parquet(project / "train.parquet")
    frame.with_columns(pl.lit(0, dtype=pl.Int8).alias("default")).write_parquet(project / "train.parquet")
    with pytest.raises(NothingToExamine, match="0 events"):
        harden_model(project)


@pytest.mark.parametrize(
    "asked",
    [{"strategy": ("robsut",)}, {"preset": "fast"}, {"purse": -1.0}, {"purse": float("nan")}, {"max_auc_loss": 2.0}],
)
def test_what_cannot_mean_anything_is_refused_before_any_work(project: Path, asked: dict) -> None:
    before = listing(project)
    with pytest.raises(UsageError):
        harden_model(project, **asked)
    assert listing(project) == before


def test_an_endpoint_is_not_applied_to(project: Path) -> None:
    edit(project, 'path = "model.txt"', 'path = "http://127.0.0.1:9/v2/models/m"')
    with pytest.raises(UsageError, match="where it is served"):
        harden_model(project, apply=True)


def test_a_kind_that_cannot_be_trained_again_is_replaced_and_that_is_said(project: Path) -> None:
    train = pl.read_parquet(project / "train.parquet")
    names = [name for name in train.columns if name != "default"]
    fitted = LogisticRegression(max_iter=200).fit(
        train.select(names).to_numpy() / [1e5, 1e5, 1.0, 1e2], train["default"].to_numpy()
    )
    fitted.coef_ = fitted.coef_ / [1e5, 1e5, 1.0, 1e2]
    content = pickle.dumps(fitted)
    (project / "model.pkl").write_bytes(content)
    edit(project, 'path = "model.txt"', 'path = "model.pkl"')
    done = harden_model(project, trust=(digest_bytes(content),), **WIDE)
    assert "a LightGBM model replaces it" in done.hardening.recipe
    outcome = done.run.outcomes[0]
    shown = (*outcome.evidence, *(item for finding in outcome.findings for item in finding.evidence))
    told = shown[0].rows[0]
    assert "a LightGBM model replaces it" in str(told[-1])
    assert done.kept.model is None or done.kept.model.suffix == ".txt"


def test_replaying_a_hardening_says_how_to_repeat_it(project: Path) -> None:
    done = harden_model(project, **WIDE)
    with pytest.raises(UsageError, match="hardened a model") as caught:
        hauberk.replay(done.run.id, config=project)
    assert "hauberk harden" in caught.value.next_step
