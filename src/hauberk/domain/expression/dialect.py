# SPDX-License-Identifier: Apache-2.0
"""Writes a pattern for one engine, every character by its code point, so that nothing means something special there."""

from __future__ import annotations

from hauberk.domain.expression.pattern import Anchor, Group, Part, Repeat, read_pattern


def to_rust(text: str) -> str:
    """Write a pattern for Rust's `regex`."""
    return _write(read_pattern(text), rust=True)


def to_python(text: str) -> str:
    """Write a pattern for Python's `re`."""
    return _write(read_pattern(text), rust=False)


def _char(char: str, *, rust: bool) -> str:
    code = ord(char)
    return f"\\x{{{code:X}}}" if rust else f"\\U{code:08x}"


def _write(part: Part, *, rust: bool) -> str:
    if isinstance(part, Anchor):
        end = "\\z" if rust else "\\Z"
        return "\\A" if part.start else end
    if isinstance(part, Repeat):
        high = "" if part.high is None else str(part.high)
        return f"(?:{_write(part.item, rust=rust)}){{{part.low},{high}}}"
    if isinstance(part, Group):
        return f"(?:{'|'.join(_write_sequence(branch, rust=rust) for branch in part.branches)})"
    ranges = "".join(f"{_char(low, rust=rust)}-{_char(high, rust=rust)}" for low, high in part.ranges)
    return f"[{'^' if part.negated else ''}{ranges}]"


def _write_sequence(parts: tuple[Part, ...], *, rust: bool) -> str:
    return "".join(_write(part, rust=rust) for part in parts)
