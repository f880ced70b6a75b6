# SPDX-License-Identifier: Apache-2.0
"""Expressions that are sums of columns times constants, recognised as such."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hauberk.domain.expression.tree import Literal, Node, Ref, Type


@dataclass(frozen=True, slots=True)
class Affine:
    """A constant plus columns times factors.

    Attributes:
        constant: the constant.
        factors: column to factor; no factor is 0.
    """

    constant: float
    factors: Mapping[str, float] = field(default_factory=dict[str, float])

    def times(self, factor: float) -> Affine:
        """The whole times a number."""
        return Affine(self.constant * factor, {name: part * factor for name, part in self.factors.items() if factor})

    def plus(self, other: Affine) -> Affine:
        """The sum of two."""
        total = dict(self.factors)
        for name, part in other.factors.items():
            total[name] = total.get(name, 0.0) + part
        return Affine(self.constant + other.constant, {name: part for name, part in total.items() if part})


def affine(node: Node) -> Affine | None:
    """The expression as a sum, None if it is no such thing.

    Example:
        >>> from hauberk.domain.expression.parse import parse
        >>> affine(parse("2 * (a - b) + 1", {"a": Type.NUMBER, "b": Type.NUMBER}))
        Affine(constant=1.0, factors={'a': 2.0, 'b': -2.0})
    """
    if isinstance(node, Ref):
        return Affine(0.0, {node.name: 1.0}) if node.type in {Type.NUMBER, Type.DATE} else None
    if isinstance(node, Literal):
        return _constant(node)
    if node.op not in {"add", "sub", "mul", "div", "neg"}:
        return None
    parts = [affine(arg) for arg in node.args]
    known = [part for part in parts if part is not None]
    return _combined(node.op, known) if len(known) == len(parts) else None


def _constant(node: Literal) -> Affine | None:
    return Affine(node.value) if isinstance(node.value, float) and math.isfinite(node.value) else None


def _combined(op: str, parts: list[Affine]) -> Affine | None:
    first, last = parts[0], parts[-1]
    if op == "neg":
        return first.times(-1.0)
    if op in {"add", "sub"}:
        return first.plus(last.times(1.0 if op == "add" else -1.0))
    if op == "mul" and not first.factors:
        return last.times(first.constant)
    if last.factors or (op == "div" and last.constant == 0.0):
        return None
    return first.times(last.constant if op == "mul" else 1.0 / last.constant)
