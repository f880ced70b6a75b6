# SPDX-License-Identifier: Apache-2.0
"""A policy's file is read, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hauberk.app.policy import read_policy
from hauberk.core.errors import ConfigError
from hauberk.registry import default_policy_text, parse_policy


@pytest.mark.parametrize("name", ["absent.cedar", "p.cedar", "."])
def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "p.cedar").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / name)


def test_a_file_is_the_policy_that_it_holds(tmp_path: Path) -> None:
    (tmp_path / "p.cedar").write_text(default_policy_text())
    assert read_policy(tmp_path / "p.cedar").digest == parse_policy(default_policy_text()).digest
