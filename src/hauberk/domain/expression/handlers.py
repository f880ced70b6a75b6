# SPDX-License-Identifier: Apache-2.0
"""What each kind of sqlglot node becomes in the typed tree, one small function each."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re

from sqlglot import Expr, exp

from hauberk.domain.expression.build import Builder, ExpressionError, Handler, call, only, position_of, shown
from hauberk.domain.expression.pattern import PatternError, read_pattern
from hauberk.domain.expression.tree import Literal, Node, Ref, Type

EPOCH = dt.date(1970, 1, 1)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?")


def _column(builder: Builder, node: Expr) -> Node:
    only(node, "this")
    name = node.name
    if not isinstance(node.this, exp.Identifier):
        raise ExpressionError(f"{shown(node)} is not a column", position_of(node))
    if name not in builder.types:
        close = difflib.get_close_matches(name, builder.types, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "declare the column in the domain, or correct the name"
        raise ExpressionError(f"there is no column {name!r}", position_of(node), hint)
    return Ref(name, builder.types[name])


def _literal(_builder: Builder, node: Expr) -> Node:
    text = node.name
    if node.is_string:
        return Literal(text, Type.TEXT)
    if not _NUMBER.fullmatch(text):
        raise ExpressionError(f"{text[:40]!r} is not a number", position_of(node))
    value = float(text)
    if not math.isfinite(value):
        raise ExpressionError(f"{text[:40]} is too large for a double", position_of(node))
    if text.isdigit() and int(text) != int(value):
        raise ExpressionError(f"{text[:40]} cannot be held exactly by a double", position_of(node))
    return Literal(value, Type.NUMBER)


def _boolean(_builder: Builder, node: Expr) -> Node:
    return Literal(bool(node.this), Type.BOOL)


def _null(_builder: Builder, _node: Expr) -> Node:
    raise ExpressionError("NULL can stand only as a result of CASE or if", hint="write x IS NULL to test for it")


def _paren(builder: Builder, node: Expr) -> Node:
    return builder.build(node.this)


def _is_date(target: object) -> bool:
    return isinstance(target, exp.DataType) and target.is_type("date")


def _date(_builder: Builder, node: Expr) -> Node:
    text = node.this.name if isinstance(node.this, exp.Literal) and node.this.is_string else ""
    if not _is_date(node.args["to"]) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ExpressionError("the only cast is a constant such as DATE '2024-01-31'", position_of(node))
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise ExpressionError(f"{text} is not a day of the calendar", position_of(node)) from None
    return Literal(float((day - EPOCH).days), Type.DATE)


def _arithmetic(op: str) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        only(node, "this", "expression")
        left = builder.typed(node.this, Type.NUMBER, Type.DATE)
        right = builder.typed(node.expression, Type.NUMBER, Type.DATE)
        kinds = (left.type, right.type)
        results = {(Type.NUMBER, Type.NUMBER): Type.NUMBER}
        if op in {"add", "sub"}:
            results[Type.DATE, Type.NUMBER] = Type.DATE
        if op == "sub":
            results[Type.DATE, Type.DATE] = Type.NUMBER
        if kinds not in results:
            raise ExpressionError(f"{kinds[0]} and {kinds[1]} do not go together here", position_of(node))
        return call(op, results[kinds], left, right)

    return _handle


def _comparison(op: str) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        only(node, "this", "expression")
        for side in (node.this, node.expression):
            if isinstance(side, exp.Null):
                raise ExpressionError("a comparison with NULL is never true", position_of(node), "write x IS NULL")
        left, right = builder.same(node.this, node.expression)
        if left.type is Type.BOOL and op not in {"eq", "ne"}:
            raise ExpressionError("booleans have no order", position_of(node))
        return call(op, Type.BOOL, left, right)

    return _handle


def _logic(op: str) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        parts = [builder.typed(part, Type.BOOL) for part in node.flatten()] if op != "not" else []
        return call(op, Type.BOOL, *(parts or [builder.typed(node.this, Type.BOOL)]))

    return _handle


def _numeric(op: str) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        only(node, "this")
        arg = builder.typed(node.this, Type.NUMBER)
        if op == "neg" and isinstance(arg, Literal):
            return Literal(-float(arg.value or 0.0), Type.NUMBER)
        return call(op, Type.BOOL if op == "is_nan" else Type.NUMBER, arg)

    return _handle


def _round(builder: Builder, node: Expr) -> Node:
    only(node, "this", "decimals")
    arg = builder.typed(node.this, Type.NUMBER)
    digits = builder.build(node.args["decimals"]) if node.args.get("decimals") else Literal(0.0, Type.NUMBER)
    if not isinstance(digits, Literal) or digits.value not in [float(n) for n in range(16)]:
        raise ExpressionError("round takes a constant number of digits from 0 to 15", position_of(node))
    return call("round", Type.NUMBER, arg, digits)


def _between(builder: Builder, node: Expr) -> Node:
    only(node, "this", "low", "high")
    ends = (exp.GTE(this=node.this, expression=node.args["low"]), exp.LTE(this=node.this, expression=node.args["high"]))
    return call("and", Type.BOOL, *(builder.build(end) for end in ends))


def _in(builder: Builder, node: Expr) -> Node:
    only(node, "this", "expressions")
    items = node.expressions
    if any(isinstance(item, exp.Null) for item in items) or not items:
        raise ExpressionError("IN takes a list of constants without NULL", position_of(node))
    built = builder.same(node.this, *items)
    if any(not isinstance(item, Literal) for item in built[1:]):
        raise ExpressionError("IN takes constants alone", position_of(node))
    return call("in", Type.BOOL, *built)


def _is(builder: Builder, node: Expr) -> Node:
    only(node, "this", "expression")
    if isinstance(node.expression, exp.Null):
        return call("is_null", Type.BOOL, builder.build(node.this))
    if not isinstance(node.expression, exp.Boolean):
        raise ExpressionError("IS takes NULL, TRUE or FALSE", position_of(node))
    arg = builder.typed(node.this, Type.BOOL)
    wanted = Literal(bool(node.expression.this), Type.BOOL)
    return call("coalesce", Type.BOOL, call("eq", Type.BOOL, arg, wanted), Literal(False, Type.BOOL))


def _case(builder: Builder, node: Expr) -> Node:
    only(node, "this", "ifs", "default")
    subject = node.args.get("this")
    ifs = node.args["ifs"]
    conditions = [
        builder.typed(exp.EQ(this=subject, expression=part.this) if subject else part.this, Type.BOOL) for part in ifs
    ]
    results = builder.same(*(part.args["true"] for part in ifs), node.args.get("default") or exp.Null())
    pairs = [item for pair in zip(conditions, results[:-1], strict=True) for item in pair]
    return call("case", results[-1].type, *pairs, results[-1])


def _if(builder: Builder, node: Expr) -> Node:
    only(node, "this", "true", "false")
    condition = builder.typed(node.this, Type.BOOL)
    yes, no = builder.same(node.args["true"], node.args.get("false") or exp.Null())
    return call("case", yes.type, condition, yes, no)


def _nullif(builder: Builder, node: Expr) -> Node:
    only(node, "this", "expression")
    left, right = builder.same(node.this, node.expression)
    return call("case", left.type, call("eq", Type.BOOL, left, right), Literal(None, left.type), left)


def _extreme(op: str) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        only(node, "this", "expressions")
        args = builder.same(node.this, *node.expressions)
        wanted = {Type.NUMBER, Type.DATE} if op != "coalesce" else set(Type)
        if args[0].type not in wanted:
            raise ExpressionError(f"{op} takes numbers or dates", position_of(node))
        return call(op, args[0].type, *args)

    return _handle


def _textual(op: str, result: Type) -> Handler:
    def _handle(builder: Builder, node: Expr) -> Node:
        only(node, "this", "expression", "original_expr")
        args = [builder.typed(node.this, Type.TEXT)]
        if node.args.get("expression") is not None:
            args.append(builder.typed(node.expression, Type.TEXT))
        return call(op, result, *args)

    return _handle


def _matches(builder: Builder, node: Expr) -> Node:
    only(node, "this", "expression")
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise ExpressionError("regexp_like takes a constant pattern", position_of(node))
    try:
        read_pattern(pattern.name)
    except PatternError as error:
        raise ExpressionError(str(error), position_of(pattern), "see the table of patterns") from None
    return call("matches", Type.BOOL, builder.typed(node.this, Type.TEXT), pattern=pattern.name)


def _anonymous(builder: Builder, node: Expr) -> Node:
    if node.name.lower() != "implies" or len(node.expressions) != 2:
        raise ExpressionError(f"there is no function {node.name}", position_of(node))
    left, right = (builder.typed(part, Type.BOOL) for part in node.expressions)
    return call("or", Type.BOOL, call("not", Type.BOOL, left), right)


HANDLERS: dict[type[Expr], Handler] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.Cast: _date,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Case: _case,
    exp.If: _if,
    exp.Nullif: _nullif,
    exp.Round: _round,
    exp.RegexpLike: _matches,
    exp.Anonymous: _anonymous,
    exp.Greatest: _extreme("greatest"),
    exp.Least: _extreme("least"),
    exp.Coalesce: _extreme("coalesce"),
    exp.And: _logic("and"),
    exp.Or: _logic("or"),
    exp.Not: _logic("not"),
    exp.Neg: _numeric("neg"),
    exp.Abs: _numeric("abs"),
    exp.Floor: _numeric("floor"),
    exp.Ceil: _numeric("ceil"),
    exp.Sign: _numeric("sign"),
    exp.Sqrt: _numeric("sqrt"),
    exp.IsNan: _numeric("is_nan"),
    exp.Length: _textual("length", Type.NUMBER),
    exp.StartsWith: _textual("starts_with", Type.BOOL),
    exp.EndsWith: _textual("ends_with", Type.BOOL),
    exp.Contains: _textual("contains", Type.BOOL),
    exp.DPipe: _textual("concat", Type.TEXT),
    exp.Add: _arithmetic("add"),
    exp.Sub: _arithmetic("sub"),
    exp.Mul: _arithmetic("mul"),
    exp.Div: _arithmetic("div"),
    exp.IntDiv: _arithmetic("intdiv"),
    exp.Mod: _arithmetic("mod"),
    exp.LT: _comparison("lt"),
    exp.LTE: _comparison("le"),
    exp.GT: _comparison("gt"),
    exp.GTE: _comparison("ge"),
    exp.EQ: _comparison("eq"),
    exp.NEQ: _comparison("ne"),
}
