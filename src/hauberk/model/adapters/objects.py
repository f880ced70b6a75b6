# SPDX-License-Identifier: Apache-2.0
"""Which adapter opens an object in memory. Optional frameworks are imported only when an object of theirs arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hauberk.core.errors import UsageError
from hauberk.model.adapters import catboost_model, lightgbm_booster, torch_module, xgboost_booster
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.adapters.plain_callable import open_callable
from hauberk.model.adapters.sklearn_estimator import open_estimator


def open_object(model: Any, request: Request) -> Opened:
    """Open a model that is in memory.

    Raises:
        UsageError: nothing here knows how to ask it for a probability.
    """
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(model).__mro__}
    for kind, opener in _OPENERS.items():
        if kind in kinds:
            return opener(model, request)
    if hasattr(model, "predict_proba") or hasattr(model, "predict"):
        return open_estimator(model, request)
    if callable(model):
        return open_callable(model, request)
    raise UsageError(
        f"an object of type {type(model).__name__} is not a model that Hauberk can ask",
        where=request.where,
        next_step="give a path, an address, a fitted classifier, or a function from a polars frame to P(event)",
    )


_OPENERS: dict[str, Callable[[Any, Request], Opened]] = {
    "lightgbm.Booster": lightgbm_booster.open_booster,
    "lightgbm.LGBMClassifier": lightgbm_booster.open_classifier,
    "xgboost.Booster": xgboost_booster.open_booster,
    "xgboost.XGBClassifier": xgboost_booster.open_classifier,
    "torch.Module": torch_module.open_module,
    "catboost.CatBoost": catboost_model.open_model_object,
}
