# SPDX-License-Identifier: Apache-2.0
"""A project as a test sees it: its model, its labelled rows, its domain and its threshold, opened and nothing more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hauberk.app.materials import project_materials
from hauberk.app.project import open_project
from hauberk.assess import open_situation
from hauberk.core.errors import NothingToExamine
from hauberk.domain import Domain
from hauberk.model import ModelView


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectUnderTest:
    """The parts of a project that a test of robustness needs.

    Attributes:
        config: the project file.
        model: the model, open.
        rows: the holdout, or the training data where there is none, without the label.
        labels: the labels; 1 is the event.
        domain: what is valid; inferred and unconfirmed where the project declares none.
        threshold: score from which on the business acts.
        seed: the project's master seed.
    """

    config: Path
    model: ModelView
    rows: pl.DataFrame
    labels: pl.Series
    domain: Domain
    threshold: float
    seed: int

    @property
    def parts(self) -> tuple[ModelView, pl.DataFrame, pl.Series, Domain]:
        """What `assert_robust` takes: model, rows, labels, domain."""
        return self.model, self.rows, self.labels, self.domain

    def close(self) -> None:
        """End what the model keeps open."""
        self.model.close()


def open_project_under_test(config: str | os.PathLike[str] = ".") -> ProjectUnderTest:
    """Open a project for a test; nothing is recorded, and no key is made.

    Args:
        config: `hauberk.toml`, `pyproject.toml`, or the folder that holds one.

    Raises:
        ConfigError: no project file, or one that cannot mean anything.
        UsageError: a declared file does not exist.
        Unreadable: a file is not what it claims to be.
        NothingToExamine: the project names no model, no rows or no label.
    """
    project = open_project(config)
    situation = open_situation(project_materials(project, now_us=0))
    table = situation.holdout or situation.data
    if situation.model is None or situation.domain is None or table is None or situation.label not in table.columns:
        raise NothingToExamine(
            "a test of robustness needs a model, labelled rows and a domain",
            where=str(project.file),
            next_step="name [model] path, [data] holdout and label, and [domain] path",
        )
    frame = table.frame()
    return ProjectUnderTest(
        config=project.file,
        model=situation.model,
        rows=frame.drop(situation.label),
        labels=frame[situation.label],
        domain=situation.domain,
        threshold=situation.threshold,
        seed=project.config.project.seed,
    )
