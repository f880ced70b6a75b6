# SPDX-License-Identifier: Apache-2.0
"""What is read from an ONNX file's own bytes: the class labels that its nodes carry, and whether it points at others.

ONNX is protobuf; its wire format is a run of (field number, type, value). Only the fields named here are followed.
Source: onnx.proto3 of ONNX 1.19 for the field numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_GRAPH, _NODE, _INITIALIZER, _ATTRIBUTE = 7, 1, 5, 5
_NAME, _TENSOR, _INTS, _STRINGS, _LOCATION = 1, 5, 8, 9, 14


class WireError(ValueError):
    """The bytes are not protobuf, or end early."""


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """What the bytes say.

    Attributes:
        labels: labels of the first node that tells classes apart; empty if none does.
        external: true if weights stand in another file.
    """

    labels: tuple[int | str, ...]
    external: bool


def read_facts(content: bytes) -> OnnxFacts:
    """Return the class labels and whether the model refers to other files.

    Raises:
        WireError: the bytes are not protobuf, or end early.
    """
    labels: tuple[int | str, ...] = ()
    external = False
    for graph in _parts(content, _GRAPH):
        for tensor in _parts(graph, _INITIALIZER):
            external = external or _is_external(tensor)
        for node in _parts(graph, _NODE):
            for attribute in _parts(node, _ATTRIBUTE):
                external = external or any(_is_external(tensor) for tensor in _parts(attribute, _TENSOR))
                labels = labels or _labels(attribute)
    return OnnxFacts(labels=labels, external=external)


def _labels(attribute: bytes) -> tuple[int | str, ...]:
    name = next(_parts(attribute, _NAME), b"")
    if name == b"classlabels_strings":
        return tuple(value.decode("utf-8", "replace") for value in _parts(attribute, _STRINGS))
    if name not in {b"classlabels_int64s", b"classlabels_ints"}:
        return ()
    numbers: list[int] = []
    for field, value in _fields(attribute):
        if field != _INTS:
            continue
        if isinstance(value, int):
            numbers.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            numbers.append(_signed(number))
    return tuple(numbers)


def _is_external(tensor: bytes) -> bool:
    return any(field == _LOCATION and value == 1 for field, value in _fields(tensor))


def _parts(message: bytes, wanted: int) -> Iterator[bytes]:
    for field, value in _fields(message):
        if field == wanted and isinstance(value, bytes):
            yield value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field number and value: a number for varints, bytes for everything else."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield field, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
        else:
            raise WireError(f"unknown wire type {kind} at byte {at}")
        if at + size > len(message):
            raise WireError(f"a field of {size} bytes at byte {at} runs past the end")
        yield field, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise WireError(f"a number is cut off at byte {at}")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
