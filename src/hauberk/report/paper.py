# SPDX-License-Identifier: Apache-2.0
"""A terminal page of a given width: cells are counted, not characters, and nothing foreign reaches it unescaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from hauberk.report.plain import visible

_ASCII = str.maketrans(
    {
        "•": "*",
        "—": "-",
        "–": "-",
        "…": "...",
        "✓": "+",
        "✗": "x",
        "─": "-",
        "→": "->",
        "×": "x",
        "·": "-",
        "’": "'",
        "≤": "<=",
    }
)
_LEAST = 12  # cells that a hanging paragraph needs
_CODES = {
    "bold": "1",
    "dim": "2",
    "good": "32",
    "bad": "1;31",
    "unknown": "33",
    "critical": "1;97;41",
    "high": "1;31",
    "medium": "33",
    "low": "36",
    "info": "2",
}


def cells(text: str) -> int:
    """Return how many terminal cells a text takes up: wide characters two, combining ones none."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return the text, ended by an ellipsis where it is wider than `width` cells."""
    if cells(text) <= width:
        return text
    end = "…" if not text.isascii() or width < 4 else "..."
    kept, used = "", cells(end)
    for character in text:
        used += _cell(character)
        if used > width:
            break
        kept += character
    return (kept + end)[: max(width, 0)]


def _pieces(word: str, width: int) -> list[str]:
    """Break a word that is wider than the line."""
    pieces: list[str] = []
    current, used = "", 0
    for character in word:
        size = _cell(character)
        if current and used + size > width:
            pieces.append(current)
            current, used = "", 0
        current += character
        used += size
    return [*pieces, current]


def wrap(text: str, width: int) -> list[str]:
    """Return the text as lines of at most `width` cells, broken at spaces where that is possible."""
    lines: list[str] = []
    current, used = "", 0
    for word in text.split():
        for piece in _pieces(word, width):
            size = cells(piece)
            if current and used + 1 + size > width:
                lines.append(current)
                current, used = piece, size
            else:
                used += size + (1 if current else 0)
                current = f"{current} {piece}" if current else piece
    return [*lines, current]


@dataclass
class Paper:
    """A page that is written from top to bottom.

    Attributes:
        width: cells of a line, at least 20.
        color: whether ANSI colours are used.
        ascii: whether only ASCII characters are used; others are spelt out.
        lines: what has been written.
    """

    width: int
    color: bool = False
    ascii: bool = False
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.width = max(self.width, 20)

    def fit(self, text: str) -> str:
        """Return foreign text as it may stand on this page."""
        shown = visible(text)
        if not self.ascii:
            return shown
        return re.sub(r"[^\x20-\x7e]", lambda match: f"\\u{ord(match.group()):04x}", shown.translate(_ASCII))

    def paint(self, text: str, style: str) -> str:
        """Return the text in a style, if the page has colour."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and style and text else text

    def write(self, text: str = "", *, lead: str = "", indent: int = 0, style: str = "", lead_style: str = "") -> None:
        """Write a paragraph; `lead` stands before it, and further lines are indented under the text."""
        lead, body = self.fit(lead), self.fit(text)
        hang = indent + cells(lead)
        if hang > self.width - _LEAST:  # too narrow to hang: the lead runs into the text
            lead, body, hang, lead_style = "", f"{lead} {body}", min(indent + 2, 4), ""
            indent = hang
        for row, line in enumerate(wrap(body, self.width - hang)):
            start = " " * indent + self.paint(lead, lead_style) if row == 0 else " " * hang
            self.lines.append((start + self.paint(line, style if line else "")).rstrip())

    def heading(self, text: str) -> None:
        """Write a heading after an empty line, with a rule to the right edge."""
        title = cut(self.fit(text), self.width)
        self.lines.append("")
        rule = self.fit("─") * max(self.width - cells(title) - 1, 0)
        self.lines.append(" ".join(filter(None, (self.paint(title, "bold"), self.paint(rule, "dim")))))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
        """Write a small table; columns that do not fit are named below it instead of being squeezed."""
        shown = [[self.fit(text) for text in row] for row in (header, *rows)]
        widths = self._widths(shown, self.width - indent)
        fitting = len(widths)
        for number, row in enumerate(shown):
            padded = [self._pad(text, width) for text, width in zip(row, widths, strict=False)]
            line = (" " * indent + "  ".join(padded)).rstrip()
            self.lines.append(self.paint(line, "dim") if number == 0 else line)
        if fitting < len(header):
            left = ", ".join(header[fitting:])
            self.write(f"not shown at this width: {left}", indent=indent, style="dim")

    @staticmethod
    def _widths(shown: Sequence[Sequence[str]], room: int) -> list[int]:
        """Return the width of each leading column that fits into `room`; the first always does."""
        widths: list[int] = []
        for column in zip(*shown, strict=True):
            width = min(max(map(cells, column)), 32)
            if widths and sum(widths) + 2 * len(widths) + width > room:
                break
            widths.append(min(width, room))
        return widths

    def _pad(self, text: str, width: int) -> str:
        short = cut(text, width)
        return self.fit(short) + " " * (width - cells(short)) if self.ascii else short + " " * (width - cells(short))

    def bytes(self) -> bytes:
        """Return the page as UTF-8 with a final line feed."""
        return ("\n".join(self.lines) + "\n").encode()
