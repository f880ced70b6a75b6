# SPDX-License-Identifier: Apache-2.0
"""Compiles an expression to numpy, for loops that evaluate it on many small matrices.

A value is a pair: an array and a mask of NULLs (None where there are none). Text never reaches the loop: whatever reads text
columns is evaluated beforehand by the interpreter, once per category code, into a table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.core.errors import ConfigError
from hauberk.domain.expression.interpret import evaluate
from hauberk.domain.expression.tree import Call, Literal, Node, Ref, Type, columns_of

Array = NDArray[Any]
Pair = tuple[Array, Array | None]
"""Values and mask of NULLs. Under the mask any value may stand."""

Inputs = Mapping[str, Pair]
"""Column to pair: float64 for numbers and dates, bool for booleans, codes (intp) for text."""

Program = Callable[[Inputs], Pair]

MAX_TABLE = 250_000
"""Largest number of combinations of text values that a table may hold."""


def to_numpy(node: Node, vocabularies: Mapping[str, Sequence[str]]) -> Program:
    """Compile an expression.

    Args:
        node: the expression.
        vocabularies: for each text column, the text behind each code.

    Returns:
        A function from columns to values and mask; arrays broadcast, a constant expression gives a 0-d array. Call it
        under `np.errstate(all="ignore")`.

    Raises:
        ConfigError: text columns whose values combine in more than `MAX_TABLE` ways.
    """
    if isinstance(node, Literal):
        return _constant(node)
    if isinstance(node, Ref):
        return _column(node.name)
    if any(arg.type is Type.TEXT for arg in node.args):
        return _table(node, vocabularies)
    args = [to_numpy(arg, vocabularies) for arg in node.args]
    lenient = _LENIENT.get(node.op)
    if lenient is not None:
        return _apply_lenient(lenient, args)
    return _apply_strict(_STRICT[node.op], args)


def _constant(node: Literal) -> Program:
    dtype = np.bool_ if node.type is Type.BOOL else np.float64
    pair: Pair
    if node.value is None:
        pair = (np.zeros((), dtype=dtype), np.ones((), dtype=np.bool_))
    else:
        pair = (np.asarray(node.value, dtype=dtype), None)
    return lambda _inputs: pair


def _column(name: str) -> Program:
    return lambda inputs: inputs[name]


def _table(node: Call, vocabularies: Mapping[str, Sequence[str]]) -> Program:
    names = columns_of(node)
    sizes = [len(vocabularies[name]) + 1 for name in names]
    if int(np.prod(sizes, dtype=np.float64)) > MAX_TABLE:
        raise ConfigError(
            f"the text columns {', '.join(names)} combine in more than {MAX_TABLE} ways",
            where="rule over text columns",
            next_step="split the rule, or compare fewer text columns with one another",
        )
    choices = [[*vocabularies[name], None] for name in names]
    rows = (dict(zip(names, values, strict=True)) for values in itertools.product(*choices))
    cells = [evaluate(node, row) for row in rows]
    values = np.array([cell or 0 for cell in cells], dtype=np.bool_ if node.type is Type.BOOL else np.float64)
    nulls = np.array([cell is None for cell in cells], dtype=np.bool_)

    def _run(inputs: Inputs) -> Pair:
        index: Array = np.zeros((), dtype=np.intp)
        for name, size in zip(names, sizes, strict=True):
            codes, mask = inputs[name]
            known = codes if mask is None else np.where(mask, size - 1, codes)
            index = index * size + known
        return values[index], (nulls[index] if nulls.any() else None)

    return _run


def _union(masks: Sequence[Array | None]) -> Array | None:
    present = [mask for mask in masks if mask is not None]
    return np.asarray(reduce(np.logical_or, present)) if present else None


def _apply_strict(function: Callable[..., Any], args: list[Program]) -> Program:
    def _run(inputs: Inputs) -> Pair:
        pairs = [arg(inputs) for arg in args]
        values, mask = function(*(pair[0] for pair in pairs))
        return values, _union([mask, *(pair[1] for pair in pairs)])

    return _run


def _apply_lenient(function: Callable[..., Pair], args: list[Program]) -> Program:
    return lambda inputs: function(*(arg(inputs) for arg in args))


def _plain(function: Callable[..., Array]) -> Callable[..., Pair]:
    return lambda *args: (function(*args), None)


def _div(left: Array, right: Array) -> Pair:
    zero = right == 0.0
    if not np.any(zero):
        return left / right, None
    return left / np.where(zero, 1.0, right), np.broadcast_to(zero, np.broadcast_shapes(left.shape, right.shape))


def _intdiv(left: Array, right: Array) -> Pair:
    quotient, mask = _div(left, right)
    return np.trunc(quotient), mask


def _mod(left: Array, right: Array) -> Pair:
    quotient, mask = _intdiv(left, right)
    return left - right * quotient, mask


def _round(value: Array, digits: Array) -> Array:
    scale = np.power(10.0, digits)
    size = np.abs(value * scale)
    whole = np.floor(size)
    return np.asarray(np.copysign((whole + (size - whole >= 0.5)) / scale, value))


def _greatest(*args: Array) -> Array:
    return reduce(np.maximum, args)


def _least(*args: Array) -> Array:
    return reduce(np.minimum, args)


def _in(subject: Array, *items: Array) -> Array:
    return reduce(np.logical_or, [subject == item for item in items])


def _and(*pairs: Pair) -> Pair:
    masks = [pair[1] for pair in pairs]
    if all(mask is None for mask in masks):
        return reduce(np.logical_and, [pair[0] for pair in pairs]), None
    false = reduce(np.logical_or, [~_true(pair[0]) if pair[1] is None else ~pair[0] & ~pair[1] for pair in pairs])
    unknown = _union(masks)
    assert unknown is not None
    return ~(false | unknown), unknown & ~false


def _or(*pairs: Pair) -> Pair:
    masks = [pair[1] for pair in pairs]
    if all(mask is None for mask in masks):
        return reduce(np.logical_or, [pair[0] for pair in pairs]), None
    true = reduce(np.logical_or, [_true(pair[0]) if pair[1] is None else pair[0] & ~pair[1] for pair in pairs])
    unknown = _union(masks)
    assert unknown is not None
    return true, unknown & ~true


def _true(value: Array) -> Array:
    return np.asarray(value, dtype=np.bool_)


def _choose(condition: Array, yes: Pair, no: Pair) -> Pair:
    values = np.where(condition, yes[0], no[0])
    if yes[1] is None and no[1] is None:
        return values, None
    masks = [np.False_ if mask is None else mask for mask in (yes[1], no[1])]
    return values, np.where(condition, *masks)


def _case(*pairs: Pair) -> Pair:
    result = pairs[-1]
    for at in range(len(pairs) - 3, -1, -2):
        values, mask = pairs[at]
        result = _choose(values if mask is None else values & ~mask, pairs[at + 1], result)
    return result


def _coalesce(*pairs: Pair) -> Pair:
    result = pairs[-1]
    for values, mask in reversed(pairs[:-1]):
        result = (values, None) if mask is None else _choose(~mask, (values, None), result)
    return result


def _is_null(pair: Pair) -> Pair:
    values, mask = pair
    return (np.zeros(np.shape(values), dtype=np.bool_) if mask is None else mask), None


_LENIENT: dict[str, Callable[..., Pair]] = {
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "is_null": _is_null,
}
_STRICT: dict[str, Callable[..., Pair]] = {
    "add": _plain(np.add),
    "sub": _plain(np.subtract),
    "mul": _plain(np.multiply),
    "div": _div,
    "intdiv": _intdiv,
    "mod": _mod,
    "neg": _plain(np.negative),
    "abs": _plain(np.abs),
    "floor": _plain(np.floor),
    "ceil": _plain(np.ceil),
    "round": _plain(_round),
    "sign": _plain(np.sign),
    "sqrt": _plain(np.sqrt),
    "is_nan": _plain(np.isnan),
    "greatest": _plain(_greatest),
    "least": _plain(_least),
    "lt": _plain(np.less),
    "le": _plain(np.less_equal),
    "gt": _plain(np.greater),
    "ge": _plain(np.greater_equal),
    "eq": _plain(np.equal),
    "ne": _plain(np.not_equal),
    "in": _plain(_in),
    "not": _plain(np.logical_not),
}
