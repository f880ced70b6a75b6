# SPDX-License-Identifier: Apache-2.0
"""A sample of rows that depends on nothing but the rows: those with the smallest hashes (a bottom-k sketch, Cohen 1997).

Every order of rows, size of batches and split over machines gives the same sample, and two samples merge exactly. It is a
uniform sample of the different rows, up to a row's own copies. Whoever writes the rows can compute the hashes too and keep
a row out of the sample, so that no check of single rows rests on it; checks of whole columns do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.data.duplicates import whole_hashes
from hauberk.data.memo import BlockMemo, memo_of
from hauberk.data.violation import table_of
from hauberk.table import Scan, State, Table

SIZE = 32_768
"""Rows of a sample; a table with fewer is its own sample."""

_KEPT = 2
"""Joins that are kept for the next check; they hold on to their parts, so that no identity is used again."""

HASH, ROW = "\x00hash", "\x00row"
"""Further columns of a sample's frame: hash and number of the row."""


@dataclass(slots=True)
class Sampler:
    """Takes parts of the sample from blocks and joins them; shared by all checks that look at the same table.

    Attributes:
        table: the table sampled.
        memo: keeps a block's part for the next check.
        size: rows of the sample.
        bound: no row with a larger hash can be in the sample; it only saves work.
        joined: joined parts by the identity of the parts, so that a second check does not join them again.
    """

    table: Table
    memo: BlockMemo
    size: int = SIZE
    bound: int = (1 << 64) - 1
    joined: dict[tuple[int, ...], tuple[tuple[pl.DataFrame, ...], pl.DataFrame]] = field(
        default_factory=dict[tuple[int, ...], tuple[tuple[pl.DataFrame, ...], pl.DataFrame]]
    )

    def map(self, block: pl.DataFrame, start: int) -> State:
        """The part of a block."""
        key = ("sample", id(self.table), self.size, start, block.height)
        return {"parts": (self.memo.get(key, lambda: self._part(block, start)),)}

    def _part(self, block: pl.DataFrame, start: int) -> pl.DataFrame:
        hashes = whole_hashes(self.table, self.memo, block, start)
        rows = np.flatnonzero(hashes <= np.uint64(self.bound))
        if rows.size > self.size:
            rows = rows[np.lexsort((rows, hashes[rows]))[: self.size]]
        part = block.select(self.table.columns)[rows]
        own_text = pl.col(pl.String) + ""  # gathered text would keep the whole block's buffers alive
        return part.with_columns(own_text, pl.Series(HASH, hashes[rows]), pl.Series(ROW, rows + start))

    def merge(self, first: State, second: State) -> State:
        """Both samples in one."""
        parts: tuple[pl.DataFrame, ...] = first["parts"] + second["parts"]
        return {"parts": parts if sum(part.height for part in parts) <= 3 * self.size else (self._join(parts),)}

    def frame(self, state: State) -> pl.DataFrame:
        """The sample, ordered by hash."""
        return self._join(state["parts"])

    def _join(self, parts: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
        key = tuple(id(part) for part in parts)
        if key not in self.joined:
            frame = pl.concat(parts).sort(HASH, ROW).head(self.size)
            if frame.height == self.size:
                self.bound = min(self.bound, int(frame[HASH][-1]))
            self.joined[key] = (parts, frame)
            while len(self.joined) > _KEPT:
                self.joined.pop(next(iter(self.joined)))
        return self.joined[key][1]


def sampler_of(ctx: CheckContext) -> Sampler:
    """The sampler of the training data that the checks of one run share."""
    table = table_of(ctx)
    sampler = ctx.cache.setdefault(f"data:sampler:{id(table)}", Sampler(table, memo_of(ctx.cache)))
    if not isinstance(sampler, Sampler):
        raise TypeError("the cache entry of the sampler is taken")
    return sampler


def sample_scan(ctx: CheckContext, finish: Any) -> Scan:
    """A scan that judges the sample.

    Args:
        ctx: the check's context.
        finish: the sample's frame to records.
    """
    sampler = sampler_of(ctx)
    if table_of(ctx).height > SIZE:
        ctx.limits.append(f"It looks at a sample of {SIZE:,} rows; a property of fewer rows may escape it.")
    return Scan(
        map=sampler.map,
        merge_map=sampler.merge,
        finish=lambda state: finish(sampler.frame(state)),
        state_size=f"{SIZE:,} rows, up to three times that between two joins",
    )


def events_of(frame: pl.DataFrame, ctx: Situation) -> tuple[pl.DataFrame, np.ndarray[Any, np.dtype[np.bool_]]]:
    """The rows of a frame whose label is 0 or 1, and for each whether it is 1."""
    label = frame[ctx.label].cast(pl.Float64, strict=False)
    known = label.is_in([0.0, 1.0]).fill_null(value=False)
    return frame.filter(known), label.filter(known).to_numpy() == 1.0
