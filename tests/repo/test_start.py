# SPDX-License-Identifier: Apache-2.0
"""Starting costs next to nothing: what importing the package and asking for help load, and how long they take."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "numpy", "polars", "pandas", "scipy", "sklearn", "lightgbm", "onnxruntime", "numba", "sqlalchemy", "torch",
    "jinja2", "xgboost", "catboost", "cryptography", "cedarpy", "narwhals", "vl_convert", "sqlglot",
}  # fmt: skip


def start(code: str) -> tuple[set[str], float]:
    """Run code in a fresh interpreter; return the libraries it loaded and its CPU seconds."""
    show = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return set(json.loads(done.stdout.splitlines()[-1])), seconds


def fastest(code: str, attempts: int = 5) -> float:
    """The least CPU seconds of several starts: noise only ever adds."""
    return min(start(code)[1] for _ in range(attempts))


@pytest.mark.parametrize("room", ["hauberk", "hauberk.core", "hauberk.seal", "hauberk.catalog", "hauberk.cli.main"])
def test_light_rooms_load_no_heavy_library(room: str) -> None:
    loaded, _ = start(f"import {room}")
    allowed = {"cryptography"} if room == "hauberk.seal" else set()
    assert loaded & HEAVY <= allowed


def test_the_vocabulary_loads_nothing_but_the_standard_library() -> None:
    bare, _ = start("pass")
    loaded, _ = start("import hauberk.core, hauberk.core.run, hauberk.core.check, hauberk.core.ports")
    assert {name for name in loaded - bare if name not in sys.stdlib_module_names} == {"hauberk"}


def test_importing_the_package_is_cheap() -> None:
    """The bound is 60 ms; a bare interpreter is taken off and the rest of a busy machine allowed for."""
    assert fastest("import hauberk") - fastest("pass") < 0.060


def test_asking_for_help_is_cheap() -> None:
    """The bound is 120 ms for the whole process on an idle machine; twice that is allowed on a busy one."""
    code = "import sys; from hauberk.cli.main import run; assert run(['--help']) == 0"
    assert fastest(code) < 0.240
