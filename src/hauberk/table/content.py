# SPDX-License-Identifier: Apache-2.0
"""The digest of a frame in memory: of what it says, not of how its buffers happen to lie."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl


def content_digest(schema: Mapping[str, pl.DataType], blocks: Iterable[pl.DataFrame]) -> str:
    """`sha256:` over names, types and values, block by block; what lies under a NULL does not count.

    Args:
        schema: column to type, in order.
        blocks: the rows in fixed blocks.
    """
    digest = hashlib.sha256()
    for name, kind in schema.items():
        digest.update(f"{len(name)}:{name}:{kind}\n".encode())
    for block in blocks:
        for name in schema:
            for piece in _pieces(block[name]):
                digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def _pieces(values: pl.Series) -> Iterable[bytes]:
    kind = values.dtype
    yield np.packbits(values.is_null().to_numpy()).tobytes()
    if kind == pl.Boolean:
        yield np.packbits(values.fill_null(value=False).to_numpy()).tobytes()
    elif (
        kind in {pl.Int128(), pl.UInt128()}
        or kind.is_nested()
        or kind.is_decimal()
        or kind in {pl.Binary(), pl.Object()}
    ):
        sink = io.BytesIO()
        values.to_frame().rechunk().write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
        yield sink.getvalue()
    elif kind.is_numeric() or kind.is_temporal():
        yield np.ascontiguousarray(values.to_physical().fill_null(0).to_numpy()).tobytes()
    elif kind != pl.Null:
        text = values.cast(pl.String).fill_null("")
        yield text.str.len_bytes().to_numpy().tobytes()
        yield "".join(text.to_list()).encode()
