# SPDX-License-Identifier: Apache-2.0
"""Smoothing: the bound against every model it speaks of, certificates against models whose truth is known, and attacks."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from hauberk.attack.certify.smoothing import lower_bound, smooth
from hauberk.attack.certify.smoothing_bound import moved_share, outcomes, reach_of
from hauberk.core.errors import UsageError
from hauberk.domain import Actor, Column, Domain, Group, Kind, Space
from hauberk.model import open_model

FLIP = 0.2


def kernel(state: tuple[int, ...], counts: tuple[int, ...], flip: float) -> dict[tuple[int, ...], float]:
    """Probability of each noisy copy of a row of choices, by the definition."""
    found = {}
    for other in itertools.product(*map(range, counts)):
        parts = [1.0 - flip if a == b else flip / (k - 1) for a, b, k in zip(state, other, counts, strict=True)]
        found[other] = float(np.prod(parts))
    return found


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple),
    flip=st.sampled_from([0.05, 0.2, 0.4]),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_model_over_choices_falls_below_the_bound(counts, flip, seed) -> None:
    """Random models on every state, exact votes at a row and at every other row."""
    rng = np.random.default_rng(seed)
    states = list(itertools.product(*map(range, counts)))
    here = states[int(rng.integers(len(states)))]
    mine = kernel(here, counts, flip)
    ordered = sorted(counts, reverse=True)
    for share_of_ones in (0.3, 0.6, 0.9):
        model = {state: bool(rng.random() < share_of_ones) for state in states}
        share = sum(p for state, p in mine.items() if model[state])
        for there in states:
            turned = sum(a != b for a, b in zip(here, there, strict=True))
            truth = sum(p for state, p in kernel(there, counts, flip).items() if model[state])
            side = outcomes(ordered[:turned], flip)
            assert moved_share(np.array([share]), np.array([0.0]), side)[0] <= truth + 1e-12


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), counts=st.lists(st.integers(2, 3), max_size=2).map(tuple))
def test_no_model_of_half_spaces_falls_below_the_bound(seed, counts) -> None:
    """For each state of the choices another half-space of the numbers: exact votes here and at moved rows."""
    rng = np.random.default_rng(seed)
    states = list(itertools.product(*map(range, counts)))
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    cut = {state: float(rng.normal()) * 2.0 for state in states}

    def votes(at: float, state: tuple[int, ...]) -> float:
        return sum(p * float(special.ndtr(cut[other] - at)) for other, p in kernel(state, counts, FLIP).items())

    here = states[0]
    for there in states:
        turned = sum(a != b for a, b in zip(here, there, strict=True))
        side = outcomes(sorted(counts, reverse=True)[:turned], FLIP)
        for move in (1e-9, 0.3, 1.0, 2.5):
            bound = moved_share(np.array([votes(0.0, here)]), np.array([move]), side)[0]
            assert bound <= votes(move, there) + 1e-9


def test_the_bound_is_met_by_the_worst_model() -> None:
    """One half-space for numbers; the rarest outcomes first for choices: nothing is given away."""
    share = special.ndtr(np.array([0.7]))
    assert moved_share(share, np.array([0.4]), outcomes([], FLIP))[0] == pytest.approx(special.ndtr(0.3), abs=1e-9)
    assert reach_of(share, 0.5, outcomes([], FLIP))[0] == pytest.approx(0.35, abs=1e-9)
    kept = outcomes([3], 0.2)
    # keep the copies that still hold the old value, 0.8 of them, and half of those that hold the third one
    assert moved_share(np.array([0.85]), np.array([0.0]), kept)[0] == pytest.approx(0.1 + 0.05)
    assert moved_share(np.array([0.95]), np.array([0.0]), kept)[0] == pytest.approx(0.1 + 0.1 + 0.4)


def test_reach_shrinks_with_every_changed_choice_and_never_rises_above_the_share() -> None:
    share = np.linspace(0.5, 0.9999, 40)
    reaches = np.array([reach_of(share, 1.0, outcomes([4] * turned, 0.1)) for turned in range(4)])
    assert (np.diff(reaches, axis=0) <= 1e-9).all()
    assert (np.diff(reaches, axis=1) >= -1e-9).all()
    assert reaches[0, 0] <= 1e-9


def test_the_one_sided_bound_covers_as_stated() -> None:
    rng = np.random.default_rng(0)
    for rate in (0.3, 0.55, 0.9, 0.999):
        bound = lower_bound(rng.binomial(200, rate, 20_000), 200, 0.05)
        assert (bound > rate).mean() <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 20_000)
    assert lower_bound(np.array([0, 200]), 200, 0.05)[0] == 0.0
    assert lower_bound(np.array([200]), 200, 0.05)[0] == pytest.approx(0.05 ** (1 / 200))


NUMBERS = ("x", "y", "z")
CHOICES = (3, 2, 4)


def mixed(weights: np.ndarray, effects: dict[tuple[int, ...], float], rows: int = 40, seed: int = 0):
    """A linear model of three numbers whose threshold depends on three choices; its smoothed votes are known."""
    columns = tuple(Column(name=name, kind=Kind.NUMERIC, changed_by=Actor.APPLICANT) for name in NUMBERS)
    columns += tuple(
        Column(name=f"c{at}", kind=Kind.CATEGORY, choices=tuple(range(count)), changed_by=Actor.APPLICANT)
        for at, count in enumerate(CHOICES)
    )
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {name: rng.normal(size=rows) for name in NUMBERS}
        | {f"c{at}": rng.integers(0, count, rows) for at, count in enumerate(CHOICES)}
    )
    table = np.zeros(CHOICES)
    for state, effect in effects.items():
        table[state] = effect

    def score(batch: pl.DataFrame) -> np.ndarray:
        shift = table[tuple(batch[f"c{at}"].to_numpy() for at in range(len(CHOICES)))]
        return (batch.select(NUMBERS).to_numpy() @ weights >= shift).astype(np.float64)

    domain = Domain(name="mixed", columns=columns)
    view = open_model(score, features=tuple(frame.columns), name="mixed")
    space = Space(domain, frame.columns, frame)
    return view, space, space.encode(frame), table


def truth_of(rows: np.ndarray, space: Space, weights: np.ndarray, table: np.ndarray, sigma: float, flip: float):
    """The exact share of noisy copies that the model of `mixed` flags, for each row."""
    spread = sigma * np.sqrt(((weights * space.scales[:3]) ** 2).sum())
    centre = rows[:, :3] @ weights
    votes = np.zeros(len(rows))
    for at, row in enumerate(rows):
        here = tuple(int(value) for value in row[3:])
        for state, p in kernel(here, CHOICES, flip).items():
            votes[at] += p * special.ndtr((centre[at] - table[state]) / spread)
    return votes


@pytest.mark.parametrize("seed", range(6))
def test_certificates_hold_against_the_worst_change_of_a_known_model(seed) -> None:
    """Every row is moved along the steepest way, with every combination of choices, just inside its certificate."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=3)
    effects = {state: float(rng.normal()) * 0.4 for state in itertools.product(*map(range, CHOICES))}
    view, space, rows, table = mixed(weights, effects, rows=200, seed=seed)
    smoothed = smooth(view, space, sigma=0.5, flip=0.3)
    found = smoothed.certify(rows, rng=rng, n=1000, n0=60, alpha=0.001, changes=3)
    assert (~found.abstained).mean() > 0.2
    assert (found.radius[~found.abstained] > 0).any()
    tried = 0
    steepest = weights * space.scales[:3] ** 2
    steepest /= np.linalg.norm(steepest / space.scales[:3])
    for at in np.flatnonzero(~found.abstained):
        sign = -1.0 if found.flagged[at] else 1.0
        for state in itertools.product(*map(range, CHOICES)):
            turned = sum(a != b for a, b in zip(rows[at, 3:], state, strict=True))
            reach = found.reach[at, turned] if turned < found.reach.shape[1] else -1.0
            if reach < 0:
                continue
            there = rows[at : at + 1].copy()
            there[0, 3:] = state
            there[0, :3] += sign * steepest * reach * (1 - 1e-9)
            length, changes = smoothed.noise.moved(there, rows[at : at + 1])
            assert changes[0] == turned
            assert length[0] == pytest.approx(reach, rel=1e-6, abs=1e-9)
            votes = truth_of(there, space, weights, table, 0.5, 0.3)[0]
            assert (votes > 0.5) == found.flagged[at]
            tried += 1
    assert tried > 100


def test_the_confidence_statement_covers() -> None:
    """Over many repetitions, certificates of a model whose truth is known are wrong no more often than alpha says."""
    rng = np.random.default_rng(1)
    weights = np.array([1.0, -0.5, 0.25])
    view, space, rows, _ = mixed(weights, {}, rows=1, seed=3)
    smoothed = smooth(view, space, sigma=0.5, flip=0.1)
    spread = np.sqrt(((weights * space.scales[:3]) ** 2).sum())
    row = rows.copy()
    row[0, :3] = 0.0
    row[0, 0] = 0.2 * spread  # 0.4 sigma from the plane: the majority is easily missed, or certified too far
    distance = (row[0, :3] @ weights) / spread
    alpha, wrong, certified, repetitions = 0.2, 0, 0, 250
    for _ in range(repetitions):
        found = smoothed.certify(row, rng=rng, n=60, n0=10, alpha=alpha, changes=0)
        certified += not found.abstained[0]
        wrong += bool(not found.abstained[0] and (not found.flagged[0] or found.radius[0] > distance))
    assert certified > repetitions / 3
    assert wrong / repetitions <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / repetitions)
    assert wrong > 0  # the bound is not idle either


def test_one_hot_groups_integers_and_derived_columns() -> None:
    """A model over a group, a rounded number and a column that follows: no attack within the certificate turns the vote."""
    free = {"changed_by": Actor.APPLICANT}
    columns = (
        Column(name="n", kind=Kind.INTEGER, low=0, high=20, **free),
        Column(name="twice", kind=Kind.NUMERIC, derived="2 * n"),
        *(Column(name=f"g{at}", kind=Kind.ONE_HOT, **free) for at in range(3)),
        Column(name="fixed", kind=Kind.NUMERIC),
    )
    domain = Domain(name="d", columns=columns, groups=(Group(name="g", columns=("g0", "g1", "g2")),))
    frame = pl.DataFrame(
        {"n": [2, 8, 15], "twice": [4.0, 16.0, 30.0], "g0": [1, 0, 0], "g1": [0, 1, 0], "g2": [0, 0, 1], "fixed": [0.0] * 3}
    )  # fmt: skip

    def score(batch: pl.DataFrame) -> np.ndarray:
        return (batch["twice"].to_numpy() + 6 * batch["g2"].to_numpy() + batch["fixed"].to_numpy() >= 17).astype(float)

    space = Space(domain, frame.columns, frame)
    view = open_model(score, features=("twice", "g2", "fixed"), name="d")
    smoothed = smooth(view, space, sigma=0.3, flip=0.1)
    rows = space.encode(frame)
    found = smoothed.certify(rows, rng=np.random.default_rng(0), n=2000, alpha=0.001)
    assert found.flagged.tolist() == [False, False, True] or found.abstained[1]
    assert not found.abstained[[0, 2]].any()
    assert found.changes[2] == 1
    every = [
        (n, group) for n in range(21) for group in range(3)
    ]  # every row that the applicant can reach, each with many fresh draws
    there = np.array([[n, 2 * n, *(float(group == at) for at in range(3)), 0.0] for n, group in every], dtype=float)
    votes = smoothed.votes(there, 4000, np.random.default_rng(9)) / 4000
    covered = 0
    for at in (0, 2):
        length, turned = smoothed.noise.moved(there, np.repeat(rows[at : at + 1], len(there), axis=0))
        single = [found.reach[at]] * len(there)
        inside = np.array(
            [
                t < len(r) and (ell < r[t] or (ell == 0 and r[t] >= 0))
                for ell, t, r in zip(length, turned, single, strict=True)
            ]
        )
        assert ((votes > 0.5)[inside] == found.flagged[at]).all()
        covered += int(inside.sum())
    assert covered > 6
    moved = rows.copy()
    moved[:, space.names.index("fixed")] = 1.0
    assert np.isinf(smoothed.noise.moved(moved, rows)[0]).all()
    assert not found.covers(*smoothed.noise.moved(moved, rows)).any()


def test_nulls_stay_and_are_not_covered() -> None:
    column = Column(name="x", kind=Kind.NUMERIC, nullable=True, changed_by=Actor.APPLICANT)
    frame = pl.DataFrame({"x": [1.0, None, -1.0]})
    space = Space(Domain(name="d", columns=(column,)), ["x"], frame)
    view = open_model(lambda batch: batch["x"].fill_null(9.0).to_numpy() > 0, features=("x",), name="d")
    smoothed = smooth(view, space, sigma=0.1)
    rows = space.encode(frame)
    votes = smoothed.votes(rows, 500, np.random.default_rng(0))
    assert votes[1] == 500
    assert np.isinf(smoothed.noise.moved(rows[[1]], rows[[0]])[0][0])
    assert smoothed.noise.moved(rows[[1]], rows[[1]])[0][0] == 0.0


def test_batches_and_neighbours_change_nothing_and_the_same_seed_gives_the_same_votes() -> None:
    weights = np.array([1.0, 0.5, -1.0])
    view, space, rows, _ = mixed(weights, {}, rows=30)
    smoothed = smooth(view, space, sigma=0.3)
    all_at_once = smoothed.votes(rows, 5000, np.random.default_rng(4))
    alone = [int(smoothed.votes(rows[[at]], 5000, np.random.default_rng(4))[0]) for at in range(30)]
    assert all_at_once.tolist() == alone
    turned = smoothed.votes(rows[::-1], 5000, np.random.default_rng(4))
    assert turned[::-1].tolist() == alone


def test_a_constant_model_is_certified_as_far_as_draws_can_tell_and_refusals_are_clear() -> None:
    weights = np.array([1.0, 0.5, -1.0])
    view, space, rows, _ = mixed(weights, dict.fromkeys(itertools.product(*map(range, CHOICES)), -1e9))
    found = smooth(view, space, sigma=0.5).certify(rows, rng=np.random.default_rng(0), n=100, alpha=0.01)
    each = 0.01 / len(rows)
    assert found.radius == pytest.approx(np.full(len(rows), 0.5 * special.ndtri(each ** (1 / 100))), abs=1e-6)
    assert "not for the model as shipped" in found.statement
    for wrong in ({"sigma": -1.0}, {"flip": 0.5}, {"columns": ["nobody"]}, {"sigma": 0.0, "flip": 0.0}):
        with pytest.raises(UsageError):
            smooth(view, space, **wrong)
    with pytest.raises(UsageError, match="above 0"):
        smooth(view, space).certify(rows, rng=np.random.default_rng(0), alpha=0.0)
    with pytest.raises(UsageError, match="draw"):
        smooth(view, space).certify(rows, rng=np.random.default_rng(0), n=0)
    assert smooth(view, space).certify(rows[:0], rng=np.random.default_rng(0)).radius.shape == (0,)
