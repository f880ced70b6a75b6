# SPDX-License-Identifier: Apache-2.0
"""The raw arrays that joblib writes between opcodes: how many bytes follow a NumpyArrayWrapper."""

from __future__ import annotations

import re

from hauberk.artifact.formats.machine import Machine
from hauberk.artifact.formats.source import FormatError
from hauberk.artifact.formats.symbol import Made, Pairs, parts

_CODE = re.compile(r"[<>|=]?([a-zA-Z?])([0-9]{1,9})")
_OBJECT_FLAGS = 0x3F


def element(kind: object) -> tuple[int, bool]:
    """Bytes of one element of a symbolic dtype, and whether it holds objects.

    Raises:
        FormatError: it cannot be told.
    """
    code = kind.arguments[0] if isinstance(kind, Made) and kind.arguments else None
    found = _CODE.fullmatch(code) if isinstance(code, str) else None
    if found is None or not isinstance(kind, Made):
        raise FormatError("the element type of an array cannot be told")
    letter, size = found[1], int(found[2])
    if letter == "V":
        return _structured(kind, size)
    if letter not in "?biufcmMSUOV":
        raise FormatError(f"element type {letter!r} is not known")
    return size * (4 if letter == "U" else 1), letter == "O"


def _structured(kind: Made, size: int) -> tuple[int, bool]:
    state = parts(kind.state)
    if state is None or len(state) < 8 or not isinstance(state[7], int) or state[5] != size:
        raise FormatError("the fields of an array cannot be told")
    return size, bool(state[7] & _OBJECT_FLAGS & 0x01)


def pass_over(machine: Machine, wrapper: Made) -> bool:
    """Move behind the array bytes of a wrapper; True if objects follow as a stream of their own instead.

    Raises:
        FormatError: dtype or shape cannot be told, or the bytes end first.
    """
    state = wrapper.state
    if not isinstance(state, Pairs) or not state.whole or not state.plain:
        raise FormatError("the description of an array cannot be told", machine.at)
    width, objects = element(state.held.get("dtype"))
    shape = parts(state.held.get("shape"))
    if objects:
        machine.leave_frame(machine.cursor.tell())
        return True
    if shape is None:
        raise FormatError("the shape of an array cannot be told", machine.at)
    machine.leave_frame(machine.cursor.tell())
    count = 1
    for length in shape:
        if not isinstance(length, int) or length < 0:
            raise FormatError("the shape of an array cannot be told", machine.at)
        count *= length
    cursor = machine.cursor
    if state.held.get("numpy_array_alignment_bytes") is not None:
        padding = cursor.take(1)[0]
        cursor.seek(cursor.tell() + padding)
    cursor.seek(cursor.tell() + count * width)
    return False
