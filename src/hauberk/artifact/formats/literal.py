# SPDX-License-Identifier: Apache-2.0
"""Arguments written as lines of text in protocols 0 and 1, read as CPython's C unpickler reads them.

What it accepts beyond the documentation counts: base 0 in INT and LONG, octal with a leading zero, underscores.
"""

from __future__ import annotations

import codecs
import re
import warnings

from hauberk.artifact.formats.symbol import OPAQUE

_OCTAL = re.compile(r"[+-]?0[0-7]+")


def integer(line: bytes) -> object:
    """The value of an INT or LONG argument; `OPAQUE` where it cannot be told.

    >>> integer(b"0x10"), integer(b"01"), integer(b"010"), integer(b"12L")
    (16, True, 8, 12)
    """
    if line in {b"00", b"01"}:
        return line == b"01"
    text = line.decode("latin-1").strip().removesuffix("L")
    try:
        return int(text, 8) if _OCTAL.fullmatch(text) else int(text, 0)
    except ValueError:
        return OPAQUE


def index(line: bytes) -> int | None:
    """The memo index of a GET or PUT argument; None where it is none."""
    try:
        return int(line.decode("latin-1"))
    except ValueError:
        return None


def quoted(line: bytes) -> str | None:
    """The text of a STRING argument; None where it is not quoted or not escaped as it must be."""
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in {b"'", b'"'}:
        return None
    try:
        with warnings.catch_warnings(
            action="ignore", category=DeprecationWarning
        ):  # an escape that means nothing stays
            return codecs.escape_decode(line[1:-1])[0].decode("latin-1")
    except ValueError:
        return None


def unicode_line(line: bytes) -> str | None:
    """The text of a UNICODE argument; None where its escapes are wrong."""
    try:
        return line.decode("raw-unicode-escape")
    except ValueError:
        return None
