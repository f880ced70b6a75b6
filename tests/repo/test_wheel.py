# SPDX-License-Identifier: Apache-2.0
"""The wheel holds all that the package needs and nothing else, and is the same bytes whenever it is built."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py", ".typed"}


def build(folder: Path) -> Path:
    """Build the wheel into a folder, with no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_holds_every_file_of_the_package_and_no_other(names: set[str]) -> None:
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    ours = {name for name in files if "__pycache__" not in name}
    assert {name for name in names if ".dist-info/" not in name} == ours


@pytest.mark.parametrize(
    "ending",
    [
        "/py.typed",
        "/checks/index.json",
        "/demo/credit.parquet",
        "/demo/credit.md",
        ".cedar",
        ".cedarschema",
        ".html.jinja",
        ".css",
    ],
)
def test_it_holds_the_data_that_the_package_reads(names: set[str], ending: str) -> None:
    assert any(name.endswith(ending) for name in names)


def test_it_carries_licence_notice_extras_and_the_command(wheel: Path, names: set[str]) -> None:
    assert {Path(name).name for name in names if ".dist-info/licenses/" in name} == {"LICENSE", "NOTICE"}
    with zipfile.ZipFile(wheel) as archive:
        inside = {Path(name).name: archive.read(name).decode() for name in names if ".dist-info/" in name}
    assert "License-Expression: Apache-2.0" in inside["METADATA"]
    for extra in ("xgboost", "catboost", "onnx", "torch"):
        assert f"Provides-Extra: {extra}" in inside["METADATA"]
    assert "hauberk = hauberk.cli.main:main" in inside["entry_points.txt"]


def test_the_package_works_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = "import hauberk, sys; print(hauberk.__file__); from hauberk.cli.main import run; sys.exit(run(['checks']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))
    assert "HB-D001" in done.stdout


def test_two_builds_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_it_is_small_enough_to_install_without_thought(wheel: Path) -> None:
    assert wheel.stat().st_size < 4_000_000
