# SPDX-License-Identifier: Apache-2.0
"""Tables that Debian packages of R ship, fetched with `apt-get download`, unpacked, not installed, and checked by digest."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import ROOT, peer_python

CACHE = ROOT / ".benchmarks" / "data"


@dataclass(frozen=True)
class Package:
    """A Debian package, and the tables that are wanted of it."""

    name: str
    version: str
    digest: str
    library: str
    tables: tuple[str, ...]


MLBENCH = Package(
    "r-cran-mlbench", "2.1-3-1", "2f1127f7b5e7d08703b13b52ef1976a0c355a7660d6ac575e29b87b13921bc06", "mlbench",
    ("BreastCancer", "PimaIndiansDiabetes"),
)  # fmt: skip
MODELDATA = Package(
    "r-cran-modeldata", "1.1.0-1", "66c2e08bb4bf695d972b1e72ea44d5af9ada3c42841793d3871017f7b896bf95", "modeldata",
    ("credit_data", "lending_club"),
)  # fmt: skip


def columns(package: Package, table: str) -> dict[str, np.ndarray]:
    """The columns of a table: float64, or text with gaps as empty words."""
    target = CACHE / f"{package.name}-{package.version}.npz"
    if not target.exists():
        _fetch(package, target)
    with np.load(target) as data:
        return {key.partition("/")[2]: data[key] for key in data.files if key.startswith(f"{table}/")}


def _fetch(package: Package, target: Path) -> None:
    folder = CACHE / package.name
    folder.mkdir(parents=True, exist_ok=True)
    wanted = f"{package.name}={package.version}"
    subprocess.run(["apt-get", "download", "--quiet", wanted], cwd=folder, check=True, timeout=300)
    archive = max(folder.glob(f"{package.name}_*.deb"), key=lambda path: path.stat().st_mtime)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.digest:
        raise SystemExit(f"{archive.name} has digest {found}, {package.digest} is wanted")
    subprocess.run(["dpkg-deb", "-x", archive, folder], check=True, timeout=60)
    data = folder / "usr/lib/R/site-library" / package.library / "data"
    job = ROOT / "benchmarks" / "peer_jobs" / "read_rda.py"
    subprocess.run([peer_python("rdata"), job, data, target, *package.tables], check=True, timeout=300)
