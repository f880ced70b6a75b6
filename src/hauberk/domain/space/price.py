# SPDX-License-Identifier: Apache-2.0
"""What a change costs, and which values are worth trying."""

from __future__ import annotations

import numpy as np

from hauberk.domain.column import Kind
from hauberk.domain.space.codec import Codec, Floats
from hauberk.domain.space.judge import Bools
from hauberk.domain.space.mechanics import Mechanics, differ

LEVELS = 33
"""How many quantiles of the template are offered for a free column."""


def price(mechanics: Mechanics, rows: Floats, origin: Floats, hour: float) -> Floats:
    """Price changes; see `Space.price`. Matrices lie column by column; `hour` is the price of an hour of effort."""
    total = np.zeros(rows.shape[1])
    for j, name in enumerate(mechanics.names):
        codec = mechanics.codecs[name]
        cost = codec.column.cost
        if codec.column.derived is not None:
            continue
        changed = differ(rows[j], origin[j])
        if codec.column.kind is Kind.ONE_HOT:
            changed &= _counts_once(mechanics, j, rows, origin)
        gap = np.where(changed, 1.0, 0.0) if codec.coded else np.abs(rows[j] - origin[j])
        units = (cost.per_unit + hour * cost.effort_per_unit) * np.where(np.isfinite(gap), gap, 0.0)
        total += np.where(changed, cost.fixed + hour * cost.effort + units, 0.0)
    return total


def _counts_once(mechanics: Mechanics, j: int, rows: Floats, origin: Floats) -> Bools:
    """Of a one-hot group the column that becomes 1 counts, or the one that becomes 0 if none does."""
    name = mechanics.names[j]
    group = next((group for group in mechanics.groups if name in group.columns), None)
    members = [mechanics.at[member] for member in group.columns] if group else [j]
    raised = (rows[members] > origin[members]).any(axis=0)
    return np.asarray((rows[j] > origin[j]) | ~raised)


def levels(codec: Codec, values: Floats) -> Floats:
    """Values worth trying in a column, ascending; see `Space.levels`. `values` are those of the template, sorted."""
    span = (codec.high - codec.low) / codec.grid if codec.grid else np.inf
    if codec.coded or span <= 2 * LEVELS:
        return codec.low + np.arange(int(span) + 1, dtype=np.float64) * (codec.grid or 1.0)
    ends = [end for end in (codec.column.low, codec.column.high) if end is not None]
    wanted = np.append(np.quantile(values, np.linspace(0.0, 1.0, LEVELS), method="nearest"), ends)
    return np.asarray(np.unique(codec.onto_grid(wanted, codec.low, codec.high)), dtype=np.float64)
