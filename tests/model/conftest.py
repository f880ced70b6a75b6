# SPDX-License-Identifier: Apache-2.0
"""Rows with numbers, words, codes and gaps, and real models of every framework fitted on them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import catboost
import lightgbm
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
import xgboost
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

WORDS = ["red", "green", "blue"]
FEATURES = ["amount", "age", "word", "code"]


def make_rows(n: int = 400, seed: int = 0, *, gaps: bool = True, words: tuple[str, ...] = tuple(WORDS)) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.normal(50, 30, n).round(2)
    word = [str(rng.choice(words)) for _ in range(n)]
    rows = pl.DataFrame(
        {
            "amount": amount,
            "age": rng.integers(18, 80, n),
            "word": word,
            "code": rng.integers(1, 5, n),
        }
    )
    if gaps:
        hole = pl.Series(rng.random(n) < 0.15)
        rows = rows.with_columns(amount=pl.when(hole).then(None).otherwise(pl.col("amount")))
    return rows


def labels(rows: pl.DataFrame, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 10, rows.height)
    score = (
        rows["amount"].fill_null(40).to_numpy()
        + 20 * np.array([word == "red" for word in rows["word"]])
        + 4 * rows["code"].to_numpy()
    )
    return (score + noise > 72).astype(int)


def with_word_gaps(rows: pl.DataFrame, seed: int = 2) -> pl.DataFrame:
    hole = pl.Series(np.random.default_rng(seed).random(rows.height) < 0.2)
    return rows.with_columns(word=pl.when(hole).then(None).otherwise(pl.col("word")))


def as_pandas(rows: pl.DataFrame, *, category: tuple[str, ...] = ()) -> pd.DataFrame:
    """The rows as a user's training script holds them: words as objects with NaN, or as categories."""
    table = pd.DataFrame({name: rows[name].to_numpy() for name in rows.columns if rows[name].dtype != pl.String})
    for name in rows.columns:
        if rows[name].dtype == pl.String:
            words = np.array([np.nan if word is None else word for word in rows[name].to_list()], dtype=object)
            table[name] = pd.Series(words, dtype=object)
    table = table[list(rows.columns)]
    return table.astype(dict.fromkeys(category, "category"))


@dataclass
class Specimen:
    source: Any
    own: Callable[[pl.DataFrame], np.ndarray]
    framework: str
    word_gaps: bool = True
    unseen: bool = True
    options: dict = field(default_factory=dict)


def fitted():
    rows = make_rows()
    return rows, labels(rows)


def lightgbm_text(folder):
    rows, y = fitted()
    model = lightgbm.LGBMClassifier(n_estimators=25, num_leaves=7, verbose=-1, n_jobs=1)
    # word gaps in training would be learned too; the model sees them as missing either way
    model.fit(as_pandas(rows, category=("word", "code")), y)
    path = folder / "model.lgb"
    model.booster_.save_model(path)

    def own(given):
        table = as_pandas(given)
        for name, known in (("word", sorted(WORDS)), ("code", [1, 2, 3, 4])):
            table[name] = table[name].where(table[name].isin(known)).astype("category").cat.set_categories(known)
        return model.predict_proba(table)[:, 1]

    return Specimen(str(path), own, "lightgbm")


def xgboost_file(folder, kind):
    rows, y = fitted()
    model = xgboost.XGBClassifier(
        n_estimators=60, max_depth=4, enable_categorical=True, early_stopping_rounds=3, n_jobs=1, max_cat_to_onehot=2
    )
    table = as_pandas(rows, category=("word",))
    model.fit(table[:300], y[:300], eval_set=[(table[300:], y[300:])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    path = folder / f"model.{kind}"
    model.save_model(path)

    def own(given):
        table = as_pandas(given)
        table["word"] = table["word"].astype("category").cat.set_categories(sorted(WORDS))
        return model.predict_proba(table)[:, 1]

    return Specimen(str(path), own, "xgboost", unseen=False)


def catboost_file(folder, kind):
    rows, y = fitted()
    model = catboost.CatBoostClassifier(
        iterations=20, depth=4, verbose=0, allow_writing_files=False, cat_features=["word", "code"], thread_count=1
    )
    model.fit(as_pandas(rows), y)
    path = folder / "model.catboost"
    model.save_model(str(path), format=kind)
    return Specimen(str(path), lambda given: model.predict_proba(as_pandas(given))[:, 1], "catboost", word_gaps=False)


def pipelines():
    numeric, words = ["amount", "age", "code"], ["word"]
    fill = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return {
        "imputed": make_pipeline(
            ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), numeric), ("w", fill, words)]),
            LogisticRegression(),
        ),
        "one-hot": make_pipeline(
            ColumnTransformer([("n", SimpleImputer(), numeric), ("w", OneHotEncoder(handle_unknown="ignore"), words)]),
            RandomForestClassifier(15, max_depth=5, random_state=0),
        ),
        "ordinal": make_pipeline(
            ColumnTransformer([("w", ordinal, words)], remainder="passthrough"),
            HistGradientBoostingClassifier(max_iter=15, categorical_features=[0], random_state=0),
        ),
        "boosted": make_pipeline(
            ColumnTransformer([("n", "passthrough", numeric), ("w", OneHotEncoder(handle_unknown="ignore"), words)]),
            lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1),
        ),
    }


def pipeline(name, *, polars):
    rows = with_word_gaps(make_rows())
    y = labels(rows)
    convert = (lambda given: given) if polars else as_pandas
    model = pipelines()[name].fit(convert(rows), y)
    return Specimen(model, lambda given: model.predict_proba(convert(given))[:, 1], "scikit-learn")


def histogram_by_dtype():
    rows, y = fitted()
    model = HistGradientBoostingClassifier(max_iter=15, random_state=0).fit(as_pandas(rows, category=("word",)), y)

    def own(given):
        table = as_pandas(given)
        return model.predict_proba(table.assign(word=table["word"].astype("category")))[:, 1]

    return Specimen(model, own, "scikit-learn")


def onnx_columns(folder):
    """A graph with one input a column, of three types, whose probability is a tensor."""
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1]) for n in ("amount", "age")]
    inputs.append(helper.make_tensor_value_info("word", TensorProto.STRING, [None, 1]))
    inputs.append(helper.make_tensor_value_info("code", TensorProto.INT64, [None, 1]))
    nodes = [
        helper.make_node("OneHotEncoder", ["word"], ["w3"], domain="ai.onnx.ml", cats_strings=WORDS, zeros=1),
        helper.make_node("Reshape", ["w3", "shape"], ["w"]),
        helper.make_node("Cast", ["code"], ["c"], to=TensorProto.FLOAT),
        helper.make_node(
            "Imputer",
            ["amount"],
            ["filled"],
            domain="ai.onnx.ml",
            imputed_value_floats=[50.0],
            replaced_value_float=float("nan"),
        ),
        helper.make_node("Concat", ["filled", "age", "w", "c"], ["x"], axis=1),
        helper.make_node(
            "LinearClassifier",
            ["x"],
            ["label", "probabilities"],
            domain="ai.onnx.ml",
            coefficients=[-0.04, 0.0, -0.5, 0.1, 0.2, -0.1, 0.04, 0.0, 0.5, -0.1, -0.2, 0.1],
            intercepts=[1.5, -1.5],
            classlabels_ints=[0, 1],
            post_transform="LOGISTIC",
        ),
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
    ]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 3])
    graph = helper.make_graph(nodes, "g", inputs, outputs, [shape])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    path = folder / "model.onnx"
    path.write_bytes(content)
    session = onnxruntime.InferenceSession(content)

    def own(given):
        feed = {n: given[n].fill_null(np.nan).to_numpy().astype(np.float32).reshape(-1, 1) for n in ("amount", "age")}
        feed["word"] = np.array(given["word"].to_list(), dtype=object).reshape(-1, 1)
        feed["code"] = given["code"].to_numpy().reshape(-1, 1)
        return session.run(["probabilities"], feed)[0][:, 1].astype(np.float64)

    return Specimen(str(path), own, "onnx", word_gaps=False)


SPECIES = {
    "lightgbm": lightgbm_text,
    "xgboost-json": lambda folder: xgboost_file(folder, "json"),
    "xgboost-ubj": lambda folder: xgboost_file(folder, "ubj"),
    "catboost-cbm": lambda folder: catboost_file(folder, "cbm"),
    "catboost-json": lambda folder: catboost_file(folder, "json"),
    "pandas-imputed": lambda _: pipeline("imputed", polars=False),
    "pandas-one-hot": lambda _: pipeline("one-hot", polars=False),
    "pandas-ordinal": lambda _: pipeline("ordinal", polars=False),
    "pandas-boosted": lambda _: pipeline("boosted", polars=False),
    "polars-imputed": lambda _: pipeline("imputed", polars=True),
    "polars-one-hot": lambda _: pipeline("one-hot", polars=True),
    "polars-ordinal": lambda _: pipeline("ordinal", polars=True),
    "histogram-by-dtype": lambda _: histogram_by_dtype(),
    "onnx": onnx_columns,
}


@pytest.fixture(scope="session")
def tools() -> SimpleNamespace:
    """What makes rows and tables; a folder of tests has no module that tests could import."""
    return SimpleNamespace(
        make_rows=make_rows,
        labels=labels,
        as_pandas=as_pandas,
        with_word_gaps=with_word_gaps,
        pipelines=pipelines,
        features=FEATURES,
        words=WORDS,
    )


@pytest.fixture(scope="session", params=sorted(SPECIES))
def specimen(request, tmp_path_factory) -> Specimen:
    return SPECIES[request.param](tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def species(tmp_path_factory) -> Callable[[str], Specimen]:
    """One of the models by name, made once."""
    made: dict[str, Specimen] = {}

    def make(name: str) -> Specimen:
        if name not in made:
            made[name] = SPECIES[name](tmp_path_factory.mktemp("model"))
        return made[name]

    return make
