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

IN_MEMORY = 1 << 25
"""Hashes that are kept in memory (256 MiB); from there on they go to a file."""

_PARTS = 16

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
    """

    parts: tuple[tuple[int, Hashes], ...] = ()
    spilled: tuple[tuple[int, int, int], ...] = ()
    file: Spill | None = None

    def joined(self, other: HashPile, limit: int = IN_MEMORY) -> HashPile:
        """Both piles in one; `other` must not have been spilled."""
        parts = self.parts + other.parts
        if sum(part.size for _, part in parts) <= limit:
            return HashPile(parts, self.spilled, self.file)
        file = self.file or Spill()
        spilled = [(start, part.size, file.append(part)) for start, part in parts]
        return HashPile((), (*self.spilled, *spilled), file)

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
        """How many different hashes there are, and which of them stand more than once.

        Args:
            ignore: lowest bits to leave out of the comparison.
        """
        shift = np.uint64(ignore)
        parts = [0] if self.file is None else range(_PARTS)
        different, found = 0, [np.empty(0, dtype=np.uint64)]
        for part in parts:
            values = np.concatenate([self._share(hashes, part) >> shift for _, hashes in self.stretches()])
            values.sort()
            fresh = np.ones(values.size, dtype=np.bool_)
            fresh[1:] = values[1:] != values[:-1]
            different += int(fresh.sum())
            found.append(values[fresh][np.diff(np.append(np.flatnonzero(fresh), values.size)) > 1])
        return different, np.concatenate(found)

    def _share(self, hashes: Hashes, part: int) -> Hashes:
        return hashes if self.file is None else hashes[hashes >> np.uint64(60) == part]

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
