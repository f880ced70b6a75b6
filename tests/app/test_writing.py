# SPDX-License-Identifier: Apache-2.0
"""Files are written as a whole, never through a link, and never over what a run rests on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hauberk.app.project import write_atomically
from hauberk.app.report import project_inputs, refuse_overwriting
from hauberk.core.errors import UsageError


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]


def test_a_private_file_is_the_user_s_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "f", b"x", private=True)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, make) -> None:
    make(tmp_path / "odd")
    with pytest.raises(UsageError, match="no file that could be replaced"):
        write_atomically(tmp_path / "odd", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["odd"]


@pytest.mark.parametrize(
    "name",
    ["hauberk.toml", "train.parquet", "model.txt", "model.txt.sig.json", "domain.toml", ".hauberk/runs/x.json", "link",
     "sub/../train.parquet"],
)  # fmt: skip
def test_no_report_is_written_over_what_the_run_rests_on(project: Path, name: str) -> None:
    (project / "sub").mkdir()
    (project / "link").symlink_to("train.parquet")
    with pytest.raises(UsageError, match="no report is written over it"):
        refuse_overwriting([project / name], project_inputs(project))
    refuse_overwriting([project / "report.html"], project_inputs(project))
