# SPDX-License-Identifier: Apache-2.0
"""Fences around the bulk of a column, and the rows outside of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.data.numeric import Shape
from hauberk.stats import edges, rung_quantile
from hauberk.table import Hits, Scan, State, Table, run_scans

_LEAST = 200
"""Values without which no tail can be told from the bulk."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Where a column's values end.

    Attributes:
        low: smallest value that is not far beyond all others.
        high: largest such value.
        reach: how many widths of the usual range lie between the range and the fence.
        beyond: whether the histogram holds anything outside.
    """

    low: float
    high: float
    reach: float
    beyond: bool


def fence_of(shape: Shape, reach: float) -> Fence | None:
    """The fence of a numeric column; None with too few values.

    Args:
        shape: of a numeric column.
        reach: distance from the 0.5th and 99.5th percentile, in units of their distance.
    """
    if shape.n < _LEAST:
        return None
    bottom, top = rung_quantile(shape.counts, 0.005), rung_quantile(shape.counts, 0.995)
    width = max(top - bottom, abs(top) / 16.0, abs(bottom) / 16.0)
    if width == 0.0:
        width = 1.0
    low, high = bottom - reach * width, top + reach * width
    filled = edges(np.flatnonzero(shape.counts)[[0, -1]])
    return Fence(low, high, reach, bool(filled[0] < low or filled[1] >= high / (1.0 + 1.0 / 16.0)))


def outside(table: Table, fences: Mapping[str, Fence]) -> dict[str, Hits]:
    """The rows outside their column's fence, found in a pass over these columns alone.

    Raises:
        Exception: whatever ended that pass.
    """
    if not fences:
        return {}
    found: dict[str, Hits] = {}

    def _keep(state: State) -> list[Measurement | Finding]:
        found.update(state)
        return []

    rows = {
        name: pl.col(name).is_finite() & ~pl.col(name).is_between(fence.low, fence.high)
        for name, fence in fences.items()
    }
    result = run_scans(table, {"outside": Scan(rows=rows, finish=_keep)})["outside"]
    if isinstance(result, Exception):
        raise result
    return found
