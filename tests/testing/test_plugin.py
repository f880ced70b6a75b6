# SPDX-License-Identifier: Apache-2.0
"""The pytest plug-in in real pytest runs: found through its entry point, silent where unused, plain where it is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import venv
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
    import pytest

    TERMS = dict(rows=40, queries=60)


    def test_too_many_get_through(assert_robust, hauberk_project):
        assert_robust(hauberk_project, max_evasion=0.1, **TERMS)


    def test_a_generous_limit(assert_robust, hauberk_project):
        found = assert_robust(hauberk_project, max_evasion=0.2, at_cost=0, **TERMS)
        assert found.evaded == 0


    def test_nothing_to_attack(assert_robust, hauberk_project):
        model, X, y, domain = hauberk_project.parts
        assert_robust(model, X, y * 0, domain, max_evasion=0.1, **TERMS)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with Hauberk as an editable install, and all else from the one that runs this.

    Metadata and entry points are those of the wheel; the code is this tree's, whose compiled kernels are cached beside it.
    """
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    place = folder / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    site = next(path for path in map(Path, sys.path) if (path / "pytest").is_dir())
    # third-party packages of this environment, without its own Hauberk: that comes from the wheel
    for package in site.iterdir():
        if "hauberk" not in package.name and package.name != "__pycache__" and package.suffix != ".pth":
            (place / package.name).symlink_to(package)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place, [name for name in archive.namelist() if ".dist-info/" in name])
    (place / "hauberk.pth").write_text(f"{ROOT / 'src'}\n")
    return folder / "venv" / "bin" / "python"


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))}
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def used(project: Path) -> Path:
    """A project with a test file that uses the fixtures."""
    (project / "test_model.py").write_text(textwrap.dedent(TESTS))
    return project


def test_without_use_it_prints_nothing_and_loads_nothing_heavy(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\n\ndef test_it():\n    heavy = {'numpy', 'polars', 'scipy', 'lightgbm', 'hauberk.stats'}\n"
        "    assert not heavy & set(sys.modules)\n    assert 'hauberk.testing.plugin' in sys.modules\n"
    )
    done = run(python, tmp_path, "-W", "error", "--strict-markers", "--strict-config")
    assert done.returncode == 0, done.stdout
    assert "auberk" not in done.stdout


def test_failures_show_figures_and_the_command_that_repeats_them(python: Path, used: Path) -> None:
    done = run(python, used, "-W", "error", "--hauberk-seed", "3", "--junit-xml", "out.xml")
    assert done.returncode == 1, done.stdout
    assert "2 failed, 1 passed" in done.stdout
    assert "95 % interval" in done.stdout
    again = "python -m pytest test_model.py::test_too_many_get_through --hauberk-seed 3"
    assert again in done.stdout
    assert "robustness is unknown, which is no pass" in done.stdout
    assert "hauberk/attack" not in done.stdout, "the frames of the engine stand in the trace"
    summary = done.stdout.partition("Hauberk: events that get through")[2]
    assert "test_a_generous_limit: within the limit: 0 of" in summary
    assert "test_too_many_get_through: not robust:" in summary
    assert "test_nothing_to_attack: unknown" in summary
    assert "seed 3" in summary
    assert not list(ET.parse(used / "out.xml").iter("property")), "JUnit carries what nobody asked it to"
    repeated = run(python, used, *again.split()[3:])
    line = next(line for line in summary.splitlines() if "too_many" in line)
    assert line in repeated.stdout


def test_it_works_across_processes_and_into_junit(python: Path, used: Path) -> None:
    (used / "pytest.ini").write_text("[pytest]\nhauberk_junit = true\n")
    done = run(python, used, "-n", "2", "--junit-xml", "out.xml")
    assert "2 failed, 1 passed" in done.stdout, done.stdout
    assert "test_a_generous_limit: within the limit: 0 of" in done.stdout
    properties = {
        case.get("name"): [json.loads(each.get("value", "")) for each in case.iter("property")]
        for case in ET.parse(used / "out.xml").iter("testcase")
    }
    (facts,) = properties["test_a_generous_limit"]
    assert facts["evaded"] == 0
    assert facts["high"] <= facts["max_evasion"] == 0.2
    assert properties["test_nothing_to_attack"] == [{"outcome": "unknown"}]


def test_marker_and_setting_name_the_project(python: Path, used: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "tests"
    elsewhere.mkdir()
    body = "def test_it(hauberk_project):\n    assert hauberk_project.domain.name == 'loans'\n"
    (elsewhere / "test_setting.py").write_text(body)
    (elsewhere / "test_marker.py").write_text(
        f"import pytest\n\n\n@pytest.mark.hauberk_config('{used}/hauberk.toml')\n{body}"
    )
    done = run(python, elsewhere, "--strict-markers")
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "there is no project file here" in done.stdout
    assert "hauberk/app" not in done.stdout, "the frames of the engine stand in the trace"
    (elsewhere / "pytest.ini").write_text(f"[pytest]\nhauberk_config = {used}\n")
    assert run(python, elsewhere, "test_setting.py").returncode == 0
    assert not (used / ".hauberk").exists(), "a test wrote into the project"
