# SPDX-License-Identifier: Apache-2.0
"""The terminal: the width is kept, colour comes only on request, and nothing foreign reaches the cursor."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.report import render
from hauberk.report.numbers import money, rate
from hauberk.report.paper import cells, cut, wrap
from hauberk.report.plain import markdown_code, sheet_cell, visible

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("color", [False, True])
def test_the_width_is_kept(any_run, width, color):
    for line in render(any_run, "text", width=width, color=color).decode().splitlines():
        assert cells(ANSI.sub("", line)) <= width


def test_colour_only_on_request(story):
    assert b"\x1b" not in render(story, "text")
    colored = render(story, "text", color=True)
    assert b"\x1b[1;97;41m" in colored
    assert ANSI.sub("", colored.decode()) == render(story, "text").decode()


def test_ascii_alone(any_run):
    assert render(any_run, "text", ascii_only=True, width=80).isascii()


def test_hostile_text_moves_no_cursor(hostile):
    text = render(hostile, "text", width=80).decode()
    assert not [
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs"} - {"\n"} and character != "\n"
    ]
    assert "\\x1b[2J" in text


def test_the_four_answers_come_first(story):
    text = render(story, "text").decode()
    order = [
        "Is it safe",
        "worst thing",
        "does it cost",
        "do I do now",
        "Summary ─",
        "Findings ─",
        "Checks ─",
        "cannot see ─",
        "Repeat and",
    ]
    assert [text.index(item) for item in order] == sorted(text.index(item) for item in order)
    assert "TWD 12,845,000" in text
    assert "not applicable; no reference data was declared" in text
    assert "timed out; stopped after 60 s" in text


def test_masked_values_do_not_show(story):
    text = render(story, "text").decode()
    assert "48,2" not in text
    assert "•••" in text
    assert "48,2" in render(story, "text", show_values=True).decode()


def test_a_long_list_is_cut_and_counted(many):
    text = render(many(300), "text").decode()
    assert text.count("fingerprint") == 0
    assert "252 further findings" in text


@given(st.text(max_size=60), st.integers(4, 40))
@settings(max_examples=150, deadline=None)
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    shown = visible(text)
    lines = wrap(shown, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(shown.split())
    assert cells(cut(shown, width)) <= width


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_visible_text_is_one_line_and_encodable(text):
    shown = visible(text)
    assert shown.isprintable() or not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"}]
    assert "\n" not in shown
    shown.encode()
    assert visible(shown) == shown


@given(st.text(alphabet="`|a \n", max_size=30))
def test_code_spans_cannot_be_ended_from_inside(text):
    span = markdown_code(text)
    fence = re.match("`+", span).group()
    assert len(re.findall(rf"(?<!`){fence}(?!`)", span)) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "\n=1"])
def test_formulas_are_taken_for_text(text):
    assert sheet_cell(text).startswith("'")


def test_numbers_read_well():
    assert money(123, "JPY") == "JPY 123"
    assert money(-5, "KWD") == "KWD -0.005"
    assert money(100, "") == "1"
    assert rate(0.0) == "0 %"
    assert rate(0.00001) == "< 0.01 %"
    assert rate(0.99999) == "> 99.99 %"
