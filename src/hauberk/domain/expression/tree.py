# SPDX-License-Identifier: Apache-2.0
"""The typed tree that rules and derivations are turned into. Small on purpose: three backends must agree on every node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """The four types of an expression. Numbers are IEEE doubles; dates are days since 1970-01-01 as doubles."""

    NUMBER = "number"
    BOOL = "boolean"
    TEXT = "text"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant.

    Attributes:
        value: a float for numbers and dates, a bool, a str, or None for NULL.
        type: its type.
    """

    value: float | bool | str | None
    type: Type


@dataclass(frozen=True, slots=True)
class Ref:
    """A column.

    Attributes:
        name: the column's name, exactly as declared.
        type: its type.
    """

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """An operation on arguments.

    Attributes:
        op: its name, one of `OPERATIONS`.
        args: arguments. `case` takes condition, result, condition, result, ..., otherwise.
        type: type of the result.
        pattern: the pattern of `matches`, canonical form; empty elsewhere.
    """

    op: str
    args: tuple[Node, ...]
    type: Type
    pattern: str = ""


Node = Literal | Ref | Call

ARITHMETIC = frozenset({"add", "sub", "mul", "div", "intdiv", "mod"})
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
LOGIC = frozenset({"and", "or", "not"})
ROUNDING = frozenset({"floor", "ceil", "round", "abs", "neg", "sign", "sqrt"})
TEXTUAL = frozenset({"matches", "starts_with", "ends_with", "contains", "length", "concat"})
LENIENT = frozenset({"and", "or", "case", "coalesce", "is_null"})
"""Operations that look at NULL themselves; every other one is NULL as soon as one argument is NULL."""
OPERATIONS = (
    ARITHMETIC | COMPARISONS | LOGIC | ROUNDING | TEXTUAL | LENIENT | frozenset({"greatest", "least", "in", "is_nan"})
)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, outermost first."""
    yield node
    if isinstance(node, Call):
        for arg in node.args:
            yield from walk(arg)


def columns_of(node: Node) -> tuple[str, ...]:
    """Names of the columns that an expression reads, each once, in order of appearance."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, Ref)))


def depth_of(node: Node) -> int:
    """Levels of the tree; 1 for a constant or a column."""
    if isinstance(node, Call) and node.args:
        return 1 + max(depth_of(arg) for arg in node.args)
    return 1
