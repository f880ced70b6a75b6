# SPDX-License-Identifier: Apache-2.0
"""CatBoost: binary (cbm) and JSON files, and models in memory.

Categorical columns are words or whole numbers, which CatBoost hashes as text. It has no missing category: a null in such
a column is refused, since the text that stood for it in training is not recorded. Missing numbers are NaN.
"""

from __future__ import annotations

import json
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.classes import column_names, event_index
from hauberk.model.forest.arrival import converters
from hauberk.model.forest.event import event_forest
from hauberk.model.matrix import is_number, is_text, missing_count, numeric_matrix
from hauberk.model.tree_proof import shown_by_scores
from hauberk.model.trees import TreeReader, Trees

_OBJECTIVES = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll", "Focal")


@dataclass(frozen=True, slots=True)
class CatboostScorer:
    """Scores with a CatBoost model."""

    model: Any
    categorical: frozenset[str]
    event: int
    threads: int
    where: str

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        rows: Any = self._table(frame) if self.categorical else numeric_matrix(frame, where=self.where)
        answer = self.model.predict(rows, prediction_type="Probability", thread_count=self.threads or -1)
        return np.array(answer[:, self.event], dtype=np.float64)

    def _table(self, frame: pl.DataFrame) -> Any:
        import pandas as pd  # catboost depends on it

        columns: dict[str, Any] = {}
        for column in frame.get_columns():
            if column.name in self.categorical:
                words = self._words(column)
                known = words.unique(maintain_order=True)
                codes = words.replace_strict(known, list(range(len(known))), return_dtype=pl.Int64)
                columns[column.name] = pd.Categorical.from_codes(codes.to_numpy(), categories=known.to_list())
            else:
                columns[column.name] = numeric_matrix(column.to_frame(), where=self.where)[:, 0]
        return pd.DataFrame(columns)

    def _words(self, column: pl.Series) -> pl.Series:
        nulls = missing_count(column)
        if nulls:
            raise UsageError(
                f"column {column.name!r} is categorical and lacks a value in {nulls} of {column.len()} rows",
                where=self.where,
                why="CatBoost has no missing category, and the text that stood for it in training is not recorded",
                next_step="fill the column with the text that was used in training",
            )
        if is_text(column.dtype):
            return column.cast(pl.String)
        if isinstance(column.dtype, pl.Boolean):
            return column.replace_strict([True, False], ["True", "False"], return_dtype=pl.String)
        if is_number(column.dtype) and bool((column == column.cast(pl.Int64, strict=False)).all()):
            return column.cast(pl.Int64).cast(pl.String)
        raise UsageError(
            f"column {column.name!r} is categorical, and the data holds {column.dtype}",
            where=self.where,
            next_step="give words or whole numbers, as in training",
        )


def open_file(content: bytes, request: Request) -> Opened:
    """Open a model in CatBoost's binary or JSON format.

    Raises:
        UsageError: catboost is not installed, or the model does not give a probability of two classes.
        Unreadable: the file is damaged.
    """
    try:
        import catboost
    except ImportError as error:
        raise UsageError(
            "this is a CatBoost model, and catboost is not installed",
            where=request.where,
            next_step="pip install 'hauberk[catboost]'",
        ) from error
    fault = _binary_fault(content) if content.startswith(b"CBM1") else _json_fault(content)
    if fault:
        raise _broken(request, fault)
    model = catboost.CatBoost()
    try:
        if content.startswith(b"CBM1"):
            model.load_model(blob=content)
        else:
            _load_json(model, content)
    except catboost.CatBoostError as error:
        raise _broken(request, str(error)[:200]) from error
    return open_model_object(model, request)


def open_model_object(model: Any, request: Request) -> Opened:
    """Open a fitted `catboost.CatBoost` or `CatBoostClassifier` in memory.

    Raises:
        UsageError: it is not fitted, does not give a probability of two classes, or reads text or embedding columns.
    """
    if not model.is_fitted():
        raise UsageError("this CatBoost model is not fitted", where=request.where, next_step="fit it first")
    objective = str(model.get_all_params().get("loss_function", "")).partition(":")[0]
    classes = list(model.classes_)
    if objective not in _OBJECTIVES or not classes:
        raise UsageError(
            "the model does not give a probability of two classes",
            where=request.where,
            why=f"CatBoost loss function: {objective or 'none recorded'}",
            next_step="train with loss_function=Logloss",
        )
    if model.get_text_feature_indices() or model.get_embedding_feature_indices():
        raise UsageError("the model reads free text or embeddings, which tables do not hold", where=request.where)
    own = [str(name) for name in model.feature_names_]
    features = column_names(own, len(own), request.features, where=request.where)
    scorer = CatboostScorer(
        model=model,
        categorical=frozenset(features[index] for index in model.get_cat_feature_indices()),
        event=event_index(classes, request.positive, where=request.where),
        threads=request.threads,
        where=request.where,
    )
    trees = TreeReader(lambda: _trees(scorer, features))
    return Opened(framework="catboost", features=features, scorer=scorer, objective=objective, trees=trees)


def _trees(scorer: CatboostScorer, features: tuple[str, ...]) -> Trees:
    forest = converters("from_catboost").forest_of_catboost(scorer.model, scorer.where)
    trees = Trees(forest=event_forest(forest, scorer.event, where=scorer.where), features=features, where=scorer.where)
    return shown_by_scores(trees, scorer)


def _binary_fault(content: bytes) -> str:
    """Return what is wrong with the frame of a cbm file, or an empty string; CatBoost's reader crashes on a missing tail.

    After the mark come the length and bytes of the trees, then, for models that count categories, the number of count
    tables and each table's length and bytes.
    """
    at = 4
    try:
        (size,) = struct.unpack_from("<I", content, at)
        at += 4 + size
        tables = struct.unpack_from("<I", content, at)[0] if at != len(content) else 0
        at += 4 if tables else 0
        for _ in range(tables):
            (size,) = struct.unpack_from("<I", content, at)
            at += 4 + size
    except struct.error:
        return f"it ends at byte {len(content)}, inside a table"
    return "" if at == len(content) else f"its parts end at byte {at}, the file at byte {len(content)}"


def _json_fault(content: bytes) -> str:
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        return str(error)[:200]
    return ""


def _load_json(model: Any, content: bytes) -> None:
    # the JSON reader takes a path alone: it gets the bytes that were hashed, in a file that nobody else can reach
    with tempfile.TemporaryDirectory(prefix="hauberk-") as folder:
        path = Path(folder) / "model.json"
        path.write_bytes(content)
        model.load_model(str(path), format="json")


def _broken(request: Request, why: str) -> Unreadable:
    return Unreadable(
        "the file looks like a CatBoost model and cannot be read as one",
        where=request.where,
        why=why,
        next_step="save the model again with save_model",
    )
