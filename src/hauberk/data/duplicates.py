# SPDX-License-Identifier: Apache-2.0
"""Rows that stand twice, and near-equal rows that carry opposite labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import Situation
from hauberk.data.hashes import Hashes, HashPile, row_hashes
from hauberk.data.memo import BlockMemo
from hauberk.data.violation import table_of
from hauberk.domain import Kind
from hauberk.table import Scan, State, Table

Rows = NDArray[np.int64]

_SPREAD = np.uint64(0x9E3779B97F4A7C15)

_DIGITS = 10
"""Bits of the mantissa that two numbers share to count as near: about three significant digits."""


@dataclass(frozen=True, slots=True)
class Copies:
    """What the hashes of all rows say.

    Attributes:
        extra: rows that repeat an earlier one.
        rows: numbers of all rows that have a copy, ascending.
        first: for each of them, number of the first row with the same content.
    """

    extra: int
    rows: Rows
    first: Rows

    @property
    def later(self) -> Rows:
        """Numbers of the rows that repeat an earlier one."""
        later: Rows = self.rows[self.rows != self.first]
        return later


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What the hashes of the features and the labels say.

    Attributes:
        rows: numbers of the rows that have a near-equal row with the opposite label, ascending.
        groups: for each of them, the hash that it shares with the others.
        events: for each of them, whether it carries the event.
        pairs: groups of exactly two near-equal rows.
        opposed: how many of these pairs carry opposite labels.
    """

    rows: Rows
    groups: Hashes
    events: NDArray[np.bool_]
    pairs: int
    opposed: int


def whole_hashes(table: Table, memo: BlockMemo, block: pl.DataFrame, start: int) -> Hashes:
    """Hashes of the rows of a block over all columns of its table."""
    return memo.get(("row", id(table), start, block.height), lambda: row_hashes(block.select(table.columns)))


def pile_scan(hashes: Callable[[pl.DataFrame, int], Hashes], columns: tuple[str, ...], finish: Any) -> Scan:
    """A scan that collects one hash a row.

    Args:
        hashes: block and number of its first row to hashes.
        columns: the columns that it reads.
        finish: `HashPile` to records.
    """
    return Scan(
        map=lambda block, start: {"pile": HashPile(parts=((start, hashes(block, start)),))},
        merge_map=lambda first, second: {"pile": first["pile"].joined(second["pile"])},
        finish=lambda state: finish(state["pile"]),
        columns=columns,
        state_size="8 bytes a row; from 4 million rows on in a temporary file",
    )


def copies_of(pile: HashPile) -> Copies:
    """Find the rows that stand more than once."""
    _, repeated = pile.repeated()
    rows, values = pile.rows_of(repeated)
    return Copies(int(rows.size - repeated.size), rows, _first_of_group(rows, values))


def _first_of_group(rows: Rows, values: Hashes) -> Rows:
    _, first, place = np.unique(values, return_index=True, return_inverse=True)
    return rows[first][place] if rows.size else rows


def feature_columns(ctx: Situation) -> tuple[str, ...]:
    """The columns that describe a case: not the label, not the time, no identifiers."""
    out = {ctx.label, ctx.time}
    if ctx.domain is not None:
        out |= {column.name for column in ctx.domain.columns if column.kind is Kind.IDENTIFIER}
    return tuple(name for name in table_of(ctx).columns if name not in out)


def near_hashes(block: pl.DataFrame, start: int, features: tuple[str, ...], label: str) -> Hashes:
    """Hash the features with numbers cut to three digits and text to its lower case; the lowest bit is the label.

    Rows without a label of 0 or 1 get a hash of their own from their number, so that they agree with nobody.
    """
    near = row_hashes(block.select([_coarse(block[name]) for name in features]))
    event = block[label].cast(pl.Float64, strict=False).fill_null(-1.0).fill_nan(-1.0).to_numpy()
    known = (event == 0.0) | (event == 1.0)
    lonely = (np.arange(start + 1, start + 1 + near.size, dtype=np.uint64) * _SPREAD) << np.uint64(1)
    packed: Hashes = np.where(known, near & ~np.uint64(1), lonely)
    packed[event == 1.0] |= np.uint64(1)
    return packed


def _coarse(values: pl.Series) -> pl.Series:
    kind = values.dtype
    if kind.is_float():
        numbers = values.cast(pl.Float64).to_numpy() + 0.0
        bits = np.ascontiguousarray(numbers).view(np.uint64)
        shift = np.uint64(52 - _DIGITS)
        return pl.Series(values.name, (bits + (np.uint64(1) << (shift - np.uint64(1)))) >> shift)
    if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        return values.cast(pl.String).str.to_lowercase().str.strip_chars()
    return values


def conflicts_of(pile: HashPile) -> Conflicts:
    """Find near-equal rows with opposite labels."""
    _, repeated = pile.repeated(ignore=1)
    rows, values = pile.rows_of(repeated, ignore=1)
    groups = values >> np.uint64(1)
    events = (values & np.uint64(1)).astype(np.bool_)
    if not rows.size:
        return Conflicts(rows, groups, events, 0, 0)
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    positive = np.bincount(place, weights=events, minlength=sizes.size)
    mixed = (positive > 0) & (positive < sizes)
    kept = mixed[place]
    pair = sizes == 2
    return Conflicts(rows[kept], groups[kept], events[kept], int(pair.sum()), int((pair & mixed).sum()))


def partners(conflicts: Conflicts, most: int) -> list[tuple[int, int]]:
    """Row with the event and row without it, one pair a group, the first groups by row number."""
    found: list[tuple[int, int]] = []
    seen: set[int] = set()
    for at in range(conflicts.rows.size):
        group = int(conflicts.groups[at])
        if group in seen:
            continue
        seen.add(group)
        same = conflicts.groups == conflicts.groups[at]
        with_event = int(conflicts.rows[same & conflicts.events][0])
        found.append((with_event, int(conflicts.rows[same & ~conflicts.events][0])))
        if len(found) == most:
            break
    return found


def state_pile(state: State) -> HashPile:
    """The pile in a state; for callers that run a pile scan themselves."""
    pile = state["pile"]
    if not isinstance(pile, HashPile):
        raise TypeError("the state holds no pile of hashes")
    return pile
