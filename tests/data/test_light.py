# SPDX-License-Identifier: Apache-2.0
"""Judging data loads no model library: they cost more than a second and 180 MB."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("lightgbm", "sklearn", "pandas", "scipy.stats", "onnxruntime", "numba", "torch", "pyarrow")


def test_the_room_imports_light() -> None:
    modules = "hauberk.data, hauberk.checks.hb_d011_label_leakage"
    code = f"import sys, {modules}; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"
