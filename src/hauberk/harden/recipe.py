# SPDX-License-Identifier: Apache-2.0
"""How the shipped model was trained, as far as its file says; a hardened model is trained the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, cast

from hauberk.core.errors import HauberkError
from hauberk.model import ubjson
from hauberk.model.recognise import Format, recognise

Setting = str | int | float | bool


class Learner(StrEnum):
    """The libraries that can be trained with."""

    LIGHTGBM = "LightGBM"
    XGBOOST = "XGBoost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A learner with its parameters.

    Attributes:
        learner: the library.
        params: parameters in the library's own names.
        rounds: trees.
        source: where they come from, a sentence for the report.
        complete: false where the file does not say everything, so that what is missing is chosen by validation.
        categorical: features whose numbers are codes of categories.
    """

    learner: Learner = Learner.LIGHTGBM
    params: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    rounds: int = 200
    source: str = ""
    complete: bool = False
    categorical: tuple[str, ...] = ()


def _truth(text: str) -> bool:
    """A truth value as LightGBM lists it; it refuses to read its own numbers back."""
    return bool(int(text))


_LIGHTGBM: dict[str, Callable[[str], Setting]] = {
    "boosting": str, "learning_rate": float, "num_leaves": int, "max_depth": int, "min_data_in_leaf": int,
    "min_sum_hessian_in_leaf": float, "bagging_fraction": float, "bagging_freq": int, "feature_fraction": float,
    "feature_fraction_bynode": float, "extra_trees": _truth, "lambda_l1": float, "lambda_l2": float,
    "min_gain_to_split": float, "path_smooth": float, "max_bin": int, "min_data_in_bin": int, "is_unbalance": _truth,
    "scale_pos_weight": float, "drop_rate": float, "skip_drop": float, "max_drop": int, "top_rate": float,
    "other_rate": float, "cat_smooth": float, "cat_l2": float, "max_cat_threshold": int, "zero_as_missing": _truth,
    "use_missing": _truth,
}  # fmt: skip
"""Parameters that shape a LightGBM model, of all those that its file lists."""


def recipe_of(content: bytes, features: Sequence[str], name: str) -> Recipe:
    """Read how a model was trained.

    Args:
        content: bytes of the model file; empty for an endpoint or a model in memory.
        features: names of the columns that it reads, in its order.
        name: what people call it.
    """
    kind = recognise(content) if content else Format.UNKNOWN
    if kind is Format.LIGHTGBM:
        return _of_lightgbm(content.decode("utf-8", errors="replace"), features, name)
    if kind in {Format.XGBOOST_JSON, Format.XGBOOST_UBJ}:
        return _of_xgboost(content, kind, name)
    what = f"{name} is {kind}" if content else f"{name} has no file here"
    return Recipe(source=f"{what}, which Hauberk cannot train again: a LightGBM model replaces it")


def _of_lightgbm(text: str, features: Sequence[str], name: str) -> Recipe:
    """The section `parameters` of the text form: one `[key: value]` a line."""
    listed = dict(re.findall(r"^\[(\w+): (.*)\]\s*$", text, re.MULTILINE))
    trees = len(re.findall(r"^Tree=\d+\s*$", text, re.MULTILINE))
    params: dict[str, Setting] = {}
    for key, kind in _LIGHTGBM.items():
        if key in listed:
            try:
                params[key] = kind(listed[key])
            except ValueError:
                return Recipe(rounds=max(trees, 1), source=f"the parameters in {name} cannot be read")
    if not params:
        return Recipe(rounds=max(trees, 1), source=f"{name} is LightGBM and does not list its parameters")
    codes = [int(part) for part in listed.get("categorical_feature", "").split(",") if part.strip().isdigit()]
    return Recipe(
        params=params,
        rounds=max(trees, 1),
        source=f"LightGBM with the parameters that {name} lists",
        complete=True,
        categorical=tuple(features[code] for code in codes if code < len(features)),
    )


def _of_xgboost(content: bytes, kind: Format, name: str) -> Recipe:
    """XGBoost keeps trees and objective in a model file and no training parameters: depth and number are counted."""
    if find_spec("xgboost") is None:
        return Recipe(source=f"{name} is XGBoost, which is not installed: a LightGBM model replaces it")
    try:
        document = json.loads(content) if kind is Format.XGBOOST_JSON else ubjson.loads(content)
        model = cast("dict[str, Any]", document)["learner"]["gradient_booster"]
        trees: list[dict[str, Any]] = model.get("model", model.get("gbtree", {}).get("model", {}))["trees"]
        depth = max((_depth(tree) for tree in trees), default=0)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, HauberkError):
        return Recipe(learner=Learner.XGBOOST, source=f"the trees of {name} cannot be counted")
    return Recipe(
        learner=Learner.XGBOOST,
        params={"max_depth": max(depth, 1)},
        rounds=max(len(trees), 1),
        source=f"XGBoost with as many trees and levels as {name}; its file says no more",
    )


def _depth(tree: Mapping[str, Any]) -> int:
    """Levels of splits of a tree that lists its children."""
    left, right = list(tree["left_children"]), list(tree["right_children"])
    deepest, waiting = 0, [(0, 0)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        if left[node] >= 0 and level < len(left):
            waiting += [(left[node], level + 1), (right[node], level + 1)]
    return deepest
