# SPDX-License-Identifier: Apache-2.0
"""A model is trained again as its file says, and what no file says is chosen and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

from hauberk.core.errors import UsageError
from hauberk.domain import Actor, Column, Domain, Kind
from hauberk.harden.learn import learn, settle
from hauberk.harden.lesson import Lesson, categories_of, learnable, matrix_of
from hauberk.harden.recipe import Learner, Recipe, recipe_of
from hauberk.harden.setting import Setting
from hauberk.model import open_model


def lesson(n: int = 400, seed: int = 0, **more) -> Lesson:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 3))
    event = (rng.random(n) < 1 / (1 + np.exp(-2 * matrix[:, 0]))).astype(float)
    return Lesson(features=("a", "b", "c"), matrix=matrix, event=event, weight=np.ones(n), **more)


PARAMS = {
    "objective": "binary",
    "learning_rate": 0.07,
    "num_leaves": 9,
    "lambda_l2": 3.5,
    "min_data_in_leaf": 11,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "extra_trees": True,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 4,
}


def test_lightgbm_is_trained_again_to_the_same_trees_by_what_its_file_lists() -> None:
    rows = lesson()
    data = lightgbm.Dataset(rows.matrix, rows.event, feature_name=["a", "b", "c"], params=PARAMS)
    text = lightgbm.train(PARAMS, data, num_boost_round=17).model_to_string()
    recipe = recipe_of(text.encode(), ("a", "b", "c"), "m.txt")
    assert recipe.complete
    assert recipe.rounds == 17
    assert recipe.params["num_leaves"] == 9
    again = learn(rows, recipe, 4).decode()
    trees = [part.partition("\nparameters:")[0] for part in (text, again)]
    assert trees[0] == trees[1]


def test_a_lightgbm_file_without_parameters_and_one_with_nonsense_are_not_believed() -> None:
    text = learn(lesson(), Recipe(rounds=3), 0).decode()
    bare = text.partition("\nparameters:")[0]
    assert not recipe_of(bare.encode(), ("a",), "m").complete
    odd = text.replace("[num_leaves: 31]", "[num_leaves: many]")
    assert odd != text
    assert "cannot be read" in recipe_of(odd.encode(), ("a",), "m").source


def test_of_xgboost_trees_and_levels_are_counted_and_the_rest_is_chosen(tmp_path: Path) -> None:
    made = Recipe(learner=Learner.XGBOOST, params={"max_depth": 3, "learning_rate": 0.3}, rounds=9)
    content = learn(lesson(), made, 0)
    recipe = recipe_of(content, ("a", "b", "c"), "m.json")
    assert (recipe.learner, recipe.rounds, recipe.params["max_depth"]) == (Learner.XGBOOST, 9, 3)
    assert not recipe.complete
    areas = iter([0.6, 0.9, 0.7])
    chosen = settle(recipe, lesson(), lambda _: next(areas), 0)
    assert chosen.complete
    assert chosen.params["learning_rate"] == 0.1
    assert "learning_rate = 0.1" in chosen.source
    path = tmp_path / "m.json"
    path.write_bytes(learn(lesson(), chosen, 0))
    assert open_model(path).features == ("a", "b", "c")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"CBM1 and so on"])
def test_what_cannot_be_trained_again_is_replaced_and_that_is_said(content: bytes) -> None:
    recipe = recipe_of(content, ("a",), "the model")
    assert recipe.learner is Learner.LIGHTGBM
    assert "a LightGBM model replaces it" in recipe.source


def test_broken_xgboost_is_not_counted() -> None:
    assert "cannot be counted" in recipe_of(b'{"learner": {"gradient_booster": {}}}', ("a",), "m").source


def test_words_keep_their_meaning_in_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"job": rng.choice(["none", "part", "full"], 500), "age": rng.integers(18, 80, 500)})
    risk = frame["job"].replace_strict({"none": 0.9, "part": 0.5, "full": 0.1}, return_dtype=pl.Float64).to_numpy()
    domain = Domain(
        name="d",
        columns=(
            Column(name="job", kind=Kind.CATEGORY, choices=("full", "none", "part"), changed_by=Actor.APPLICANT),
            Column(name="age", kind=Kind.INTEGER),
        ),
    )
    features = learnable(("job", "age"), frame)
    categories = categories_of(features, frame, domain)
    assert categories == {"job": ["full", "none", "part"]}
    rows = Lesson(
        features=features,
        matrix=matrix_of(frame, features, categories),
        event=(rng.random(500) < risk).astype(float),
        weight=np.ones(500),
        categories=categories,
    )
    path = tmp_path / "m.txt"
    path.write_bytes(learn(rows, Recipe(rounds=30, params={"min_data_in_leaf": 5}), 0))
    view = open_model(path)
    people = pl.DataFrame({"job": ["none", "part", "full"], "age": [40, 40, 40]})
    scores = view.scores(people)
    assert scores[0] > scores[1] > scores[2]


def test_columns_of_words_make_lightgbm_replace_xgboost(setting: Setting) -> None:
    recipe = Recipe(learner=Learner.XGBOOST, source="XGBoost")
    worded = replace(setting.lesson(), categories={"job": ["a", "b", "c"]})
    settled = settle(recipe, worded, lambda _: 0.5, 0)
    assert settled.learner is Learner.LIGHTGBM
    assert "need LightGBM" in settled.source


def test_a_refusal_of_the_library_is_an_error_of_ours() -> None:
    with pytest.raises(UsageError, match="LightGBM refuses"):
        learn(lesson(), Recipe(params={"boosting": "nonsense"}, rounds=1), 0)
    with pytest.raises(UsageError, match="XGBoost refuses"):
        learn(lesson(), Recipe(learner=Learner.XGBOOST, params={"max_depth": "deep"}, rounds=1), 0)
