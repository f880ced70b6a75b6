# SPDX-License-Identifier: Apache-2.0
"""What a file is, by its content alone; its name is never looked at."""

from __future__ import annotations

from hauberk.artifact.formats.source import Source

_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x93NUMPY", "npy"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"]\x00\x00", "xz"),
    (b"CBM1", "catboost"),
    (b"tree\nversion=", "lightgbm"),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "xgboost/ubj"),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x06Config", "xgboost/ubj"),
    (b"GGUF", "gguf"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x7fELF", "executable"),
    (b"MZ", "executable"),
    (b"#!", "script"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
)
_ZLIB_SECOND = {0x01, 0x5E, 0x9C, 0xDA}


def recognise(source: Source) -> str:
    """The format, or an empty text where none is recognised."""
    head = source.read(0, 560)
    for mark, name in _HEADS:
        if head.startswith(mark):
            return name
    if len(head) > 1 and head[0] == 0x78 and head[1] in _ZLIB_SECOND:
        return "zlib"
    if head[257:262] == b"ustar" or head[4:8] == b"TFL3":
        return "tar" if head[257:262] == b"ustar" else "tflite"
    return _described(source, head)


def _described(source: Source, head: bytes) -> str:
    """Formats without a mark of their own."""
    if len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= source.size - 8:
        return "safetensors"
    if head.lstrip()[:1] == b"{":
        return "json"
    return _protobuf(head)


def _protobuf(head: bytes) -> str:
    """ONNX and SavedModel begin with a small version number as field 1."""
    if len(head) > 2 and head[0] == 0x08 and head[1] < 0x80 and head[2] in {0x12, 0x3A, 0x42, 0x1A, 0x22}:
        return "savedmodel" if head[2] == 0x12 and b"tensorflow" in head else "onnx"
    return ""
