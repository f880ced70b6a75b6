# SPDX-License-Identifier: Apache-2.0
"""The subset is what the documentation says; everything else is refused with the place named, hostile text included."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hauberk.core.errors import ConfigError
from hauberk.domain.expression import Type, parse

TYPES = {
    "a": Type.NUMBER,
    "my col": Type.NUMBER,
    "default": Type.NUMBER,
    "t": Type.TEXT,
    "d": Type.DATE,
    "f": Type.BOOL,
}

REFUSED = {
    "a + * 2": ("cannot be read near", 7),
    "a < 1 AND\n  zz > 2": ("no column 'zz'", 13),
    "amount > 1": ("no column 'amount'", 1),
    "A > 1": ("no column 'A'", 1),
    "a = 'x'": ("cannot be mixed", 5),
    "t + 1": ("a number or date is needed", 1),
    "f > f": ("booleans have no order", 1),
    "a AND f": ("a boolean is needed", 1),
    "a = NULL": ("never true", 1),
    "NULL": ("NULL can stand only", 0),
    "1 < a < 3": ("cannot be mixed", 9),
    "a IN (1, NULL)": ("without NULL", 1),
    "a IN (a)": ("constants alone", 1),
    "a IN (SELECT 1)": ("", None),
    "t LIKE 'x%'": ("LIKE is not supported", 1),
    "d + d": ("do not go together", 1),
    "DATE '2024-02-30'": ("not a day of the calendar", 6),
    "DATE '2024-2-3'": ("the only cast", None),
    "CAST(a AS INT)": ("the only cast", 6),
    "a::int": ("the only cast", 1),
    "a + INTERVAL 1 DAY": ("", None),
    "round(a, a)": ("constant number of digits", 1),
    "round(a, 16)": ("constant number of digits", 1),
    "regexp_like(t, t)": ("constant pattern", 1),
    "regexp_like(t, '(a')": ("missing )", 16),
    "9007199254740993 > a": ("held exactly", 1),
    "1e999 > a": ("too large", 1),
    "٣ > a": ("no column", 1),
    "CASE WHEN f THEN 1 ELSE 'x' END": ("cannot be mixed", None),
    "CASE WHEN a > 1 THEN t ELSE 'x' END = 'x'": ("text columns alone", None),
    "sum(a)": ("SUM is not supported", 1),
    "count(*)": ("COUNT is not supported", 1),
    "a > (SELECT max(a) FROM t)": ("", None),
    "SELECT 1": ("SELECT is not supported", 8),
    "a; DROP TABLE t": ("exactly one expression", None),
    "DROP TABLE t": ("not supported", None),
    "a := 3": ("not supported", None),
    "x.a > 1": ("table", None),
    "*": ("STAR", None),
    "? > 1": ("PLACEHOLDER", None),
    "__import__('os').system('id')": ("", None),
    "foo(a)": ("no function foo", 1),
    "a -- note": ("comments", 1),
    "a /* note */ > 1": ("comments", None),
    "'open": ("split into words", None),
    "": ("empty", None),
    "  \n": ("empty", None),
    "a BETWEEN SYMMETRIC 1 AND 2": ("symmetric", 1),
    "(" * 30 + "a" + ")" * 30: ("nest deeper", 25),
    "NOT " * 20 + "f": ("in a row", None),
    "-" * 3000 + "a": ("characters", None),
    " + ".join(["a"] * 300): ("words", None),
    " + ".join(["a"] * 100): ("levels", None),
    "f OR " * 190 + "f": None,
    "t || t || t = 'x'": None,
    '"my col" > "default"': None,
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_is_refused_is_refused_with_its_place(text: str) -> None:
    wanted = REFUSED[text]
    if wanted is None:
        assert parse(text, TYPES).type is Type.BOOL
        return
    message, position = wanted
    with pytest.raises(ConfigError) as caught:
        parse(text, TYPES, where="rule.x")
    assert message in caught.value.what
    assert caught.value.where.startswith("rule.x")
    assert caught.value.next_step
    if position is not None:
        assert caught.value.where == (f"rule.x, position {position}" if position else "rule.x")


def test_the_type_of_the_whole_is_checked() -> None:
    with pytest.raises(ConfigError, match="a boolean is needed, this is a number"):
        parse("a + 1", TYPES, wanted=Type.BOOL)


FRAGMENTS = [
    "a",
    "t",
    "f",
    "d",
    "1",
    "'x'",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IS",
    "NULL",
    "IN",
    ",",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "||",
    "<",
    "=",
    "BETWEEN",
    "DATE",
    "'2020-01-01'",
    "round",
    "greatest",
    "SELECT",
    "FROM",
    ";",
    "::",
    "[",
    "]",
    "{",
    "}",
    "$1",
    "?",
    "@",
    "\\",
    '"',
    "'",
    "\x00",
    "e'",
    "0x1",
    "::int",
    "OVER",
    "lambda",
    "->",
    "\ud7ff",
    "--",
]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join)))
@example("CASE " * 40)
@example("(" * 1900)
@example("CASE WHEN " * 24 + "f")
def test_hostile_text_ends_in_a_tree_or_a_config_error(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(ConfigError):
        parse(text, TYPES)
    assert time.perf_counter() - began < 5.0
