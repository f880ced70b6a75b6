# SPDX-License-Identifier: Apache-2.0
"""The cheapest evasion of a forest in an L-infinity ball: exact search beside Veritas, and both bounds where time is short.

Small models (4 to 80 trees) are solved by both on the same LightGBM file and the same rows; the distances must agree, and
each must have a witness that the library itself lets through. The large one is a fraud-like XGBoost model (300 trees of
depth 6, 30 columns, 3 % events, attacked on events that it catches), made from synthetic data: what is measured there is how
far apart the proven lower and the witnessed upper bound are, and what a row costs.
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

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import lightgbm  # noqa: E402 - the number of threads has to be set first
import numpy as np  # noqa: E402 - as above
import polars as pl  # noqa: E402 - as above
from harness import peer_python, row  # noqa: E402 - lies in a folder that is no package
from sections.labels import _mean, _plain, _tables, _victim  # noqa: E402 - as above
from sklearn.datasets import make_classification  # noqa: E402 - as above

from hauberk.attack.certify import Bracket, Choices, bracket_many, norm_choices  # noqa: E402 - as above
from hauberk.attack.evasion import Problem  # noqa: E402 - as above
from hauberk.attack.evasion.ball import Box  # noqa: E402 - as above
from hauberk.model import open_model  # noqa: E402 - as above
from hauberk.model.forest import Forest  # noqa: E402 - as above

SOLVE = 5_000_000
"""Node visits a row that may be spent on the small models; none needs them all."""

GREEDY = 200_000
"""Node visits a row of the short search whose upper bound is held against the exact optimum."""

LARGE = 20_000_000
"""Node visits a row on the large model: well under a CPU second."""

REPORT = 2_000_000
"""Node visits a row when 2,000 rows are to be reported in ten minutes."""

STEPS, PATIENCE, LONG = 30, 60.0, 10.0
"""Bisection steps of the peer, and seconds a row that it may take on the small models and on the large one."""

GUARD = 5e-7
"""How far the peer steps over a threshold: in single precision, examples nearer do not get through."""


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """Compare on all models, and return the figures."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, x, y, trees, leaves in _tables(quick):
            victim = _victim(
                Path(temporary), name, x, y, trees=trees, leaves=leaves, count=10 if quick else 40, seed=seed
            )
            found += _small(victim, Path(temporary), seed)
    return found + _large(2 if quick else 20, 20 if quick else 400, seed)


def _timed(forest: Forest, choices: list[Choices], cut: float, visits: int) -> tuple[list[Bracket], float]:
    begin = time.process_time()
    found = bracket_many(forest, choices, cut=cut, visits=visits)
    return found, (time.process_time() - begin) / len(choices)


def _small(victim: Any, folder: Path, seed: int) -> list[dict[str, Any]]:
    problem, name = victim.problem, victim.name
    forest, origin = problem.model.trees().forest, problem.origin
    choices = [norm_choices(forest, one, norm="linf") for one in origin]
    bracket_many(forest, choices[:1], cut=0.0, visits=SOLVE)
    exact, seconds = _timed(forest, choices, 0.0, SOLVE)
    greedy, short = _timed(forest, choices, 0.0, GREEDY)
    upper = np.array([one.upper for one in exact])
    solved = np.array([one.exact for one in exact])
    witnessed = np.array([_evades(problem, one.witness) for one in exact])
    peer = _veritas(problem, victim.path, folder, PATIENCE)
    theirs = np.isfinite(peer["distance"])
    both = solved & np.isfinite(upper) & theirs
    gap = float(np.abs(upper[both] - peer["distance"][both]).max(initial=0.0))
    n, who = len(origin), "Veritas 0.3.1, 30 steps"
    forest_gap = np.abs(forest.margins(origin)[:, 0] - _margins(victim.path, origin)).max()
    ends = np.array([one.upper for one in greedy])[both] / upper[both]
    return [
        _plain(f"exact, {name}: solved and witnessed", "rate", float((solved & witnessed).mean()),
               float(theirs.mean()), who, ">= 1", n),
        _plain(f"exact, {name}: greatest difference of distances", "range", gap, None, "", "<= 1e-06", int(both.sum())),
        _plain(f"exact, {name}: error of margins", "margin", float(forest_gap), float(peer["gap"]), who, "", n),
        _plain(f"exact, {name}: CPU a row", "ms", 1000 * seconds, 1000 * float(peer["seconds"].mean()), who, "", n),
        _mean(f"exact, {name}: short search over the optimum", ends, np.ones(ends.size), "", "<= 1.01", seed),
        _plain(f"exact, {name}: CPU a row of the short search", "ms", 1000 * short, None, "", "", n),
    ]  # fmt: skip


def _margins(path: Path, rows_: np.ndarray) -> np.ndarray:
    return np.asarray(lightgbm.Booster(model_file=path).predict(rows_, raw_score=True))


def _evades(problem: Any, witness: np.ndarray | None) -> bool:
    if witness is None:
        return False
    frame = problem.ground.decode(np.asarray(witness, dtype=np.float64)[None, :])
    return bool(problem.model.scores(frame)[0] < problem.threshold)


def _veritas(problem: Any, path: Path, folder: Path, patience: float) -> dict[str, np.ndarray]:
    source, target = folder / "veritas.npz", folder / "veritas.out.npz"
    np.savez(source, rows=problem.origin, model=str(path), start=1.0, steps=STEPS, guard=GUARD, max_time=patience)
    command = [peer_python("veritas"), ROOT / "benchmarks" / "peer_jobs" / "veritas_linf.py", source, target]
    subprocess.run([str(part) for part in command], check=True, timeout=3600, stdout=sys.stderr)
    out = np.load(target)
    evades = np.array([not np.isnan(one).any() and _evades(problem, one) for one in out["examples"]])
    distance = np.abs(out["examples"] - problem.origin).max(axis=1)
    return {"distance": np.where(evades, distance, np.inf), "lower": out["lower"], "seconds": out["seconds"],
            "gap": out["gap"]}  # fmt: skip


def _fraud_like(folder: Path, seed: int) -> tuple[Problem, Path]:
    """A fraud-like XGBoost model and the events that it catches."""
    import xgboost

    k, fit = 30, 35_000
    x, y = make_classification(n_samples=50_000, n_features=k, n_informative=12, n_redundant=6, n_clusters_per_class=4,
                               weights=[0.97], class_sep=1.5, flip_y=0.01, random_state=seed)  # fmt: skip
    low, high = x[:fit].min(axis=0), x[:fit].max(axis=0)
    single = np.clip((x - low) / (high - low), 0.0, 1.0).astype(np.float32)
    model = xgboost.XGBClassifier(n_estimators=300, max_depth=6, learning_rate=0.1, n_jobs=1, random_state=seed,
                                  tree_method="hist")  # fmt: skip
    model.fit(single[:fit], y[:fit])
    path = folder / "fraud.ubj"
    model.save_model(path)
    names = tuple(f"x{at}" for at in range(k))
    view = open_model(path, features=names, threads=1)
    rows_ = single[fit:].astype(np.float64)
    scores = view.scores(pl.DataFrame(rows_, schema=list(names), orient="row"))
    caught = rows_[(scores >= 0.5) & (y[fit:] == 1)]
    return Problem.of(view, Box(names=names, low=np.zeros(k), high=np.ones(k)), 0.5, caught), path


def _large(few: int, many: int, seed: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as temporary:
        problem, path = _fraud_like(Path(temporary), seed)
        forest, caught = problem.model.trees().forest, problem.origin
        peer = _veritas(replace(problem, origin=caught[:few]), path, Path(temporary), LONG)
    choices = [norm_choices(forest, one, norm="linf", low=np.zeros(30), high=np.ones(30)) for one in caught[:many]]
    bracket_many(forest, choices[:1], cut=0.0, visits=1_000_000)
    close, seconds = _timed(forest, choices[:few], 0.0, LARGE)
    report, short = _timed(forest, choices, 0.0, REPORT)
    said = f"Veritas 0.3.1, {LONG:g} s a row"
    theirs = peer["distance"] / peer["lower"]
    theirs = theirs[np.isfinite(theirs)]
    title = f"exact, fraud-like XGBoost 300 x 6, {len(forest.feature)} nodes"
    ratio, wide = _ratios(close), _ratios(report)
    witnessed = np.array([_evades(problem, one.witness) for one in close])
    n, m = len(close), len(report)
    middle = float(np.median([one.upper for one in report]))
    unknown = float(np.mean([one.lower < middle < one.upper for one in report]))
    each = row(f"{title}: rows in ten minutes on two cores, report", "rows", [1200 / short], target=">= 2000")
    return [
        _mean(f"{title}: upper over lower bound", ratio, theirs, said, "<= 1.08", seed),
        _plain(f"{title}: rows with a witness", "rate", float(witnessed.mean()),
               float(np.isfinite(peer["distance"]).mean()), said, ">= 1", n),
        _plain(f"{title}: rows solved", "rate", float(np.mean([one.exact for one in close])), None, "", "", n),
        _plain(f"{title}: CPU a row", "s", seconds, float(peer["seconds"].mean()), said, "<= 1", n),
        _mean(f"{title}: upper over lower bound, report", wide, np.ones(wide.size), "", "", seed),
        _plain(f"{title}: CPU a row, report", "s", short, None, "", "", m),
        _plain(f"{title}: 'robust at the median distance?' unknown, report", "rate", unknown, None, "", "<= 0.02", m),
        {**each, "n": m, "low": None, "high": None},
    ]  # fmt: skip


def _ratios(found: list[Bracket]) -> np.ndarray:
    return np.array([one.upper / one.lower for one in found if np.isfinite(one.upper) and one.lower > 0])
