# SPDX-License-Identifier: Apache-2.0
"""HB-E008: what is certified and what an attack on the vote finds never cross, whatever the model."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Budget, CheckContext, Situation
from hauberk.attack.certify.smoothing import Certificates, smooth
from hauberk.attack.evasion.cases import choose_cases
from hauberk.attack.evasion.problem import Problem
from hauberk.attack.evasion.specimen import FEATURES, exposed, guarded
from hauberk.attack.evasion.vote import VoteTrial, try_vote
from hauberk.checks import hb_e008_noise_overturns as subject
from hauberk.core.errors import Incomplete, OverBudget, UsageError
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.domain import Space
from hauberk.model import open_model


def context(where: Situation, **changes) -> CheckContext:
    given = {part.name: getattr(where, part.name) for part in fields(Situation)}
    return CheckContext(**given, rng=np.random.default_rng(0), **changes)


def run(where: Situation, **params):
    ctx = context(where)
    found = list(subject.noise_overturns(ctx, **params))
    numbers = {(item.name, item.at): item.value for item in found if isinstance(item, Measurement)}
    return numbers, [item for item in found if isinstance(item, Finding)], ctx


def no_crossing(numbers) -> None:
    pairs = {at for name, at in numbers if name == "attacked_accuracy"}
    assert pairs
    for at in pairs:
        assert numbers["certified_accuracy", at] <= numbers["attacked_accuracy", at]


@pytest.mark.parametrize("seed", range(3))
def test_certified_and_attacked_accuracy_stand_side_by_side(seed) -> None:
    numbers, found, ctx = run(exposed(), rows=12, queries=60, seed=seed)
    no_crossing(numbers)
    assert numbers["vote_evasion_rate", "any valid change"] > 0.5  # far changes turn the vote, as they turn the model
    assert any("not for the model as shipped" in limit for limit in ctx.limits)
    assert found or ctx.evidence


def test_a_model_that_reads_nothing_changeable_is_certified_in_full() -> None:
    numbers, found, _ = run(guarded(), rows=12)
    assert numbers["certified_rate", "some change"] == 1.0
    assert numbers["vote_evasion_rate", "any valid change"] == 0.0
    assert not found


def test_labels_alone_will_do() -> None:
    def decide(rows: pl.DataFrame) -> np.ndarray:
        return (rows["income"].to_numpy() < 3_000).astype(np.float64)

    numbers, _, _ = run(replace(exposed(), model=open_model(decide, features=FEATURES, name="loans")), rows=12)
    no_crossing(numbers)
    assert 0.0 < numbers["certified_rate", "some change"] <= 1.0


def trial_of(model, *, sigma: float, flip: float, seed: int) -> VoteTrial:
    where = replace(exposed(), model=open_model(model, features=FEATURES, name="loans"))
    cases = choose_cases(context(where), rows=30)
    space = cases.problem.ground
    assert isinstance(space, Space)
    smoothed = smooth(cases.problem.model, space, sigma=sigma, flip=flip, threshold=0.5)
    problem = Problem.of(cases.problem.model, space, 0.5, cases.problem.origin)
    return try_vote(smoothed, problem, draws=200, alpha=0.001, queries=60, seed=seed, budget=Budget())


@pytest.mark.parametrize("seed", range(8))
def test_no_attack_succeeds_within_a_certificate(seed) -> None:
    """Random forests of steps over numbers and choices; `try_vote` refuses a contradiction, so that none is passed over."""
    rng = np.random.default_rng(seed)
    cuts = rng.uniform(1_000, 6_000, 6)
    jobs = {name: float(rng.normal()) for name in ("none", "part", "full")}
    weights = rng.normal(size=6) - 0.4

    def score(rows: pl.DataFrame) -> np.ndarray:
        income = rows["income"].to_numpy()[:, None] >= cuts
        job = rows["employment"].replace_strict(jobs, return_dtype=pl.Float64).to_numpy()
        return 1.0 / (1.0 + np.exp(-(income @ weights + job + 2.0)))

    trial = trial_of(score, sigma=0.2, flip=0.1, seed=seed)
    assert trial.flagged.any() or trial.certificates.abstained.any()
    inside = trial.turned_away & trial.certificates.covers(trial.length, trial.changes)
    assert not inside.any()
    for radius in (0.05, 0.1, 0.3):
        assert not (trial.certified(radius) & ~trial.standing(radius)).any()


def test_a_contradiction_ends_the_check_without_a_verdict(monkeypatch) -> None:
    """Certificates that claim too much are found out by the attack beside them."""
    whole = Certificates.covers
    monkeypatch.setattr(
        Certificates, "covers", lambda self, length, turned: np.isfinite(length) | whole(self, length, turned)
    )
    with pytest.raises(Incomplete, match="within the certificates"):
        run(exposed(), rows=12, queries=60)


def test_budgets_and_bad_parameters() -> None:
    with pytest.raises(OverBudget):
        list(subject.noise_overturns(context(exposed(), budget=Budget(limits={"queries": 50})), rows=5))
    with pytest.raises(UsageError):
        run(exposed(), sigma=0.0, flip=0.0)
    with pytest.raises(UsageError):
        run(exposed(), alpha=2.0)
