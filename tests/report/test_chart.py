# SPDX-License-Identifier: Apache-2.0
"""Charts are drawn from what can be drawn, are safe inside a page, and do not clash."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from hauberk.core.evidence import Evidence, View
from hauberk.report.chart import MAX_BARS, draw, specify
from hauberk.report.mask import MASK


def table(view, rows, columns=("x", "y")):
    return Evidence(title="t", columns=columns, rows=tuple(rows), view=view)


def test_each_view_is_drawn(parts):
    for view in (View.LINE, View.STEPS):
        picture = draw(parts["curve"](view=view))
        assert picture.startswith("<svg")
        assert "s-mark" in picture
        assert 'opacity="0.2"' in picture
    assert "f-mark" in draw(table(View.BARS, [("a", 1), ("b", 2.5)]))


def test_tables_and_records_are_not_drawn(parts):
    assert draw(table(View.TABLE, [(1, 2), (3, 4)])) == ""
    assert draw(parts["before_after"]()) == ""
    assert draw(table(View.LINE, [(1, 2)])) == ""
    assert draw(table(View.BARS, [])) == ""
    assert draw(Evidence(title="t", columns=("x",), rows=((1,), (2,)), view=View.LINE)) == ""


def test_what_is_no_number_is_left_out():
    rows = [(1, 2.0), (2, MASK), (3, None), (4, "inf"), (5, True), (6, 4.0), (None, 1.0)]
    spec = specify(table(View.LINE, rows))
    assert spec["data"]["values"] == [{"x": 1, "y": 2.0}, {"x": 6, "y": 4.0}]
    assert specify(table(View.LINE, [(1, MASK), (2, MASK)])) is None


def test_an_interval_with_a_hole_keeps_its_points():
    spec = specify(table(View.LINE, [(1, 2, 1, 3), (2, 3, None, 4)], ("x", "y", "low", "high")))
    assert [set(point) for point in spec["data"]["values"]] == [{"x", "y", "low", "high"}, {"x", "y"}]
    assert draw(table(View.LINE, [(1, 2, None, None), (2, 3, None, None)], ("x", "y", "low", "high")))


def test_words_across_make_an_ordinal_axis():
    spec = specify(table(View.LINE, [("2026-01", 1), ("2026-02", 2)]))
    assert spec["layer"][0]["encoding"]["x"]["type"] == "ordinal"
    assert "2026-02" in draw(table(View.LINE, [("2026-01", 1), ("2026-02", 2)]))


def test_bars_are_bounded():
    spec = specify(table(View.BARS, [(f"b{at}", at) for at in range(200)]))
    assert len(spec["data"]["values"]) == MAX_BARS
    assert len(draw(table(View.BARS, [(f"b{at}", at) for at in range(200)]))) < 20_000


@pytest.mark.parametrize("view", [View.LINE, View.BARS])
def test_hostile_words_stay_words(parts, view):
    for text in parts["hostile"]:
        picture = draw(replace(table(view, [(text, 1.0), (text + "2", 2.0)], (text, text)), title=text))
        root = ET.fromstring(picture)
        assert {node.tag for node in root.iter()} <= {
            "svg",
            "title",
            "g",
            "line",
            "path",
            "rect",
            "text",
            "defs",
            "clipPath",
        }
        assert not [name for node in root.iter() for name in node.attrib if name.startswith(("on", "href", "style"))]
        assert "\x1b" not in picture


def test_equal_evidence_gives_equal_bytes_and_others_other_ids(parts):
    one, same, other = draw(parts["curve"]()), draw(parts["curve"]()), draw(parts["curve"](title="another"))
    assert one == same
    ids = [set(re.findall(r'id="([^"]+)"', picture)) for picture in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
