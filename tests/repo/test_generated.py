# SPDX-License-Identifier: Apache-2.0
"""Committed files that are generated from code are current, and a stale one is found."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def generated(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hauberk_script_generated", root / "scripts" / "generated.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_index_of_checks_is_generated(generated: ModuleType, root: Path) -> None:
    assert "hauberk.checks.generate" in generated.generators(root / "src")


def test_every_generated_file_is_current(generated: ModuleType, root: Path) -> None:
    assert generated.stale(root / "src") == []


def test_a_stale_file_is_found(generated: ModuleType, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    index = tmp_path / "src" / "hauberk" / "checks" / "index.json"
    index.write_text(index.read_text().replace("HB-D001", "HB-D999", 1))
    assert generated.stale(tmp_path / "src") == ["hauberk/checks/index.json"]
