# SPDX-License-Identifier: Apache-2.0
"""Compiles an expression to Polars: one lazy expression for batches of any size."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Any

import polars as pl

from hauberk.domain.expression.dialect import to_rust
from hauberk.domain.expression.tree import Call, Literal, Node, Ref, Type

_DTYPES = {Type.NUMBER: pl.Float64, Type.DATE: pl.Float64, Type.BOOL: pl.Boolean, Type.TEXT: pl.String}
_US_PER_DAY = 86_400_000_000.0


def to_polars(node: Node, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Compile an expression.

    Args:
        node: the expression.
        schema: data type of each column in the frames to come.

    Returns:
        An expression of type Float64 (numbers, and dates as days), Boolean or String; null is NULL.
    """
    if isinstance(node, Literal):
        return pl.lit(node.value, dtype=_DTYPES[node.type])
    if isinstance(node, Ref):
        return read_column(node.name, node.type, schema[node.name])
    args = [to_polars(arg, schema) for arg in node.args]
    if node.op == "matches":
        return args[0].str.contains(to_rust(node.pattern), literal=False, strict=True)
    if node.op in _COMPARISONS:
        return _comparison(node, args, schema)
    built: pl.Expr = _BUILD[node.op](*args)
    return built


def read_column(name: str, type_: Type, dtype: pl.DataType) -> pl.Expr:
    """Read a column of a frame as a value of a type; what cannot be read as it is null.

    Integers become doubles, dates and times days since 1970-01-01 (UTC), anything becomes text where text is wanted.
    """
    column = pl.col(name)
    if type_ is Type.DATE:
        return _days(column, dtype)
    if type_ is Type.NUMBER:
        readable = dtype.is_numeric() or dtype == pl.Boolean
        return column.cast(pl.Float64) if readable else pl.lit(None, dtype=pl.Float64)
    if type_ is Type.BOOL:
        return _bool(column, dtype)
    return column.cast(pl.String, strict=False)


def _bool(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return column
    if not dtype.is_numeric():
        return pl.lit(None, dtype=pl.Boolean)
    return pl.when(column == 1).then(True).when(column == 0).then(False).otherwise(None)


def _days(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return column.cast(pl.Int32).cast(pl.Float64)
    if isinstance(dtype, pl.Datetime):
        return divide(column.dt.cast_time_unit("us").cast(pl.Int64).cast(pl.Float64), pl.lit(_US_PER_DAY))
    if dtype == pl.String:
        day = pl.when(column.str.contains(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z")).then(column)
        return day.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Float64)
    return pl.lit(None, dtype=pl.Float64)


def divide(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """IEEE division. Polars multiplies by the reciprocal of a constant divisor, which is off by one unit in the last place.

    So the divisor becomes a column of its own; measured on Polars 2.1 by `tests/domain/test_expression_equal.py`.
    """
    return left / (left.is_null().cast(pl.Float64) * 0.0 + right)


def _comparison(node: Call, args: list[pl.Expr], schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """IEEE on NaN: Polars itself lets NaN equal NaN and stand above all numbers."""
    result: pl.Expr = _COMPARISONS[node.op](*args)
    doubtful = [arg.is_nan() for arg, part in zip(args, node.args, strict=True) if _may_be_nan(part, schema)]
    if not doubtful or node.op == "in":
        return result
    nan = _or(*doubtful)
    pinned = (result | nan) if node.op == "ne" else (result & ~nan)
    # where one side is NULL the answer is NULL, whatever the other side is
    return pl.when(result.is_not_null()).then(pinned)


def _may_be_nan(node: Node, schema: Mapping[str, pl.DataType]) -> bool:
    if node.type not in {Type.NUMBER, Type.DATE} or isinstance(node, Literal):
        return False
    return not isinstance(node, Ref) or (node.type is Type.NUMBER and schema[node.name].is_float())


def _in(subject: pl.Expr, *items: pl.Expr) -> pl.Expr:
    return _or(*(subject == item for item in items))


def _div(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return divide(left, pl.when(right != 0.0).then(right))


def _trunc(value: pl.Expr) -> pl.Expr:
    return pl.when(value < 0).then(value.ceil()).otherwise(value.floor())


def _intdiv(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return _trunc(_div(left, right))


def _mod(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return left - right * _intdiv(left, right)


def _round(value: pl.Expr, digits: pl.Expr) -> pl.Expr:
    scale = pl.lit(10.0).pow(digits)
    size = (value * scale).abs()
    whole = size.floor()
    up = (size - whole).is_not_nan() & (size - whole >= 0.5)
    rounded = divide(whole + up.cast(pl.Float64), scale)
    return pl.when(value < 0).then(-rounded).otherwise(rounded)


def _sign(value: pl.Expr) -> pl.Expr:
    plus = (value > 0).cast(pl.Float64) - (value < 0).cast(pl.Float64)
    return pl.when(value.is_nan()).then(value).otherwise(plus)


def _extreme(left: pl.Expr, right: pl.Expr, *, greatest: bool) -> pl.Expr:
    ahead = left >= right if greatest else left <= right
    chosen = pl.when(ahead).then(left).otherwise(right)
    whole = pl.when(left.is_nan()).then(left).when(right.is_nan()).then(right).otherwise(chosen)
    return pl.when(left.is_null() | right.is_null()).then(None).otherwise(whole)


def _case(*args: pl.Expr) -> pl.Expr:
    result = args[-1]
    for at in range(len(args) - 3, -1, -2):
        result = pl.when(args[at]).then(args[at + 1]).otherwise(result)
    return result


def _greatest(*args: pl.Expr) -> pl.Expr:
    return reduce(partial(_extreme, greatest=True), args)


def _least(*args: pl.Expr) -> pl.Expr:
    return reduce(partial(_extreme, greatest=False), args)


def _and(*args: pl.Expr) -> pl.Expr:
    return reduce(pl.Expr.__and__, args)


def _or(*args: pl.Expr) -> pl.Expr:
    return reduce(pl.Expr.__or__, args)


def _length(text: pl.Expr) -> pl.Expr:
    return text.str.len_chars().cast(pl.Float64)


def _starts_with(text: pl.Expr, start: pl.Expr) -> pl.Expr:
    return text.str.starts_with(start)


def _ends_with(text: pl.Expr, end: pl.Expr) -> pl.Expr:
    return text.str.ends_with(end)


def _contains(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    return text.str.contains(part, literal=True)


_COMPARISONS: dict[str, Callable[..., Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "in": _in,
}
_BUILD: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _div,
    "intdiv": _intdiv,
    "mod": _mod,
    "neg": operator.neg,
    "abs": pl.Expr.abs,
    "floor": pl.Expr.floor,
    "ceil": pl.Expr.ceil,
    "round": _round,
    "sign": _sign,
    "sqrt": pl.Expr.sqrt,
    "is_nan": pl.Expr.is_nan,
    "greatest": _greatest,
    "least": _least,
    "and": _and,
    "or": _or,
    "not": pl.Expr.not_,
    "is_null": pl.Expr.is_null,
    "case": _case,
    "coalesce": pl.coalesce,
    "length": _length,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "contains": _contains,
    "concat": operator.add,
}
