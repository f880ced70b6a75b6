# SPDX-License-Identifier: Apache-2.0
"""Forty command lines, each with its exit code, its stdout and its stderr, held against `transcripts.md`.

What changes from run to run (times, digests, run names, folders) is replaced by a word in brackets. After a change that
is meant, `HAUBERK_WRITE_TRANSCRIPTS=1 pytest tests/cli/test_transcripts.py` writes the file again; read its diff.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from hauberk.cli.main import run

HERE = Path(__file__).parent
PINNED = HERE / "transcripts.md"
CASES = {case["name"]: case for case in tomllib.loads((HERE / "transcripts.toml").read_text())["case"]}
WRITE = bool(os.environ.get("HAUBERK_WRITE_TRANSCRIPTS"))

REPLACED = [
    (r"— \S+ [A-Za-z0-9+/=]{60,}", "— [name] [signature]"),
    (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "[run]"),
    (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", "[time]"),
    (r"sha256:[0-9a-f]{64}", "[digest]"),
    (r"sha256:[0-9a-f]{6,12}…", "[digest]"),
    (r"\b[0-9a-f]{64}\b", "[root]"),
    (r"\b[0-9a-f]{32}\b", "[fingerprint]"),
    (r"hauberk/loans/[0-9a-f]{8}", "hauberk/loans/[log]"),
    (r"[\w.-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", "[key]"),
    (r"\b\d+\.\d s\b", "[seconds]"),
    (r"\b[A-Za-z0-9+/]{43}=", "[root]"),
    (r"signed by \S+", "signed by [name]"),
    (r"Python 3\.\d+\.\d+[^,\n]*", "Python [version]"),
]


def normal(text: str, root: Path) -> str:
    """Replace what changes from run to run."""
    text = text.replace(str(root), "[project]").replace(str(root.parent), "[parent]")
    for pattern, word in REPLACED:
        text = re.sub(pattern, word, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def prepare(project: Path, steps: list[str]) -> None:
    """Bring the project into the state that a case needs."""
    for step in steps:
        verb, _, rest = step.partition(" ")
        name, _, text = rest.partition(" ")
        path = project / name
        if verb == "write":
            path.write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
        elif verb == "append":
            with path.open("ab") as file:
                file.write(text.encode())
        elif verb == "truncate":
            path.write_bytes(path.read_bytes()[: int(text)])
        elif verb == "remove":
            path.unlink()
        elif verb == "mkdir":
            path.mkdir()
        elif verb == "replace":
            old, _, new = text.partition(" => ")
            content = path.read_text()
            assert old in content, f"{name} holds no {old!r}"
            path.write_text(content.replace(old, new))
        elif verb == "run":
            assert run(rest.split()) in {0, 1, 4}
        else:
            raise AssertionError(f"unknown step {step!r}")


def transcript(project: Path, case: dict[str, object], capfd: pytest.CaptureFixture[str]) -> str:
    """Run one case and return it as text."""
    words = str(case["words"]).split()
    capfd.readouterr()
    code = run(words)
    captured = capfd.readouterr()
    out, err = normal(captured.out, project), normal(captured.err, project)
    parts = [f"## case: {case['name']}", "", "```text", f"$ hauberk {case['words']}", f"exit {code}"]
    if out:
        parts += ["--- stdout", out]
    if err:
        parts += ["--- stderr", err]
    return "\n".join([*parts, "```", ""])


@pytest.fixture(scope="session")
def written() -> dict[str, str]:
    """Transcripts written in this session, by name."""
    return {}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_command_line_says_what_is_pinned(
    name: str, project: Path, capfd: pytest.CaptureFixture[str], written: dict[str, str]
) -> None:
    case = CASES[name]
    prepare(project, case.get("before", []))
    found = transcript(project, case, capfd)
    assert f"exit {case['code']}\n" in found, found
    if WRITE:
        written[name] = found
        PINNED.write_text("# Transcripts\n\n" + "\n".join(written[key] for key in sorted(written)))
    assert found in PINNED.read_text(), found


def test_there_are_forty_and_all_are_pinned() -> None:
    assert len(CASES) >= 40
    pinned = set(re.findall(r"^## case: (.*)$", PINNED.read_text(), flags=re.MULTILINE))
    assert pinned == set(CASES)
