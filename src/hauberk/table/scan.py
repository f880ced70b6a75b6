# SPDX-License-Identifier: Apache-2.0
"""A scan: what a data check wants counted, as aggregations that fuse into one pass and states that merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement

State = dict[str, Any]
"""What is kept between batches: plain Python numbers, strings, lists, dicts and numpy arrays of a declared size."""

Merge = Callable[[Any, Any], Any]

SAMPLE = 10
"""Rows that a `Hits` names at most."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows that a boolean expression marked.

    Attributes:
        count: how many.
        first: number (0-based) and values, those of `columns`, of the first ten of them, ascending by number.
        columns: the columns that the expression reads.
    """

    count: int = 0
    first: tuple[tuple[int, tuple[Any, ...]], ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def sample(self) -> tuple[int, ...]:
        """Numbers of the first ten rows."""
        return tuple(row for row, _ in self.first)

    def __add__(self, other: Hits) -> Hits:
        """Merge the hits of two batches; the order of the two does not matter."""
        first = sorted(self.first + other.first, key=_row_number)[:SAMPLE]
        return Hits(self.count + other.count, tuple(first), self.columns or other.columns)


def _row_number(entry: tuple[int, tuple[Any, ...]]) -> int:
    return entry[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A data check in three steps: map each batch, merge the states, finish.

    Attributes:
        aggregations: name to Polars expression that gives one row a batch. The aggregations of all checks of a run are
            fused into one `select` per batch, under names that cannot clash. A list-valued result arrives as a Series.
        merges: name to the function that merges two batches' values, the earlier one first; `add` where absent. It must
            be associative; unless the check declares that order matters, it must be commutative too.
        rows: name to boolean Polars expression, one value a row; null counts as false. Fused like an aggregation; the
            state holds a `Hits` under that name. A name stands in one of `aggregations` and `rows`.
        finish: merged state to measurements and findings.
        map: what no expression can state: batch and number of its first row to a state, merged by `merge_map`.
        merge_map: merges two states of `map`, the earlier one first.
        columns: columns that `map` reads; None for all of them.
        state_size: how large the state can grow, in words.
    """

    aggregations: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    merges: Mapping[str, Merge] = field(default_factory=dict[str, Merge])
    rows: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    finish: Callable[[State], Iterable[Measurement | Finding]]
    map: Callable[[pl.DataFrame, int], State] | None = None
    merge_map: Callable[[State, State], State] | None = None
    columns: tuple[str, ...] | None = None
    state_size: str = "a few numbers"
