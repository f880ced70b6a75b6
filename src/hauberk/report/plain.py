# SPDX-License-Identifier: Apache-2.0
"""Foreign text made harmless: column names, rule names and file names come from whoever made the data.

Each format has its own dangers: a terminal obeys control codes, a spreadsheet obeys formulas, Markdown obeys links, XML
refuses control codes altogether, and every reader is fooled by characters that reverse or hide text.
"""

from __future__ import annotations

import re

_DANGEROUS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control codes, escape and the eight-bit control sequences among them
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # hidden or reordering characters
    "\ud800-\udfff\ufffe\uffff"  # what UTF-8 or XML cannot carry
    "\U000e0000-\U000e007f"  # invisible tags
    "]"
)
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#&$])")
_FORMULA = tuple("=+-@＝＋－＠\t\r")


def _spell(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""Return the text on one line, with each control or invisible character spelt out.

    >>> visible("pay\x1b[2J")
    'pay\\x1b[2J'
    """
    return _DANGEROUS.sub(_spell, text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def markdown(text: str) -> str:
    r"""Return the text so that Markdown shows it as it is: no links, no HTML, no mentions, no table breaks.

    >>> markdown("[pay](http://evil.example) | @admin")
    '\\[pay\\](http:\\//evil.example) \\| @<!-- -->admin'
    """
    escaped = _MARKDOWN.sub(r"\\\1", visible(text))
    escaped = re.sub(r"(?i)(:)(//)", r"\1\\\2", escaped)
    escaped = re.sub(r"(?i)\b(www)\.", r"\1\\.", escaped)
    return re.sub(r"@(?=\w)", "@<!-- -->", escaped)


def markdown_code(text: str) -> str:
    """Return the text as a Markdown code span that nothing in it can end, fit for a table cell."""
    body = visible(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    pad = " " if body.startswith("`") or body.endswith("`") or not body.strip() else ""
    return f"{fence}{pad}{body}{pad}{fence}"


def sheet_cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe goes before what might be one.

    Source: OWASP's advice on CSV injection, widened by the full-width forms of the same signs.
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else shown


def escape_json(text: str) -> str:
    r"""Return JSON text with every character that a terminal or a reader could be fooled by as a `\u` escape.

    Such characters stand only inside JSON strings, so that the value stays the same.
    """
    return _DANGEROUS.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code in {0x0A, 0x0D, 0x09}:  # white space between tokens; inside strings the encoder has escaped it already
        return match.group()
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
