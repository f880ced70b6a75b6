# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: the examples of RFC 8785, what is refused, and that one value has one spelling."""

import enum
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.core.errors import Unreadable, UsageError
from hauberk.seal import canonical, parse_canonical, parse_json, plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_rfc_8785_property_order():
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_rfc_8785_strings_and_literals():
    value = {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == expected.encode()


@given(PLAIN)
def test_a_value_comes_back_and_has_one_spelling(value):
    content = canonical(value)
    assert parse_canonical(content) == value
    assert canonical(parse_canonical(content)) == content


@given(st.dictionaries(TEXT, st.integers(-9, 9), min_size=2, max_size=6))
def test_order_of_keys_is_irrelevant(value):
    assert canonical(value) == canonical(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (0.5, "$"),
        ({"a": [1, {"b": float("nan")}]}, "$.a[1].b"),
        ([2**53], "$[0]"),
        ({"a": {1: 2}}, "$.a"),
        ({"a": {1, 2}}, "$.a"),
        ([b"x"], "$[0]"),
    ],
)
def test_what_cannot_be_signed_is_refused_with_its_place(value, where):
    with pytest.raises(UsageError) as caught:
        canonical(value)
    assert caught.value.where == where


def test_lone_surrogates_are_refused():
    with pytest.raises(UsageError):
        canonical(["\ud800"])
    with pytest.raises(UsageError):
        canonical({"\ud800": 1})


def test_deep_nesting_is_an_error_not_a_crash():
    value: list = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(UsageError, match="nested"):
        canonical(value)
    with pytest.raises(Unreadable):
        parse_json(b"[" * 100_000)


@pytest.mark.parametrize(
    "content",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b"[1.0]",
        b"[1e3]",
        b"[NaN]",
        b"[Infinity]",
        b'"\\u0041"',
        b"[01]",
        b"",
        b"\xff",
        b"[9007199254740993]",
        b'["\\ud800"]',
        b"\xef\xbb\xbf[]",
    ],
)
def test_any_other_spelling_is_refused(content):
    with pytest.raises(Unreadable):
        parse_canonical(content)


class Colour(enum.StrEnum):
    RED = "red"


@dataclass
class Inner:
    rate: float
    colour: Colour


def test_plain_turns_records_into_plain_values():
    value = {
        "inner": Inner(0.1, Colour.RED),
        "list": (1, np.int64(2), np.float32(0.5), float("nan"), float("inf"), -float("inf"), 1e22),
        "path": Path("a/b"),
        "big": 2**60,
    }
    assert plain(value) == {
        "inner": {"rate": "0.1", "colour": "red"},
        "list": [1, 2, "0.5", "nan", "inf", "-inf", "1e+22"],
        "path": "a/b",
        "big": str(2**60),
    }
    assert parse_canonical(canonical(plain(value))) == plain(value)


@given(st.floats())
def test_a_float_survives_as_text(number):
    text = plain(number)
    assert isinstance(text, str)
    assert np.array(float(text)).tobytes() == np.array(number).tobytes() or number != number


@pytest.mark.parametrize("value", [{1, 2}, b"x", {1: 2}, object(), 1j, Inner])
def test_what_has_no_plain_form_is_refused(value):
    with pytest.raises(UsageError):
        plain(value)
