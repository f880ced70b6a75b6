# SPDX-License-Identifier: Apache-2.0
"""What each column can become, as its declaration alone says."""

from __future__ import annotations

import sys

from hauberk.domain.column import FIRST_DAY, LAST_DAY, Column, Kind
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
    # values are finite, so that a column without bounds ends where doubles, or the years of the calendar, do
    ends = (FIRST_DAY, LAST_DAY + 1.0) if column.kind is Kind.DATE else (-sys.float_info.max, sys.float_info.max)
    low = ends[0] if column.low is None else column.low
    high = ends[1] if column.high is None else column.high
    return Span(low, high, null=column.nullable, nan=column.nan)
