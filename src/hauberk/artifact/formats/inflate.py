# SPDX-License-Identifier: Apache-2.0
"""Compressed bytes unpacked with a limit, into memory while they are few and into an unlinked file beyond."""

from __future__ import annotations

import bz2
import lzma
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from hauberk.artifact.formats.source import CHUNK, FileSource, FormatError, LimitError, MemorySource, Source

MAX_UNPACKED = 1 << 31
"""Bytes that one compressed stream may unpack to."""

MAX_RATIO = 1100
"""Unpacked bytes for each packed byte beyond the first 16 MiB; deflate itself cannot do more than 1,032."""

_IN_MEMORY = 1 << 23


class Decoder(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was read behind the end."""
        ...


def _zlib(bits: int) -> Callable[[], Decoder]:
    return lambda: zlib.decompressobj(bits)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "deflate": _zlib(-15),
    "zlib": _zlib(15),
    "gzip": _zlib(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_AUTO, memlimit=1 << 28),
}
"""How each packing is unpacked."""


def _pieces(packing: str, source: Source) -> Iterator[bytes]:
    """Unpack piece by piece; several streams behind each other count as one.

    Raises:
        FormatError: broken, short, or followed by other bytes.
    """
    at, packed, decoder = 0, b"", DECODERS[packing]()
    try:
        while packed or at < source.size:
            if decoder.eof:
                decoder = _next(packing, at - len(packed))
            if not packed:
                packed = source.read(at, CHUNK)
                at += len(packed)
            if not packed:
                raise FormatError(f"the {packing} stream ends early", at)
            yield from _decoded(decoder, packed)
            packed = decoder.unused_data if decoder.eof else b""
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise FormatError(f"the {packing} stream is broken: {error}", at) from error
    if not decoder.eof:
        raise FormatError(f"the {packing} stream ends early", at)


def _next(packing: str, at: int) -> Decoder:
    if packing in {"zlib", "deflate"}:
        raise FormatError(f"bytes behind the {packing} stream", at)
    return DECODERS[packing]()


def _decoded(decoder: Decoder, packed: bytes) -> Iterator[bytes]:
    if isinstance(decoder, bz2.BZ2Decompressor | lzma.LZMADecompressor):
        yield decoder.decompress(packed, CHUNK)
        while not decoder.eof and not decoder.needs_input:
            yield decoder.decompress(b"", CHUNK)
        return
    inflater: Any = decoder  # zlib gives its class no public name
    tail = packed
    while tail:
        yield inflater.decompress(tail, CHUNK)
        tail = inflater.unconsumed_tail


@contextmanager
def unpacked(packing: str, source: Source, limit: int = MAX_UNPACKED) -> Generator[Source, None, None]:
    """Unpack a stream; the source is valid inside the `with` block.

    Raises:
        FormatError: broken, short, or followed by other bytes.
        LimitError: it unpacks to more than `limit`, or to more than honest data can.
    """
    most = min(limit, (1 << 24) + source.size * MAX_RATIO)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as store:
        size = 0
        for piece in _pieces(packing, source):
            size += len(piece)
            if size > most:
                raise LimitError(f"it unpacks to more than {most} bytes", size)
            store.write(piece)
        if size <= _IN_MEMORY:
            store.seek(0)
            yield MemorySource(store.read())
        else:
            store.flush()
            yield FileSource(store.fileno(), 0, size)
