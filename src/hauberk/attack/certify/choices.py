# SPDX-License-Identifier: Apache-2.0
"""What one row can become, what that costs, and what a search found out about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import UsageError

Accept = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]] | None]
"""The domain's word on a witness: its true cost and the true point, or None where a rule refuses it."""


class Total(StrEnum):
    """How the costs of the blocks make the cost of a choice."""

    SUM = "sum"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Features that change together: one numeric column, a one-hot group, linked columns.

    Attributes:
        features: columns of the forest, shape (f,).
        values: what they can become, in the predictor's terms, shape (m, f); option 0 is what they are.
        cost: what each option costs, shape (m,), finite and >= 0; option 0 costs 0.
    """

    features: tuple[int, ...]
    values: NDArray[np.float64]
    cost: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """What one row can do.

    Attributes:
        row: the row in the forest's terms, shape (width,).
        blocks: features outside all blocks stay as they are.
        loose: features that may take any value at no cost (derived columns, before rules): they only weaken the lower
            bound. Without an `accept` they are taken at their word, and a witness may use them.
        total: SUM (L0, L1, squared L2, prices) or MAX (L-infinity).
    """

    row: NDArray[np.float64]
    blocks: tuple[Block, ...]
    loose: tuple[int, ...] = ()
    total: Total = Total.SUM


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bracket:
    """What is known of the cheapest choice that evades, for one row.

    Attributes:
        lower: proven: no choice cheaper than this evades; inf where it is proven that nothing evades.
        upper: cost of the witness; inf where none was found. `lower < upper` is open, and no verdict.
        witness: the evading row, shape (width,), None where none was found.
        exact: whether lower and upper are equal up to one part in 10^9.
        visits: leaves that were looked at.
    """

    lower: float
    upper: float
    witness: NDArray[np.float64] | None
    exact: bool
    visits: int


def is_exact(lower: float, upper: float) -> bool:
    """Whether both ends of a bracket are the same up to one part in 10^9."""
    if math.isinf(upper):
        return math.isinf(lower)
    return upper - lower <= 1e-9 * max(upper, 1e-300)


def check_choices(choices: Choices, width: int, where: str = "") -> None:
    """Refuse choices that cannot mean anything.

    Raises:
        UsageError: shapes disagree, a feature stands in two blocks, or a cost is negative, infinite or NaN.
    """
    seen: set[int] = set()
    if choices.row.shape != (width,):
        raise _refused(f"the row has shape {choices.row.shape}, the forest reads {width} columns", where)
    for number, block in enumerate(choices.blocks):
        values, cost = block.values, block.cost
        if values.ndim != 2 or values.shape[1] != len(block.features) or cost.shape != (len(values),) or not len(cost):
            raise _refused(f"block {number}: values {values.shape} and cost {cost.shape} do not fit", where)
        if not bool(np.all((cost >= 0) & (cost < np.inf))) or cost[0] != 0:
            raise _refused(f"block {number}: costs have to be finite, >= 0, and 0 for option 0", where)
        if not np.array_equal(values[0], choices.row[list(block.features)], equal_nan=True):
            raise _refused(f"block {number}: option 0 is not the row as it is", where)
        _claim(seen, block.features, width, where)
    _claim(seen, choices.loose, width, where)


def _claim(seen: set[int], features: tuple[int, ...], width: int, where: str) -> None:
    for feature in features:
        if not 0 <= feature < width or feature in seen:
            raise _refused(f"feature {feature} is out of range or stands in two blocks", where)
        seen.add(feature)


def _refused(what: str, where: str) -> UsageError:
    return UsageError(what, where=where, next_step="give blocks that share no feature, with option 0 as the row is")
