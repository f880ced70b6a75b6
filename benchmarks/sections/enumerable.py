# SPDX-License-Identifier: Apache-2.0
"""Small domains in which every valid record can be tried: what attacks find, and what is proven, against the true optimum.

Five kinds of model and five seeds; each seed draws a domain of its own with integers, steps, choices, booleans, a one-hot
group, two derived columns, rules, directions and prices, of at most a million points. For each caught record, all records
that the domain allows and the attacker can reach are scored by the model as shipped; the cheapest one that passes is the
optimum.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT / "src"))

import catboost  # noqa: E402 - the number of threads has to be set first
import lightgbm  # noqa: E402 - as above
import numpy as np  # noqa: E402 - as above
import polars as pl  # noqa: E402 - as above
import xgboost  # noqa: E402 - as above
from harness import finish  # noqa: E402 - lies in a folder that is no package
from sklearn.ensemble import (  # noqa: E402 - the number of threads has to be set first
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from hauberk.assess import Budget  # noqa: E402 - as above
from hauberk.attack.evasion import Method, Problem, Result, attack  # noqa: E402 - as above
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule  # noqa: E402 - as above
from hauberk.domain.space import Space  # noqa: E402 - as above
from hauberk.model import ModelView, open_model  # noqa: E402 - as above
from hauberk.stats import rate_interval  # noqa: E402 - as above

QUERIES, VISITS = 1000, 100_000
PASSING = (0.3, 0.15, 0.08, 0.04, 0.02)
"""Share of records that score below the threshold, seed by seed: the lower, the more records cannot get through at all."""

FEATURES = ("a", "b", "c", "d", "flag", "red", "green", "blue", "still", "sum", "product")
MODELS = ("lightgbm", "xgboost", "catboost", "forest", "histogram")


@dataclass(frozen=True)
class Small:
    """A domain that can be enumerated.

    Attributes:
        domain: what is valid.
        values: what each changeable column can hold, in the numbers of the space; the group is one entry.
        rows: records of it.
        events: their labels.
        points: how many points the domain has, valid or not.
    """

    domain: Domain
    values: tuple[list[Any], ...]
    rows: pl.DataFrame
    events: np.ndarray
    points: int


def small(seed: int) -> Small:
    """Draw a domain, and records of it with labels that follow them with noise."""
    rng = np.random.default_rng(1000 + seed)
    high, steps, kinds = int(rng.integers(7, 14)), int(rng.integers(5, 10)), int(rng.integers(3, 6))
    ways = [Direction(rng.choice(["both", "up", "down"])) for _ in range(3)]

    def price() -> Cost:
        fixed, unit = rng.choice([0.0, 0.5, 2.0, 5.0]), rng.choice([0.1, 0.7, 1.3, 2.9])
        return Cost(fixed=float(fixed), per_unit=float(unit))

    who = Actor.APPLICANT
    colours = tuple(
        Column(name=name, kind=Kind.ONE_HOT, changed_by=who, cost=price()) for name in ("red", "green", "blue")
    )
    columns = (
        Column(name="a", kind=Kind.INTEGER, low=0, high=high, changed_by=who, direction=ways[0], cost=price()),
        Column(name="b", kind=Kind.STEP, low=0.0, high=0.5 * steps, step=0.5, changed_by=who, direction=ways[1],
               cost=price()),
        Column(name="c", kind=Kind.CATEGORY, choices=tuple(range(1, kinds + 1)), changed_by=who, cost=price()),
        Column(name="d", kind=Kind.INTEGER, low=0, high=6, changed_by=who, direction=ways[2], cost=price()),
        Column(name="flag", kind=Kind.BOOLEAN, changed_by=who, cost=price()),
        *colours,
        Column(name="still", kind=Kind.INTEGER, low=0, high=9),
        Column(name="sum", kind=Kind.INTEGER, low=0, high=high + 6, derived="a + d"),
        Column(name="product", kind=Kind.NUMERIC, derived="b * (still + 1)"),
    )  # fmt: skip
    rules = (
        Rule(name="enough", says=f"a + b <= still + {high // 2 + 2}"),
        Rule(name="flagged", says=f"flag or d <= {int(rng.integers(3, 6))}"),
        Rule(name="coloured", says="blue = 0 or c >= 2"),
    )
    domain = Domain(
        name=f"small {seed}",
        columns=columns,
        groups=(Group(name="colour", columns=("red", "green", "blue")),),
        rules=rules,
    )
    values = (
        list(range(high + 1)), (0.5 * np.arange(steps + 1)).tolist(), list(range(kinds)), list(range(7)), [0, 1],
        np.eye(3).tolist(),
    )  # fmt: skip
    rows, events = _records(domain, values, rng)
    return Small(domain, values, rows, events, 10 * int(np.prod([len(each) for each in values])))


def _records(
    domain: Domain, values: tuple[list[Any], ...], rng: np.random.Generator
) -> tuple[pl.DataFrame, np.ndarray]:
    n = 1500
    a, b, c, d, flag = (rng.choice(np.array(each), n) for each in values[:5])
    colour, still = rng.integers(0, 3, n), rng.integers(0, 10, n)
    rows = pl.DataFrame(
        {
            "a": a, "b": b, "c": c + 1, "d": d, "flag": flag == 1, "red": (colour == 0) * 1, "green": (colour == 1) * 1,
            "blue": (colour == 2) * 1, "still": still, "sum": a + d, "product": b * (still + 1),
        }
    )  # fmt: skip
    space = Space(domain, FEATURES, rows)
    sound = space.valid(space.encode(rows))
    weight = rng.normal(size=7)
    margin = (
        weight[0] * a / 4 + weight[1] * b + weight[2] * (c == 1) + weight[3] * d / 3 + weight[4] * (flag == 1)
        + weight[5] * colour + 0.3 * still + weight[6] * (a > d) + 0.5 * rng.normal(size=n)
    )  # fmt: skip
    events = (margin > np.quantile(margin, 0.55)).astype(int)
    return rows.filter(pl.Series(sound)), events[sound]


def fitted(name: str, given: Small, seed: int) -> ModelView:
    """A model of one kind, opened as a user opens it."""
    x, y = given.rows.select(FEATURES).cast(pl.Float64).to_numpy(), given.events
    match name:
        case "lightgbm":
            model: Any = lightgbm.LGBMClassifier(
                n_estimators=60, num_leaves=15, n_jobs=1, verbose=-1, random_state=seed
            )
        case "xgboost":
            model = xgboost.XGBClassifier(n_estimators=60, max_depth=5, n_jobs=1, random_state=seed)
        case "catboost":
            model = catboost.CatBoostClassifier(
                iterations=60, depth=5, verbose=0, allow_writing_files=False, random_seed=seed, thread_count=1
            )
        case "forest":
            model = RandomForestClassifier(30, max_depth=8, random_state=seed, n_jobs=1)
        case _:
            model = HistGradientBoostingClassifier(max_iter=60, max_depth=5, random_state=seed)
    return open_model(model.fit(x, y), features=FEATURES, name=name, threads=1)


def optima(problem: Problem, given: Small) -> np.ndarray:
    """Price of the cheapest record that gets through, for each row, by trying all."""
    product = np.array(
        [[a, b, c, d, f, *colour, 0, a + d, 0] for a, b, c, d, f, colour in itertools.product(*given.values)]
    )
    names = problem.ground.names
    still, last, b = names.index("still"), names.index("product"), names.index("b")
    best: list[float] = []
    for origin in problem.origin:
        product[:, still] = origin[still]
        product[:, last] = product[:, b] * (origin[still] + 1)
        allowed = product[problem.ground.valid(product) & problem.ground.reachable(product, origin)]
        scores = problem.model.scores(problem.ground.decode(allowed).select(FEATURES))
        passing = allowed[scores < problem.threshold]
        best.append(float(problem.ground.price(passing, origin).min()) if len(passing) else np.inf)
    return np.array(best)


@dataclass(frozen=True)
class Tried:
    """One model on one domain: the optimum of each row, and what two attacks made of it."""

    model: str
    true: np.ndarray
    trees: Result
    scores: Result
    seconds: tuple[float, float]


def trials(*, quick: bool, seed: int) -> Iterator[Tried]:
    """All models on all domains."""
    for number in range(1 if quick else len(PASSING)):
        given = small(seed + number)
        for name in MODELS:
            model = fitted(name, given, seed + number)
            space = Space(given.domain, FEATURES, given.rows)
            scores = model.scores(given.rows)
            # a forest may score some records 0, and nothing falls below that
            threshold = float(max(np.quantile(scores, PASSING[number]), scores[scores > 0].min()))
            caught = np.flatnonzero((scores >= threshold) & (given.events == 1))[: 10 if quick else 40]
            problem = Problem.of(model, space, threshold, space.encode(given.rows[caught.tolist()]))
            every = np.arange(caught.size)
            model.trees()
            begin = time.process_time()
            by_scores = attack(problem, every, Budget(), np.random.default_rng(seed), queries=QUERIES)
            middle = time.process_time()
            by_trees = attack(
                problem,
                every,
                Budget(),
                np.random.default_rng(seed),
                method=Method.TREES,
                queries=QUERIES,
                visits=VISITS,
            )
            seconds = ((middle - begin) / caught.size, (time.process_time() - middle) / caught.size)
            true = optima(problem, given)
            print(
                f"  {given.domain.name}, {given.points} points, {name}: {np.isfinite(true).sum()} of {true.size} evadable",
                file=sys.stderr,
            )
            yield Tried(name, true, by_trees, by_scores, seconds)


def rows(*, quick: bool, seed: int) -> list[dict[str, Any]]:
    """The figures of this section."""
    tried = list(trials(quick=quick, seed=seed))
    true = np.concatenate([one.true for one in tried])
    lower = np.concatenate([one.trees.lower for one in tried])
    evadable = np.isfinite(true)
    figures: list[dict[str, Any]] = []
    for what, place in (("trees", 1), ("scores", 0)):
        cost = np.concatenate([(one.trees if place else one.scores).cost for one in tried])
        title = f"enumerable domains, by {what}"
        figures += [
            _share(f"{title}: evadable records found", np.isfinite(cost[evadable]), ">= 0.99"),
            _mean(f"{title}: cost over the optimum", _ratio(cost, true), "<= 1.01"),
            _mean(f"{title}: CPU seconds a record", np.array([one.seconds[place] for one in tried]), ""),
        ]
    unsound = int((lower > true * (1 + 1e-9)).sum())
    figures += [
        _row(
            "enumerable domains: proven bounds above the optimum",
            "bounds",
            unsound,
            (unsound, unsound),
            true.size,
            "<= 0",
        ),
        _mean("enumerable domains: optimum over proven bound", _ratio(true, lower), ""),
        _share("enumerable domains: bounds that meet the witness", np.concatenate([_met(one) for one in tried]), ""),
    ]
    if not evadable.all():
        figures.append(_share("enumerable domains: unreachable ones proven so", np.isinf(lower[~evadable]), ""))
    return figures


def _met(one: Tried) -> np.ndarray:
    return np.asarray(one.trees.cost <= one.trees.lower * (1 + 1e-9))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotients of what is finite on both sides; 1 where both are nothing."""
    both = np.isfinite(above) & np.isfinite(below) & ((below > 0) | (above == 0))
    return np.where(above[both] == below[both], 1.0, above[both] / np.where(below[both] > 0, below[both], 1.0))


def _share(name: str, hits: np.ndarray, target: str) -> dict[str, Any]:
    low, high = rate_interval(int(hits.sum()), hits.size)
    return _row(name, "rate", float(hits.mean()), (low, high), hits.size, target)


def _mean(name: str, values: np.ndarray, target: str) -> dict[str, Any]:
    draws = np.random.default_rng(0).choice(values, (2000, values.size)).mean(axis=1)
    unit = "s" if "CPU" in name else "ratio"
    low, high = np.quantile(draws, [0.025, 0.975])
    return _row(name, unit, float(values.mean()), (float(low), float(high)), values.size, target)


def _row(name: str, unit: str, ours: float, ends: tuple[float, float], n: int, target: str) -> dict[str, Any]:
    low, high = (round(end, 5) for end in ends)
    return {"name": name, "unit": unit, "ours": round(ours, 5), "peer": None, "peer_name": "", "ratio": None, "n": n,
            "low": low, "high": high, "target": target}  # fmt: skip


if __name__ == "__main__":
    finish("enumerable", 0, rows(quick="--quick" in sys.argv, seed=0), full=False, facts={})
