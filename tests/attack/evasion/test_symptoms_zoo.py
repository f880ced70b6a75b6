# SPDX-License-Identifier: Apache-2.0
"""The masking zoo: models whose answers hide how they can be evaded are flagged, and honest models are not."""

from dataclasses import fields

import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hauberk.assess import CheckContext, Situation
from hauberk.attack.evasion.symptoms import Symptom
from hauberk.attack.evasion.symptoms_examine import examine
from hauberk.domain import Actor, Column, Cost, Direction, Domain, Kind
from hauberk.model import open_model
from hauberk.table import open_table

FEATURES = ("amount", "income", "age", "tries", "balance", "speed", "channel", "late")
THRESHOLD = 0.5
A, M = Actor.APPLICANT, Actor.MERCHANT
DOMAIN = Domain(
    name="payments",
    confirmed=True,
    currency="EUR",
    columns=(
        Column(name="amount", kind=Kind.NUMERIC, low=0.0, high=20_000.0, changed_by=A, direction=Direction.DOWN,
               cost=Cost(per_unit=0.5)),
        Column(name="income", kind=Kind.INTEGER, low=0, high=200_000, changed_by=A, direction=Direction.UP,
               cost=Cost(per_unit=0.01)),
        Column(name="age", kind=Kind.INTEGER, low=18, high=100),
        Column(name="tries", kind=Kind.INTEGER, low=0, high=30, changed_by=A, cost=Cost(per_unit=5)),
        Column(name="balance", kind=Kind.NUMERIC, low=-20_000.0, high=20_000.0, changed_by=M, cost=Cost(per_unit=0.05)),
        Column(name="speed", kind=Kind.NUMERIC, low=0.0, high=1.0, changed_by=A, cost=Cost(per_unit=100)),
        Column(name="channel", kind=Kind.CATEGORY, choices=(0, 1, 2, 3), changed_by=A, cost=Cost(fixed=20)),
        Column(name="late", kind=Kind.INTEGER, low=0, high=12),
    ),
)  # fmt: skip


def payments(rows, seed):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "amount": np.round(rng.lognormal(5, 1, rows), 2),
            "income": rng.integers(8_000, 120_000, rows),
            "age": rng.integers(18, 90, rows),
            "tries": rng.poisson(1.2, rows),
            "balance": np.round(rng.normal(2_000, 1_500, rows), 2),
            "speed": np.round(rng.uniform(0, 1, rows), 4),
            "channel": rng.integers(0, 4, rows),
            "late": rng.integers(0, 6, rows),
        }
    )
    amount, income, _, tries, balance, speed, channel, late = matrix(frame).T
    margin = (
        -2.2 + 0.8 * (np.log(amount) - 5) - 1.2 * (income / 60_000 - 1) + 0.2 * tries + 0.5 * late
        + 1.5 * (speed - 0.5) + 0.4 * (channel == 0) - 0.3 * (balance / 1_500 - 1)
    )  # fmt: skip
    return frame.with_columns(fraud=(rng.random(rows) < 1 / (1 + np.exp(-1.6 * margin))).astype(np.int64))


def matrix(frame):
    return frame.select(FEATURES).to_numpy().astype(np.float64)


def logit(score):
    clipped = np.clip(score, 1e-12, 1 - 1e-12)
    return np.log(clipped / (1 - clipped))


def logistic(margin):
    return 1 / (1 + np.exp(-np.clip(margin, -700, 700)))


@pytest.fixture(scope="module")
def training():
    frame = payments(3_000, 101)
    return matrix(frame), frame["fraud"].to_numpy()


def fitted(name, training):
    x, y = training
    if name == "xgboost":
        model = pytest.importorskip("xgboost").XGBClassifier(n_estimators=100, max_depth=5, n_jobs=1, random_state=1)
    elif name == "catboost":
        model = pytest.importorskip("catboost").CatBoostClassifier(
            iterations=100, verbose=0, thread_count=1, random_seed=1, allow_writing_files=False
        )
    else:
        model = {
            "lightgbm": lightgbm.LGBMClassifier(n_estimators=100, verbose=-1, n_jobs=1, random_state=1),
            "forest": RandomForestClassifier(100, n_jobs=1, random_state=1),
            "histogram": HistGradientBoostingClassifier(random_state=1),
            "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        }[name]
    model.fit(x, y)
    return lambda frame: model.predict_proba(matrix(frame))[:, 1].astype(np.float64)


@pytest.fixture(scope="module")
def trees(training):
    return fitted("lightgbm", training)


def examined(score, *, threshold=THRESHOLD, seed=1, frame=None, **effort):
    situation = Situation(
        holdout=open_table(payments(1_000, seed) if frame is None else frame, name="payments"),
        label="fraud",
        domain=DOMAIN,
        model=open_model(score, features=FEATURES, name="payments"),
        threshold=threshold,
    )
    given = {part.name: getattr(situation, part.name) for part in fields(Situation)}
    ctx = CheckContext(**given, rng=np.random.default_rng(0))
    return examine(ctx, **{"rows": 16, "queries": 160, "seed": 0, **effort})


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "forest", "histogram", "logistic"])
def test_an_honest_model_shows_no_symptom_even_where_its_trees_are_not_seen(training, name):
    found = examined(fitted(name, training))
    assert found.signs == []
    assert {reading.symptom for reading in found.readings} == set(Symptom)  # every test was made
    assert not any(variant.adaptive for variant in found.variants)


class Remembering:
    """Lets through whatever it has been asked before."""

    def __init__(self, score):
        self.score, self.seen = score, set()

    def __call__(self, frame):
        rows = [tuple(row) for row in matrix(frame).tolist()]
        answers = np.where([row in self.seen for row in rows], 0.01, self.score(frame))
        self.seen.update(rows)
        return answers


def in_sixteenths(score, frame):
    sizes = {"amount": 5_000.0, "income": 112_000.0, "balance": 10_000.0, "speed": 1.0}
    steps = [(pl.col(name).cast(pl.Float64) / (size / 16)).round() * (size / 16) for name, size in sizes.items()]
    return score(frame.with_columns(steps))


def shattered(score, frame):
    return logistic(logit(score(frame)) + 1.5 * np.sin(1e4 * frame["amount"].to_numpy() / 5_000))


def zoo(score):
    rng = np.random.default_rng(0)
    return {
        "rounded to a sixteenth": (lambda rows: np.rint(score(rows) * 16) / 16, Symptom.COARSE),
        "decisions as scores": (lambda rows: (score(rows) >= THRESHOLD).astype(float), Symptom.COARSE),
        "margins a thousandfold": (lambda rows: logistic(1_000 * logit(score(rows))), Symptom.SATURATED),
        "noise": (lambda rows: np.clip(score(rows) + rng.normal(0, 0.15, rows.height), 0, 1), Symptom.RANDOM),
        "inputs in sixteenths": (lambda rows: in_sixteenths(score, rows), Symptom.STEPPED),
        "lets repeated records through": (Remembering(score), Symptom.MEMORY),
        "shattered": (lambda rows: shattered(score, rows), Symptom.SHATTERED),
        "normalised by batch": (lambda rows: np.clip(score(rows) + score(rows).mean() / 9, 0, 1), Symptom.COMPANY),
    }


@pytest.mark.parametrize("name", list(zoo(None)))
def test_every_animal_of_the_zoo_is_flagged_and_caught_by_an_adapted_attack(trees, name):
    score, symptom = zoo(trees)[name]
    found = examined(score)
    assert found.signs[0] is symptom
    adapted = [variant.result.evaded.mean() for variant in found.variants if variant.adaptive]
    assert max(adapted) >= 0.9
    if symptom is Symptom.MEMORY:
        assert found.resubmitted.value == 1.0
    if symptom is Symptom.RANDOM:
        assert found.resubmitted.value > 0.0
