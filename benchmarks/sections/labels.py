# SPDX-License-Identifier: Apache-2.0
"""Label-only attacks on tree models in an L-infinity ball: Hauberk, ART's HopSkipJump, and the exact optimum beside both.

The same LightGBM model file, the same correctly classified positives, scaled to 0..1 by the training rows; every column may
move, within 0..1. Distances are measured on what was returned and counted where the model as shipped is evaded. The optimum
comes from the exact search over the model's trees; rows that it does not close within its visits, and rows that stand on a
threshold (optimum below 1e-6), are left out of the ratios and counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import lightgbm  # noqa: E402 - the number of threads has to be set first
import numpy as np  # noqa: E402 - as above
import polars as pl  # noqa: E402 - as above
from harness import peer_python, row  # noqa: E402 - lies in a folder that is no package
from parts.paper_tables import tables  # noqa: E402 - as above
from sklearn.datasets import load_breast_cancer  # noqa: E402 - the number of threads has to be set first

from hauberk.assess import Budget  # noqa: E402 - as above
from hauberk.attack.certify import bracket_many, norm_choices  # noqa: E402 - as above
from hauberk.attack.evasion import Method, Problem, attack  # noqa: E402 - as above
from hauberk.attack.evasion.ball import Box  # noqa: E402 - as above
from hauberk.model import open_model  # noqa: E402 - as above
from hauberk.stats.interval import quantile_interval  # noqa: E402 - as above

QUERIES, RESTARTS = 5000, 2
LEAST = 1e-6
ITERATIONS = (10, 50)
VISITS = 200_000
DEMO = ROOT / "src" / "hauberk" / "app" / "demo"


@dataclass(frozen=True)
class Victim:
    """A model, the rows that are attacked, and what the exact search knows of them."""

    name: str
    problem: Problem
    path: Path
    lower: np.ndarray
    upper: np.ndarray


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """Attack the rows of all tables, and return the figures of each."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, x, y, trees, leaves in _tables(quick):
            victim = _victim(
                Path(temporary), name, x, y, trees=trees, leaves=leaves, count=10 if quick else 40, seed=seed
            )
            found += _figures(victim, seed, ITERATIONS[:1] if quick else ITERATIONS, Path(temporary))
    return found


def _tables(quick: bool) -> list[tuple[str, np.ndarray, np.ndarray, int, int]]:
    cancer = load_breast_cancer()
    diabetes = next(one for one in tables() if one[0] == "diabetes")
    listed = [
        ("breast cancer, 4 trees", cancer.data, 1 - cancer.target, 4, 20),
        ("diabetes, 80 trees", diabetes[2], diabetes[3], 80, 15),
    ]
    if not quick:
        clients = pl.read_parquet(DEMO / "credit.parquet")
        frame = clients.drop("default").cast(pl.Float64)
        listed.append(("credit, 60 trees", frame.to_numpy(), clients["default"].to_numpy(), 60, 31))
    return listed


def _victim(
    folder: Path, name: str, x: np.ndarray, y: np.ndarray, *, trees: int, leaves: int, count: int, seed: int
) -> Victim:
    order = np.random.default_rng(seed).permutation(len(x))
    fit, test = order[: int(0.7 * len(x))], order[int(0.7 * len(x)) :]
    low, high = x[fit].min(axis=0), x[fit].max(axis=0)
    scaled = np.clip((x - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0).astype(np.float32).astype(np.float64)
    params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.5 if trees < 10 else 0.1, "seed": seed,
              "num_threads": 1, "verbosity": -1, "deterministic": True}  # fmt: skip
    booster = lightgbm.train(params, lightgbm.Dataset(scaled[fit], label=y[fit]), num_boost_round=trees)
    path = folder / f"{name.partition(',')[0]}.txt"
    booster.save_model(path)
    names = tuple(booster.feature_name())
    model = open_model(path, features=names, threads=1)
    scores = model.scores(pl.DataFrame(scaled[test], schema=list(names), orient="row"))
    caught = scaled[test][(scores >= 0.5) & (y[test] == 1)][:count]
    problem = Problem.of(model, Box(names=names, low=np.zeros(len(names)), high=np.ones(len(names))), 0.5, caught)
    forest = model.trees().forest
    choices = [
        norm_choices(forest, each, norm="linf", low=problem.ground.low, high=problem.ground.high) for each in caught
    ]
    brackets = bracket_many(forest, choices, cut=0.0, visits=VISITS)
    return Victim(name, problem, path, np.array([b.lower for b in brackets]), np.array([b.upper for b in brackets]))


def _figures(victim: Victim, seed: int, iterations: tuple[int, ...], folder: Path) -> list[dict[str, Any]]:
    problem, n = victim.problem, len(victim.problem.origin)
    attack(problem, np.arange(1), Budget(), np.random.default_rng(seed), method=Method.LABELS, queries=256)
    begin = time.process_time()
    mine = attack(
        problem,
        np.arange(n),
        Budget(),
        np.random.default_rng(seed),
        method=Method.LABELS,
        queries=QUERIES,
        restarts=RESTARTS,
    )
    seconds = (time.process_time() - begin) / n
    random = attack(problem, np.arange(n), Budget(), np.random.default_rng(seed), method=Method.RANDOM, queries=QUERIES)
    peers = [_peer(victim, folder, count, seed) for count in iterations]
    title = f"label-only, {victim.name}"
    closed = np.isfinite(victim.upper) & (victim.upper > LEAST) & (victim.upper <= victim.lower * (1.0 + 1e-6) + 1e-12)
    out: list[dict[str, Any]] = []
    for peer in peers:
        name = f"ART HopSkipJump, {peer['iterations']} iterations"
        both = closed & mine.evaded & np.isfinite(peer["distance"])
        if both.any():
            ratio, other = mine.cost[both] / victim.upper[both], peer["distance"][both] / victim.upper[both]
            out.append(
                _mean(f"{title}: distance over the optimum, {peer['iterations']}", ratio, other, name, "<= 1.25", seed)
            )
            middle = row(
                f"{title}: the same, median, {peer['iterations']}", "times", ratio.tolist(), other.tolist(), name
            )
            low, high = quantile_interval(ratio)[1:]
            out.append({**middle, "low": round(low, 3), "high": round(high, 3)})
        shared = mine.evaded & np.isfinite(peer["distance"])
        apart = mine.cost[shared] / peer["distance"][shared].mean()  # of means: a row on a threshold has no ratio
        out.append(
            _mean(
                f"{title}: mean distance over the peer's, {peer['iterations']}",
                apart,
                np.ones(apart.size),
                name,
                "<= 1",
                seed,
            )
        )
        out.append(_plain(f"{title}: questions a row, {peer['iterations']}", "queries", float(mine.queries.mean()),
                          float(peer["queries"].mean()), name, f"<= {QUERIES}", n))  # fmt: skip
        out.append(
            _plain(
                f"{title}: CPU a row, {peer['iterations']}",
                "ms",
                1000 * seconds,
                1000 * peer["seconds"],
                name,
                "<= 20",
                n,
            )
        )
    shared = mine.evaded & random.evaded
    out.append(_mean(f"{title}: mean distance over random search's", mine.cost[shared] / random.cost[shared].mean(),
                     np.ones(int(shared.sum())), "random search, as many questions", "<= 1", seed))  # fmt: skip
    out.append(_plain(f"{title}: rows whose optimum is known", "rate", float(closed.mean()), None, "", "", n))
    return out


def _peer(victim: Victim, folder: Path, iterations: int, seed: int) -> dict[str, Any]:
    problem = victim.problem
    source, target = folder / f"labels{iterations}.npz", folder / f"labels{iterations}.out.npz"
    k = problem.origin.shape[1]
    np.savez(source, rows=problem.origin, mask=np.ones(k), low=np.zeros(k), span=np.ones(k), norm="linf", threshold=0.5,
             model=str(victim.path), max_iter=iterations, seed=seed)  # fmt: skip
    command = [peer_python("art"), ROOT / "benchmarks" / "peer_jobs" / "art_hopskipjump.py", source, target]
    subprocess.run([str(part) for part in command], check=True, timeout=1800, stdout=sys.stderr)
    out = np.load(target)
    evades = problem.model.scores(problem.ground.decode(out["found"])) < problem.threshold
    distance = np.where(evades, problem.ground.price(out["found"], problem.origin), np.inf)
    return {"iterations": iterations, "distance": distance, "queries": out["queries"], "seconds": out["seconds"].mean()}


def _mean(name: str, ours: np.ndarray, peer: np.ndarray, peer_name: str, target: str, seed: int) -> dict[str, Any]:
    """A mean over rows with its bootstrap interval."""
    draws = np.random.default_rng(seed).choice(ours, size=(2000, ours.size)).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    each = row(name, "times", [float(ours.mean())], [float(peer.mean())], peer_name, target)
    return {**each, "n": int(ours.size), "low": round(float(low), 3), "high": round(float(high), 3)}


def _plain(
    name: str, unit: str, ours: float, peer: float | None, peer_name: str, target: str, n: int
) -> dict[str, Any]:
    each = row(name, unit, [ours], [] if peer is None else [peer], peer_name, target)
    return {**each, "n": n, "low": None, "high": None}
