# SPDX-License-Identifier: Apache-2.0
"""What the tests about the repository share."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


def load_script(name: str) -> ModuleType:
    """Import a file of scripts/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"hauberk_script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bounds() -> ModuleType:
    """The measure of the house bounds."""
    return load_script("bounds")


@pytest.fixture(scope="session")
def blocks() -> ModuleType:
    """The reader of fenced code blocks."""
    return load_script("blocks")


@pytest.fixture(scope="session")
def pages() -> ModuleType:
    """The writer of generated documentation pages."""
    return load_script("pages")


@pytest.fixture(scope="session")
def figures() -> ModuleType:
    """The writer of the README's figures."""
    return load_script("figures")


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that git would commit, tracked or new."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        check=True,
        timeout=60,
    )
    names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    return [root / name for name in names if (root / name).is_file()]
