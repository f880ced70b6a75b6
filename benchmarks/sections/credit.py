# SPDX-License-Identifier: Apache-2.0
"""Evasion of the demo's credit model: Hauberk beside ART's HopSkipJump with its feature mask, on the same records.

Both attack the same defaulters that the model declines, at the business threshold, and may change the same columns.
HopSkipJump knows decisions alone, ranges and the mask; Hauberk's attack by decisions is its counterpart, and the attack by
scores stands beside. An evasion counts as valid if the domain accepts the record and the attacker can reach it. ART's
records are judged as it returned them, and once more after every whole-number column was rounded, which is the kindest
repair that keeps within the mask. Costs are the domain's prices. CPU seconds are those of the attack alone, one thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import numpy as np  # noqa: E402 - the number of threads has to be set first
import polars as pl  # noqa: E402 - as above
from harness import peer_python  # noqa: E402 - lies in a folder that is no package

from hauberk.app.demo.train import split, train  # noqa: E402 - as above
from hauberk.assess import Budget  # noqa: E402 - as above
from hauberk.attack.evasion import Method, Problem, attack  # noqa: E402 - as above
from hauberk.domain import Space, load_domain, validate  # noqa: E402 - as above
from hauberk.model import open_model  # noqa: E402 - as above
from hauberk.stats.interval import quantile_interval, rate_interval  # noqa: E402 - as above

DEMO = ROOT / "src" / "hauberk" / "app" / "demo"
QUERIES, COPY_QUERIES = 1000, 25


class Clocked:
    """A scorer that keeps the CPU time spent in it."""

    def __init__(self, scorer):
        self.scorer, self.seconds = scorer, 0.0

    def __call__(self, frame):
        begin = time.process_time()
        try:
            return self.scorer(frame)
        finally:
            self.seconds += time.process_time() - begin


def prepare(folder: Path, count: int, seed: int):
    """Train the demo's model on its split and pick `count` caught, valid defaulters of the holdout."""
    clients = pl.read_parquet(DEMO / "credit.parquet")
    fit, holdout = split(clients, share=0.3, seed=seed)
    fit.write_parquet(folder / "train.parquet")
    holdout.write_parquet(folder / "holdout.parquet")
    trained = train(folder / "train.parquet", folder / "holdout.parquet", seed=seed)
    (folder / "model.txt").write_text(trained.text)
    model = open_model(folder / "model.txt", threads=1)
    domain = load_domain(DEMO / "domain.toml")
    caught = (holdout["default"].to_numpy() == 1) & (model.scores(holdout) >= trained.threshold)
    sound = holdout.filter(pl.Series(caught & validate(domain, holdout).valid))
    rows = sound.sample(n=min(count, sound.height), seed=seed)
    space = Space(domain, model.features, sound)
    problem = Problem.of(replace(model, scorer=Clocked(model.scorer)), space, trained.threshold, space.encode(rows))
    return problem, domain, rows, trained


def judge(problem: Problem, domain, rows: pl.DataFrame, found: np.ndarray):
    """Which records evade, which of those are valid and reachable, and what they cost."""
    names, space = list(problem.model.features), problem.ground
    columns = [space.names.index(name) for name in names]
    points = problem.origin.copy()
    points[:, columns] = found
    # scored with the numbers as returned, whole or not: a deployed model would be asked in the original types
    as_given = pl.DataFrame({name: points[:, space.names.index(name)] for name in names})
    evades = problem.model.scorer.scorer(as_given) < problem.threshold
    whole = as_given.with_columns(rows.select(pl.exclude(names)).get_columns())
    good = validate(domain, whole).valid & space.reachable(points, problem.origin)
    return evades, evades & good, space.price(points, problem.origin)


def figures(name: str, evades, valid, cost, queries, seconds: float) -> dict:
    """One attack's line of the result."""
    n, claimed = evades.size, int(evades.sum())
    line = {"attack": name, "n": n, "claimed": claimed, "valid": int(valid.sum())}
    line["valid_share"] = valid.sum() / claimed if claimed else None
    line["valid_interval"] = rate_interval(int(valid.sum()), claimed) if claimed else None
    line["rate"] = valid.mean()
    line["rate_interval"] = rate_interval(int(valid.sum()), n)
    line["cost"] = quantile_interval(cost[valid]) if valid.any() else None
    line["claimed_cost"] = quantile_interval(cost[evades]) if claimed else None
    line["queries"] = quantile_interval(np.asarray(queries, dtype=float))
    line["cpu_s_per_row"] = seconds / n
    return line


def ours(problem: Problem, domain, rows, method: Method, seed: int, queries: int = QUERIES) -> dict:
    budget, clock = Budget(), problem.model.scorer
    clock.seconds, begin, wall = 0.0, time.process_time(), time.perf_counter()
    result = attack(
        problem, np.arange(rows.height), budget, np.random.default_rng(seed), method=method, queries=queries
    )
    seconds, wall = time.process_time() - begin, time.perf_counter() - wall
    spent = clock.seconds
    columns = [problem.ground.names.index(name) for name in problem.model.features]
    evades, valid, cost = judge(problem, domain, rows, result.witness[:, columns])
    assert np.array_equal(evades, result.evaded)
    line = figures(f"Hauberk by {method.value}, {queries} queries", evades, valid, cost, result.queries, seconds)
    return {**line, "first": quantile_interval(result.first[result.evaded].astype(float)), "wall_s": wall,
            "model_share": spent / seconds}  # fmt: skip


def peer(problem: Problem, domain, rows, folder: Path, max_iter: int, seed: int) -> list[dict]:
    names = list(problem.model.features)
    at = [problem.ground.names.index(name) for name in names]
    low = np.array([domain.column(name).low or 0.0 for name in names])
    high = np.array([domain.column(name).high or len(domain.column(name).choices) - 1.0 for name in names])
    source, target = folder / f"art{max_iter}.npz", folder / f"art{max_iter}.out.npz"
    np.savez(source, rows=problem.origin[:, at], mask=problem.ground.mutable[at], low=low, span=high - low,
             threshold=problem.threshold, model=str(folder / "model.txt"), max_iter=max_iter, seed=seed)  # fmt: skip
    command = [peer_python("art"), ROOT / "benchmarks" / "peer_jobs" / "art_hopskipjump.py", source, target]
    subprocess.run([str(part) for part in command], check=True, timeout=3600, stdout=sys.stderr)
    out = np.load(target)
    lines = []
    for title, found in (("", out["found"]), (", rounded", np.rint(out["found"]))):
        evades, valid, cost = judge(problem, domain, rows, found)
        name = f"ART HopSkipJump, {max_iter} iterations{title}"
        lines.append(figures(name, evades, valid, cost, out["queries"], float(out["seconds"].sum())))
    return lines


def compared(name: str, unit: str, mine: dict, other: dict, key: str, target: str = "") -> dict:
    """One row of the last line: our figure, the peer's, and our interval."""

    def value(line):
        return line[key][0] if isinstance(line[key], tuple | list) else line[key]

    ends = {"valid_share": "valid_interval", "rate": "rate_interval"}.get(key)
    interval = mine[ends] if ends else mine[key][1:] if isinstance(mine[key], tuple | list) else (None, None)
    a, b = plain(value(mine)), plain(value(other))
    return {"name": name, "unit": unit, "ours": a, "peer": b, "peer_name": other["attack"],
            "ratio": b / a if a and b is not None else None, "n": mine["n"], "low": plain(interval[0]),
            "high": plain(interval[1]), "target": target}  # fmt: skip


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """Attack the records of the demo, and return the figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        problem, domain, records, _ = prepare(folder, 20 if quick else 200, seed)
        labels, scores, random = (
            ours(problem, domain, records, method, seed) for method in (Method.LABELS, Method.SCORES, Method.RANDOM)
        )
        copy, chance = (
            ours(problem, domain, records, method, seed, COPY_QUERIES) for method in (Method.TRANSFER, Method.RANDOM)
        )
        best, rounded = peer(problem, domain, records, folder, 5 if quick else 50, seed)
    return [
        compared("credit: valid share of reported evasions", "rate", labels, best, "valid_share", ">= 1"),
        compared("credit: the same, peer rounded", "rate", labels, rounded, "valid_share", ">= 1"),
        compared("credit: evaded by a valid record, decisions alone", "rate", labels, best, "rate"),
        compared("credit: evaded, decisions alone, peer rounded", "rate", labels, rounded, "rate"),
        compared("credit: evaded by a valid record, scores", "rate", scores, rounded, "rate"),
        compared("credit: median cost of valid evasions, decisions alone", "TWD", labels, rounded, "cost"),
        compared("credit: median cost of valid evasions, scores", "TWD", scores, rounded, "cost"),
        compared("credit: median cost of valid evasions, scores, beside chance", "TWD", scores, random, "cost"),
        compared("credit: queries a record, median, decisions alone", "queries", labels, best, "queries"),
        compared("credit: CPU seconds a record, decisions alone", "s", labels, best, "cpu_s_per_row"),
        compared("credit: CPU seconds a record, scores", "s", scores, best, "cpu_s_per_row"),
        compared("credit: evaded by way of a copy", "rate", copy, chance, "rate"),
        compared("credit: median cost by way of a copy", "TWD", copy, chance, "cost"),
        compared("credit: queries a record by way of a copy", "queries", copy, chance, "queries"),
    ]


def plain(value):
    """The same with Python's own numbers, for JSON."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
