# SPDX-License-Identifier: Apache-2.0
"""Admission as a function: the ruling, its exit code, and the way back."""

from __future__ import annotations

import shlex
from pathlib import Path

import polars as pl

import hauberk
from hauberk.core.decision import Effect
from hauberk.data import Ruling
from hauberk.report import exit_code

PROVENANCE = {"owner": "tests", "licence": "CC0", "origin": "made here", "collected": "today"}


def test_a_clean_table_is_accepted(project: Path) -> None:
    found = hauberk.check_data("train.parquet", label="default", domain="domain.toml", provenance=PROVENANCE)
    assert found.admission.ruling is Ruling.ACCEPT, found.admission.because
    assert found.run.decision is not None
    assert found.run.decision.effect is Effect.ALLOW
    assert exit_code(found.run) == 0


def test_rows_that_break_the_domain_are_set_aside_and_come_back(project: Path, tmp_path: Path) -> None:
    table = pl.read_parquet("train.parquet")
    bad = table.with_row_index().with_columns(
        income=pl.when(pl.col("index") % 50 == 0).then(-1).otherwise(pl.col("income"))
    )
    bad.drop("index").write_parquet("bad.parquet")
    found = hauberk.check_data("bad.parquet", label="default", domain="domain.toml", provenance=PROVENANCE)
    assert found.admission.ruling is Ruling.QUARANTINE
    assert found.admission.counts == {"income.range": 12}
    assert exit_code(found.run) == 1
    split = hauberk.quarantine_data(found, tmp_path / "admitted")
    assert (split.clean, split.set_aside) == (588, 12)
    back = hauberk.restore_data(tmp_path / "admitted", tmp_path / "back.parquet")
    assert back.frame().equals(pl.read_parquet("bad.parquet"))


def test_a_table_without_its_label_is_refused(project: Path) -> None:
    pl.read_parquet("train.parquet").drop("income").write_parquet("short.parquet")
    found = hauberk.check_data("short.parquet", label="default", domain="domain.toml", provenance=PROVENANCE)
    assert found.admission.ruling is Ruling.REJECT
    assert exit_code(found.run) == 1


def test_the_printed_command_gives_the_same_ruling(project: Path) -> None:
    (project / "a b.parquet").write_bytes((project / "train.parquet").read_bytes())
    found = hauberk.check_data(
        "a b.parquet",
        label="default",
        reference="holdout.parquet",
        groups=("region",),
        provenance=PROVENANCE,
        ignore=("HB-D019",),
        seed=3,
    )
    assert shlex.split(found.run.command) == [
        *("hauberk", "data", "check", "a b.parquet", "--label", "default", "--reference", "holdout.parquet"),
        *("--owner", "tests", "--licence", "CC0", "--origin", "made here"),
        *("--group", "region", "--ignore", "HB-D019", "--seed", "3"),
    ]


def test_an_acceptance_says_what_was_left_out_of_it(project: Path) -> None:
    found = hauberk.check_data(
        "train.parquet", label="default", domain="domain.toml", provenance=PROVENANCE, ignore=("HB-D001", "HB-D019")
    )
    assert found.run.decision is not None
    (reason,) = found.run.decision.reasons
    assert reason.sentence.endswith("left out on request: HB-D001, HB-D019")
    assert "every data check ran" not in reason.sentence
