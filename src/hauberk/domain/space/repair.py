# SPDX-License-Identifier: Apache-2.0
"""Snapping: one column, or one group, onto values that it can have and its origin can reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hauberk.domain.column import Direction
from hauberk.domain.declaration import Group
from hauberk.domain.space.codec import Codec, Floats


def snap_column(codec: Codec, proposed: Floats, origin: Floats) -> Floats:
    """One changeable column into bounds, direction and grid; what cannot be snapped becomes the origin."""
    low: Floats | float = codec.low
    high: Floats | float = codec.high
    if codec.column.direction is Direction.UP:
        low = np.maximum(codec.low, origin)
    elif codec.column.direction is Direction.DOWN:
        high = np.minimum(codec.high, origin)
    snapped = codec.onto_grid(proposed, low, high)
    keep = np.isinf(proposed)
    if codec.column.direction is not Direction.BOTH:
        keep |= np.isnan(origin) | np.isnan(proposed)
    elif not codec.allows_nan:
        keep |= np.isnan(proposed)
    # a value that is within tolerance of its grid is left as it stands, so that an unchanged row stays unchanged
    return np.where(keep | (proposed == origin), origin, snapped)


def snap_group(group: Group, values: Floats, before: Floats, free: Sequence[bool]) -> Floats:
    """A one-hot group onto one choice, one that the proposal raised if there is one."""
    wish = np.where(np.isnan(values), -np.inf, values) - 0.25 * (before == 1.0)
    wish[~np.asarray(free)] = -np.inf
    best = wish.argmax(axis=0)
    chosen = (np.arange(len(values))[:, None] == best[None, :]).astype(np.float64)
    if group.empty:
        chosen[:, values.max(axis=0) < 0.5] = 0.0
    held = (before[~np.asarray(free)] == 1.0).any(axis=0)
    unchanged = ((values == before) | (np.isnan(values) & np.isnan(before))).all(axis=0)
    return np.where(held | unchanged, before, chosen)
