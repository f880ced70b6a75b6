# SPDX-License-Identifier: Apache-2.0
"""Writes an expression as text that `parse` reads back into the same tree."""

from __future__ import annotations

import datetime as dt
import re

import sqlglot

from hauberk.domain.expression.tree import ARITHMETIC, COMPARISONS, Call, Literal, Node, Ref, Type

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "intdiv": "//",
    "mod": "%",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "=",
    "ne": "<>",
    "and": "AND",
    "or": "OR",
    "concat": "||",
}
_NAMES = {"is_nan": "isnan", "matches": "regexp_like"}


def spell(node: Node) -> str:
    """Write an expression.

    Example:
        >>> from hauberk.domain.expression.parse import parse
        >>> spell(parse("not a>0 or b>0", {"a": Type.NUMBER, "b": Type.NUMBER}))
        'implies(a > 0, b > 0)'
    """
    text = _spelt(node)
    return text[1:-1] if text.startswith("(") and _closes_last(text) else text


def _closes_last(text: str) -> bool:
    """Whether the first bracket is closed by the last character; quoted text holds no brackets that count."""
    depth, quote = 0, ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return at == len(text) - 1
    return False


def _spelt(node: Node) -> str:
    if isinstance(node, Literal):
        return _constant(node)
    if isinstance(node, Ref):
        return _name(node.name)
    implied = _implication(node)
    if implied:
        return implied
    args = [_spelt(arg) for arg in node.args]
    if node.op in ARITHMETIC | COMPARISONS | {"and", "or", "concat"}:
        return f"({f' {_SIGNS[node.op]} '.join(args)})"
    return _called(node, args)


def _called(node: Call, args: list[str]) -> str:
    if node.op == "not":
        return f"(NOT {args[0]})"
    if node.op == "neg":
        return f"(-{args[0]})"
    if node.op == "is_null":
        return f"({args[0]} IS NULL)"
    if node.op == "in":
        return f"({args[0]} IN ({', '.join(args[1:])}))"
    if node.op == "case":
        pairs = zip(args[:-1:2], args[1:-1:2], strict=True)
        return f"CASE {' '.join(f'WHEN {c} THEN {r}' for c, r in pairs)} ELSE {args[-1]} END"
    inside = [*args, _text(node.pattern)] if node.op == "matches" else args
    return f"{_NAMES.get(node.op, node.op)}({', '.join(map(_bare, inside))})"


def _implication(node: Call) -> str:
    """`implies(a, b)` for NOT a OR b."""
    first = node.args[0] if node.op == "or" and len(node.args) == 2 else None
    if not isinstance(first, Call) or first.op != "not":
        return ""
    return f"implies({_bare(_spelt(first.args[0]))}, {_bare(_spelt(node.args[1]))})"


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("(") and _closes_last(text) else text


def _constant(node: Literal) -> str:
    if node.value is None:
        return "NULL"
    if node.type is Type.TEXT:
        return _text(str(node.value))
    if node.type is Type.BOOL:
        return "TRUE" if node.value else "FALSE"
    value = float(node.value)
    if node.type is Type.DATE:
        return f"DATE '{dt.date(1970, 1, 1) + dt.timedelta(days=int(value))}'"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(name: str) -> str:
    if _PLAIN.fullmatch(name):
        tokens = sqlglot.tokenize(name, read="duckdb")
        if len(tokens) == 1 and tokens[0].token_type.name == "VAR":
            return name
    return '"' + name.replace('"', '""') + '"'
