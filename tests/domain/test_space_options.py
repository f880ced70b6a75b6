# SPDX-License-Identifier: Apache-2.0
"""What a row can become: every offer is allowed and priced as the space prices it, and no allowed value is cheaper."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.domain import Actor, Column, Cost, Direction, Domain, Group, Kind, Rule
from hauberk.domain.space import Space

WHO = Actor.APPLICANT


def domain(*, direction=Direction.BOTH, nullable=False):
    free = Column(
        name="free", kind=Kind.NUMERIC, low=-5.0, high=5.0, changed_by=WHO, direction=direction, nullable=nullable,
        cost=Cost(fixed=1.0, per_unit=2.0),
    )  # fmt: skip
    return Domain(
        name="d",
        hour=30.0,
        columns=(
            free,
            Column(name="whole", kind=Kind.INTEGER, low=0, high=40, changed_by=WHO, cost=Cost(per_unit=0.5)),
            Column(name="step", kind=Kind.STEP, low=0.5, high=6.5, step=0.75, changed_by=WHO, direction=direction,
                   cost=Cost(effort=0.1, per_unit=0.3)),
            Column(name="job", kind=Kind.CATEGORY, choices=("a", "b", "c"), changed_by=WHO, cost=Cost(fixed=7.0)),
            Column(name="flag", kind=Kind.BOOLEAN, changed_by=WHO, cost=Cost(per_unit=4.0)),
            Column(name="red", kind=Kind.ONE_HOT, changed_by=WHO, cost=Cost(fixed=2.0)),
            Column(name="blue", kind=Kind.ONE_HOT, changed_by=WHO, cost=Cost(fixed=3.0)),
            Column(name="small", kind=Kind.INTEGER, low=0, high=9, changed_by=WHO, cost=Cost(per_unit=1.0)),
            Column(name="double", kind=Kind.INTEGER, low=0, high=16, derived="2 * small"),
            Column(name="ratio", kind=Kind.NUMERIC, derived="free / (whole + 1)"),
            Column(name="still", kind=Kind.INTEGER, low=0, high=9),
        ),
        groups=(Group(name="colour", columns=("red", "blue"), empty=True),),
        rules=(Rule(name="small_below_still", says="small <= still + 4"),),
    )  # fmt: skip


def template(seed=0, n=40, *, null=False):
    rng = np.random.default_rng(seed)
    colour = rng.integers(0, 3, n)
    rows = pl.DataFrame(
        {
            "free": rng.uniform(-5, 5, n),
            "whole": rng.integers(0, 41, n),
            "step": 0.5 + 0.75 * rng.integers(0, 9, n),
            "job": rng.choice(["a", "b", "c"], n),
            "flag": rng.random(n) < 0.5,
            "red": (colour == 0).astype(int),
            "blue": (colour == 1).astype(int),
            "small": rng.integers(0, 5, n),
            "still": rng.integers(0, 10, n),
        }
    ).with_columns(double=2 * pl.col("small"), ratio=pl.col("free") / (pl.col("whole") + 1))
    return (
        rows.with_columns(free=pl.when(pl.Series(rng.random(n) < 0.3)).then(None).otherwise(pl.col("free")))
        if null
        else rows
    )


FEATURES = ("free", "whole", "step", "job", "flag", "red", "blue", "double", "ratio", "still")


def edges(seed):
    rng = np.random.default_rng(seed)
    cuts = {
        "free": np.sort(rng.uniform(-6, 6, 7)),
        "whole": np.sort(rng.choice(np.arange(-2.5, 43), 6, replace=False)),
        "step": np.sort(rng.choice(np.r_[0.5 + 0.75 * np.arange(9), rng.uniform(0, 7, 4)], 6, replace=False)),
    }
    return {name: cuts.get(name, np.empty(0)) for name in FEATURES}


def around(row, offer, k):
    points = np.repeat(row[None, :], len(offer.cost), axis=0)
    points[:, list(offer.columns)] = offer.values
    return points


@given(seed=st.integers(0, 999), direction=st.sampled_from(Direction), null=st.booleans())
@settings(max_examples=40, deadline=None)
def test_offers_are_reachable_allowed_and_priced_as_the_space_prices_them(seed, direction, null):
    rows = template(seed, null=null)
    space = Space(domain(direction=direction, nullable=null), FEATURES, rows)
    origin = space.encode(rows)
    options = space.options(edges(seed))
    for row in origin[:12]:
        for offer in options.of(row):
            points = around(row, offer, len(space.names))
            assert offer.cost[0] == 0.0
            assert np.array_equal(points[0], row, equal_nan=True)
            assert np.allclose(space.price(points, row), offer.cost, rtol=1e-12, atol=0)
            assert space.reachable(points, row).all()
            if "double" in [space.names[j] for j in offer.columns]:
                double = points[:, space.names.index("double")]
                assert np.array_equal(double, 2 * points[:, space.names.index("small")])
                assert double.max() <= 16


@given(seed=st.integers(0, 999), direction=st.sampled_from([Direction.BOTH, Direction.UP, Direction.DOWN]))
@settings(max_examples=40, deadline=None)
def test_no_allowed_value_between_two_edges_is_cheaper_than_the_one_offered(seed, direction):
    rows = template(seed)
    space = Space(domain(direction=direction), FEATURES, rows)
    origin, cuts = space.encode(rows), edges(seed)
    options = space.options(cuts)
    rng = np.random.default_rng(seed)
    for row in origin[:6]:
        offers = {offer.columns: offer for offer in options.of(row)}
        for name in ("free", "whole", "step"):
            j = space.names.index(name)
            raw = np.r_[rng.uniform(-7, 45, 300), cuts[name], np.nextafter(cuts[name], -np.inf), np.arange(0, 41)]
            points = np.repeat(row[None, :], len(raw), axis=0)
            points[:, j] = raw
            points = space.project(points, row)
            moved = points[:, j]
            price = space.price(np.where(np.arange(len(row)) == j, points, row), row)
            cell = np.searchsorted(cuts[name], moved, side="right")
            offer = offers.get((j,))
            own = np.searchsorted(cuts[name], row[j], side="right")
            for one in np.unique(cell[cell != own]):
                assert offer is not None
                same = np.searchsorted(cuts[name], offer.values[:, 0], side="right") == one
                assert same.any()
                assert offer.cost[same].min() <= price[cell == one].min() + 1e-12


def test_groups_choices_and_linked_columns_are_listed_whole():
    rows = template()
    space = Space(domain(), FEATURES, rows)
    options = space.options(edges(0))
    origin = space.encode(rows)
    at = space.names.index
    named = {tuple(space.names[j] for j in offer.columns): offer for offer in options.of(origin[0])}
    assert set(named) == {
        ("free",), ("whole",), ("step",), ("job",), ("flag",), ("red", "blue"), ("double", "small"),
    }  # fmt: skip
    assert [space.names[j] for j in options.loose] == ["ratio"]
    assert {tuple(v) for v in named["red", "blue"].values} == {(1, 0), (0, 1), (0, 0)}
    # the rule reads `still`, which nobody changes, so that it prunes what is listed
    still = origin[0, at("still")]
    assert named["double", "small"].values[:, 1].max() == min(8, still + 4)
    few = space.options(edges(0), most=3)
    assert [space.names[j] for j in few.loose] == ["double", "ratio"]


def test_a_group_whose_choice_is_held_by_a_column_that_stays_has_no_offer():
    held = Domain(
        name="d",
        columns=(
            Column(name="red", kind=Kind.ONE_HOT),
            Column(name="blue", kind=Kind.ONE_HOT, changed_by=WHO),
            Column(name="green", kind=Kind.ONE_HOT, changed_by=WHO),
        ),
        groups=(Group(name="colour", columns=("red", "blue", "green")),),
    )
    rows = pl.DataFrame({"red": [1, 0], "blue": [0, 1], "green": [0, 0]})
    space = Space(held, ("red", "blue", "green"), rows)
    options = space.options({name: np.empty(0) for name in space.names})
    origin = space.encode(rows)
    assert options.of(origin[0]) == []
    (offer,) = options.of(origin[1])
    assert {tuple(v) for v in offer.values} == {(1, 0), (0, 1)}


def test_a_missing_value_is_offered_where_it_is_allowed_and_left_where_it_is_held():
    rows = template(null=True)
    space = Space(domain(nullable=True), FEATURES, rows)
    origin, at = space.encode(rows), space.names.index("free")
    options = space.options(edges(1))
    missing = origin[np.isnan(origin[:, at])][0]
    held = origin[~np.isnan(origin[:, at])][0]
    leaving = next(offer for offer in options.of(missing) if offer.columns == (at,))
    assert leaving.cost[1:] == pytest.approx(np.ones(len(leaving.cost) - 1))
    going = next(offer for offer in options.of(held) if offer.columns == (at,))
    assert going.cost[np.isnan(going.values[:, 0])].tolist() == [1.0]
