# SPDX-License-Identifier: Apache-2.0
"""The same run gives the same bytes in every format, in two processes with other hash seeds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hauberk.report import FORMATS, dump_run, load_run, render

CODE = """
import hashlib, pathlib, sys
from hauberk.report import FORMATS, load_run, render
run = load_run(pathlib.Path(sys.argv[1]).read_bytes())
for name in reversed(FORMATS):
    print(name, hashlib.sha256(render(run, name)).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "4711"])
def test_two_processes_agree(story, hostile, tmp_path, seed):
    for at, run in enumerate((story, hostile)):
        file = tmp_path / f"{at}.json"
        file.write_bytes(dump_run(run))
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(file)],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        told = dict(line.split() for line in done.stdout.splitlines())
        here = load_run(Path(file).read_bytes())
        assert told == {name: hashlib.sha256(render(here, name)).hexdigest() for name in FORMATS}


def test_twice_in_one_process(story):
    for name in FORMATS:
        assert render(story, name) == render(story, name)
