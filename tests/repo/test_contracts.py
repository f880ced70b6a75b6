# SPDX-License-Identifier: Apache-2.0
"""The import contracts hold, and each of them breaks when it is broken on purpose."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = re.findall(r"\[importlinter:contract:(\w+)\]", (ROOT / ".importlinter").read_text())


def broken(tree: Path) -> set[str]:
    """Lint a copy of the package and return the names of the contracts that do not hold."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "1000", "NO_COLOR": "1"}
    tool = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", tool, "--no-cache", "--no-logo"],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, flags=re.MULTILINE)
    assert len(verdicts) == len(CONTRACTS), done.stdout + done.stderr
    titles = re.findall(r"\[importlinter:contract:(\w+)\]\nname = (.+)", (tree / ".importlinter").read_text())
    names = {title: name for name, title in titles}
    result = {names[title] for title, verdict in verdicts if verdict == "BROKEN"}
    assert done.returncode == int(bool(result)), done.stdout + done.stderr
    return result


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package's code and its contracts in a folder of its own."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=lambda _, names: [n for n in names if n == "__pycache__"])
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def plant(tree: Path, files: dict[str, str]) -> None:
    for name, line in files.items():
        path = tree / "src" / "hauberk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line + "\n")


def test_every_contract_holds_on_the_tree(copy: Path) -> None:
    assert broken(copy) == set()


OFFENCES = {
    "a sibling sees its sibling": ("layers", {"seal/zz.py": "import hauberk.catalog"}),
    "the console sees the command line": ("layers", {"console/zz.py": "import hauberk.cli"}),
    "a room that nobody placed": ("layers", {"attic/__init__.py": "import json"}),
    "the vocabulary uses an array library": ("core", {"core/zz.py": "import numpy"}),
    "a reader can unpickle": ("readers", {"artifact/formats/zz.py": "import pickle"}),
    "a scanner can unpickle through a neighbour": (
        "readers",
        {"artifact/zz.py": "import marshal", "artifact/scan/zz.py": "import hauberk.artifact.zz"},
    ),
    "a scanner starts a program": ("readers", {"artifact/scan/zz.py": "from subprocess import run"}),
    "the command line speaks SQL": ("sql", {"cli/zz.py": "import sqlite3"}),
    "the demo speaks SQL": ("sql", {"app/demo/zz.py": "from sqlalchemy import text"}),
    "a sensor opens a socket": ("deciding", {"watch/zz.py": "import socket"}),
    "an incident asks a server through a neighbour": (
        "deciding",
        {"stats/zz.py": "import urllib.request", "respond/zz.py": "import hauberk.stats.zz"},
    ),
    "the gate reads the clock": ("clockless", {"registry/zz.py": "import time"}),
    "the gate opens a file": ("clockless", {"registry/zz.py": "from pathlib import Path"}),
    "two attacks know each other": (
        "cycles",
        {
            "attack/evasion/zz.py": "import hauberk.attack.poisoning.zz",
            "attack/poisoning/zz.py": "import hauberk.attack.evasion.zz",
        },
    ),
}


@pytest.mark.parametrize("offence", OFFENCES)
def test_breaking_one_contract_on_purpose_breaks_exactly_that_one(copy: Path, offence: str) -> None:
    contract, files = OFFENCES[offence]
    plant(copy, files)
    assert broken(copy) == {contract}


def test_an_upward_import_breaks_the_order(copy: Path) -> None:
    plant(copy, {"stats/zz.py": "import hauberk.cli"})
    # where the upper room already uses the lower one, the same line closes a cycle as well
    assert {"layers"} <= broken(copy) <= {"layers", "cycles"}


def test_each_contract_is_broken_by_some_test() -> None:
    assert {contract for contract, _ in OFFENCES.values()} == set(CONTRACTS)


def test_the_layers_name_every_room() -> None:
    text = (ROOT / ".importlinter").read_text()
    layers = text.partition("layers =\n")[2].partition("\n\n")[0]
    rooms = {path.parent.name for path in (ROOT / "src" / "hauberk").glob("*/__init__.py")}
    assert set(re.findall(r"\w+", layers)) == rooms


def test_the_vocabulary_imports_nothing_but_the_standard_library() -> None:
    """The contract lists libraries by name; this holds for those that nobody thought of."""
    foreign = set()
    for path in (ROOT / "src" / "hauberk" / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign |= {(path.name, name) for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {(file, name) for file, name in foreign if not name.startswith("hauberk.core")} == set()
