# SPDX-License-Identifier: Apache-2.0
"""Child process: ART's HopSkipJump on rows given as npz, with its feature mask; see sections/credit.py and labels.py.

Runs in ART's environment and knows nothing of Hauberk. The model is the same LightGBM file, behind ART's black-box
classifier, which sees its decisions at the business threshold (ART's own LightGBM classifier refuses the binary
objective). Columns are scaled to 0..1 by their declared ranges, as ART's one pair of clip values needs.
"""

import sys
import time

import lightgbm
import numpy as np
from art.attacks.evasion import HopSkipJump
from art.estimators.classification import BlackBoxClassifier


def main(source: str, target: str) -> None:
    given = np.load(source)
    rows, low, span = given["rows"], given["low"], given["span"]
    mask = given["mask"].astype(np.float32)
    threshold, max_iter = float(given["threshold"]), int(given["max_iter"])
    norm = np.inf if "norm" in given and str(given["norm"]) == "linf" else 2
    booster = lightgbm.Booster(model_file=str(given["model"]))
    asked = [0]

    def predict(scaled: np.ndarray) -> np.ndarray:
        asked[0] += len(scaled)
        caught = booster.predict(scaled.astype(np.float64) * span + low, num_threads=1) >= threshold
        return np.stack([~caught, caught], axis=1).astype(np.float32)

    classifier = BlackBoxClassifier(predict, input_shape=(rows.shape[1],), nb_classes=2, clip_values=(0.0, 1.0))
    found, queries, seconds = np.empty_like(rows), [], []
    for number, row in enumerate(rows):
        np.random.seed(int(given["seed"]) + number)
        attack = HopSkipJump(classifier, targeted=False, norm=norm, max_iter=max_iter, batch_size=1024, verbose=False)
        asked[0], begin = 0, time.process_time()
        scaled = ((row - low) / span).astype(np.float32)[None, :]
        moved = attack.generate(scaled, mask=mask[None, :])[0]
        seconds.append(time.process_time() - begin)
        queries.append(asked[0])
        # masked columns get their exact values back, which the journey through single precision cost them
        found[number] = np.where(mask > 0, moved.astype(np.float64) * span + low, row)
    np.savez(target, found=found, queries=np.array(queries), seconds=np.array(seconds))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
