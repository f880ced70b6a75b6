# SPDX-License-Identifier: Apache-2.0
"""Where a run takes place: versions, processor and threads, as far as results may rest on them."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from hauberk import __version__
from hauberk.core.run import Environment

_ARITHMETIC = (
    "numpy",
    "scipy",
    "polars",
    "numba",
    "scikit-learn",
    "lightgbm",
    "onnxruntime",
    "xgboost",
    "xgboost-cpu",
    "catboost",
)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return named.get("model name", platform.machine())


def environment() -> Environment:
    """Describe this process's environment."""
    found = {package: _version(package) for package in _ARITHMETIC}
    return Environment(
        hauberk=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu(),
        threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        packages={package: version for package, version in found.items() if version},
    )
