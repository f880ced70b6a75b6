# SPDX-License-Identifier: Apache-2.0
"""Which converter reads a model. A library is imported only when a model of its arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from hauberk.core.errors import Unreadable, UsageError
from hauberk.model import ubjson
from hauberk.model.forest.arrival import converters, library
from hauberk.model.forest.flat import Forest
from hauberk.model.lightgbm_text import text_fault
from hauberk.model.reading import read_model_file
from hauberk.model.recognise import Format, recognise
from hauberk.model.xgboost_document import document_fault


def forest_of(source: Any, *, name: str = "") -> Forest:
    """Read a model's trees, and prove on probed rows that they score as the model does.

    Args:
        source: a LightGBM, XGBoost, CatBoost or scikit-learn model in memory, or the path of a LightGBM text file or an
            XGBoost json or ubj file.
        name: how messages call it; the path, or the type's name, by default.

    Returns:
        A forest whose margins equal the library's; categorical columns take codes.

    Raises:
        UsageError: there is no converter for it, or the result would not score as the model does.
        Unreadable: the file is damaged, or a tree's arrays do not describe a tree.
    """
    if isinstance(source, (str, Path)):
        return _of_file(Path(source), name)
    called = name or type(source).__name__
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(source).__mro__}
    for kind, (place, inner) in _CONVERTERS.items():
        if kind in kinds:
            return _converter(place)(_inner(source, inner, called), called)
    raise UsageError(
        f"the trees of a {type(source).__name__} cannot be read",
        where=called,
        why="it is not made of trees, or of trees of a kind that is not converted",
        next_step="attack the model by its scores, which need no trees",
    )


_CONVERTERS = {
    "lightgbm.Booster": ("from_lightgbm:forest_of_booster", ""),
    "lightgbm.LGBMModel": ("from_lightgbm:forest_of_booster", "booster_"),
    "xgboost.Booster": ("from_xgboost:forest_of_booster", ""),
    "xgboost.XGBModel": ("from_xgboost:forest_of_booster", "get_booster"),
    "catboost.CatBoost": ("from_catboost:forest_of_catboost", ""),
    "sklearn.IsolationForest": ("from_isolation:forest_of_isolation", ""),
    "sklearn.BaseHistGradientBoosting": ("from_histogram:forest_of_histogram", ""),
    "sklearn.BaseGradientBoosting": ("from_sklearn:forest_of_boosting", ""),
    "sklearn.ForestClassifier": ("from_sklearn:forest_of_trees", ""),
    "sklearn.ForestRegressor": ("from_sklearn:forest_of_trees", ""),
    "sklearn.BaseDecisionTree": ("from_sklearn:forest_of_trees", ""),
}
"""A class among a model's ancestors, its converter, and what in the model is converted."""


def _converter(place: str) -> Callable[[Any, str], Forest]:
    module, _, function = place.partition(":")
    return cast("Callable[[Any, str], Forest]", getattr(converters(module), function))


def _inner(source: Any, name: str, where: str) -> Any:
    asks = getattr(source, "__sklearn_is_fitted__", None) or getattr(source, "is_fitted", None)
    fitted = asks() if asks is not None else hasattr(source, "n_features_in_") or hasattr(source, "model_to_string")
    if not fitted and not hasattr(source, "save_raw"):
        raise UsageError("the model is not fitted", where=where, next_step="fit it first")
    part = getattr(source, name) if name else source
    return part() if name.startswith("get_") else part


def _of_file(path: Path, name: str) -> Forest:
    where = name or str(path)
    content = read_model_file(path)
    kind = recognise(content)
    if kind is Format.LIGHTGBM:
        return _converter("from_lightgbm:forest_of_booster")(_lightgbm(content, where), where)
    if kind in {Format.XGBOOST_JSON, Format.XGBOOST_UBJ}:
        return _converter("from_xgboost:forest_of_booster")(_xgboost(content, kind, where), where)
    raise UsageError(
        f"trees are read from LightGBM text and XGBoost json or ubj files, and this is {kind}",
        where=where,
        next_step="load the model and give it as an object",
    )


def _lightgbm(content: bytes, where: str) -> Any:
    text = content.decode("utf-8", errors="replace")
    wrong = text_fault(text)
    if wrong:
        raise Unreadable("the LightGBM file is damaged", where=where, why=wrong, next_step="save the model again")
    return library("lightgbm").Booster(model_str=text)


def _xgboost(content: bytes, kind: Format, where: str) -> Any:
    try:
        document = json.loads(content) if kind is Format.XGBOOST_JSON else ubjson.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the XGBoost file is damaged", where=where, why=str(error)[:200]) from error
    wrong = document_fault(document)
    if wrong:
        raise Unreadable("the XGBoost file is damaged", where=where, why=wrong, next_step="save the model again")
    try:
        from xgboost import Booster
    except ImportError as error:
        next_step = "pip install 'hauberk[xgboost]'"
        raise UsageError("xgboost is not installed", where=where, next_step=next_step) from error
    booster: Any = Booster()
    booster.load_model(bytearray(content))
    return booster
