# SPDX-License-Identifier: Apache-2.0
"""The numeric view: what it returns is valid and reachable, and it says what `validate` says."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import ConfigError, UsageError
from hauberk.domain import Cost, Domain, Group, Rule, Space, validate

HOSTILE = np.array([np.nan, np.inf, -np.inf, -1.0, 0.0, -0.0, 0.5, 1.0, 3.0, 1e9, -1e9, 1e308, 2.0**53])


@pytest.fixture(scope="module")
def space(card_domain, cards):
    return Space(card_domain, cards.columns, cards)


def proposals(space: Space, start: np.ndarray, seed: int, hostility: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wild = start + rng.normal(0, 1, start.shape) * space.scales * 10.0 ** rng.uniform(-3, 1, start.shape)
    wild = np.where(rng.random(start.shape) < 0.5, start, wild)
    return np.where(rng.random(start.shape) < hostility, rng.choice(HOSTILE, start.shape), wild)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hostility=st.sampled_from([0.0, 0.05, 0.3, 1.0]))
def test_projected_rows_are_valid_and_reachable(space, card_domain, cards, seed, hostility) -> None:
    start = space.encode(cards)
    found = space.project(proposals(space, start, seed, hostility), start)
    assert space.valid(found).all()
    assert space.reachable(found, start).all()
    assert validate(card_domain, space.decode(found)).valid.all()
    assert np.array_equal(space.project(found, start), found, equal_nan=True)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_sampled_rows_are_valid_reachable_and_new(space, card_domain, cards, seed) -> None:
    start = space.encode(cards)[:100]
    found = space.sample(start, np.random.default_rng(seed), 10)
    assert found.shape == (100, 10, len(space.names))
    flat, origin = found.reshape(-1, len(space.names)), np.repeat(start, 10, axis=0)
    assert space.valid(flat).all()
    assert space.reachable(flat, origin).all()
    assert validate(card_domain, space.decode(flat)).valid.all()
    assert (flat != origin).any(axis=1).mean() > 0.9
    again = space.sample(start, np.random.default_rng(seed), 10)
    assert np.array_equal(found, again, equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hostility=st.sampled_from([0.0, 0.02, 0.2]))
def test_space_and_validate_give_one_verdict(space, card_domain, cards, seed, hostility) -> None:
    """On anything that the table's own data types can hold."""
    wild = proposals(space, space.encode(cards), seed, hostility)
    rows = space.decode(np.where(np.isfinite(wild), np.rint(np.clip(wild, -1e15, 1e15)), wild))
    assert np.array_equal(space.valid(space.encode(rows)), validate(card_domain, rows).valid)


def test_valid_rows_come_back_as_they_are(space, cards) -> None:
    start = space.encode(cards)
    assert space.valid(start).all()
    assert np.array_equal(space.project(start, start), start)
    assert space.decode(start).equals(cards.select(space.names))
    assert (space.price(start, start) == 0.0).all()


def test_repair_moves_a_linked_column_instead_of_giving_up(space, cards) -> None:
    """A bill above 1.5 limits is brought down to it, not back to where it was."""
    start = space.encode(cards)
    at = space.names.index
    wish = start.copy()
    wish[:, at("bill_amt1")] = 1.9 * start[:, at("limit_bal")]
    only_bills = Space(space.domain, cards.columns, cards, actors=["applicant"])
    found = only_bills.project(wish, start)
    assert np.array_equal(found[:, at("bill_amt1")], 1.5 * start[:, at("limit_bal")])
    assert np.array_equal(found[:, at("use")], np.full(len(found), 1.5))
    assert np.array_equal(
        found[:, at("owed")] - start[:, at("owed")], found[:, at("bill_amt1")] - start[:, at("bill_amt1")]
    )


def test_an_insider_raises_the_limit_where_the_applicant_cannot(space, cards) -> None:
    start = space.encode(cards)
    assert space.mutable[space.names.index("limit_bal")]
    assert not Space(space.domain, cards.columns, cards, actors=["applicant"]).mutable[space.names.index("limit_bal")]
    assert not Space(space.domain, cards.columns, cards, actors=[]).mutable.any()
    alone = Space(space.domain, cards.columns, cards, actors=[])
    assert np.array_equal(alone.sample(start[:3], np.random.default_rng(0), 2), np.repeat(start[:3, None], 2, axis=1))


def test_direction_binds(space, cards) -> None:
    start = space.encode(cards)
    at = space.names.index("pay_1")
    up, down = start.copy(), start.copy()
    up[:, at] += 1
    down[:, at] -= 1
    assert not space.reachable(up, start).any()
    assert space.reachable(down, start).all()
    assert (space.project(up, start)[:, at] == start[:, at]).all()
    levels = space.levels(at, start[0])
    assert (levels <= start[0, at]).all()
    assert set(levels) <= set(space.levels(at))
    with pytest.raises(UsageError, match="one row"):
        space.levels(at, start[:2])


def test_price_is_fixed_plus_units_plus_effort(card_domain, space, cards) -> None:
    start = space.encode(cards)
    at = space.names.index
    moved = start.copy()
    moved[:, at("pay_amt1")] += 100
    moved[:, at("education")] = (moved[:, at("education")] + 1) % 7
    assert np.allclose(space.price(moved, start), 100 * 1.0 + 200)
    house = start[start[:, at("home_rent")] == 1]
    bought = house.copy()
    bought[:, at("home_rent")] = 0
    bought[:, at("home_own")] = 1
    assert np.allclose(space.price(bought, house), 1000)
    assert space.reachable(bought, house).all()
    assert space.valid(bought).all()


def test_groups_stay_one_hot(space, cards) -> None:
    start = space.encode(cards)
    at = [space.names.index(name) for name in ("home_own", "home_rent", "home_other")]
    wish = start.copy()
    wish[:, at[0]] = 1.0
    found = space.project(wish, start)
    assert (found[:, at].sum(axis=1) == 1).all()
    assert (found[:, at[0]] == 1).all()
    assert tuple(at) in space.blocks


def small(make_column, **fields) -> Domain:
    columns = (
        make_column("c", "category", choices=("a", "b", "d"), nullable=True, changed_by="applicant"),
        make_column("b", "boolean", changed_by="applicant", direction="up"),
        make_column("t", "date", low=18262.0, high=20000.0, changed_by="applicant"),
        make_column("w", "text", max_length=10),
        make_column("x", "numeric", low=0.0, high=1.0, nullable=True, changed_by="applicant"),
        make_column("s", "step", low=0.5, high=9.0, step=0.25, changed_by="merchant"),
    )
    return Domain(name="small", columns=columns, **fields)


ROWS = pl.DataFrame(
    {
        "c": ["a", "b", None, "d"],
        "b": [False, True, True, False],
        "t": [dt.date(2020, 1, 1), dt.date(2021, 2, 3), dt.date(2022, 3, 4), dt.date(2023, 4, 5)],
        "w": ["hi", "ho", "hi", "he"],
        "x": [0.0, 0.25, None, 1.0],
        "s": [0.5, 0.75, 9.0, 1.0],
    }
)


def test_every_kind_round_trips(make_column) -> None:
    space = Space(small(make_column), ROWS.columns, ROWS)
    matrix = space.encode(ROWS)
    assert space.decode(matrix).equals(ROWS)
    assert space.valid(matrix).all()
    assert np.isnan(matrix[2, 0])
    found = space.sample(matrix, np.random.default_rng(0), 50).reshape(-1, 6)
    origin = np.repeat(matrix, 50, axis=0)
    assert space.valid(found).all()
    assert space.reachable(found, origin).all()
    rows = space.decode(found)
    assert rows.schema == ROWS.schema
    assert validate(space.domain, rows).valid.all()
    assert rows["c"].null_count() > 0
    assert (found[:, 1] >= origin[:, 1]).all()
    assert np.array_equal(found[:, 3], origin[:, 3])


@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b", "d", "zz"])], ids=["string", "categorical", "enum"]
)
def test_an_unseen_choice_is_invalid_and_never_a_crash(make_column, dtype) -> None:
    space = Space(small(make_column), ROWS.columns, ROWS.with_columns(pl.col("c").cast(dtype)))
    strange = ROWS.with_columns(c=pl.Series(["zz", "a", None, "d"]).cast(dtype))
    matrix = space.encode(strange)
    assert matrix[0, 0] == -1
    assert space.valid(matrix).tolist() == [False, True, True, True]
    assert np.array_equal(space.project(matrix, matrix), matrix, equal_nan=True)
    assert space.decode(matrix)["c"].dtype == dtype


def test_numbers_as_categories_and_floats_in_them(make_column) -> None:
    domain = Domain(name="n", columns=(make_column("k", "category", choices=(3, 1, 7), changed_by="applicant"),))
    rows = pl.DataFrame({"k": [1.0, 3.0, -0.0, float("nan"), 7.0]})
    space = Space(domain, ["k"], rows)
    assert space.encode(rows)[:, 0].tolist() == [1.0, 0.0, -1.0, -1.0, 2.0]
    assert validate(domain, rows).valid.tolist() == [True, True, False, False, True]
    assert space.decode(np.array([[0.0], [1.0], [2.0]]))["k"].to_list() == [3.0, 1.0, 7.0]


def test_nan_is_not_null(make_column) -> None:
    rows = pl.DataFrame({"p": [1.0, float("nan"), None], "q": [1.0, float("nan"), None]})
    domain = Domain(
        name="n",
        columns=(
            make_column("p", "numeric", nan=True, changed_by="applicant"),
            make_column("q", "numeric", nullable=True, changed_by="applicant"),
        ),
    )
    verdict = validate(domain, rows)
    assert verdict.counts == {"p.null": 1, "q.finite": 1}
    space = Space(domain, ["p", "q"], rows.head(1))
    matrix = space.encode(rows)
    assert space.valid(matrix)[0]
    assert not space.valid(matrix)[1]  # q holds NaN, which is infinity in the matrix
    back = space.decode(np.array([[np.nan, np.nan]]))
    assert back["p"].is_nan()[0]
    assert back["q"].is_null()[0]


def test_data_types_bound_the_space(make_column) -> None:
    """What an Int8 or a float32 cannot hold is not offered."""
    domain = Domain(
        name="n",
        columns=(
            make_column("i", "numeric", changed_by="applicant"),
            make_column("f", "numeric", low=0.1, high=0.7, changed_by="applicant"),
        ),
    )
    rows = pl.DataFrame({"i": pl.Series([0, 5], dtype=pl.Int8), "f": pl.Series([0.5, 0.25], dtype=pl.Float32)})
    space = Space(domain, ["i", "f"], rows)
    start = space.encode(rows)
    found = space.project(np.array([[1000.0, 5.0], [2.4, 0.0]]), start)
    assert found[:, 0].tolist() == [127.0, 2.0]
    back = space.decode(found)
    assert np.array_equal(space.encode(back), found)
    assert validate(domain, back).valid.all()


def test_rules_over_texts_categories_and_dates(make_column) -> None:
    rules = (
        Rule(name="old_d", says="implies(c = 'd', t >= DATE '2023-01-01')"),
        Rule(name="word", says="regexp_like(w, '^h') OR b"),
        Rule(name="null_says_nothing", says="x >= 0.2 OR c <> 'b'"),
    )
    domain = small(make_column, rules=rules)
    space = Space(domain, ROWS.columns, ROWS)
    start = space.encode(ROWS)
    assert space.valid(start).all()
    wish = start.copy()
    wish[:, 0] = 2.0
    found = space.project(wish, start)
    assert space.valid(found).all()
    assert np.array_equal(space.valid(wish), validate(domain, space.decode(wish)).valid)


def test_features_pull_in_what_they_are_tied_to(card_domain, cards) -> None:
    space = Space(card_domain, ["use", "sex"], cards)
    assert space.names[:2] == ("use", "sex")
    assert {"bill_amt1", "limit_bal", "pay_1", "pay_2", "owed"} <= set(space.names)
    less = Space(card_domain, ["use", "sex"], cards.drop("limit_bal"))
    assert "use.derived" in less.unchecked
    assert "limit_bal" not in less.names


def test_derivations_follow_chains_and_free_rounding(make_column) -> None:
    domain = Domain(
        name="chain",
        columns=(
            make_column("a", "integer", low=0, high=10, changed_by="applicant"),
            make_column("twice", "integer", low=0, high=12, derived="a * 2"),
            make_column("root", "numeric", derived="sqrt(twice)"),
            make_column("big", "boolean", derived="twice > 5"),
        ),
    )
    rows = pl.DataFrame({"a": [1, 4], "twice": [2, 8], "root": [2**0.5, 8**0.5], "big": [False, True]})
    assert validate(domain, rows).valid.all()
    space = Space(domain, ["root", "big"], rows)
    start = space.encode(rows)
    wish = start.copy()
    wish[:, space.names.index("a")] = 9.0
    back = space.decode(space.project(wish, start))
    assert back["a"].to_list() == [6, 6]  # twice is at most 12
    assert validate(domain, back.select(rows.columns)).valid.all()


def test_a_sum_that_must_hold_moves_a_partner(make_column) -> None:
    domain = Domain(
        name="sum",
        columns=tuple(make_column(n, "integer", low=0, high=100, changed_by="applicant") for n in "abc"),
        rules=(Rule(name="hundred", says="a + b + c = 100"), Rule(name="order", says="a <= b")),
    )
    rows = pl.DataFrame({"a": [10, 20], "b": [50, 40], "c": [40, 40]})
    space = Space(domain, ["a", "b", "c"], rows)
    start = space.encode(rows)
    found = space.sample(start, np.random.default_rng(1), 200).reshape(-1, 3)
    assert (found.sum(axis=1) == 100).all()
    assert (found[:, 0] <= found[:, 1]).all()
    assert (found != np.repeat(start, 200, axis=0)).any(axis=1).mean() > 0.5


def test_an_invalid_origin_that_cannot_be_mended_comes_back(card_domain, space, cards) -> None:
    start = space.encode(cards)
    start[:, space.names.index("age")] = 7.0
    assert not space.valid(start).any()
    assert np.array_equal(space.project(start + 1.0, start), start)


def test_empty_matrices_and_wrong_shapes(space, cards) -> None:
    empty = np.empty((0, len(space.names)))
    assert space.project(empty, empty).shape == empty.shape
    assert space.valid(empty).shape == (0,)
    assert space.decode(empty).height == 0
    with pytest.raises(UsageError, match="shape"):
        space.valid(np.zeros((2, 3)))
    with pytest.raises(UsageError, match="go together"):
        space.project(space.encode(cards)[:3], space.encode(cards)[:2])
    with pytest.raises(UsageError, match="lack"):
        space.encode(cards.drop("age"))


def test_refusals(card_domain, cards, make_column) -> None:
    with pytest.raises(ConfigError, match="did you mean 'age'"):
        Space(card_domain, ["agee"], cards)
    with pytest.raises(UsageError, match="lack the feature"):
        Space(card_domain, ["age"], cards.drop("age"))
    with pytest.raises(ConfigError, match="declared as integer"):
        Space(card_domain, ["age"], cards.with_columns(pl.col("age").cast(pl.String)))


def test_spaces_travel_between_processes(card_domain) -> None:
    assert pickle.loads(pickle.dumps(card_domain)) == card_domain


def test_a_group_that_may_be_empty(make_column) -> None:
    columns = tuple(make_column(f"k_{n}", "one_hot", changed_by="applicant", cost=Cost(fixed=5)) for n in "ab")
    domain = Domain(name="g", columns=columns, groups=(Group(name="k", columns=("k_a", "k_b"), empty=True),))
    rows = pl.DataFrame({"k_a": [True, False, False], "k_b": [False, True, False]})
    space = Space(domain, ["k_a", "k_b"], rows)
    start = space.encode(rows)
    assert space.valid(start).all()
    assert not space.valid(np.ones((1, 2)))[0]
    cleared = space.project(np.zeros((3, 2)), start)
    assert (cleared == 0).all()
    assert space.price(cleared, start).tolist() == [5.0, 5.0, 0.0]


def test_a_group_with_members_that_cannot_be_changed(make_column) -> None:
    columns = (
        make_column("k_a", "one_hot"),
        make_column("k_b", "one_hot", changed_by="applicant"),
        make_column("k_c", "one_hot", changed_by="applicant"),
        make_column("k_d", "one_hot", changed_by="applicant", direction="down"),
    )
    names = tuple(column.name for column in columns)
    domain = Domain(name="g", columns=columns, groups=(Group(name="k", columns=names),))
    rows = pl.DataFrame({"k_a": [0, 1, 0], "k_b": [1, 0, 1], "k_c": [0, 0, 0], "k_d": [0, 0, 0]})
    space = Space(domain, names, rows)
    start = space.encode(rows)
    wish = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    found = space.project(wish, start)
    assert found[0].tolist() == [0.0, 0.0, 1.0, 0.0]  # a cannot rise, c can
    assert found[1].tolist() == [1.0, 0.0, 0.0, 0.0]  # a holds the group
    assert found[2].tolist() == [0.0, 1.0, 0.0, 0.0]  # d can only fall
    assert space.reachable(found, start).all()
    assert space.valid(found).all()


def test_null_is_reached_only_where_both_directions_are_free(make_column) -> None:
    columns = tuple(
        make_column(
            f"x_{way}",
            "numeric",
            low=0,
            high=9,
            nullable=True,
            changed_by="applicant",
            direction=way,
            cost=Cost(fixed=3),
        )
        for way in ("both", "up", "down", "none")
    )
    domain = Domain(name="n", columns=columns)
    names = [column.name for column in columns]
    rows = pl.DataFrame({name: [4.0, None] for name in names})
    space = Space(domain, names, rows)
    start = space.encode(rows)
    found = space.project(np.full((2, 4), np.nan), start)
    assert np.isnan(found[0]).tolist() == [True, False, False, False]
    assert np.isnan(found[1]).all()
    assert space.price(found, start).tolist() == [3.0, 0.0]
    filled = space.project(np.full((2, 4), 5.0), start)
    assert filled[0].tolist() == [5.0, 5.0, 4.0, 4.0]
    assert filled[1, 0] == 5.0
    assert np.isnan(filled[1, 1:]).all()
    assert space.reachable(filled, start).all()
    assert space.mutable.tolist() == [True, True, True, False]
