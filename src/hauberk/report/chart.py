# SPDX-License-Identifier: Apache-2.0
"""Charts: an evidence table becomes a Vega-Lite specification, and the specification a static picture."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import vl_convert

from hauberk.core.evidence import Cell, Evidence, View
from hauberk.report.plain import visible
from hauberk.report.svg import GRID, INK, MARK, clean_svg

_INTERVAL = ("low", "high")
"""Names of a band's columns that make it an interval, which needs no names in the picture."""

_APART, _ROOM = 0.02, 0.15
"""Least height of a band, as a share, that is worth naming, and in which there is room for a name."""

_HEADROOM, _LEFT = 0.9, 0.3
"""How high, and how far from the left, a name can stand above a curve."""

MAX_BARS = 30
"""Bars of one chart; the table beside it holds the rest."""

_VEGA_LITE = "6.4"
_WIDTH, _HEIGHT, _BAR = 300, 170, 22
"""Small enough that letters stay readable where the page is 400 pixels wide; a wide page scales it up."""

_PADDING = {"left": 20, "right": 10, "top": 6, "bottom": 4}
"""Room for letters that are wider in the reader's fonts than the renderer believes."""

_CONFIG = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": GRID,
        "tickColor": GRID,
        "gridColor": GRID,
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 170,
        "titleLimit": 400,
    },
}


def draw(evidence: Evidence) -> str:
    """Return the evidence as an SVG element fit to stand inside an HTML page; empty where it cannot be drawn.

    Cells that are not finite numbers (masked, null or unbounded ones) are left out of the picture; the table keeps
    them. The same evidence gives the same bytes in every process, and no two charts share an id.
    """
    spec = specify(evidence)
    if spec is None:
        return ""
    content = json.dumps(spec, sort_keys=True, ensure_ascii=True)
    picture = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE, allowed_base_urls=[])
    prefix = f"c{hashlib.sha256(f'{evidence.digest}{content}'.encode()).hexdigest()[:12]}"
    return clean_svg(picture, prefix=prefix, title=visible(evidence.title) or "chart")


def specify(evidence: Evidence) -> dict[str, Any] | None:
    """Return the Vega-Lite specification of an evidence table; None where its view or its cells cannot be drawn."""
    if len(evidence.columns) < 2:
        return None
    banded = len(evidence.columns) >= 4
    match evidence.view:
        case View.LINE | View.STEPS:
            points = _points(evidence, banded=banded)
            return _curve(evidence, points) if len(points) > 1 else None
        case View.BARS:
            points = _points(evidence, banded=banded)[:MAX_BARS]
            return _bars(evidence, points) if points else None
        case _:
            return None


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _points(evidence: Evidence, *, banded: bool) -> list[dict[str, Any]]:
    """Return the rows whose value is a number; an interval is kept only where both its ends are numbers."""
    points: list[dict[str, Any]] = []
    for row in evidence.rows:
        if not _is_number(row[1]) or row[0] is None:
            continue
        point: dict[str, Any] = {"x": row[0] if _is_number(row[0]) else visible(str(row[0]))[:60], "y": row[1]}
        if banded and _is_number(row[2]) and _is_number(row[3]):
            point |= {"low": row[2], "high": row[3]}
        points.append(point)
    return points


def _share(title: str) -> dict[str, Any]:
    """Shares are read in per cent."""
    return {"format": ".0%"} if title.startswith("share") else {}


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": visible(title)[:80] or None, "labelOverlap": True, **more}


def _curve(evidence: Evidence, points: list[dict[str, Any]]) -> dict[str, Any]:
    numeric = all(_is_number(point["x"]) for point in points)
    kind = {"type": "quantitative"} if numeric else {"type": "ordinal", "sort": None}
    across = {"field": "x", **kind, "axis": _axis(evidence.columns[0], grid=False, tickCount=5, labelFlush=False)}
    up = {
        "field": "y",
        "type": "quantitative",
        "axis": _axis(evidence.columns[1], tickCount=4, **_share(evidence.columns[1])),
    }
    shape = {"interpolate": "step-after"} if evidence.view is View.STEPS else {}
    layers: list[dict[str, Any]] = []
    if any("low" in point for point in points):
        band = {"type": "area", "color": MARK, "opacity": 0.2, **shape}
        low = {"field": "low", "type": "quantitative"}
        encoding = {"x": across, "y": low | {"axis": up["axis"]}, "y2": {"field": "high"}}
        layers.append({"mark": band, "encoding": encoding, "transform": [{"filter": "isValid(datum.low)"}]})
    mark = {"type": "line", "color": MARK, "strokeWidth": 2, "point": False, **shape}
    layers.append({"mark": mark, "encoding": {"x": across, "y": up}})
    if numeric and any("low" in point for point in points) and evidence.columns[2:4] != _INTERVAL:
        layers.extend(_edges(evidence, points, across, shape))
    return _spec(points, layers, _HEIGHT)


def _edges(
    evidence: Evidence, points: list[dict[str, Any]], across: dict[str, Any], shape: dict[str, Any]
) -> list[dict[str, Any]]:
    """Name the two edges of a band that is no interval, and dash the upper one."""
    high = {"field": "high", "type": "quantitative"}
    dashed = {"type": "line", "color": MARK, "strokeWidth": 1.5, "strokeDash": [4, 3], **shape}
    layers: list[dict[str, Any]] = [
        {"mark": dashed, "encoding": {"x": across, "y": high}, "transform": [{"filter": "isValid(datum.high)"}]}
    ]
    return [*layers, *_names(evidence, [point for point in points if "low" in point])]


def _names(evidence: Evidence, banded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Names of both edges where they cover no line: below a rising curve to the right of a point, above it to its left."""
    start, span = banded[0]["x"], banded[-1]["x"] - banded[0]["x"]
    top = max(point["high"] for point in banded)
    widest = max(banded, key=lambda point: point["high"] - point["low"])
    if widest["high"] - widest["low"] < _APART:
        return []
    risen = next(point for point in banded if point["low"] >= banded[-1]["low"] / 2)
    below = {"align": "left", "baseline": "top", "dx": 6, "dy": 5}
    above = {"align": "right", "baseline": "bottom", "dx": -6, "dy": -3}
    names = [_name(evidence.columns[2], risen["x"], risen["low"], below)]
    free = [point for point in banded if point["high"] <= _HEADROOM * top and point["x"] - start >= _LEFT * span]
    if free:
        names.append(_name(evidence.columns[3], free[-1]["x"], free[-1]["high"], above))
    elif widest["high"] - widest["low"] >= _ROOM:
        names.append(_name(evidence.columns[3], widest["x"], widest["high"], below))
    return names


def _name(words: str, x: float, y: float, side: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "text", "color": INK, "fontSize": 12, **side}
    place = {"x": {"datum": x}, "y": {"datum": y}, "text": {"value": visible(words)[:40]}}
    return {"mark": text, "encoding": place, "data": {"values": [{}]}}


def _bars(evidence: Evidence, points: list[dict[str, Any]]) -> dict[str, Any]:
    for point in points:
        point["x"] = str(point["x"])
    along = {"field": "x", "type": "nominal", "sort": None, "axis": {"title": None, "ticks": False, "labelPadding": 6}}
    out = {
        "field": "y",
        "type": "quantitative",
        "axis": _axis(evidence.columns[1], tickCount=5, **_share(evidence.columns[1])),
    }
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "color": MARK, "height": 12, "opacity": 0.5}, "encoding": {"y": along, "x": out}}
    ]
    if any("low" in point for point in points):
        rule = {"type": "rule", "color": INK, "strokeWidth": 1.5}
        low = {"field": "low", "type": "quantitative", "axis": out["axis"]}
        encoding = {"y": along, "x": low, "x2": {"field": "high"}}
        layers.append({"mark": rule, "encoding": encoding, "transform": [{"filter": "isValid(datum.low)"}]})
    return _spec(points, layers, _BAR * len(points))


def _spec(points: list[dict[str, Any]], layers: list[dict[str, Any]], height: int) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": _WIDTH,
        "padding": _PADDING,
        "height": height,
        "data": {"values": points},
        "layer": layers,
        "config": _CONFIG,
    }
