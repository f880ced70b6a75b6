# SPDX-License-Identifier: Apache-2.0
"""One 64-bit hash a row, collected in row order, spilled to a temporary file where there are too many of them.

State: 8 bytes a row. Two different rows share a hash with probability below n² / 2⁶⁵ (under 3 in a million for ten million
rows); the finding's confidence says so.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

IN_MEMORY = 1 << 22
"""Hashes that are kept in memory (32 MiB); from there on they go to a file, and are compared by parts of this size."""

Hashes = NDArray[np.uint64]


def row_hashes(block: pl.DataFrame) -> Hashes:
    """Hash each row over all columns of the frame; -0.0 equals 0.0, NaN equals NaN, NULL equals NULL.

    Args:
        block: at least one column.

    Returns:
        Shape (rows,). The same content gives the same hash in every block and with every version of the same Polars release.
    """
    texts = [pl.col(name).cast(pl.String) for name, kind in block.schema.items() if isinstance(kind, pl.Categorical)]
    return (block.with_columns(texts) if texts else block).hash_rows(0).to_numpy()


class Spill:
    """A temporary file that goes when nobody holds it any more."""

    def __init__(self) -> None:
        self.stream = cast("IO[bytes]", tempfile.TemporaryFile(prefix="hauberk-hashes-"))  # noqa: SIM115 - it outlives this call
        weakref.finalize(self, self.stream.close)

    def append(self, hashes: Hashes) -> int:
        """Write hashes at the end and return where they begin, in bytes."""
        offset = self.stream.seek(0, 2)
        self.stream.write(hashes.tobytes())
        return offset

    def load(self, size: int, offset: int) -> Hashes:
        """Read hashes back."""
        self.stream.seek(offset)
        return np.frombuffer(self.stream.read(size * 8), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class HashPile:
    """Hashes of consecutive stretches of rows.

    Attributes:
        parts: first row and hashes of each stretch in memory.
        spilled: first row, count and byte offset of each stretch in the file.
        file: the temporary file; None while everything fits.
        limit: hashes that are kept in memory, and compared at a time.
    """

    parts: tuple[tuple[int, Hashes], ...] = ()
    spilled: tuple[tuple[int, int, int], ...] = ()
    file: Spill | None = None
    limit: int = IN_MEMORY

    def joined(self, other: HashPile) -> HashPile:
        """Both piles in one; `other` must not have been spilled."""
        parts = self.parts + other.parts
        if sum(part.size for _, part in parts) <= self.limit:
            return HashPile(parts, self.spilled, self.file, self.limit)
        file = self.file or Spill()
        spilled = [(start, part.size, file.append(part)) for start, part in parts]
        return HashPile((), (*self.spilled, *spilled), file, self.limit)

    def stretches(self) -> Iterator[tuple[int, Hashes]]:
        """First row and hashes of each stretch, in row order."""
        kept: dict[int, tuple[int, int] | Hashes] = dict(self.parts)
        kept |= {start: (size, offset) for start, size, offset in self.spilled}
        for start in sorted(kept):
            place = kept[start]
            yield start, place if isinstance(place, np.ndarray) else self._load(*place)

    def _load(self, size: int, offset: int) -> Hashes:
        if self.file is None:
            raise ValueError("the pile has lost its file")
        return self.file.load(size, offset)

    def repeated(self, ignore: int = 0) -> tuple[int, Hashes]:
        """How many different hashes there are, and which of them stand more than once, ascending.

        Args:
            ignore: lowest bits to leave out of the comparison.
        """
        total = sum(size for _, size, _ in self.spilled) + sum(part.size for _, part in self.parts)
        bits = max(total - 1, 0) // self.limit
        bits = bits.bit_length() if self.file is not None else 0
        different, found = 0, [np.empty(0, dtype=np.uint64)]
        for part in range(1 << bits):
            values = self._share(part, bits, ignore)
            values.sort()
            same = values[1:] == values[:-1]
            different += values.size - int(same.sum())
            found.append(np.unique(values[1:][same]))
        return different, np.concatenate(found)

    def _share(self, part: int, bits: int, ignore: int) -> Hashes:
        """The hashes whose highest bits are `part`, without their lowest ones."""
        shift = np.uint64(ignore)
        if not bits:
            return np.concatenate([hashes >> shift for _, hashes in self.stretches()])
        high = np.uint64(64 - bits)
        return np.concatenate([hashes[hashes >> high == part] >> shift for _, hashes in self.stretches()])

    def rows_of(self, wanted: Hashes, ignore: int = 0) -> tuple[NDArray[np.int64], Hashes]:
        """Rows whose hash is among the wanted ones, ascending, and the full hash of each.

        Args:
            wanted: sorted hashes, shifted as in `repeated`.
            ignore: as in `repeated`.
        """
        rows, values = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.uint64)]
        if wanted.size:
            for start, hashes in self.stretches():
                short = hashes >> np.uint64(ignore)
                place = np.minimum(np.searchsorted(wanted, short), wanted.size - 1)
                here = np.flatnonzero(wanted[place] == short)
                rows.append(here + start)
                values.append(hashes[here])
        return np.concatenate(rows), np.concatenate(values)
