# SPDX-License-Identifier: Apache-2.0
"""A symbolic pickle machine: it follows a stream as CPython's C unpickler does, and calls nothing.

It differs on purpose in one way. Where CPython would raise and go no further, the machine notes a defect and goes on if
it can, so that what lies behind is seen as well; a stream with a defect is never clean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from hauberk.artifact.formats.opcode import opcodes
from hauberk.artifact.formats.source import Cursor, FormatError, LimitError, Source
from hauberk.artifact.formats.symbol import OPAQUE

_RUN = re.compile(
    rb"(?:G[\x00-\xff]{8}){16,4096}+|(?:K[\x00-\xff]){16,8192}+|(?:J[\x00-\xff]{4}){16,8192}+"
    rb"|(?:M[\x00-\xff]{2}){16,8192}+|[N\x88\x89]{16,65536}+"
)
_WIDTH = {0x47: 9, 0x4B: 2, 0x4A: 5, 0x4D: 3, 0x4E: 1, 0x88: 1, 0x89: 1}

MAX_OPCODES = 60_000_000
"""Opcodes that one scan follows unless told otherwise."""

MAX_HELD = 6_000_000
"""Entries that stack and memo may hold together."""


class Watcher(Protocol):
    """What judges the machine's steps. It may ask the machine where it is."""

    def name(self, machine: Machine, module: str, name: str) -> object:
        """A global is asked for; returns its symbol."""
        ...

    def call(self, machine: Machine, callee: object, arguments: tuple[object, ...]) -> object:
        """Something is called, or instantiated; returns the symbol of the result."""
        ...

    def build(self, machine: Machine, target: object, state: object) -> object:
        """An object gets its state; returns what takes its place on the stack."""
        ...

    def fill(self, machine: Machine, target: object, how: str) -> None:
        """Items are put into something that is no plain list, dict or set."""
        ...

    def persistent(self, machine: Machine, identity: object) -> object:
        """A persistent id is resolved."""
        ...

    def deceives(self, machine: Machine, what: str) -> None:
        """Two readers would see different streams."""
        ...

    def defect(self, machine: Machine, what: str) -> None:
        """CPython would raise here."""
        ...


@dataclass(slots=True)
class Budget:
    """Opcodes left, shared by all streams of one scan."""

    opcodes: int = MAX_OPCODES

    def spend(self, count: int, at: int) -> None:
        """Use up opcodes.

        Raises:
            LimitError: none are left.
        """
        self.opcodes -= count
        if self.opcodes < 0:
            raise LimitError("the budget of opcodes is used up", at)


class Machine:
    """One stream.

    Args:
        source: where the bytes lie.
        start: first byte of the stream.
        watcher: what judges the steps.
        budget: opcodes left.

    Attributes:
        at: offset of the opcode in hand.
        opcode: its name.
        count: its index in the stream.
        globals: how many names the stream asked for.
    """

    def __init__(self, source: Source, start: int, watcher: Watcher, budget: Budget) -> None:
        self.source = source
        self.cursor = Cursor(source, start)
        self.watcher = watcher
        self.budget = budget
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.protocol = 0
        self.frame_end: int | None = None
        self.at = start
        self.opcode = ""
        self.count = 0
        self.globals = 0
        self.result: object = None
        self.stopped = False

    def run(self, steps: dict[int, tuple[str, str, Callable[[Machine, Any], None]]]) -> int:
        """Follow the stream to its STOP; return the offset behind it.

        Raises:
            FormatError: the stream ends early, or holds an unknown opcode.
            LimitError: a limit was reached.
        """
        cursor = self.cursor
        while not self.stopped:
            if not cursor.fill(1):
                raise FormatError("the stream ends without STOP", cursor.tell())
            code = cursor.buffer[cursor.index]
            if code in _WIDTH and self._passed_over(code):
                continue
            self._step(code, steps)
        if self.frame_end is not None and self.frame_end != cursor.tell():
            self.watcher.deceives(self, "the stream stops before its frame ends")
        return cursor.tell()

    def _step(self, code: int, steps: dict[int, tuple[str, str, Callable[[Machine, Any], None]]]) -> None:
        cursor = self.cursor
        self.at = cursor.tell()
        step = steps.get(code)
        if step is None:
            raise FormatError(f"0x{code:02x} is no opcode", self.at)
        self.opcode, kind, action = step
        cursor.index += 1
        action(self, _ARGUMENTS[kind](self) if kind != "none" else None)
        self.count += 1
        self._account(1)
        if self.frame_end is not None and self.opcode != "FRAME":
            self.leave_frame(cursor.tell())

    def _account(self, count: int) -> None:
        self.budget.spend(count, self.at)
        if len(self.stack) + len(self.memo) > MAX_HELD:
            raise LimitError(f"the stream holds more than {MAX_HELD} values at once", self.at)

    def leave_frame(self, now: int) -> None:
        """Take note that the next byte lies at `now`, which may be the end of the frame, and never behind it."""
        end = self.frame_end
        if end is None or now < end:
            return
        self.frame_end = None
        if now > end:
            self.watcher.deceives(self, "an argument crosses the end of its frame, where readers differ")

    def _passed_over(self, code: int) -> bool:
        """Skip a run of equal opcodes that only push numbers."""
        cursor = self.cursor
        end = len(cursor.buffer)
        if self.frame_end is not None:
            end = min(end, self.frame_end - cursor.origin)
        found = _RUN.match(cursor.buffer, cursor.index, end)
        if found is None:
            return False
        count = (found.end() - cursor.index) // _WIDTH[code]
        self.stack.extend([OPAQUE] * count)
        self.at = cursor.tell()
        cursor.index = found.end()
        self.count += count
        self._account(count)
        if self.frame_end is not None:
            self.leave_frame(cursor.tell())
        return True

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> object:
        """Take the top of the stack, never below the last mark.

        Raises:
            FormatError: nothing is there.
        """
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise FormatError(f"{self.opcode} finds nothing on the stack", self.at)
        return self.stack.pop()

    def top(self) -> object:
        """The top of the stack, left where it is.

        Raises:
            FormatError: nothing is there.
        """
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise FormatError(f"{self.opcode} finds nothing on the stack", self.at)
        return self.stack[-1]

    def pop_mark(self) -> list[object]:
        """Everything above the last mark, and the mark.

        Raises:
            FormatError: there is no mark.
        """
        if not self.marks:
            raise FormatError(f"{self.opcode} finds no mark", self.at)
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values


def _number(width: int, signed: bool = False) -> Callable[[Machine], object]:
    return lambda machine: int.from_bytes(machine.cursor.take(width), "little", signed=signed)


def _sized(width: int, signed: bool = False) -> Callable[[Machine], object]:
    def read(machine: Machine) -> object:
        size = int.from_bytes(machine.cursor.take(width), "little", signed=signed)
        if size < 0:
            raise FormatError(f"{machine.opcode} has a negative length", machine.at)
        at = machine.cursor.tell()
        if size <= 1024:
            return machine.cursor.take(size), at
        machine.cursor.seek(at + size)
        return size, at

    return read


def _opaque(machine: Machine) -> object:
    machine.cursor.take(8)
    return OPAQUE


_ARGUMENTS: dict[str, Callable[[Machine], object]] = {
    "u1": _number(1),
    "u2": _number(2),
    "u4": _number(4),
    "i4": _number(4, signed=True),
    "u8": _number(8),
    "f8": _opaque,
    "line": lambda machine: machine.cursor.line(),
    "line2": lambda machine: (machine.cursor.line(), machine.cursor.line()),
    "bytes1": _sized(1),
    "bytes4": _sized(4),
    "bytes8": _sized(8),
    "bytes_i4": _sized(4, signed=True),
}


def bound(
    actions: dict[str, Callable[[Machine, Any], None]],
) -> dict[int, tuple[str, str, Callable[[Machine, Any], None]]]:
    """Join the opcode table with the actions that carry it out, by byte."""
    return {code: (each.name, each.argument, actions[each.action]) for code, each in opcodes().items()}
