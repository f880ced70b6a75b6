# SPDX-License-Identifier: Apache-2.0
"""One pattern, two engines, one answer; what differs between them is refused."""

from __future__ import annotations

import re
import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.domain.expression.dialect import to_python, to_rust
from hauberk.domain.expression.pattern import PatternError, read_pattern

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "é",
        "😀",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        r"\.",
        r"\\",
        r"\n",
        "[a-c]",
        "[^a-c]",
        r"[\d_]",
        "[x]",
        r"[\]\-^]",
        "[a-]",
        " ",
        "-",
        ",",
        "}",
        "]",
        "\u0661",
        "K",
        "ſ",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
        st.tuples(ATOMS, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{0,}"])).map("".join),
        inner.map(lambda x: f"({x}){{0,2}}"),
        inner.map(lambda x: f"^{x}"),
        inner.map(lambda x: f"{x}$"),
    ),
    max_leaves=5,
)
TEXTS = st.text(st.sampled_from("abcé😀 .1٣\n\t\r\x0b\x0c\x1c\x85\u2028Kkſs-_]^\\,}1²x\u200b"), max_size=6)


@settings(max_examples=150, deadline=None)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=20))
def test_both_engines_agree(pattern: str, texts: list[str]) -> None:
    try:
        read_pattern(pattern)
    except PatternError:
        return
    rust = pl.select(pl.Series(texts, dtype=pl.String).str.contains(to_rust(pattern))).to_series().to_list()
    python = [re.search(to_python(pattern), text) is not None for text in texts]
    assert rust == python


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bx",
        r"(?i)x",
        r"(?=x)",
        r"(?P<n>x)",
        r"\1",
        r"a*?",
        r"a++",
        r"a**",
        r"(a+)+",
        r"(a|a)*",
        r"(a?)*",
        "^*",
        r"\p{L}",
        r"\x41",
        r"\A",
        "[]",
        "[z-a]",
        "[a",
        "(a",
        "a)",
        "*a",
        "a{",
        "a{2,1}",
        "a{1001}",
        "a{x}",
        r"[\D]",
        "[[:alpha:]]",
        "[a&&b]",
        "[a~~b]",
        "a*b*c*d*",
        "((((a{9}){9}){9}){9}){9}",
        "(" * 30 + ")" * 30,
        "\\",
        "x" * 501,
        "(a{1,2}){2,}",
    ],
)
def test_unsafe_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        read_pattern(pattern)


def test_the_accepted_ones_do_not_run_for_ever() -> None:
    pattern = re.compile(to_python(r"^\w*\d*a*$"))
    began = time.perf_counter()
    assert pattern.search("a1" * 500 + "!") is None
    assert time.perf_counter() - began < 10.0


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a$", "a\n", False),
        ("a$", "ba", True),
        ("^a", "b\na", False),
        ("^$", "", True),
        ("^$", "\n", False),
        (r"^\d$", "\u0663", False),
        (r"^\w$", "é", False),
        (r"^\s$", "\u00a0", False),
        (r"^\s$", "\x1c", False),
        ("^.$", "\r", True),
        ("^.$", "\n", False),
        ("^.$", "😀", True),
        ("K", "\u212a", False),
        ("^(ab|c){2}$", "abc", True),
        ("^(ab|c){2}$", "ab", False),
        (r"^[^\d]$", "1", False),
        ("^[a-]$", "-", True),
    ],
)
def test_pinned_answers_in_both_engines(pattern: str, text: str, found: bool) -> None:
    assert (re.search(to_python(pattern), text) is not None) is found
    assert pl.select(pl.Series([text]).str.contains(to_rust(pattern))).item() is found
