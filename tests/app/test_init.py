# SPDX-License-Identifier: Apache-2.0
"""`init`: files that `check` takes as they are, questions only for what data cannot tell, nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
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


def test_naming_what_can_change_fixes_all_else_and_answers_the_question(project: Path) -> None:
    root = fresh(project)
    cautious = hauberk.init_project(root / "train.parquet", label="default", folder=root)
    assert {"income", "debt", "region"} <= set(cautious.domain.changeable_by())
    assert any(question.startswith("Who can change") for question in cautious.questions)
    told = hauberk.init_project(
        root / "train.parquet", label="default", folder=root, changeable=("income:up",), force=True
    )
    assert told.domain.changeable_by() == ("income",)
    assert not any(question.startswith("Who can change") for question in told.questions)
    text = (root / "domain.toml").read_text()
    assert "# changed_by: as you said" in text
    assert "data cannot tell" not in text
    assert load_domain(root / "domain.toml") == told.domain


def test_one_column_of_a_group_opens_the_group(project: Path) -> None:
    root = fresh(project)
    kind = np.arange(300) % 3
    frame = pl.DataFrame({f"by_{name}": (kind == k).astype(np.int8) for k, name in enumerate(("web", "post", "shop"))})
    frame.with_columns(y=pl.Series(np.arange(300) % 2)).write_parquet(root / "hot.parquet")
    made = hauberk.init_project(root / "hot.parquet", label="y", folder=root, changeable=("by_web",))
    assert made.domain.changeable_by() == ("by_web", "by_post", "by_shop")


def test_the_question_is_asked_once_the_data_are_known_to_be_good(project: Path) -> None:
    root = fresh(project)
    asked: list[tuple[str, ...]] = []

    def ask(columns: tuple[str, ...]) -> tuple[str, ...]:
        asked.append(columns)
        return ("debt:down",)

    with pytest.raises(UsageError):
        hauberk.init_project(root / "train.parquet", label="nothing", folder=root, ask=ask)
    assert asked == []
    made = hauberk.init_project(root / "train.parquet", label="default", folder=root, ask=ask)
    assert made.domain.changeable_by() == ("debt",)
    assert "income" in asked[0]
    assert "default" not in asked[0]


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
