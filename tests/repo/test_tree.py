# SPDX-License-Identifier: Apache-2.0
"""What must not stand in the repository: machine paths, registry hosts, unfinished marks, notes on its making."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

# Each pattern is written so that it does not match itself.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(?:work|root|home/[a-z]+|Users/\w+)/[\w.]",
    "a registry host": r"(?:pypi|pythonhosted|npmjs|deb\.debian|pytorch)\.(?:org|com)/(?:simple|packages|debian|whl)",
    "an unfinished mark": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
    "a note about its making": r"(?i)co-author[e]d-by|\b(?:cla[u]de|anthr[o]pic|chat[g]pt|copi[l]ot|sub-?ag[e]nts?)\b",
    "a merge left half-way": r"^(?:<{7} |>{7} )",
}
BINARY = {".parquet", ".png", ".jpg", ".gif", ".npz", ".onnx", ".ico", ".woff2"}


def texts(tracked: list[Path]) -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in tracked if path.suffix not in BINARY]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_tree_holds_no(what: str, tracked: list[Path], root: Path) -> None:
    pattern = re.compile(FORBIDDEN[what], flags=re.MULTILINE)
    hits = [
        f"{path.relative_to(root)}: {match.group()!r}"
        for path, text in texts(tracked)
        if (match := pattern.search(text))
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("a path of one machine", "/home/" + "ada/project"),
        ("a registry host", "pypi." + "org/simple"),
        ("an unfinished mark", "# TO" + "DO later"),
        ("a note about its making", "Co-Author" + "ed-By: x"),
    ],
)
def test_each_pattern_finds_its_sample(what: str, sample: str) -> None:
    assert re.search(FORBIDDEN[what], sample)


def test_no_commit_message_speaks_of_its_making(root: Path) -> None:
    log = subprocess.run(
        ["git", "log", "--format=%B"], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert re.findall(FORBIDDEN["a note about its making"], log.stdout) == []


def test_every_python_file_names_its_licence(tracked: list[Path], root: Path) -> None:
    bare = [
        str(path.relative_to(root))
        for path in tracked
        if path.suffix == ".py" and not path.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n")
    ]
    assert bare == []


def test_no_file_is_larger_than_it_needs_to_be(tracked: list[Path], root: Path) -> None:
    large = [str(path.relative_to(root)) for path in tracked if path.stat().st_size > 4_000_000]
    assert large == []


def test_the_prose_is_british(tracked: list[Path], root: Path) -> None:
    american = re.compile(
        r"\b(?:analyz|organiz|recogniz|summariz|normaliz|serializ|penaliz|initializ)\w+|\b(?:color|behavior|artifact)s?\b"
    )
    hits = []
    for path in tracked:
        if path.suffix == ".md" and path.relative_to(root).parts[0] != "tests":
            prose = re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|<[^>]*>", "", path.read_text(), flags=re.DOTALL)
            hits += [f"{path.relative_to(root)}: {match.group()}" for match in american.finditer(prose)]
    assert hits == []


def test_the_version_stands_in_one_place_and_in_the_changelog(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    version = re.search(r'__version__ = "([\d.]+)"', (root / "src/hauberk/__init__.py").read_text())
    assert version
    assert f"## {version.group(1)}" in (root / "CHANGELOG.md").read_text()


def test_the_licence_is_whole(root: Path) -> None:
    licence = (root / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert "CC BY 4.0" in (root / "NOTICE").read_text()
