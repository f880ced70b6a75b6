# SPDX-License-Identifier: Apache-2.0
"""Interval arithmetic: what a number can become if its parts lie in given ranges, always on the wide side.

Rounding to nearest is monotone, so the ends are computed in the same doubles as the values themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers, or dates as days, that an expression can become.

    Attributes:
        low: no number is below it.
        high: no number is above it; below `low` if there is no number at all.
        null: NULL is possible.
        nan: NaN is possible.
    """

    low: float
    high: float
    null: bool = False
    nan: bool = False

    @property
    def single(self) -> bool:
        """True if it can only be one number."""
        return self.low == self.high and not (self.null or self.nan)


def _over(low: float, high: float, parts: Sequence[Span], *, null: bool = False, nan: bool = False) -> Span:
    """A span between two ends, NULL and NaN as soon as a part can be; an end that is no number is no bound."""
    nan = nan or math.isnan(low) or math.isnan(high) or any(part.nan for part in parts)
    low, high = (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
    return Span(low, high, null=null or any(part.null for part in parts), nan=nan)


def _add(parts: Sequence[Span]) -> Span:
    left, right = parts
    clash = _opposite(left.low, right.high) or _opposite(left.high, right.low)
    return _over(left.low + right.low, left.high + right.high, parts, nan=clash)


def _opposite(left: float, right: float) -> bool:
    return math.isinf(left) and math.isinf(right) and left != right


def _sub(parts: Sequence[Span]) -> Span:
    left, right = parts
    return _add((left, Span(-right.high, -right.low, right.null, right.nan)))


def _mul(parts: Sequence[Span]) -> Span:
    left, right = parts
    ends = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    # infinity times a zero within the span is NaN even where no end is zero
    nan = any(math.isnan(end) for end in ends) or _zero_times_infinity(left, right) or _zero_times_infinity(right, left)
    known = [0.0 if math.isnan(end) else end for end in ends]
    return _over(min(known), max(known), parts, nan=nan)


def _zero_times_infinity(left: Span, right: Span) -> bool:
    return left.low <= 0.0 <= left.high and (math.isinf(right.low) or math.isinf(right.high))


def _div(parts: Sequence[Span]) -> Span:
    """Division; by zero it is NULL, so that a divisor with zero inside reaches everything."""
    left, right = parts
    if right.low < 0.0 < right.high or (right.low == 0.0 == right.high):
        return Span(-math.inf, math.inf, null=True, nan=True)
    if right.high <= 0.0:
        flipped = (Span(-left.high, -left.low), Span(-right.high, -right.low))
        found = _div_by_positive(*flipped)
    else:
        found = _div_by_positive(left, right)
    return _over(found.low, found.high, parts, null=found.null, nan=found.nan)


def _div_by_positive(left: Span, right: Span) -> Span:
    """By a divisor that is 0 or more; the ends of the ratio lie where the divisor is smallest or largest."""
    low = _ratio(left.low, right.low if left.low < 0.0 else right.high)
    high = _ratio(left.high, right.high if left.high < 0.0 else right.low)
    infinite = math.isinf(right.high) and (math.isinf(left.low) or math.isinf(left.high))
    return Span(low, high, null=right.low == 0.0, nan=infinite)


def _ratio(left: float, right: float) -> float:
    if right == 0.0:
        return math.copysign(math.inf, left) if left else 0.0
    return left / right


def _monotone(function: Callable[[float], float]) -> Callable[[Sequence[Span]], Span]:
    def _run(parts: Sequence[Span]) -> Span:
        return _over(function(parts[0].low), function(parts[0].high), parts)

    return _run


def _whole(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: float(function(value)) if math.isfinite(value) else value


def _neg(parts: Sequence[Span]) -> Span:
    return _over(-parts[0].high, -parts[0].low, parts)


def _abs(parts: Sequence[Span]) -> Span:
    low, high = parts[0].low, parts[0].high
    least = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return _over(least, max(abs(low), abs(high)), parts)


def _sqrt(parts: Sequence[Span]) -> Span:
    low, high = parts[0].low, parts[0].high
    return _over(math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0)), parts, nan=low < 0.0)


def _near(parts: Sequence[Span]) -> Span:
    """`round` to any number of digits moves a value by at most one."""
    return _over(parts[0].low - 1.0, parts[0].high + 1.0, parts)


def _truncated(parts: Sequence[Span]) -> Span:
    ratio = _div(parts)
    return Span(ratio.low - 1.0, ratio.high + 1.0, ratio.null, ratio.nan)


def _greatest(parts: Sequence[Span]) -> Span:
    return _over(max(part.low for part in parts), max(part.high for part in parts), parts)


def _least(parts: Sequence[Span]) -> Span:
    return _over(min(part.low for part in parts), min(part.high for part in parts), parts)


SPANS: dict[str, Callable[[Sequence[Span]], Span]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "intdiv": _truncated,
    "neg": _neg,
    "abs": _abs,
    "sqrt": _sqrt,
    "floor": _monotone(_whole(math.floor)),
    "ceil": _monotone(_whole(math.ceil)),
    "round": _near,
    "greatest": _greatest,
    "least": _least,
}
"""Operation to what it makes of the spans of its arguments."""
