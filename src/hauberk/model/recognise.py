# SPDX-License-Identifier: Apache-2.0
"""What a model file is, by its content. The extension is not looked at, and nothing is executed."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from enum import StrEnum

_HEAD = 4096
"""Bytes of content, or of decompressed content, that are looked at."""


class Format(StrEnum):
    """The kinds of model file that are told apart."""

    LIGHTGBM = "LightGBM text"
    XGBOOST_JSON = "XGBoost JSON"
    XGBOOST_UBJ = "XGBoost UBJSON"
    CATBOOST = "CatBoost binary"
    CATBOOST_JSON = "CatBoost JSON"
    ONNX = "ONNX"
    PICKLE = "pickle"
    PICKLE_COMPRESSED = "compressed pickle (joblib)"
    TORCH = "torch archive with a pickle inside"
    ZIP = "zip archive"
    HDF5 = "HDF5"
    NUMPY = "NumPy array"
    SAFETENSORS = "safetensors"
    UNKNOWN = "unknown"

    @property
    def runs_code(self) -> bool:
        """Whether loading it can run code that the file carries."""
        return self in {Format.PICKLE, Format.PICKLE_COMPRESSED, Format.TORCH}


def recognise(content: bytes) -> Format:
    r"""Return what the content is; UNKNOWN if nothing fits.

    Examples:
        >>> recognise(b"tree\nversion=v4\n"), recognise(b"\x80\x04K\x01.")
        (<Format.LIGHTGBM: 'LightGBM text'>, <Format.PICKLE: 'pickle'>)
    """
    head = content[:_HEAD]
    for prefix, kind in _MAGIC:
        if head.startswith(prefix):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return Format.TORCH if b"/data.pkl" in head or b"data.pkl" in content[-65536:] else Format.ZIP
    if _compressed_pickle(head):
        return Format.PICKLE_COMPRESSED
    if head.lstrip()[:1] == b"{":
        return _json(head, content)
    if _pickle(head, content):
        return Format.PICKLE
    if _onnx(head):
        return Format.ONNX
    return Format.UNKNOWN


_MAGIC = (
    (b"tree\nversion=", Format.LIGHTGBM),
    (b"tree\r\nversion=", Format.LIGHTGBM),
    (b"CBM1", Format.CATBOOST),
    (b"\x89HDF\r\n\x1a\n", Format.HDF5),
    (b"\x93NUMPY", Format.NUMPY),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", Format.XGBOOST_UBJ),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07version", Format.XGBOOST_UBJ),
)


def _json(head: bytes, content: bytes) -> Format:
    if re.search(rb'"(?:learner|version)"\s*:', head) and b'"gradient_booster"' in content:
        return Format.XGBOOST_JSON
    if b'"oblivious_trees"' in content or b'"features_info"' in content:
        return Format.CATBOOST_JSON
    return Format.UNKNOWN


def _pickle(head: bytes, content: bytes) -> bool:
    if len(head) > 1 and head[0] == 0x80 and head[1] <= 5:
        return True
    # protocols 0 and 1 have no mark: they open with one of these and end with STOP
    opens = re.match(rb"c[\w.]+\n[\w.]+\n|\(|\]|\}|I\d|ccopy_reg|\(dp?\d*\n|\(i[\w.]+\n", head)
    return bool(opens) and content.rstrip(b"\r\n").endswith(b".")


def _compressed_pickle(head: bytes) -> bool:
    for magic, opener in _COMPRESSED:
        if head.startswith(magic):
            try:
                inside = opener(head)
            except (zlib.error, lzma.LZMAError, OSError, ValueError):
                return False
            return inside[:1] == b"\x80"
    return False


def _inflate(head: bytes) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(head, _HEAD)


def _unxz(head: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(head, _HEAD)


def _unbz2(head: bytes) -> bytes:
    # a bzip2 block is 100 kB or more, so that its head alone gives nothing; joblib is the one that writes them
    return bz2.BZ2Decompressor().decompress(head, _HEAD) or b"\x80"


_COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", _inflate),
    (b"\x78", _inflate),
    (b"\xfd7zXZ\x00", _unxz),
    (b"\x5d\x00\x00", _unxz),
    (b"BZh", _unbz2),
)


def _onnx(head: bytes) -> bool:
    """Whether the bytes open as a protobuf ModelProto: ir_version first, then fields 2 to 8, or 14, 20 and 25."""
    if len(head) < 4 or head[0] != 0x08 or not 1 <= head[1] < 0x40:
        return False
    return head[2] in {0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xA2}
