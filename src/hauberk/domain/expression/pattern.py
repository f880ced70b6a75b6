# SPDX-License-Identifier: Apache-2.0
r"""Regular expressions that mean the same in Rust's `regex` (Polars) and in Python's `re`.

A pattern is read into a small tree and written out anew for each engine, so nothing of the user's text reaches an engine
unread. What the engines treat differently, or what could make one of them run for ever, is refused.

| written | means |
|---|---|
| `abc`, `\.` `\\` `\[` ... | the character itself; any punctuation may be escaped |
| `.` | any character but a line feed |
| `\d` `\w` `\s` | `[0-9]`, `[A-Za-z0-9_]`, space, tab, line feed, vertical tab, form feed, carriage return: ASCII alone |
| `\D` `\W` `\S` | any other character |
| `\n` `\t` `\r` | line feed, tab, carriage return |
| `[a-z_]` `[^0-9]` | one character of a class, or one that is not in it |
| `^` `$` | the very start and the very end of the text; `$` does not forgive a trailing line feed |
| `(...)` `a\|b` | grouping and alternatives |
| `?` `*` `+` `{2}` `{2,}` `{2,5}` | repetition, bounds up to 1000 |

Refused: back references, look-around, flags, `\b`, lazy and possessive repetition, Unicode classes, a repeated group that
itself repeats or branches without bound, more than three unbounded repetitions. A pattern is searched for; use `^...$` to
match all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PATTERN = 500
MAX_REPEAT = 1000
MAX_UNBOUNDED = 3
MAX_NESTING = 20
MAX_EXPANSION = 5000

_DIGIT = (("0", "9"),)
_WORD = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE = (("\t", "\r"), (" ", " "))
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}


class PatternError(ValueError):
    """A pattern that is malformed or outside the safe subset; the message names the position, counted from 1."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges, or one outside them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """The very start (`start`) or the very end of the text."""

    start: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something `low` to `high` times; `high` None without bound."""

    item: Part
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives, each a sequence."""

    branches: tuple[tuple[Part, ...], ...]


Part = Chars | Anchor | Repeat | Group


def read_pattern(text: str) -> Group:
    """Read a pattern into its tree.

    Raises:
        PatternError: malformed, too long, or outside the safe subset.
    """
    if len(text) > MAX_PATTERN:
        raise PatternError(f"the pattern has {len(text)} characters, at most {MAX_PATTERN}")
    reader = _Reader(text)
    group = reader.group(0)
    if reader.at < len(text):
        raise reader.error("unbalanced )")
    _bounded(group)
    return group


def _bounded(group: Group) -> None:
    if _unbounded(group) > MAX_UNBOUNDED:
        raise PatternError(f"more than {MAX_UNBOUNDED} unbounded repetitions (* + {{n,}}) in one pattern")
    if _size(group) > MAX_EXPANSION:
        raise PatternError("the pattern's repetitions multiply to something too large")


def _unbounded(part: Part) -> int:
    if isinstance(part, Repeat):
        return _unbounded(part.item) + (part.high is None)
    if isinstance(part, Group):
        return sum(_unbounded(item) for branch in part.branches for item in branch)
    return 0


def _size(part: Part) -> int:
    if isinstance(part, Repeat):
        return _size(part.item) * max(part.high or part.low, 1)
    if isinstance(part, Group):
        return 1 + sum(_size(item) for branch in part.branches for item in branch)
    return 1


def _varies(part: Part) -> bool:
    """True if one text can be matched in more than one way, which repeated without bound may backtrack for ever."""
    if isinstance(part, Repeat):
        return part.low != part.high or _varies(part.item)
    if isinstance(part, Group):
        return len(part.branches) > 1 or any(_varies(item) for branch in part.branches for item in branch)
    return False


class _Reader:
    """A recursive-descent reader over one pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, what: str) -> PatternError:
        """An error at the place that was reached."""
        return PatternError(f"{what} at position {self.at + 1} of the pattern")

    def peek(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        """The next character, which is passed."""
        char = self.peek()
        self.at += 1
        return char

    def group(self, nesting: int) -> Group:
        """Alternatives up to a closing bracket or the end."""
        if nesting > MAX_NESTING:
            raise self.error("groups nested too deeply")
        branches: list[tuple[Part, ...]] = []
        sequence: list[Part] = []
        while self.peek() not in {"", ")"}:
            if self.peek() == "|":
                self.at += 1
                branches.append(tuple(sequence))
                sequence = []
            else:
                sequence.append(self.repeated(self.atom(nesting)))
        return Group((*branches, tuple(sequence)))

    def atom(self, nesting: int) -> Part:
        """One thing that can be repeated."""
        char = self.take()
        if char == "(":
            if self.peek() == "?":
                raise self.error("(?...) is not supported: no flags, names or look-around")
            inner = self.group(nesting + 1)
            if self.take() != ")":
                raise self.error("missing )")
            return inner
        if char in "*+?{":
            self.at -= 1
            raise self.error(f"nothing to repeat before {char}")
        simple: dict[str, Part] = {
            "^": Anchor(start=True),
            "$": Anchor(start=False),
            ".": Chars((("\n", "\n"),), negated=True),
        }
        if char in simple:
            return simple[char]
        if char == "[":
            return self.char_class()
        return self.escape() if char == "\\" else Chars(((char, char),))

    def escape(self) -> Chars:
        """What follows a backslash."""
        char = self.take()
        if char in _CONTROL:
            return Chars(((_CONTROL[char], _CONTROL[char]),))
        if char.lower() in _CLASSES:
            return Chars(_CLASSES[char.lower()], negated=char.isupper())
        if not char or not char.isascii() or char.isalnum():
            self.at -= 1
            raise self.error(f"the escape \\{char} is not supported")
        return Chars(((char, char),))

    def char_class(self) -> Chars:
        """What follows an opening square bracket."""
        negated = self.peek() == "^"
        self.at += negated
        ranges: list[tuple[str, str]] = []
        while self.peek() != "]":
            ranges.extend(self.class_item())
        self.at += 1
        if not ranges:
            raise self.error("empty class")
        return Chars(tuple(ranges), negated)

    def class_item(self) -> tuple[tuple[str, str], ...]:
        """One character, range or escape of a class."""
        low = self.class_char()
        if len(low) != 1 or low[0][0] != low[0][1]:
            return low
        if self.peek() != "-" or self.text[self.at + 1 : self.at + 2] in {"", "]"}:
            return low
        self.at += 1
        high = self.class_char()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self.error("a range in a class must run from a lower to a higher character")
        return ((low[0][0], high[0][0]),)

    def class_char(self) -> tuple[tuple[str, str], ...]:
        """One end of a range of a class."""
        char = self.take()
        if not char:
            raise self.error("missing ]")
        if char in "[&~":
            self.at -= 1
            raise self.error(f"write \\{char} for {char} inside a class")
        if char != "\\":
            return ((char, char),)
        escaped = self.escape()
        if escaped.negated:
            raise self.error("a negated escape inside a class is not supported")
        return escaped.ranges

    def repeated(self, item: Part) -> Part:
        """The item with the repetition that follows it, if one does."""
        bounds = self.bounds()
        if bounds is None:
            return item
        if isinstance(item, Anchor):
            raise self.error("an anchor cannot be repeated")
        if bounds[1] is None and _varies(item):
            raise self.error("an unbounded repetition of something that itself varies can run for ever")
        if self.peek() and self.peek() in "*+?{":
            raise self.error("lazy, possessive and doubled repetitions are not supported")
        return Repeat(item, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        """The bounds of a repetition, None where none follows."""
        simple: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        char = self.peek()
        if char in simple:
            self.at += 1
            return simple[char]
        if char != "{":
            return None
        found = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}").match(self.text, self.at)
        if found is None:
            raise self.error("{ must open a repetition such as {2,5}; write \\{ for the character")
        low = int(found[1])
        high = (int(found[3]) if found[3] else None) if found[2] else low
        if low > MAX_REPEAT or (high is not None and not low <= high <= MAX_REPEAT):
            raise self.error(f"repetition bounds must rise and be at most {MAX_REPEAT}")
        self.at = found.end()
        return low, high
