# SPDX-License-Identifier: Apache-2.0
"""Veritas: the L-infinity distance at which a positive record of a tree model turns negative, one record at a time.

    python veritas_linf.py SOURCE.npz TARGET.npz

SOURCE holds `rows`, `model` (a LightGBM text or an XGBoost ubj file), `start`, `steps`, `guard` and `max_time`. TARGET gets
bounds, the best example of each row (NaN where it has none), CPU seconds a row, and how far the converted trees are from the
library on the rows themselves.
"""

from __future__ import annotations

import sys
import time

import lightgbm
import numpy as np
import veritas
import xgboost


def opened(path: str, rows: np.ndarray) -> tuple[object, np.ndarray]:
    if path.endswith(".txt"):
        booster = lightgbm.Booster(model_file=path)
        return booster, np.asarray(booster.predict(rows, raw_score=True))
    model = xgboost.XGBClassifier()
    model.load_model(path)
    return model, np.asarray(model.predict(rows, output_margin=True))


def main() -> None:
    source = np.load(sys.argv[1])
    rows = source["rows"]
    booster, margins = opened(str(source["model"]), rows)
    trees = veritas.get_addtree(booster, silent=True)
    gap = float(np.abs(np.asarray(trees.eval(rows)).ravel() - margins).max())
    n = len(rows)
    lower, upper, seconds = np.zeros(n), np.full(n, np.inf), np.zeros(n)
    examples = np.full(rows.shape, np.nan)
    for at, each in enumerate(rows):
        begin = time.process_time()
        search = veritas.VeritasRobustnessSearch(
            each,
            float(source["start"]),
            trees,
            None,
            num_steps=int(source["steps"]),
            max_time=float(source["max_time"]),
            search_guard=float(source["guard"]),
            silent=True,
        )
        _, lower[at], upper[at] = search.search()
        seconds[at] = time.process_time() - begin
        if search.generated_examples:
            nearest = min(search.generated_examples, key=lambda one: np.abs(np.asarray(one) - each).max())
            examples[at] = nearest
    np.savez(sys.argv[2], lower=lower, upper=upper, examples=examples, seconds=seconds, gap=gap)


if __name__ == "__main__":
    main()
