# SPDX-License-Identifier: Apache-2.0
"""Small labelled rows, and the true worst case of a forest by trying one point of every cell."""

from itertools import product

import numpy as np
import pytest


def _rows(n: int = 120, k: int = 3, seed: int = 0, *, gaps: float = 0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)).round(2)
    y = (x[:, 0] + 0.6 * x[:, 1] + 0.6 * rng.normal(size=n) > 0).astype(int)
    y[:2] = 0, 1
    x[rng.random(x.shape) < gaps] = np.nan
    return x, y


def _worst(forest, low, high, sign):
    """The least of sign * margin over a box, by one point in each cell that the box meets."""
    options = []
    for column in range(forest.width):
        marks = np.unique(forest.threshold[(forest.child >= 0) & (forest.feature == column)])
        inside = marks[(marks >= low[column]) & (marks < high[column])]
        # float32, so that the forest reads the points as they are
        above = np.nextafter(inside.astype(np.float32), np.float32(np.inf)).astype(float)
        points = [low[column], high[column], *inside, *above]
        options.append([value for value in points if np.isfinite(value)] or [0.0 if np.isinf(low[column]) else np.nan])
    points = np.array(list(product(*options)))
    return float((sign * forest.margins(points)[:, 0]).min())


@pytest.fixture(scope="session")
def make_rows():
    """n rows of k columns with labels, by seed, a share of the values missing."""
    return _rows


@pytest.fixture(scope="session")
def true_worst():
    """The true worst margin of a row's box."""
    return _worst
