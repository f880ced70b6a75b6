# SPDX-License-Identifier: Apache-2.0
"""The two tables of the robust boosting paper, in their original order, from a Debian package that ships them.

`r-cran-mlbench` holds Wisconsin breast cancer (699 rows with the patient's number, 683 without gaps) and the Pima diabetes
table (768 rows), both as UCI gave them, so that the paper's split by position can be repeated. The package is fetched
with `apt-get download` and unpacked, not installed; its digest is checked.
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import ROOT, peer_python

PACKAGE = "r-cran-mlbench=2.1-3-1"
DIGEST = "2f1127f7b5e7d08703b13b52ef1976a0c355a7660d6ac575e29b87b13921bc06"
FOLDER = ROOT / ".benchmarks" / "data" / "mlbench"


@dataclass(frozen=True)
class Table:
    """One table as the paper splits it: first 80 % to train, of which a seeded 80 % is fitted, and the rest to test.

    Columns are scaled to [0, 1] by the training rows' extremes.
    """

    name: str
    reach: float
    x: np.ndarray
    y: np.ndarray
    fit: np.ndarray
    tune: np.ndarray
    test: np.ndarray

    @staticmethod
    def of(name: str, reach: float, x: np.ndarray, y: np.ndarray, order: np.ndarray | None = None) -> Table:
        """Split by position, or by a given order of the rows."""
        order = np.arange(len(x)) if order is None else order
        train, test = order[: int(0.8 * len(x))], order[int(0.8 * len(x)) :]
        low, high = x[train].min(axis=0), x[train].max(axis=0)
        # the paper's code shuffles the training rows with numpy's old generator, seed 1
        shuffled = train[np.random.RandomState(1).permutation(len(train))]
        cut = int(0.8 * len(train))
        return Table(name, reach, (x - low) / (high - low), y, shuffled[:cut], shuffled[cut:], test)


def tables() -> list[tuple[str, float, np.ndarray, np.ndarray]]:
    """Name, reach, rows and labels of both tables; fetched on first use."""
    target = FOLDER / "tables.npz"
    if not target.exists():
        _fetch(target)
    data = np.load(target)
    return [
        ("breast cancer", 0.3, data["cancer_x"], data["cancer_y"]),
        ("diabetes", 0.05, data["diabetes_x"], data["diabetes_y"]),
    ]


def _fetch(target: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "--quiet", PACKAGE], cwd=FOLDER, check=True, timeout=300)
    package = next(FOLDER.glob("r-cran-mlbench_*.deb"))
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != DIGEST:
        raise SystemExit(f"{package.name} has digest {found}, {DIGEST} is wanted")
    subprocess.run(["dpkg-deb", "-x", package, FOLDER], check=True, timeout=60)
    job = ROOT / "benchmarks" / "peer_jobs" / "read_rda.py"
    folder = FOLDER / "usr/lib/R/site-library/mlbench/data"
    subprocess.run([peer_python("rdata"), job, folder, target], check=True, timeout=300)
