# SPDX-License-Identifier: Apache-2.0
"""The entry points of the repository: make's targets, the script of continuous integration, the services."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"help", "demo", "test", "check", "docs", "services", "schemas", "format", "clean"}


def run(*command: str, path: str | None = None, ci: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path or os.environ["PATH"], "CI": ci}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_make_lists_its_targets() -> None:
    done = run("make", "help")
    assert done.returncode == 0
    assert set(re.findall(r"^make (\w+)", done.stdout, flags=re.MULTILINE)) == TARGETS


def test_continuous_integration_runs_the_checks_and_then_the_tests_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make check", "make test"]
    assert "set -euo pipefail" in lines
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_tests_prepare_services_and_torch_first() -> None:
    plan = run("make", "--dry-run", "--always-make", "test").stdout
    order = [
        plan.index(word)
        for word in ("services.sh", "fetch_size.py", "install --quiet  torch==", "--group test", "pytest")
    ]
    assert order == sorted(order)


def narrow(folder: Path, *names: str) -> str:
    """A PATH that holds these programs and no others."""
    for name in names:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_what_cannot_be_installed_is_named_and_fails_only_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    done = run("bash", "scripts/services.sh", path=narrow(tmp_path, "bash", "grep", "id"), ci=ci)
    assert done.returncode == code
    assert "missing:" in done.stderr
    assert "chromium" in done.stderr
    assert "no apt-get" in done.stderr


def test_nothing_is_done_where_everything_is_present(tmp_path: Path) -> None:
    path = narrow(tmp_path, "bash", "grep", "id")
    for name in ("postgres", "redis-server", "chromium"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "fc-list").write_text(
        "#!/bin/sh\nprintf 'DejaVu Sans\\nLiberation Sans\\n'\n".replace("/bin/sh", shutil.which("sh") or "/bin/sh")
    )
    (tmp_path / "fc-list").chmod(0o755)
    done = run("bash", "scripts/services.sh", path=path, ci="true")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to do" in done.stdout
