# SPDX-License-Identifier: Apache-2.0
"""The statements of a Cedar text, and on which line each begins: the engine's own messages name neither."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\s+|[^\s";/]+|.', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The text of one statement.

    Attributes:
        text: from its first annotation or word to its semicolon, comments left out.
        line: number of its first line, from 1.
    """

    text: str
    line: int


def statements(text: str) -> Iterator[Source]:
    r"""Yield the statements of a Cedar text in order; a rest without a semicolon comes as a statement too.

    Example:
        >>> [(source.line, source.text) for source in statements("// all\npermit(principal, action, resource);")]
        [(2, 'permit(principal, action, resource);')]
    """
    parts: list[str] = []
    line = begin = 1
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if not piece.startswith("//") and (parts or not piece.isspace()):
            if not parts:
                begin = line
            parts.append(piece)
        line += piece.count("\n")
        if piece == ";":
            yield Source(text="".join(parts), line=begin)
            parts = []
    if parts:
        yield Source(text="".join(parts).rstrip(), line=begin)
