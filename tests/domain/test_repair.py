# SPDX-License-Identifier: Apache-2.0
"""Repair under linked rules: what comes back is valid and reachable, and something of the wish is left of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.domain import Domain, Group, Rule, Space, validate

SAYINGS = (
    "a <= b",
    "b <= c",
    "a + b <= c + 40",
    "a + b + c = s",
    "2 * a + 3 * b <= 5 * c + 20",
    "a / b <= 3",
    "c / (b + 1) >= 0.1",
    "a * b <= 600",
    "abs(m * a - s) <= a + 90",
    "m <= greatest(a, b, c)",
    "least(a, b) <= m + 5",
    "greatest(a, b) <= c + 30",
    "abs(a - b) <= 12",
    "implies(a > 0, b > 0)",
    "implies(k = 'x', m >= 3)",
    "implies(g1 = 1, a + b >= 4)",
    "if(a > 10, b > 5, b <= 30)",
    "k IN ('x', 'y') OR m < 20",
    "a <> b OR c > 2",
    "m BETWEEN a - 30 AND b + 30",
    "d >= 10 OR k <> 'z'",
    "coalesce(n, 0) <= c + 5",
    "f = (a > 3)",
    "round(m) <= c + 25",
    "sqrt(a + 1) <= b + 3",
)


def small_domain(make_column, names: list[int], *, upward: bool) -> Domain:
    way = "up" if upward else "both"
    free = {"changed_by": "applicant"}
    columns = [
        *(make_column(name, "integer", low=0, high=40, direction=way, **free) for name in "ab"),
        make_column("c", "integer", low=0, high=60, **free),
        make_column("s", "integer", low=0, high=150, **free),
        make_column("m", "numeric", low=-5, high=60, **free),
        make_column("n", "numeric", low=0, high=40, nullable=True, **free),
        make_column("d", "step", low=0, high=30, step=2.5, **free),
        make_column("k", "category", choices=("x", "y", "z"), **free),
        make_column("f", "boolean", **free),
        *(make_column(f"g{at}", "one_hot", **free) for at in range(3)),
        make_column("half", "numeric", low=-100, high=70, derived="a + 0.5 * c - 3"),
        make_column("still", "integer", low=0, high=9),
    ]
    rules = tuple(Rule(name=f"r{at}", says=SAYINGS[at]) for at in names)
    groups = (Group(name="g", columns=("g0", "g1", "g2")),)
    return Domain(name="small", columns=tuple(columns), rules=rules, groups=groups)


def small_rows(rng: np.random.Generator, n: int) -> pl.DataFrame:
    a, b, c = (rng.integers(0, top, n) for top in (25, 25, 40))
    which = rng.integers(0, 3, n)
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "c": c,
            "s": a + b + c,
            "m": rng.uniform(-5, 40, n),
            "n": pl.Series(rng.uniform(0, 40, n)).set(pl.Series(rng.random(n) < 0.3), None),
            "d": rng.integers(0, 12, n) * 2.5,
            "k": rng.choice(["x", "y", "z"], n),
            "f": a > 3,
            **{f"g{at}": (which == at).astype(np.int8) for at in range(3)},
            "half": a + 0.5 * c - 3,
            "still": rng.integers(0, 10, n),
        }
    )


def wild(space: Space, start: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    step = rng.normal(size=start.shape) * space.scales * 10.0 ** rng.uniform(-2, 0.5, start.shape)
    share = rng.choice([0.1, 0.3, 1.0])
    return np.where(rng.random(start.shape) < share, start + step, start)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(st.integers(0, len(SAYINGS) - 1), min_size=1, max_size=len(SAYINGS), unique=True),
    upward=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_valid_origin_gives_valid_reachable_rows_that_stay_as_they_are(make_column, names, upward, seed) -> None:
    rng = np.random.default_rng(seed)
    domain = small_domain(make_column, names, upward=upward)
    rows = small_rows(rng, 400)
    rows = rows.filter(pl.Series(validate(domain, rows).valid)).head(60)
    if not rows.height:
        return
    space = Space(domain, rows.columns, rows)
    start = space.encode(rows)
    assert np.array_equal(space.project(start, start), start, equal_nan=True)
    found = space.project(wild(space, start, rng), start)
    assert space.valid(found).all()
    assert space.reachable(found, start).all()
    assert validate(domain, space.decode(found)).valid.all()
    assert np.array_equal(space.project(found, start), found, equal_nan=True)
    part = rng.permutation(len(start))[: max(len(start) // 3, 1)]
    assert np.array_equal(space.project(found[part], start[part]), found[part], equal_nan=True)
    assert (space.strain(found).amount == 0.0).all()


@settings(max_examples=20, deadline=None)
@given(names=st.lists(st.integers(0, len(SAYINGS) - 1), min_size=1, max_size=6, unique=True), seed=st.integers(0, 99))
def test_origins_that_break_rules_come_back_mended_or_as_they_were(make_column, names, seed) -> None:
    rng = np.random.default_rng(seed)
    domain = small_domain(make_column, names, upward=False)
    rows = small_rows(rng, 60)
    space = Space(domain, rows.columns, rows)
    start = space.encode(rows)
    found = space.project(wild(space, start, rng), start)
    same = ((found == start) | (np.isnan(found) & np.isnan(start))).all(axis=1)
    assert (space.valid(found) | same).all()
    assert space.reachable(found, start).all()


@pytest.fixture(scope="module")
def flows():
    path = Path(__file__).parents[2] / "benchmarks" / "parts" / "flows.py"
    spec = importlib.util.spec_from_file_location("flows", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_most_wishes_survive_hundreds_of_linked_rules(flows, upward, count) -> None:
    """At least 95 % of random proposals end in a valid row that differs from its origin, and none in an invalid one."""
    domain = flows.flow_domain(12, upward=upward)
    rows = flows.flow_rows(300, 12, seed=3)
    assert len(domain.rules) > 200
    assert validate(domain, rows).valid.all()
    space = Space(domain, rows.columns, rows)
    start = space.encode(rows)
    rng = np.random.default_rng(count)
    chosen = np.where(space.mutable, rng.random(start.shape), 2.0).argsort(axis=1).argsort(axis=1) < count
    step = np.maximum(
        np.abs(rng.normal(size=start.shape)) * space.scales * 10.0 ** rng.uniform(-2, 0.3, start.shape), 1
    )
    wish = np.where(chosen & space.mutable, start + step, start)
    found = space.project(wish, start)
    assert validate(domain, space.decode(found)).valid.all()
    assert space.reachable(found, start).all()
    assert np.array_equal(space.project(found, start), found, equal_nan=True)
    group = [space.names.index(name) for name in ("kind_office", "kind_server", "kind_phone")]
    live = chosen.copy()
    live[:, group] = False  # a wish that raises a column that is 1 already is none
    differs = (found != start) & ~(np.isnan(found) & np.isnan(start))
    assert differs.any(axis=1)[live.any(axis=1)].mean() >= 0.95


def test_a_total_follows_its_parts_through_a_chain(make_column) -> None:
    """One part grows; its total, the total's other split and an order that hangs on it follow."""
    columns = tuple(
        make_column(name, "integer", low=0, high=100, changed_by="applicant", direction="up") for name in "abtxyw"
    )
    rules = (
        Rule(name="parts", says="a + b = t"),
        Rule(name="split", says="x + y = t"),
        Rule(name="order", says="x <= w"),
    )
    domain = Domain(name="chain", columns=columns, rules=rules)
    rows = pl.DataFrame({"a": [3], "b": [4], "t": [7], "x": [5], "y": [2], "w": [5]})
    space = Space(domain, rows.columns, rows)
    start = space.encode(rows)
    wish = start.copy()
    wish[0, 0] = 13
    found = space.decode(space.project(wish, start)).row(0, named=True)
    assert found["a"] == 13
    assert found["t"] == found["x"] + found["y"] == found["a"] + found["b"] == 17
    assert found["x"] <= found["w"]


def test_less_of_a_change_is_taken_where_most_of_it_is_left(make_column) -> None:
    columns = tuple(make_column(name, "numeric", low=0, high=100, changed_by="applicant") for name in "ab")
    domain = Domain(name="order", columns=columns, rules=(Rule(name="order", says="a <= b"),))
    rows = pl.DataFrame({"a": [10.0, 10.0], "b": [50.0, 50.0]})
    space = Space(domain, ["a", "b"], rows)
    start = space.encode(rows)
    found = space.project(np.array([[60.0, 50.0], [100.0, 12.0]]), start)
    assert found[0].tolist() == [50.0, 50.0]  # 40 of 50 are left
    assert found[1, 0] == pytest.approx(found[1, 1])
    assert 12.0 < found[1, 1] < 50.0  # both gave way


def test_strain_points_to_where_rules_hold(make_column) -> None:
    columns = (
        *(make_column(name, "numeric", low=0, high=100, changed_by="applicant") for name in "ab"),
        make_column("w", "text"),
        make_column("twice", "numeric", derived="2 * a"),
    )
    rules = (
        Rule(name="sum", says="a + b <= 20"),
        Rule(name="word", says="w = 'yes'"),
        Rule(name="derived", says="twice >= 10"),
        Rule(name="product", says="a * b >= 8"),
    )
    domain = Domain(name="s", columns=columns, rules=rules)
    rows = pl.DataFrame({"a": [30.0, 1.0], "b": [10.0, 4.0], "w": ["yes", "no"], "twice": [60.0, 2.0]})
    space = Space(domain, rows.columns, rows)
    found = space.strain(space.encode(rows))
    amount = dict(zip(found.keys, found.amount.T.tolist(), strict=True))
    assert amount["rule.sum"][0] > 0.0
    assert amount["rule.sum"][1] == 0.0
    assert amount["rule.word"] == [0.0, 1.0]
    assert amount["rule.derived"] == [0.0, pytest.approx(8.0 / (2.0 * space.scales[0]))]
    assert found.blind.tolist() == [False, True]
    assert (found.slope[0, :2] > 0.0).all()  # both push the sum up
    assert (found.slope[1, :2] < 0.0).all()  # more of both helps the product, more of a the derived column


@settings(max_examples=40, deadline=None)
@given(names=st.lists(st.integers(0, len(SAYINGS) - 1), min_size=1, max_size=8, unique=True), seed=st.integers(0, 999))
def test_strain_is_zero_exactly_where_the_rules_hold_and_falls_along_its_slope(make_column, names, seed) -> None:
    rng = np.random.default_rng(seed)
    domain = small_domain(make_column, names, upward=False)
    rows = small_rows(rng, 80)
    space = Space(domain, rows.columns, rows)
    start = space.encode(rows)
    found = space.strain(start)
    broken = validate(domain, rows).broken
    for key, amount in zip(found.keys, found.amount.T, strict=True):
        assert np.array_equal(amount > 0.0, broken[key]), key
    smooth = [space.names.index(name) for name in "abcsm"]
    length = np.linalg.norm(found.slope[:, smooth] * space.scales[smooth], axis=1)
    step = np.zeros(start.shape)
    step[:, smooth] = -found.slope[:, smooth] * space.scales[smooth] ** 2 * 1e-7
    moved = start + step / np.where(length > 0.0, length, 1.0)[:, None]
    moved[:, space.names.index("half")] = moved[:, 0] + 0.5 * moved[:, 2] - 3
    fall = found.amount.sum(axis=1) - space.strain(moved).amount.sum(axis=1)
    # the slope is that of the sum; where nothing else starts to break, the sum falls
    steady = (space.strain(moved).amount[found.amount == 0.0] == 0.0).all() and not found.blind.any()
    assert not steady or (fall[length > 1e-9] > -1e-12).all()
