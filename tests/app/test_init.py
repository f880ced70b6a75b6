# SPDX-License-Identifier: Apache-2.0
"""`init`: files that `check` takes as they are, questions only for what data cannot tell, nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

import hauberk
from hauberk.app.config import load_config
from hauberk.core.errors import ConfigError, NothingToExamine, UsageError
from hauberk.domain import Actor, Direction, load_domain


def fresh(project: Path) -> Path:
    for name in ("hauberk.toml", "domain.toml"):
        (project / name).unlink()
    return project


def test_what_it_writes_is_a_project_that_check_runs_on(project: Path) -> None:
    root = fresh(project)
    made = hauberk.init_project(
        root / "train.parquet",
        label="default",
        model=str(root / "model.txt"),
        folder=root,
        changeable=("income:up:0.01",),
    )
    assert [path.name for path in made.files] == ["hauberk.toml", "domain.toml"]
    domain = load_domain(root / "domain.toml")
    assert not domain.confirmed
    income = domain.column("income")
    assert (income.changed_by, income.direction, income.cost.per_unit) == (Actor.APPLICANT, Direction.UP, 0.01)
    config = load_config(root / "hauberk.toml", env={})
    assert (config.data.train, config.data.label, config.model.path) == ("train.parquet", "default", "model.txt")
    run = hauberk.check(root, workers=0, select=("HB-A", "HB-D"))
    assert not run.incomplete
    assert not run.domain_confirmed


def test_each_proposal_says_why(project: Path) -> None:
    root = fresh(project)
    hauberk.init_project(root / "train.parquet", label="default", folder=root)
    text = (root / "domain.toml").read_text()
    for column in ("income", "debt", "region", "age"):
        section = text[text.index(f"[column.{column}]") :].split("[column.", 2)[1]
        assert "#" in section, column


def test_existing_files_are_left_alone_unless_forced(project: Path) -> None:
    before = (project / "hauberk.toml").read_bytes()
    with pytest.raises(UsageError, match="exist"):
        hauberk.init_project(project / "train.parquet", label="default", folder=project)
    assert (project / "hauberk.toml").read_bytes() == before
    hauberk.init_project(project / "train.parquet", label="default", folder=project, force=True)
    assert (project / "hauberk.toml").read_bytes() != before


@pytest.mark.parametrize("word", ["income:sideways", "income:up:dear"])
def test_a_word_that_cannot_be_read_is_refused(project: Path, word: str) -> None:
    with pytest.raises(UsageError):
        hauberk.init_project(fresh(project) / "train.parquet", label="default", folder=project, changeable=(word,))
    assert not (project / "hauberk.toml").exists()


def test_a_column_that_is_not_there_is_refused_with_a_suggestion(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        hauberk.init_project(fresh(project) / "train.parquet", label="default", folder=project, changeable=("incme",))
    assert "income" in caught.value.next_step


def test_a_label_with_more_than_two_values_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="more than 0 and 1"):
        hauberk.init_project(fresh(project) / "train.parquet", label="region", folder=project)


def test_an_empty_table_is_nothing_to_examine(project: Path) -> None:
    (project / "empty.csv").write_text("a,b\n")
    with pytest.raises(NothingToExamine):
        hauberk.init_project(project / "empty.csv", label="b", folder=project, force=True)
