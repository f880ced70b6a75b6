# SPDX-License-Identifier: Apache-2.0
"""From margins to probabilities: one factor and one shift, so that the plain exported model gives calibrated scores.

Source: Platt 1999, with targets drawn in from 0 and 1 as there, so that separable rows give finite numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit


def scale_and_shift(
    margin: NDArray[np.float64], sign: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Return (a, b) with sigmoid(a * margin + b) near the probability of the event, a above 0.

    Args:
        margin: shape (n,).
        sign: 1 for the event, -1 otherwise, shape (n,).
        weight: shape (n,).

    Returns:
        Factor and shift; (1, 0) where the margins do not rise with the event, since a factor below 0 would turn the
        model round.
    """
    events, others = float(weight[sign > 0].sum()), float(weight[sign < 0].sum())
    target = np.where(sign > 0, (events + 1) / (events + 2), 1 / (others + 2))
    spread = float(margin.std())
    if spread == 0.0 or not np.isfinite(spread):
        return 1.0, 0.0
    unit = (margin - margin.mean()) / spread

    def _loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z: NDArray[np.float64] = point[0] * unit + point[1]
        chance = np.asarray(expit(z), dtype=np.float64)
        loss = np.asarray(np.logaddexp(0, z), dtype=np.float64) - target * z
        return float(np.dot(weight, loss)), np.array(
            [np.dot(weight * unit, chance - target), np.dot(weight, chance - target)]
        )

    found = minimize(_loss, np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-6 * weight.sum()})
    a, b = float(found.x[0]) / spread, float(found.x[1]) - float(found.x[0]) * float(margin.mean()) / spread
    return (a, b) if a > 0 and np.isfinite(a) and np.isfinite(b) else (1.0, 0.0)
