# SPDX-License-Identifier: Apache-2.0
"""A picture from the renderer made fit for the page: known elements and attributes alone, own ids, the page's colours.

The renderer numbers its ids with a counter of the process, so that the same chart drawn twice differs and two charts of
one page clash. Ids are therefore given anew, from the content.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

INK, GRID, MARK = "#010101", "#020202", "#030303"
"""Colours that a specification uses; the page's style sheet decides what they look like, in light and in dark."""

_NAMES = {INK: "ink", GRID: "grid", MARK: "mark"}
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "circle", "clipPath", "defs"})
_PLACE = {"id", "d", "transform", "x", "y", "x1", "y1", "x2", "y2", "r", "cx", "cy", "width", "height", "viewBox"}
_LOOK = {
    "fill",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "fill-opacity",
    "opacity",
    "text-anchor",
}
_ATTRIBUTES = frozenset({*_PLACE, *_LOOK, "clip-path"})
_DEFAULTS = {("opacity", "1"), ("stroke-width", "1"), ("transform", "translate(0,0)"), ("d", "")}
_LONG = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def clean_svg(picture: str, *, prefix: str, title: str) -> str:
    """Return the picture as an `svg` element with a title, safe inside an HTML page.

    Args:
        picture: SVG as the renderer made it.
        prefix: what the ids begin with; equal for equal content.
        title: what the picture shows, for those who do not see it.
    """
    root = ET.fromstring(picture)  # noqa: S314 - the renderer's own output; foreign text stands in it escaped
    names: dict[str, str] = {}
    for node in root.iter():
        if "id" in node.attrib:
            names.setdefault(node.attrib["id"], f"{prefix}-{len(names)}")
    clean = _clean(root, names)
    if clean is None:
        return ""
    clean.set("role", "img")
    clean.set("aria-labelledby", f"{prefix}-title")
    label = ET.Element("title", id=f"{prefix}-title")
    label.text = title
    clean.insert(0, label)
    return ET.tostring(clean, encoding="unicode")


def _clean(node: ET.Element, names: dict[str, str]) -> ET.Element | None:
    """Return a copy with what is allowed, or None for what is not or shows nothing."""
    tag = node.tag.rpartition("}")[2]
    if tag not in _ELEMENTS or node.get("display") == "none":
        return None
    copy = ET.Element(tag, _attributes(node, names))
    copy.text = node.text if tag == "text" else None
    for child in node:
        kept = _clean(child, names)
        if kept is None:
            continue
        if kept.tag == "g" and not kept.attrib:  # a group that says nothing gives way to what it holds
            copy.extend(kept)
        else:
            copy.append(kept)
    return copy if _shows(copy) else None


def _attributes(node: ET.Element, names: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    classes: list[str] = []
    for name, value in node.attrib.items():
        if name in {"fill", "stroke"} and value in _NAMES:
            classes.append(f"{name[0]}-{_NAMES[value]}")
        elif name == "id":
            kept[name] = names[value]
        elif name in _ATTRIBUTES and (name, value) not in _DEFAULTS:
            kept[name] = _value(value, names)
    return kept | ({"class": " ".join(classes)} if classes else {})


def _value(value: str, names: dict[str, str]) -> str:
    value = _LONG.sub(lambda match: f"{float(match.group()):.2f}".rstrip("0").rstrip("."), value)
    return _REFERENCE.sub(lambda match: f"url(#{names.get(match.group(1), 'none')})", value)


def _shows(node: ET.Element) -> bool:
    """True if the element draws something; the renderer's outermost group has no fill."""
    match node.tag:
        case "g" | "defs" | "clipPath":
            return len(node) > 0
        case "path" | "rect":
            return not {"fill", "stroke", "class"}.isdisjoint(node.attrib)
        case "text":
            return bool(node.text)
        case _:
            return True
