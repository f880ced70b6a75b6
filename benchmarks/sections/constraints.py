# SPDX-License-Identifier: Apache-2.0
"""Repair under hundreds of linked rules: what random proposals become, judged by the domain's own validation.

A table of traffic summaries of 397 columns with 584 rules, one group and one derived column; in one version its counts and
sums can only grow, in the other both directions are open. Proposals change one, three, a tenth or all of the changeable
columns. A proposal counts if ranges and directions alone leave something of it.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
for folder in ("benchmarks", "benchmarks/parts", "src"):
    sys.path.insert(0, str(ROOT / folder))

import numpy as np  # noqa: E402 - the number of threads has to be set first
from flows import flow_domain, flow_rows  # noqa: E402 - lies in a folder that is no package
from harness import finish, row  # noqa: E402 - as above

from hauberk.domain import Domain, Space, validate  # noqa: E402 - as above

COUNTS = (("1 column", 1.0), ("3 columns", 3.0), ("10 % of the columns", 0.1), ("all columns", 1.0))


@dataclass(frozen=True)
class Outcome:
    """What became of some proposals."""

    differs: float
    invalid: int
    micros: float


def tried(space: Space, free: Space, start: np.ndarray, wish: np.ndarray) -> Outcome:
    """Project proposals and judge them."""
    begin = time.process_time()
    found = space.project(wish, start)
    micros = 1e6 * (time.process_time() - begin) / len(start)
    changeable = space.mutable
    live = (free.project(wish, start) != start)[:, changeable].any(axis=1)
    differs = (found != start)[:, changeable].any(axis=1)
    wrong = ~validate(space.domain, space.decode(found)).valid | ~space.reachable(found, start)
    if not np.array_equal(space.project(found, start), found, equal_nan=True):
        raise SystemExit("a repaired row is repaired again")
    return Outcome(float(differs[live].mean()), int(wrong.sum()), micros)


def proposals(space: Space, start: np.ndarray, rng: np.random.Generator, at: int, *, upward: bool) -> np.ndarray:
    """Random changes of some of the changeable columns."""
    size = COUNTS[at][1]
    lot = np.where(space.mutable, rng.random(start.shape), 2.0)
    chosen = lot.argsort(axis=1).argsort(axis=1) < size if at < 2 else lot < size
    step = rng.normal(size=start.shape) * space.scales * 10.0 ** rng.uniform(-2, 0.3, start.shape)
    if upward:
        step = np.where(rng.random(start.shape) < 0.8, np.abs(step), step)
    step = np.sign(step) * np.maximum(np.abs(step), 1.0)
    return np.where(chosen & space.mutable, start + step, start)


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """The section's rows."""
    ports, n = (8, 200) if quick else (32, 2000)
    found: dict[str, list[Outcome]] = {label: [] for label, _ in COUNTS}
    for upward in (True, False):
        domain = flow_domain(ports, upward=upward)
        frame = flow_rows(n, ports, seed=seed)
        space = Space(domain, frame.columns, frame)
        free = Space(Domain(name="free", columns=domain.columns, groups=domain.groups), frame.columns, frame)
        start = space.encode(frame)
        rng = np.random.default_rng(seed)
        for at, (label, _) in enumerate(COUNTS):
            found[label].append(tried(space, free, start, proposals(space, start, rng, at, upward=upward)))
    part = f"{len(space.names)} columns, {len(domain.rules)} rules"
    lines = [
        line
        for label, outcomes in found.items()
        for line in (
            row(f"{part}: share repaired, {label}", "share", [one.differs for one in outcomes], target=">= 0.95"),
            row(f"{part}: CPU a row, {label}", "µs", [one.micros for one in outcomes]),
        )
    ]
    every = [one.invalid for outcomes in found.values() for one in outcomes]
    return [*lines, row(f"{part}: invalid or unreachable rows", "rows", [float(sum(every))], target="<= 0")]


if __name__ == "__main__":
    finish("constraints", 7, rows(quick="--quick" in sys.argv, seed=7), full=False, facts={})
