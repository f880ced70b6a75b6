# SPDX-License-Identifier: Apache-2.0
"""What other projects use of this repository: the pre-commit hooks."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hauberk.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
HOOKS = re.findall(r"^- id: (\S+)\n((?:  .*\n)+)", (ROOT / ".pre-commit-hooks.yaml").read_text(), flags=re.MULTILINE)


def test_there_are_hooks() -> None:
    assert len(HOOKS) >= 2
    assert all(name.startswith("hauberk-") for name, _ in HOOKS)


@pytest.mark.parametrize(("name", "body"), HOOKS)
def test_each_hook_starts_a_command_that_exists(name: str, body: str) -> None:
    keys = dict(line.strip().split(": ", 1) for line in body.splitlines())
    assert {"name", "description", "entry", "language", "files"} <= keys.keys()
    assert keys["language"] == "python"
    re.compile(keys["files"])
    words = [word for word in keys["entry"].split() if not word.startswith("-")]
    assert words.pop(0) == "hauberk"
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command, **command.context_settings), word)
        assert command is not None, keys["entry"]
    if keys.get("pass_filenames") != "false":
        assert any(isinstance(each, click.Argument) and each.nargs == -1 for each in command.params), (
            f"{name} passes file names, and `{keys['entry']}` takes no list of them"
        )
