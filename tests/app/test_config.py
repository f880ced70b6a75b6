# SPDX-License-Identifier: Apache-2.0
"""The project file: what wins over what, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hauberk.app.config import Config, find_config, load_config
from hauberk.core.errors import ConfigError


def written(folder: Path, text: str, name: str = "hauberk.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_defaults_file_environment_and_flags_win_in_that_order(tmp_path: Path) -> None:
    path = written(tmp_path, "[model]\nthreshold = 0.2\n")
    assert load_config(written(tmp_path, "", "empty.toml"), env={}).model.threshold == 0.5
    assert load_config(path, env={}).model.threshold == 0.2
    env = {"HAUBERK_MODEL_THRESHOLD": "0.3"}
    assert load_config(path, env=env).model.threshold == 0.3
    assert load_config(path, env=env, flags={"model.threshold": 0.4}).model.threshold == 0.4
    assert load_config(path, env=env, flags={"model.threshold": None}).model.threshold == 0.3


def test_a_list_comes_from_the_environment_with_commas(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, ""), env={"HAUBERK_CHECKS_IGNORE": "HB-D001, HB-D002"})
    assert config.checks.ignore == ("HB-D001", "HB-D002")


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[model]\ntreshold = 1\n", "model.treshold", "model.threshold"),
        ("[modle]\npath = 'x'\n", "modle", "model"),
        ("[data]\nzzz = 1\n", "data.zzz", "known keys"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(tmp_path: Path, text: str, key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text), env={})
    assert key in caught.value.what
    assert hint in caught.value.next_step


def test_commas_part_lists_alone(tmp_path: Path) -> None:
    env = {"HAUBERK_DATA_GROUPS": "housing", "HAUBERK_MODEL_TRUST": "", "HAUBERK_DATA_TRAIN": "rows, 2026.csv"}
    config = load_config(written(tmp_path, ""), env=env)
    assert config.data.groups == ("housing",)
    assert config.model.trust == ()
    assert config.data.train == "rows, 2026.csv"


def test_a_wrong_value_is_sought_where_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path, "[model]\nthreshold = 4.0\n")
    with pytest.raises(ConfigError, match="in the project file"):
        load_config(path, env={})
    with pytest.raises(ConfigError, match="HAUBERK_MODEL_THRESHOLD"):
        load_config(path, env={"HAUBERK_MODEL_THRESHOLD": "5"})


def test_an_unknown_environment_variable_of_a_section_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="HAUBERK_MODEL_TRESHOLD"):
        load_config(written(tmp_path, ""), env={"HAUBERK_MODEL_TRESHOLD": "0.3"})


@pytest.mark.parametrize(
    "text",
    [
        "[model]\nthreshold = 2.0\n",
        "[money]\nshare = 0.0\n",
        "[checks]\nworkers = -1\n",
        "[project]\nseed = 'many'\n",
        "not toml",
    ],
)
def test_a_value_that_cannot_be_meant_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load_config(written(tmp_path, text), env={})


def test_parameters_of_a_check_read_as_a_table_of_their_own(tmp_path: Path) -> None:
    path = written(tmp_path, '[checks]\nignore = ["HB-G"]\n[checks."HB-E001"]\nrows = 10\n')
    config = load_config(path, env={})
    assert config.checks.params == {"HB-E001": {"rows": 10}}
    assert config.checks.ignore == ("HB-G",)


def test_pyproject_holds_the_same_under_tool_hauberk(tmp_path: Path) -> None:
    path = written(tmp_path, "[tool.hauberk.model]\nthreshold = 0.1\n", "pyproject.toml")
    assert find_config(tmp_path) == path
    assert load_config(path, env={}).model.threshold == 0.1


def test_hauberk_toml_wins_over_pyproject(tmp_path: Path) -> None:
    written(tmp_path, "[tool.hauberk.model]\nthreshold = 0.1\n", "pyproject.toml")
    own = written(tmp_path, "")
    assert find_config(tmp_path) == own


def test_every_section_is_a_table_of_known_keys() -> None:
    for section in msgspec.structs.fields(Config):
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct):
            assert section.type.__struct_config__.forbid_unknown_fields
