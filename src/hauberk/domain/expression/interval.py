# SPDX-License-Identifier: Apache-2.0
"""What an expression can become over declared ranges: interval arithmetic, always on the wide side.

Every answer is an over-approximation: what is not in it cannot happen; what is in it may or may not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hauberk.domain.expression.spans import SPANS, Span
from hauberk.domain.expression.tree import Call, Literal, Node, Ref, Type


@dataclass(frozen=True, slots=True)
class Truth:
    """Truth values that a condition can take.

    Attributes:
        true: TRUE is possible.
        false: FALSE is possible.
        null: NULL is possible.
    """

    true: bool = True
    false: bool = True
    null: bool = True


ANYTHING = Span(-math.inf, math.inf, null=True, nan=True)
Reach = Span | Truth
Columns = Mapping[str, Reach]


def reach(node: Node, columns: Columns) -> Reach:
    """What an expression can become.

    Args:
        node: the expression; texts are not followed, whatever reads them can be anything of its type.
        columns: what each column can be; an absent one can be anything of its type.

    Example:
        >>> from hauberk.domain.expression.parse import parse
        >>> reach(parse("0 <= a OR 0 < b", {"a": Type.NUMBER, "b": Type.NUMBER}), {"a": Span(0, 9), "b": Span(0, 9)})
        Truth(true=True, false=False, null=False)
    """
    if isinstance(node, Literal):
        return _constant(node)
    if isinstance(node, Ref):
        return columns.get(node.name, _anything(node))
    if node.op in _SPECIAL:
        return _SPECIAL[node.op](node, columns)
    args = [reach(arg, columns) for arg in node.args]
    spans = [arg for arg in args if isinstance(arg, Span)]
    if len(spans) < len(args) or any(arg.type is Type.TEXT for arg in node.args) or node.op not in _NUMERIC:
        return _anything(node)
    return _NUMERIC[node.op](spans)


def span(node: Node, columns: Columns) -> Span:
    """What a number can become; anything for a node of another type."""
    found = reach(node, columns)
    return found if isinstance(found, Span) else ANYTHING


def truth(node: Node, columns: Columns) -> Truth:
    """What a condition can become; anything for a node of another type."""
    found = reach(node, columns)
    return found if isinstance(found, Truth) else Truth()


def _anything(node: Node) -> Reach:
    return Truth() if node.type is Type.BOOL else ANYTHING


def _constant(node: Literal) -> Reach:
    if node.type is Type.BOOL:
        return Truth(node.value is True, node.value is False, node.value is None)
    if node.value is None:
        return Span(math.inf, -math.inf, null=True)
    return Span(float(node.value), float(node.value)) if node.type is not Type.TEXT else ANYTHING


def _is_nan(parts: Sequence[Span]) -> Truth:
    part = parts[0]
    return Truth(part.nan, part.low <= part.high, part.null)


def _compared(always: Callable[[Span, Span], bool], never: Callable[[Span, Span], bool], *, on_nan: bool) -> _Rule:
    def _run(parts: Sequence[Span]) -> Truth:
        left, right = parts
        nan, null = left.nan or right.nan, left.null or right.null
        some = left.low <= left.high and right.low <= right.high
        true = (some and not never(left, right)) or (nan and on_nan)
        false = (some and not always(left, right)) or (nan and not on_nan)
        return Truth(true, false, null)

    return _run


def _apart(left: Span, right: Span) -> bool:
    return left.high < right.low or right.high < left.low


def _equal(left: Span, right: Span) -> bool:
    return left.low == left.high == right.low == right.high


def _in(parts: Sequence[Span]) -> Truth:
    found = [_NUMERIC["eq"]((parts[0], item)) for item in parts[1:]]
    return _either([item for item in found if isinstance(item, Truth)])


def _either(parts: Sequence[Truth]) -> Truth:
    false = all(part.false for part in parts)
    quiet = all(part.false or part.null for part in parts)
    return Truth(any(part.true for part in parts), false, quiet and any(part.null for part in parts))


def _opposed(part: Truth) -> Truth:
    return Truth(part.false, part.true, part.null)


def _or(node: Call, columns: Columns) -> Reach:
    return _either([truth(arg, columns) for arg in node.args])


def _and(node: Call, columns: Columns) -> Reach:
    return _opposed(_either([_opposed(truth(arg, columns)) for arg in node.args]))


def _not(node: Call, columns: Columns) -> Reach:
    return _opposed(truth(node.args[0], columns))


def _is_null(node: Call, columns: Columns) -> Reach:
    found = reach(node.args[0], columns)
    ordinary = (found.true or found.false) if isinstance(found, Truth) else (found.low <= found.high or found.nan)
    return Truth(found.null, ordinary, null=False)


def _case(node: Call, columns: Columns) -> Reach:
    results: list[Reach] = []
    for at in range(0, len(node.args) - 1, 2):
        condition = truth(node.args[at], columns)
        if condition.true:
            results.append(reach(node.args[at + 1], columns))
        if not (condition.false or condition.null):
            return _joined(node, results)
    return _joined(node, [*results, reach(node.args[-1], columns)])


def _coalesce(node: Call, columns: Columns) -> Reach:
    results: list[Reach] = []
    for arg in node.args:
        found = reach(arg, columns)
        results.append(found)
        if not found.null:
            return _joined(node, results, last=found)
    return _joined(node, results, last=results[-1])


def _joined(node: Call, parts: Sequence[Reach], last: Reach | None = None) -> Reach:
    """Any of several results; with `last`, NULL only if that one can be NULL."""
    null = any(part.null for part in parts) if last is None else last.null
    if node.type is Type.BOOL:
        truths = [part for part in parts if isinstance(part, Truth)]
        return Truth(any(part.true for part in truths), any(part.false for part in truths), null)
    return _hull([part for part in parts if isinstance(part, Span)], null=null)


def _hull(spans: Sequence[Span], *, null: bool) -> Span:
    low, high = (
        min((part.low for part in spans), default=math.inf),
        max((part.high for part in spans), default=-math.inf),
    )
    return Span(low, high, null, any(part.nan for part in spans))


_Rule = Callable[[Sequence[Span]], Reach]
_SPECIAL: dict[str, Callable[[Call, Columns], Reach]] = {
    "or": _or,
    "and": _and,
    "not": _not,
    "is_null": _is_null,
    "case": _case,
    "coalesce": _coalesce,
}
_NUMERIC: dict[str, _Rule] = {
    **SPANS,
    "is_nan": _is_nan,
    "in": _in,
    "lt": _compared(lambda a, b: a.high < b.low, lambda a, b: a.low >= b.high, on_nan=False),
    "le": _compared(lambda a, b: a.high <= b.low, lambda a, b: a.low > b.high, on_nan=False),
    "gt": _compared(lambda a, b: a.low > b.high, lambda a, b: a.high <= b.low, on_nan=False),
    "ge": _compared(lambda a, b: a.low >= b.high, lambda a, b: a.high < b.low, on_nan=False),
    "eq": _compared(_equal, _apart, on_nan=False),
    "ne": _compared(_apart, _equal, on_nan=True),
}
