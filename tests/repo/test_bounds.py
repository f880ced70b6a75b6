# SPDX-License-Identifier: Apache-2.0
"""The tree keeps the house bounds, and each measure finds what it is there to find."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

HEAD = '"""Say what this is."""\n'
DEEP = "def f(a: int) -> None:\n    'Say.'\n" + "".join(
    "    " * (depth + 1) + f"if a > {depth}:\n" for depth in range(4)
)
BRANCHY = "def f(a: int) -> int:\n    'Say.'\n" + "".join(f"    if a == {n}:\n        a += 1\n" for n in range(10))

OFFENDERS = {
    "file-lines": HEAD + "x = 1\n" * 300,
    "function-lines": HEAD + "def f() -> None:\n    'Say.'\n" + "    print()\n" * 50,
    "complexity": HEAD + BRANCHY + "    return a\n",
    "nesting": HEAD + DEEP + "                    pass\n",
    "positional": HEAD + "def f(a, b, c, d, e, g, h):\n    'Say.'\n",
    "docstring": HEAD + "class Thing:\n    'Say.'\n\n    def act(self) -> None:\n        pass\n",
    "late-import": HEAD + "def f() -> None:\n    'Say.'\n    import json\n",
    "data-table": HEAD + f"x = {list(range(61))}\n",
    "broad-except": HEAD + "try:\n    pass\nexcept (OSError, Exception):\n    pass\n",
    "unexplained": HEAD + "x = 1  # noqa: E501\n",
    "inheritance": HEAD + "".join(f"class {a}({b}):\n    'Say.'\n" for a, b in ("AX", "BA", "CB", "DC")),
}


def found(bounds: ModuleType, folder: Path, text: str, name: str = "hauberk/stats/file.py") -> set[str]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {offence.rule for offence in bounds.offences(folder)}


def test_the_package_keeps_every_bound(bounds: ModuleType, root: Path) -> None:
    assert [str(offence) for offence in bounds.offences(root / "src")] == []


def test_the_scripts_keep_every_bound(bounds: ModuleType, root: Path) -> None:
    kept = {"late-import", "data-table"}  # scripts are no rooms
    assert [str(each) for each in bounds.offences(root / "scripts") if each.rule not in kept] == []


@pytest.mark.parametrize("rule", OFFENDERS)
def test_each_bound_finds_its_offender(bounds: ModuleType, tmp_path: Path, rule: str) -> None:
    assert found(bounds, tmp_path, OFFENDERS[rule]) == {rule}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("def f() -> None:\n    'Say.'\n    import torch\n", "hauberk/model/file.py"),
        ("def f() -> None:\n    'Say.'\n    import json\n", "hauberk/app/file.py"),
        ("try:\n    pass\nexcept Exception:  # broad: a plug-in may raise anything\n    pass\n", "hauberk/app/x.py"),
        ("x = 1  # noqa: E501 - the address cannot be broken\n", "hauberk/app/x.py"),
        ("x = '# type: ignore'\n", "hauberk/app/x.py"),
        ("class _Hidden:\n    def act(self) -> None:\n        pass\n", "hauberk/app/x.py"),
    ],
)
def test_what_is_allowed_is_not_an_offence(bounds: ModuleType, tmp_path: Path, text: str, name: str) -> None:
    assert found(bounds, tmp_path, HEAD + text, name) == set()


def test_names_that_say_nothing_are_offences(bounds: ModuleType, tmp_path: Path) -> None:
    assert found(bounds, tmp_path, HEAD, "hauberk/stats/utils.py") == {"empty-name"}


def test_an_elif_is_not_deeper_than_its_if(bounds: ModuleType, tmp_path: Path) -> None:
    text = "def f(a: int) -> None:\n    'Say.'\n    if a == 0:\n        pass\n"
    text += "".join(f"    elif a == {n}:\n        pass\n" for n in range(1, 5))
    assert found(bounds, tmp_path, HEAD + text) == set()


def test_the_exceptions_are_counted_and_the_budget_only_falls(bounds: ModuleType, root: Path) -> None:
    """More than the budget is refused; less means that the budget must be lowered in the same change."""
    budget = tomllib.loads((root / "tests" / "repo" / "budget.toml").read_text())
    assert dict(bounds.counts(root / "src")) == budget


def test_the_command_fails_on_an_offence(tmp_path: Path, root: Path) -> None:
    (tmp_path / "helpers.py").write_text(HEAD)
    command = [sys.executable, root / "scripts" / "bounds.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "empty-name" in done.stdout
