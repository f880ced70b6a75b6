# SPDX-License-Identifier: Apache-2.0
"""The box contains what a purse can buy, and neighbours are valid, reachable and paid for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.domain import Actor, Column, Cost, Direction, Domain, Kind, Space, validate
from hauberk.harden.neighbours import neighbours
from hauberk.harden.reach import distance, reach_of

DOMAIN = Domain(
    name="d",
    hour=10.0,
    columns=(
        Column(
            name="whole", kind=Kind.INTEGER, low=0, high=50, changed_by=Actor.APPLICANT, direction=Direction.DOWN,
            cost=Cost(fixed=2.0, per_unit=1.5),
        ),
        Column(
            name="free", kind=Kind.NUMERIC, low=-5.0, high=5.0, changed_by=Actor.MERCHANT, cost=Cost(effort=0.1)
        ),
        Column(
            name="step", kind=Kind.STEP, low=0.0, high=10.0, step=0.25, changed_by=Actor.INSIDER,
            direction=Direction.UP, cost=Cost(per_unit=4.0),
        ),
        Column(name="code", kind=Kind.CATEGORY, choices=(3, 5, 9), changed_by=Actor.APPLICANT, cost=Cost(fixed=7.0)),
        Column(name="fixed", kind=Kind.INTEGER, low=0, high=9),
        Column(name="twice", kind=Kind.NUMERIC, derived="2 * whole"),
    ),
)  # fmt: skip

FEATURES = ("whole", "free", "step", "code", "fixed", "twice")


def rows(seed: int, n: int = 12) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    whole = rng.integers(0, 51, n)
    return pl.DataFrame(
        {
            "whole": whole,
            "free": rng.uniform(-5.0, 5.0, n),
            "step": rng.integers(0, 41, n) * 0.25,
            "code": rng.choice([3, 5, 9], n),
            "fixed": rng.integers(0, 10, n),
            "twice": 2.0 * whole,
        }
    )


@given(st.integers(0, 10_000), st.floats(0.0, 100.0) | st.just(float("inf")))
@settings(max_examples=40, deadline=None)
def test_every_neighbour_that_the_purse_buys_lies_in_the_box(seed: int, purse: float) -> None:
    frame = rows(seed)
    space = Space(DOMAIN, FEATURES, frame)
    matrix = frame.select(FEATURES).to_numpy().astype(float)
    reach = reach_of(DOMAIN, FEATURES, frame, matrix, purse, np.random.default_rng(seed))
    assert (reach.down >= 0.0).all()
    assert (reach.up >= 0.0).all()
    found = space.sample(space.encode(frame), np.random.default_rng(seed + 1), 12)
    for draw in range(found.shape[1]):
        paid = space.price(found[:, draw], space.encode(frame)) <= purse
        values = space.decode(found[:, draw]).select(FEATURES).to_numpy().astype(float)
        inside = (values >= matrix - reach.down - 1e-6) & (values <= matrix + reach.up + 1e-6)
        direct = [at for at, name in enumerate(FEATURES) if name != "twice"]
        assert inside[paid][:, direct].all()


def test_the_box_is_as_narrow_as_the_price_says() -> None:
    frame = pl.DataFrame({"whole": [30], "free": [0.0], "step": [1.0], "code": [5], "fixed": [4], "twice": [60.0]})
    matrix = frame.select(FEATURES).to_numpy().astype(float)
    reach = reach_of(DOMAIN, FEATURES, frame, matrix, 6.5, np.random.default_rng(0))
    # whole: (6.5 - 2) / 1.5 = 3; free: an hour's tenth at 10 an hour, then any distance; step: 6.5 / 4 = 1.5 on the grid
    assert reach.down[0].tolist()[:5] == [3.0, 5.0, 0.0, 0.0, 0.0]
    assert reach.up[0].tolist()[:5] == [0.0, 5.0, 1.5, 0.0, 0.0]
    assert 0.0 < reach.down[0][5] <= 60.0  # what follows from others moves as far as it was seen to
    wide = reach_of(DOMAIN, FEATURES, frame, matrix, 7.0, np.random.default_rng(0))
    assert (wide.down[0][3], wide.up[0][3]) == (2.0, 4.0)


@given(st.floats(0.0, 50.0), st.floats(0.0, 5.0), st.floats(0.01, 5.0))
@settings(max_examples=60, deadline=None)
def test_a_distance_is_paid_for_and_one_more_step_is_not(purse: float, fixed: float, unit: float) -> None:
    column = Column(name="c", kind=Kind.INTEGER, cost=Cost(fixed=fixed, per_unit=unit))
    far = distance(column, purse, 0.0)
    assert far == int(far)
    if far > 0:
        assert fixed + far * unit <= purse * (1 + 1e-6) + 1e-9
    if fixed <= purse:
        assert fixed + (far + 1) * unit > purse * (1 - 1e-6)


@given(st.integers(0, 10_000), st.sampled_from([0.5, 3.0, 12.0, float("inf")]))
@settings(max_examples=25, deadline=None)
def test_neighbours_are_valid_reachable_paid_for_and_few_enough(seed: int, purse: float) -> None:
    frame = rows(seed).with_columns(pl.arange(0, 12).alias("id"))
    space = Space(DOMAIN, FEATURES, frame)
    found = neighbours(space, frame, purse, 3, np.random.default_rng(seed))
    assert found.equals(neighbours(space, frame, purse, 3, np.random.default_rng(seed)))
    if found.height == 0:
        return
    assert validate(DOMAIN, found).valid.all()
    assert found["id"].value_counts()["count"].max() <= 3
    home = space.encode(frame[found["id"].to_list()])
    points = space.encode(found)
    assert space.reachable(points, home).all()
    assert (space.price(points, home) <= purse).all()
    assert ((points != home).any(axis=1)).all()


@pytest.mark.parametrize("purse", [0.0, 0.5])
def test_a_purse_that_buys_nothing_gives_no_neighbour(purse: float) -> None:
    frame = rows(1)
    found = neighbours(Space(DOMAIN, FEATURES, frame), frame, purse, 3, np.random.default_rng(0))
    assert found.height == 0
