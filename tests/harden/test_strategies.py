# SPDX-License-Identifier: Apache-2.0
"""Each strategy gives a plain model file that keeps the promise by which the strategy is called."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import polars as pl
import pytest

from hauberk.domain import Actor, Direction, Domain
from hauberk.harden import NotSuited, strategies_of
from hauberk.harden.recipe import Learner, Recipe
from hauberk.harden.setting import Setting, threshold_of


def apply(name: str, setting: Setting):
    (strategy,) = strategies_of([name])
    return strategy.apply(setting)


def margins(setting: Setting, candidate, frame: pl.DataFrame) -> np.ndarray:
    scores = setting.view(candidate).scores(frame)
    return np.log(scores) - np.log1p(-scores)


def reviewed(domain: Domain, **changes: dict) -> Domain:
    columns = tuple(replace(column, **changes.get(column.name, {})) for column in domain.columns)
    return replace(domain, columns=columns)


NAMES = [item.name for item in strategies_of([])]


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_gives_a_file_that_opens_and_scores_and_says_what_it_did(name: str, setting: Setting) -> None:
    candidate = apply(name, replace(setting, recipe=replace(setting.recipe, categorical=())))
    assert candidate.strategy == name
    assert all(len(sentence) > 10 for sentence in candidate.done)
    view = setting.view(candidate)
    assert set(candidate.features) <= set(setting.features)
    assert np.ptp(view.scores(setting.tune)) > 0.1
    if name != "threshold":
        assert setting.area_of(candidate.content, candidate.features) > setting.area - 0.2


@pytest.mark.parametrize("name", ["augment", "retrain", "combined", "robust", "features"])
def test_the_same_setting_gives_the_same_bytes(name: str, setting: Setting) -> None:
    assert apply(name, setting).content == apply(name, replace(setting, memo={})).content


@pytest.mark.parametrize("learner", [Learner.LIGHTGBM, Learner.XGBOOST])
def test_what_the_attacker_can_do_alone_never_lowers_the_score_under_monotone_constraints(
    setting: Setting, learner: Learner
) -> None:
    recipe = setting.recipe if learner is Learner.LIGHTGBM else Recipe(learner=learner, rounds=30, complete=True)
    setting = replace(setting, recipe=recipe, allowance=0.4)
    candidate = apply("monotone", setting)
    assert candidate.settled == ("income",)
    rising = [setting.tune.with_columns(pl.lit(value).alias("income")) for value in range(10, 200, 7)]
    scores = np.stack([setting.view(candidate).scores(frame) for frame in rising])
    assert (np.diff(scores, axis=0) >= -1e-7).all()
    assert np.ptp(setting.view(apply("augment", setting)).scores(setting.tune)) > 0.1


def test_a_constraint_that_costs_too_much_is_not_taken(setting: Setting) -> None:
    with pytest.raises(NotSuited, match=r"income.*costs more"):
        apply("monotone", replace(setting, allowance=-0.2))


def test_a_column_apart_moves_every_record_by_the_same_margin(setting: Setting) -> None:
    candidate = apply("interaction", setting)
    for name, low, high in (("income", 15, 90), ("savings", 1.0, 40.0)):
        moved = [
            margins(setting, candidate, setting.tune.with_columns(pl.lit(value).alias(name))) for value in (low, high)
        ]
        assert np.ptp(moved[1] - moved[0]) < 1e-6
    plain = setting.candidate("plain", setting.lesson(), ())
    free = [margins(setting, plain, setting.tune.with_columns(pl.lit(value).alias("income"))) for value in (15, 90)]
    assert np.ptp(free[1] - free[0]) > 1e-3  # without the constraint it does not


def test_dropped_columns_are_not_in_the_file_and_coarse_ones_have_few_thresholds(setting: Setting) -> None:
    candidate = apply("features", replace(setting, settled=("drop:income", "coarse:savings")))
    assert "income" not in candidate.features
    forest = lightgbm.Booster(model_str=candidate.content.decode()).trees_to_dataframe()
    assert "income" not in set(forest["split_feature"].dropna())
    cuts = forest[forest["split_feature"] == "savings"]["threshold"].nunique()
    assert 1 <= cuts <= 2


def test_features_are_given_up_only_while_that_is_affordable(setting: Setting) -> None:
    spent = {
        allowance: apply("features", replace(setting, allowance=allowance, memo={})).settled for allowance in (0.4,)
    }
    assert {"drop:income", "drop:savings"} <= set(spent[0.4])
    with pytest.raises(NotSuited, match="costs more area"):
        apply("features", replace(setting, allowance=-0.2, memo={}))


def test_what_was_settled_is_not_chosen_again(setting: Setting) -> None:
    first = apply("features", setting)
    again = apply("features", replace(setting, settled=first.settled, allowance=-1.0))
    assert again.content == first.content


def test_retraining_adds_what_got_through_as_events_and_says_how_many(setting: Setting) -> None:
    candidate = apply("retrain", setting)
    (table,) = candidate.evidence
    attacked, through = [row[1] for row in table.rows], [row[2] for row in table.rows]
    assert all(0 <= got <= n <= setting.effort.trained_on for got, n in zip(through, attacked, strict=True))
    assert through[0] > 0
    assert str(sum(through)) in candidate.done[-1]


def test_the_threshold_moves_and_the_model_does_not(setting: Setting) -> None:
    candidate = apply("threshold", replace(setting, purse=10.0))
    assert candidate.content == setting.content
    assert candidate.threshold is not None
    assert candidate.threshold < threshold_of(setting.shipped.scores(setting.train), setting.alerts)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "threshold"])
def test_a_domain_in_which_nothing_can_be_changed_leaves_nothing_to_do(name: str, setting: Setting) -> None:
    frozen = reviewed(setting.domain, **{name: {"changed_by": Actor.NOBODY} for name in ("income", "savings", "job")})
    with pytest.raises(NotSuited):
        apply(name, replace(setting, domain=frozen, carriers=()))


def test_columns_that_go_both_ways_cannot_be_constrained(setting: Setting) -> None:
    both = reviewed(setting.domain, income={"direction": Direction.BOTH})
    with pytest.raises(NotSuited, match="one direction only"):
        apply("monotone", replace(setting, domain=both))


def test_unknown_strategies_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(Exception, match="no strategy 'monoton'") as caught:
        strategies_of(["monoton"])
    assert "did you mean monotone?" in str(caught.value)
