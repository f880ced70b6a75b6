# SPDX-License-Identifier: Apache-2.0
r"""Rules and derivations: a small, pinned subset of SQL expressions.

The text is parsed by sqlglot and turned into the typed tree of `tree`; whatever is not listed here is refused, with the
column and position named. Nothing is ever evaluated as Python or sent to a database.

| written | means |
|---|---|
| `1`, `2.5`, `1e6` | numbers. All numbers are IEEE doubles; an integer that a double cannot hold exactly is refused |
| `'text'`, `TRUE`, `FALSE`, `DATE '2024-01-31'` | constants; `''` inside a text stands for one quote |
| `amount`, `"my column"` | a column of the domain, spelt exactly; quote names with spaces, capitals do count |
| `+ - *` | IEEE arithmetic: no overflow errors, beyond 1.8e308 is infinity |
| `/` | true division, never integer division; by zero it is NULL |
| `//`, `%` | `trunc(a / b)` and `a - b * trunc(a / b)`: towards zero, sign of the dividend; by zero NULL |
| `date - date`, `date + number`, `date - number` | days, fractions of a day included |
| `< <= > >= = <>` | numbers, dates and texts (by code point); booleans know `=` and `<>` alone |
| `BETWEEN a AND b`, `IN (1, 2)` | both ends count; the list holds constants, none of them NULL |
| `AND OR NOT`, `implies(a, b)` | three-valued logic; `implies(a, b)` is `NOT a OR b` |
| `IS NULL`, `IS NOT NULL`, `IS TRUE`, `IS FALSE` | never NULL themselves |
| `CASE WHEN c THEN x ... ELSE y END`, `if(c, x, y)` | the first branch whose condition is TRUE; without ELSE, NULL |
| `coalesce(a, b, ...)`, `nullif(a, b)` | the first that is not NULL; NULL where the two are equal |
| `greatest(...)`, `least(...)` | NULL if any argument is NULL, NaN if any is NaN |
| `abs floor ceil sign sqrt`, `round(x)`, `round(x, 2)` | ties away from zero; `sqrt` of a negative number is NaN |
| `isnan(x)` | TRUE for NaN, NULL for NULL: NaN is a number, not NULL |
| `length(t)` | characters (code points), not bytes |
| `starts_with(t, 'x')`, `ends_with(t, 'x')`, `contains(t, 'x')`, `t \|\| u` | texts |
| `regexp_like(t, 'pattern')` | the pattern occurs in the text; see `pattern` for the safe subset |

NULL: an operation with a NULL argument is NULL, but for AND, OR, CASE, coalesce and IS. **A rule is broken only where it is
FALSE**: where it is NULL, it says nothing; whether NULL is allowed is the column's own `nullable`. NaN: `=` and the order
comparisons are FALSE as soon as one side is NaN, `<>` is TRUE. `-0.0` equals `0.0`, and no operation can tell them apart.
An expression of type text may read text columns alone. Common other spellings of the same (`!=`, `ceiling`, `ifnull`) are
understood.

Limits: 2,000 characters, 400 tokens, 24 levels of brackets and CASE, 60 levels of tree.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import Expr
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token, TokenType

from hauberk.core.errors import ConfigError
from hauberk.domain.expression.build import Builder, ExpressionError
from hauberk.domain.expression.handlers import HANDLERS
from hauberk.domain.expression.tree import Node, Type, depth_of

MAX_TEXT = 2000
MAX_TOKENS = 400
MAX_BRACKETS = 24
MAX_PREFIXES = 8
MAX_DEPTH = 60
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END})
_HINT = "see the table of supported expressions in hauberk.domain.expression.parse"


def parse(text: str, types: Mapping[str, Type], *, where: str = "", wanted: Type | None = None) -> Node:
    """Parse an expression over columns of known types.

    Args:
        text: the expression.
        types: type of each column that it may read.
        where: what the expression belongs to, such as `rule.low_below_high`; named in errors.
        wanted: the type that the whole must have; None for any.

    Returns:
        The typed tree.

    Raises:
        ConfigError: not of the documented subset, over a limit, an unknown column, or types that do not fit. The error
            names the position, counted from 1.

    Example:
        >>> parse("low <= high", {"low": Type.NUMBER, "high": Type.NUMBER}).type
        <Type.BOOL: 'boolean'>
    """
    try:
        _check_tokens(text)
        node = Builder(types, HANDLERS).build(_parse_one(text))
        _check_result(node, wanted)
    except ExpressionError as error:
        at = f", position {error.position}" if error.position else ""
        raise ConfigError(
            f"the expression cannot be used: {error}",
            where=f"{where}{at}".lstrip(", "),
            why=f"it reads: {text[:200]!r}",
            next_step=error.hint or _HINT,
        ) from None
    return node


def _check_result(node: Node, wanted: Type | None) -> None:
    if depth_of(node) > MAX_DEPTH:
        raise ExpressionError(f"the expression has {depth_of(node)} levels, at most {MAX_DEPTH}")
    if wanted is not None and node.type is not wanted:
        raise ExpressionError(f"a {wanted} is needed, this is a {node.type}")


def _check_tokens(text: str) -> None:
    """Bound what the parser will see, before it sees it."""
    if not text.strip():
        raise ExpressionError("it is empty")
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"it has {len(text)} characters, at most {MAX_TEXT}")
    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except SqlglotError as error:
        raise ExpressionError(f"it cannot be split into words: {str(error)[:80]}") from None
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError(f"it has {len(tokens)} words, at most {MAX_TOKENS}", tokens[MAX_TOKENS].start + 1)
    _check_nesting(tokens)


def _check_nesting(tokens: list[Token]) -> None:
    nesting = prefixes = 0
    for token in tokens:
        if token.comments:
            raise ExpressionError("comments are not supported here", token.start + 1, "use the rule's `because`")
        nesting += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in _PREFIXES else 0
        if nesting > MAX_BRACKETS:
            raise ExpressionError(f"brackets and CASE nest deeper than {MAX_BRACKETS}", token.start + 1)
        if prefixes > MAX_PREFIXES:
            raise ExpressionError(f"more than {MAX_PREFIXES} signs or NOT in a row", token.start + 1)


def _parse_one(text: str) -> Expr:
    try:
        parts = sqlglot.parse(text, read="duckdb")
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        highlight = str(detail.get("highlight") or "")
        raise ExpressionError(f"it cannot be read near {highlight[:40]!r}", _offset(text, detail)) from None
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, IndexError, KeyError):
        # sqlglot leaks the latter few on some malformed input
        raise ExpressionError("it cannot be read") from None
    if len(parts) != 1 or parts[0] is None:
        raise ExpressionError("exactly one expression is needed")
    return parts[0]


def _offset(text: str, detail: Mapping[str, object]) -> int:
    """Position of a parse error from sqlglot's line and column of the end of the offending word; 0 if unknown."""
    line, col = detail.get("line"), detail.get("col")
    if not isinstance(line, int) or not isinstance(col, int):
        return 0
    before = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
    return max(before + col - len(str(detail.get("highlight") or "")) + 1, 1)
