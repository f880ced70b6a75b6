# SPDX-License-Identifier: Apache-2.0
"""A condition as alternatives: each a list of atoms that together make the condition hold.

An atom is a comparison of one number with zero, which can be measured and approached step by step, or anything else, which
can only hold or not. The alternatives guide repair and explain rules; whether a rule holds is never decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hauberk.domain.expression.tree import Call, Literal, Node, Type, columns_of

MAX_ALTERNATIVES = 16
MAX_ATOMS = 64


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number compared with zero.

    Attributes:
        op: `le`, `lt` or `eq`.
        value: the number, usually the difference of two sides; the atom holds where it is at most, below or equal to 0.
    """

    op: str
    value: Node


@dataclass(frozen=True, slots=True)
class Opaque:
    """A condition that has no measure, such as one on a text.

    Attributes:
        node: the condition.
        wanted: true if it must hold, false if its opposite must.
    """

    node: Node
    wanted: bool


Atom = Comparison | Opaque
Alternative = tuple[Atom, ...]
Alternatives = tuple[Alternative, ...]
Sign = Callable[[Node], int]
"""Sign of a number over the declared ranges: 1 for never below zero, -1 for never above it, 0 for unknown."""

_SWAPPED = {"gt": "lt", "ge": "le"}
_NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


def alternatives(node: Node, *, sign: Sign | None = None, wanted: bool = True) -> Alternatives:
    """The ways in which a condition can hold.

    NULL counts as holding, on both sides of NOT; where an argument of `greatest` or `least` is NULL, or a condition of CASE,
    more may be asked than the condition does. Where there would be too many ways, the condition is one opaque atom.

    Args:
        node: a condition.
        sign: what is known of the signs of numbers, to multiply ratios out.
        wanted: false for the ways in which it can fail.
    """
    found = _Splitter(sign or _unknown).ways(node, wanted=wanted)
    return ((Opaque(node, wanted),),) if found is None else found


def _unknown(_node: Node) -> int:
    return 0


class _Splitter:
    """Splits conditions; None stands for 'too many ways'."""

    def __init__(self, sign: Sign) -> None:
        self.sign = sign

    def ways(self, node: Node, *, wanted: bool) -> Alternatives | None:
        """The ways in which a condition holds, or fails."""
        if isinstance(node, Literal) and node.value is not None:
            return ((),) if bool(node.value) is wanted else ()
        if isinstance(node, Call) and node.op in {"not", "and", "or", "case"}:
            return self.logic(node, wanted=wanted)
        if isinstance(node, Call) and node.args and node.args[0].type in {Type.NUMBER, Type.DATE}:
            return self.numeric(node, wanted=wanted)
        return ((Opaque(node, wanted),),)

    def logic(self, node: Call, *, wanted: bool) -> Alternatives | None:
        """NOT, AND, OR and CASE over conditions."""
        if node.op == "not":
            return self.ways(node.args[0], wanted=not wanted)
        if node.op == "case":
            return self.branches(node, wanted=wanted)
        parts = [self.ways(arg, wanted=wanted) for arg in node.args]
        return _all_of(parts) if (node.op == "and") is wanted else _any_of(parts)

    def numeric(self, node: Call, *, wanted: bool) -> Alternatives | None:
        """Comparisons of numbers, IN included."""
        if node.op == "in":
            equal = [self.compared("eq" if wanted else "ne", node.args[0], item) for item in node.args[1:]]
            return _any_of(equal) if wanted else _all_of(equal)
        if node.op in _NEGATED:
            return self.compared(node.op if wanted else _NEGATED[node.op], node.args[0], node.args[1])
        return ((Opaque(node, wanted),),)

    def branches(self, node: Call, *, wanted: bool) -> Alternatives | None:
        """CASE: a branch's condition and result, after all conditions before it failed."""
        found: list[Alternatives | None] = []
        before: list[Alternatives | None] = []
        for at in range(0, len(node.args) - 1, 2):
            condition, result = node.args[at], node.args[at + 1]
            found.append(_all_of([*before, self.ways(condition, wanted=True), self.ways(result, wanted=wanted)]))
            before.append(self.ways(condition, wanted=False))
        return _any_of([*found, _all_of([*before, self.ways(node.args[-1], wanted=wanted)])])

    def compared(self, op: str, left: Node, right: Node) -> Alternatives | None:
        """One comparison of two numbers."""
        if op in _SWAPPED:
            return self.compared(_SWAPPED[op], right, left)
        if op == "ne":
            return _any_of([self.compared("lt", left, right), self.compared("lt", right, left)])
        if op == "eq":
            return self.divided(op, left, right) or ((Comparison(op, _difference(left, right)),),)
        return self.extreme(op, left, right) or self.divided(op, left, right) or _one(op, left, right)

    def extreme(self, op: str, left: Node, right: Node) -> Alternatives | None:
        """`greatest`, `least` and `abs` on either side of `<` and `<=`."""
        for node, other, below in ((left, right, True), (right, left, False)):
            parts = _arguments(node)
            if parts is None or not isinstance(node, Call):
                continue
            pairs = [(part, other) if below else (other, part) for part in parts]
            compared = [self.compared(op, *pair) for pair in pairs]
            return _all_of(compared) if (node.op != "least") is below else _any_of(compared)
        return None

    def divided(self, op: str, left: Node, right: Node) -> Alternatives | None:
        """A ratio on one side, multiplied out where the sign of its divisor is known."""
        for node, other, below in ((left, right, True), (right, left, False)):
            if not isinstance(node, Call) or node.op != "div":
                continue
            sign = self.sign(node.args[1])
            if sign:
                sides = (node.args[0], Call("mul", (other, node.args[1]), Type.NUMBER))
                keep = below is (sign > 0)
                return self.compared(op, *(sides if keep else sides[::-1]))
        return None


def _arguments(node: Node) -> list[Node] | None:
    """What a node is the greatest or least of; None if it is no such thing."""
    if not isinstance(node, Call) or node.op not in {"greatest", "least", "abs"}:
        return None
    if node.op == "abs":
        return [node.args[0], Call("neg", node.args, Type.NUMBER)]
    return list(node.args)


def _difference(left: Node, right: Node) -> Node:
    return Call("sub", (left, right), Type.NUMBER)


def _one(op: str, left: Node, right: Node) -> Alternatives:
    return ((Comparison(op, _difference(left, right)),),)


def _any_of(parts: list[Alternatives | None]) -> Alternatives | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or sum(map(len, known)) > MAX_ALTERNATIVES:
        return None
    return tuple(way for part in known for way in part)


def _all_of(parts: list[Alternatives | None]) -> Alternatives | None:
    ways: Alternatives = ((),)
    for part in parts:
        if part is None or len(ways) * len(part) > MAX_ALTERNATIVES:
            return None
        ways = tuple(before + after for before in ways for after in part)
        if any(len(way) > MAX_ATOMS for way in ways):
            return None
    return ways


def substitute(node: Node, nodes: dict[str, Node]) -> Node:
    """Put expressions in the place of columns."""
    if isinstance(node, Call):
        return Call(node.op, tuple(substitute(arg, nodes) for arg in node.args), node.type, node.pattern)
    if isinstance(node, Literal):
        return node
    return nodes.get(node.name, node)


def atom_columns(atom: Atom) -> tuple[str, ...]:
    """Names of the columns that an atom reads."""
    return columns_of(atom.value if isinstance(atom, Comparison) else atom.node)
