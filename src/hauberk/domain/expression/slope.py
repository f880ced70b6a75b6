# SPDX-License-Identifier: Apache-2.0
"""Numbers with their slopes: a value and, for each column, how fast it grows with that column.

Where an expression has a kink the slope is one of its one-sided ones; `floor`, `ceil` and `round` pass slopes through, since
their own, zero almost everywhere, would lead nowhere. Slopes of expressions that are straight in a column are plain scalars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hauberk.domain.expression.to_numpy import Array, Inputs, Pair, Program, to_numpy
from hauberk.domain.expression.tree import Call, Node, Ref, Type, columns_of

Slopes = dict[str, Any]
"""Column to slope, a scalar or an array of shape (n,); a column that is absent has slope 0."""

Sloped = Callable[[Inputs], tuple[Pair, Slopes]]


def to_slopes(node: Node, vocabularies: Mapping[str, Sequence[str]]) -> Sloped:
    """Compile a number, or a date, with its slopes.

    Args:
        node: the expression.
        vocabularies: for each text column, the text behind each code.

    Returns:
        A function from columns to the pair that `to_numpy` gives, and the slopes. Call it under
        `np.errstate(all="ignore")`.
    """
    program = to_numpy(node, vocabularies)
    if isinstance(node, Ref) and node.type in {Type.NUMBER, Type.DATE}:
        name = node.name
        return lambda inputs: (inputs[name], {name: 1.0})
    if not isinstance(node, Call) or not columns_of(node) or node.op not in _RULES:
        return _flat(program)
    if node.op in {"case", "coalesce"}:
        return _chosen(node, vocabularies)
    parts = [to_slopes(arg, vocabularies) for arg in node.args]
    combine, outer = _RULES[node.op], _OUTER[node.op]

    def _run(inputs: Inputs) -> tuple[Pair, Slopes]:
        found = [part(inputs) for part in parts]
        pairs = [pair for pair, _ in found]
        value, mask = outer(inputs, pairs) if outer else program(inputs)
        return (value, mask), combine(value, [pair[0] for pair in pairs], [slopes for _, slopes in found])

    return _run


def _flat(program: Program) -> Sloped:
    return lambda inputs: (program(inputs), {})


def _chosen(node: Call, vocabularies: Mapping[str, Sequence[str]]) -> Sloped:
    """CASE and coalesce: the slopes of the branch that is taken."""
    if node.op == "case":
        conditions = [to_numpy(arg, vocabularies) for arg in node.args[:-1:2]]
        results = [to_slopes(arg, vocabularies) for arg in (*node.args[1:-1:2], node.args[-1])]
    else:
        conditions = [_known(to_numpy(arg, vocabularies)) for arg in node.args[:-1]]
        results = [to_slopes(arg, vocabularies) for arg in node.args]
    program = to_numpy(node, vocabularies)

    def _run(inputs: Inputs) -> tuple[Pair, Slopes]:
        slopes = results[-1](inputs)[1]
        for condition, result in zip(reversed(conditions), reversed(results[:-1]), strict=True):
            values, mask = condition(inputs)
            slopes = _where(values if mask is None else values & ~mask, result(inputs)[1], slopes)
        return program(inputs), slopes

    return _run


def _known(program: Program) -> Program:
    def _run(inputs: Inputs) -> Pair:
        values, mask = program(inputs)
        return (np.ones(np.shape(values), dtype=np.bool_) if mask is None else ~mask), None

    return _run


def _where(condition: Array, yes: Slopes, no: Slopes) -> Slopes:
    return {name: np.where(condition, yes.get(name, 0.0), no.get(name, 0.0)) for name in {**yes, **no}}


def _scaled(slopes: Slopes, factor: Any) -> Slopes:
    return {name: slope * factor for name, slope in slopes.items()}


def _plus(left: Slopes, right: Slopes) -> Slopes:
    total = dict(left)
    for name, slope in right.items():
        total[name] = total[name] + slope if name in total else slope
    return total


def _add(_value: Array, _args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _plus(*slopes)


def _sub(_value: Array, _args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _plus(slopes[0], _scaled(slopes[1], -1.0))


def _mul(_value: Array, args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _plus(_scaled(slopes[0], args[1]), _scaled(slopes[1], args[0]))


def _div(_value: Array, args: list[Array], slopes: list[Slopes]) -> Slopes:
    divisor = np.where(args[1] == 0.0, 1.0, args[1])
    left = _scaled(slopes[0], 1.0 / divisor) if slopes[0] else {}
    return _plus(left, _scaled(slopes[1], -args[0] / divisor**2)) if slopes[1] else left


def _through(_value: Array, _args: list[Array], slopes: list[Slopes]) -> Slopes:
    return slopes[0]


def _neg(_value: Array, _args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _scaled(slopes[0], -1.0)


def _abs(_value: Array, args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _scaled(slopes[0], np.where(args[0] < 0.0, -1.0, 1.0))


def _sqrt(value: Array, _args: list[Array], slopes: list[Slopes]) -> Slopes:
    return _scaled(slopes[0], 0.5 / np.maximum(value, 1e-12))


def _extreme(value: Array, args: list[Array], slopes: list[Slopes]) -> Slopes:
    """The first argument that is the extreme one."""
    found = slopes[-1]
    for arg, part in zip(reversed(args[:-1]), reversed(slopes[:-1]), strict=True):
        found = _where(arg == value, part, found)
    return found


_Combine = Callable[[Array, list[Array], list[Slopes]], Slopes]
_Outer = Callable[[Inputs, list[Pair]], Pair]


def _none(_value: Array, _args: list[Array], _slopes: list[Slopes]) -> Slopes:
    return {}


def _union(pairs: list[Pair]) -> Array | None:
    masks = [mask for _, mask in pairs if mask is not None]
    return np.logical_or.reduce(np.broadcast_arrays(*masks)) if masks else None


def _both(function: Callable[[Array, Array], Array]) -> _Outer:
    """The value from the arguments' own values, so that nothing is computed twice."""
    return lambda _inputs, pairs: (function(pairs[0][0], pairs[1][0]), _union(pairs))


_RULES: dict[str, _Combine] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "mod": _through,
    "intdiv": _div,
    "neg": _neg,
    "abs": _abs,
    "floor": _through,
    "ceil": _through,
    "round": _through,
    "sqrt": _sqrt,
    "greatest": _extreme,
    "least": _extreme,
    "case": _none,
    "coalesce": _none,
}
_OUTER: dict[str, _Outer | None] = dict.fromkeys(_RULES) | {
    "add": _both(np.add),
    "sub": _both(np.subtract),
    "mul": _both(np.multiply),
}
