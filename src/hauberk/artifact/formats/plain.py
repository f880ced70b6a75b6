# SPDX-License-Identifier: Apache-2.0
"""Formats that can only hold numbers and text: each reader proves that every byte belongs to what it expects."""

from __future__ import annotations

import ast
import json
import math
import re
import struct
import warnings
from typing import Any, cast

from hauberk.artifact.formats.source import CHUNK, FormatError, LimitError, Source

MAX_DOCUMENT = 1 << 26
"""Bytes of a JSON or UBJSON document that are read."""

_DESCR = re.compile(r"[<>|=]?([?biufcmMSUVO])([0-9]{1,9})?(\[[a-zA-Z0-9]{1,6}\])?")
_TREE_LINE = re.compile(r"[A-Za-z_][\w .:\-]*(=.*)?|\[[\w.]+: .*\]|[^=\x00]+=\d+")
_WIDTHS = {
    "F64": 8,
    "I64": 8,
    "U64": 8,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
}


def npy(source: Source) -> tuple[int, bool]:
    """Read the header of a numpy array; returns where the data begins and whether objects follow as a pickle.

    Raises:
        FormatError: the header is broken, or the data has another length than it says.
    """
    head = source.read(0, 12)
    if len(head) < 12 or head[6] not in {1, 2, 3}:
        raise FormatError("the header of the array is broken", 0)
    wide = head[6] > 1
    size = int.from_bytes(head[8:12] if wide else head[8:10], "little")
    start = (12 if wide else 10) + size
    if size > 1 << 16:
        raise LimitError("the header of the array is longer than 64 KiB", 0)
    fields = _literal(source.read(start - size, size))
    width, objects = _descr(fields.get("descr"))
    asked = width * _product(fields.get("shape"))
    if not objects and start + asked != source.size:
        raise FormatError(f"the array should have {asked} bytes, not {source.size - start}", start)
    return start, objects


def _product(shape: object) -> int:
    """Elements of a shape that has to be a tuple of whole numbers."""
    lengths = cast("tuple[object, ...]", shape) if isinstance(shape, tuple) else (shape,)
    whole = [length for length in lengths if isinstance(length, int) and type(length) is int and length >= 0]
    if len(whole) != len(lengths):
        raise FormatError("the shape of the array is no tuple of numbers", 10)
    return math.prod(whole)


def _literal(text: bytes) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields: Any = ast.literal_eval(text.decode("utf-8").strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise FormatError("the header of the array is no dict of plain values", 10) from error
    header = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    if set(header) != {"descr", "fortran_order", "shape"} or not isinstance(header["shape"], tuple):
        raise FormatError("the header of the array has other keys than it should", 10)
    return header


def _descr(descr: object, depth: int = 0) -> tuple[int, bool]:
    """Bytes of one element, and whether it holds objects."""
    if isinstance(descr, str) and (found := _DESCR.fullmatch(descr)):
        width = int(found[2] or 1) * (4 if found[1] == "U" else 1)
        return width, found[1] == "O"
    if not isinstance(descr, list) or depth > 8:
        raise FormatError("the element type of the array cannot be told", 10)
    width, objects = 0, False
    for each in cast("list[object]", descr):
        inner, held = _field(each, depth)
        width, objects = width + inner, objects or held
    return width, objects


def _field(each: object, depth: int) -> tuple[int, bool]:
    """Bytes of one field of a structured element, and whether it holds objects."""
    described = list(cast("tuple[object, ...]", each)) if isinstance(each, tuple) else []
    if len(described) not in {2, 3}:
        raise FormatError("the element type of the array cannot be told", 10)
    inner, held = _descr(described[1], depth + 1)
    return inner * (_product(described[2]) if len(described) == 3 else 1), held


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key stands twice in the document", 0)
    return found


def document(source: Source, at: int, size: int) -> dict[str, Any]:
    """Read a JSON object; keys may not repeat.

    Raises:
        FormatError: it is no JSON object.
        LimitError: it is longer than is read.
    """
    if size > MAX_DOCUMENT:
        raise LimitError(f"the document is longer than {MAX_DOCUMENT} bytes", at)
    try:
        found: Any = json.loads(source.read(at, size).decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise FormatError("the document is no JSON", at) from error
    if not isinstance(found, dict):
        raise FormatError("the document is no JSON object", at)
    return cast("dict[str, Any]", found)


def safetensors(source: Source) -> None:
    """Check that the tensors fill the bytes behind the header exactly, without overlap.

    Raises:
        FormatError: they do not.
    """
    size = int.from_bytes(source.read(0, 8), "little")
    header = document(source, 8, size)
    header.pop("__metadata__", None)
    spans: list[tuple[int, int]] = []
    for name, each in header.items():
        spans.append(_tensor(name, each))
    at = 0
    for start, end in sorted(spans):
        if start != at:
            raise FormatError("tensors overlap or leave a gap", 8 + size + start)
        at = end
    if 8 + size + at != source.size:
        raise FormatError(f"{source.size - 8 - size - at} bytes belong to no tensor", 8 + size + at)


def _tensor(name: str, each: Any) -> tuple[int, int]:
    try:
        start, end = each["data_offsets"]
        asked = _WIDTHS[each["dtype"]] * math.prod(each["shape"])
        plain = all(type(n) is int and n >= 0 for n in (start, end, *each["shape"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"tensor {name!r} is not described as it should", 8) from error
    if not plain or end - start != asked:
        raise FormatError(f"tensor {name!r} has another length than its shape", 8)
    return start, end


def lightgbm(source: Source) -> None:
    """Check that every line of a LightGBM model is `key=value`, a parameter or a known word, up to the last byte.

    Raises:
        FormatError: a line is something else.
    """
    at, rest, ended = 0, b"", False
    while at < source.size or rest:
        piece = source.read(at, CHUNK)
        at += len(piece)
        lines = (rest + piece).split(b"\n")
        rest = lines.pop() if piece else b""
        if len(rest) > MAX_DOCUMENT:
            raise LimitError("a line of the model is too long", at)
        for line in lines:
            _line(line, at)
            ended = ended or line.strip() == b"end of trees"
    if not ended:
        raise FormatError("the model ends before its last tree", at)


def _line(line: bytes, at: int) -> None:
    try:
        text = line.decode("utf-8").strip("\r")
    except ValueError as error:
        raise FormatError("a line of the model is no text", at) from error
    if text and (not _TREE_LINE.fullmatch(text) or "\x00" in text):
        raise FormatError("a line of the model is no key with a value", at)


def catboost(source: Source) -> None:
    """Check the length of the core of a CatBoost model.

    Raises:
        FormatError: it is longer than the file.
        LimitError: parts follow the core, which are not read.
    """
    size = int.from_bytes(source.read(4, 4), "little")
    if size + 8 > source.size or size < 8:
        raise FormatError("the core of the model is longer than the file", 4)
    root = struct.unpack("<I", source.read(8, 4))[0]
    if root >= size:
        raise FormatError("the core of the model has no root", 8)
    if size + 8 != source.size:
        raise LimitError("parts behind the core of the model are not read", size + 8)
