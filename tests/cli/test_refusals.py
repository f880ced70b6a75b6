# SPDX-License-Identifier: Apache-2.0
"""The command line never sounds kinder than the run, and never passes control characters on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import hauberk
from hauberk.cli.main import run

EVERYTHING = '@id("all")\n@sentence("\x1b[2Jall is well")\npermit (principal, action, resource);\n'


def test_what_policy_allows_and_did_not_end_is_incomplete(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "all.cedar").write_text(EVERYTHING)
    settings = project / "hauberk.toml"
    settings.write_text(settings.read_text() + 'timeout_s = 0.0001\n[policy]\npath = "all.cedar"\n')
    hauberk.check(project, select=("HB-D001",))
    assert run(["gate"]) == 4
    shown = capsys.readouterr().out
    assert "release: allow" in shown
    assert "exit code 4: incomplete" in shown
    assert "\x1b" not in shown
    assert "\\x1b[2Jall is well" in shown


def test_an_error_spells_out_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.parquet"
    pl.DataFrame({"\x1b]0;owned\x07": [1, 2], "\u202eevil": [1, 2]}).write_parquet(table)
    assert run(["data", "check", str(table), "--label", "zz"]) == 2
    shown = capsys.readouterr().err
    assert "\\x1b]0;owned\\x07" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_panic_in_native_code_ends_in_a_documented_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr("hauberk.app.data.check_data", panic)
    assert run(["data", "check", "t.parquet"]) == 4
    assert "a defect in Hauberk" in capsys.readouterr().err
