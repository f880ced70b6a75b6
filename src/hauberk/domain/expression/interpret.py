# SPDX-License-Identifier: Apache-2.0
"""The plain interpreter: one row at a time, Python alone. It states the semantics; the compilers must agree with it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from hauberk.domain.expression.dialect import to_python
from hauberk.domain.expression.tree import Call, Literal, Node, Ref

Value = float | bool | str | None
"""A number or date as a float, a boolean, a text, or None for NULL."""


def evaluate(node: Node, row: Mapping[str, Value]) -> Value:
    """Evaluate an expression on one record.

    Args:
        node: the expression.
        row: value of each column; numbers as floats, dates as days since 1970-01-01, NULL as None.

    Returns:
        The value; None for NULL.

    Raises:
        KeyError: the row lacks a column.

    Example:
        >>> from hauberk.domain.expression.parse import parse
        >>> from hauberk.domain.expression.tree import Type
        >>> evaluate(parse("a / b", {"a": Type.NUMBER, "b": Type.NUMBER}), {"a": 1.0, "b": 0.0}) is None
        True
    """
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Ref):
        return row[node.name]
    special = _LENIENT.get(node.op)
    if special is not None:
        return special(node, row)
    args = [evaluate(arg, row) for arg in node.args]
    if any(arg is None for arg in args):
        return None
    if node.op == "matches":
        return _matches(node, args)
    value: Value = _STRICT[node.op](*args)
    return value


def _and(node: Call, row: Mapping[str, Value]) -> Value:
    values = [evaluate(arg, row) for arg in node.args]
    return False if False in values else (None if None in values else True)


def _or(node: Call, row: Mapping[str, Value]) -> Value:
    values = [evaluate(arg, row) for arg in node.args]
    return True if True in values else (None if None in values else False)


def _case(node: Call, row: Mapping[str, Value]) -> Value:
    for at in range(0, len(node.args) - 1, 2):
        if evaluate(node.args[at], row) is True:
            return evaluate(node.args[at + 1], row)
    return evaluate(node.args[-1], row)


def _coalesce(node: Call, row: Mapping[str, Value]) -> Value:
    for arg in node.args:
        value = evaluate(arg, row)
        if value is not None:
            return value
    return None


def _is_null(node: Call, row: Mapping[str, Value]) -> Value:
    return evaluate(node.args[0], row) is None


def _matches(node: Call, args: Sequence[Value]) -> Value:
    return _compiled(node.pattern).search(str(args[0])) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(to_python(pattern))


def _div(left: float, right: float) -> float | None:
    if right == 0.0:
        return None
    return left / right


def _trunc(value: float) -> float:
    return float(math.trunc(value)) if math.isfinite(value) else value


def _intdiv(left: float, right: float) -> float | None:
    quotient = _div(left, right)
    return None if quotient is None else _trunc(quotient)


def _mod(left: float, right: float) -> float | None:
    quotient = _intdiv(left, right)
    return None if quotient is None else left - right * quotient


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def _ceil(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def _round(value: float, digits: float) -> float:
    scale = 10.0**digits
    size = abs(value * scale)
    whole = _floor(size)
    whole += size - whole >= 0.5
    return math.copysign(whole / scale, value) if not math.isnan(value) else value


def _sign(value: float) -> float:
    return value if math.isnan(value) else float((value > 0) - (value < 0))


def _sqrt(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _greatest(*values: float) -> float:
    return math.nan if any(math.isnan(value) for value in values) else max(values)


def _least(*values: float) -> float:
    return math.nan if any(math.isnan(value) for value in values) else min(values)


def _in(value: Value, *items: Value) -> bool:
    return any(value == item for item in items)


def _length(text: str) -> float:
    return float(len(text))


_LENIENT: dict[str, Callable[[Call, Mapping[str, Value]], Value]] = {
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "is_null": _is_null,
}
_STRICT: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _div,
    "intdiv": _intdiv,
    "mod": _mod,
    "neg": operator.neg,
    "abs": operator.abs,
    "floor": _floor,
    "ceil": _ceil,
    "round": _round,
    "sign": _sign,
    "sqrt": _sqrt,
    "is_nan": math.isnan,
    "greatest": _greatest,
    "least": _least,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "in": _in,
    "not": operator.not_,
    "length": _length,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": operator.contains,
    "concat": operator.concat,
}
