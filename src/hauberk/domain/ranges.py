# SPDX-License-Identifier: Apache-2.0
"""What each column can become, as its declaration alone says."""

from __future__ import annotations

import math

from hauberk.domain.column import Column, Kind
from hauberk.domain.expression import Reach, Span, Truth, Type


def column_range(column: Column) -> Reach | None:
    """What a column can become in expressions; None for texts."""
    if column.type is Type.TEXT:
        return None
    if column.type is Type.BOOL:
        return Truth(null=column.nullable)
    if column.choices:
        numbers = [float(item) for item in column.choices if not isinstance(item, str)]
        return Span(min(numbers), max(numbers), null=column.nullable)
    if column.kind is Kind.ONE_HOT:
        return Span(0.0, 1.0, null=column.nullable)
    low = -math.inf if column.low is None else column.low
    high = math.inf if column.high is None else column.high
    return Span(low, high, null=column.nullable, nan=column.nan)
