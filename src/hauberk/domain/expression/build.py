# SPDX-License-Identifier: Apache-2.0
"""From sqlglot's tree to the typed tree. What is not listed here is refused, unknown flags of known nodes included."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import Expr, exp
from sqlglot.errors import SqlglotError

from hauberk.domain.expression.tree import Call, Literal, Node, Type, columns_of

_HARMLESS = frozenset({"typed", "safe", "ignore_nulls", "coalesce", "quoted"})

Handler = Callable[["Builder", Expr], Node]


class ExpressionError(Exception):
    """An expression that cannot be used.

    Args:
        message: what is wrong, in one sentence.
        position: where in the text, counted from 1; 0 if unknown.
        hint: what to write instead.
    """

    def __init__(self, message: str, position: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


def position_of(node: Expr) -> int:
    """Position, counted from 1, of the first named thing below a sqlglot node; 0 if it has none."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts) + 1 if starts else 0


def shown(node: Expr) -> str:
    """The node as SQL, shortened; its kind where it has no such form."""
    try:
        return str(node.sql())[:60]
    except (SqlglotError, ValueError, AttributeError, TypeError, KeyError, IndexError):
        # sqlglot's writer fails on trees that its reader builds from malformed text
        return str(node.key)


class Builder:
    """Turns sqlglot nodes into typed nodes.

    Args:
        types: type of each column that may be read.
        handlers: what each kind of sqlglot node becomes.
    """

    def __init__(self, types: Mapping[str, Type], handlers: Mapping[type[Expr], Handler]) -> None:
        self.types = types
        self.handlers = handlers

    def build(self, node: Expr) -> Node:
        """Turn one node and everything below it.

        Raises:
            ExpressionError: unsupported, unknown or of the wrong type.
        """
        handler = self.handlers.get(type(node))
        if not isinstance(node, Expr):  # pyright: ignore[reportUnnecessaryIsInstance] - sqlglot leaves gaps as None
            raise ExpressionError("an operand is missing")
        if handler is None:
            raise ExpressionError(f"{node.key.upper()} is not supported: {shown(node)}", position_of(node))
        built = handler(self, node)
        if isinstance(built, Call) and built.type is Type.TEXT:
            self.text_only(built, node)
        return built

    def text_only(self, built: Call, node: Expr) -> None:
        """Refuse a text that depends on anything but text columns: its table of values would not be finite."""
        other = [name for name in columns_of(built) if self.types[name] is not Type.TEXT]
        if other:
            raise ExpressionError(f"a text may depend on text columns alone, not on {other[0]!r}", position_of(node))

    def typed(self, node: Expr, *wanted: Type) -> Node:
        """Build a node and insist on its type."""
        built = self.build(node)
        if built.type not in wanted:
            names = " or ".join(wanted)
            raise ExpressionError(f"a {names} is needed, this is a {built.type}: {shown(node)}", position_of(node))
        return built

    def same(self, *nodes: Expr) -> tuple[Node, ...]:
        """Build nodes that must be of one type; a bare NULL takes the type of the others."""
        built = [None if isinstance(node, exp.Null) else self.build(node) for node in nodes]
        first = next((item for item in built if item is not None), None)
        if first is None:
            raise ExpressionError("NULL alone has no type", position_of(nodes[0]))
        for node, item in zip(nodes, built, strict=True):
            if item is not None and item.type is not first.type:
                raise ExpressionError(
                    f"a {first.type} and a {item.type} cannot be mixed: {shown(node)}", position_of(node)
                )
        return tuple(Literal(None, first.type) if item is None else item for item in built)


def only(node: Expr, *names: str) -> None:
    """Refuse a node that carries anything but the named parts."""
    extra = [key for key, value in node.args.items() if value and key not in names and key not in _HARMLESS]
    if extra:
        raise ExpressionError(f"{extra[0].replace('_', ' ')} is not supported in {shown(node)}", position_of(node))


def call(op: str, type_: Type, *args: Node, pattern: str = "") -> Call:
    """Make a call."""
    return Call(op, args, type_, pattern)
