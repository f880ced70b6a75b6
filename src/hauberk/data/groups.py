# SPDX-License-Identifier: Apache-2.0
"""Counts by subgroup, and which groups stand apart from the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from hauberk.core.errors import Incomplete
from hauberk.stats import rate_interval

Tally = dict[str, tuple[int, int]]
"""Group to hits and rows."""


def tally(group: pl.Series, hit: pl.Series) -> Tally:
    """Count hits and rows by group; NULL is a group of its own.

    Args:
        group: shape (n,).
        hit: shape (n,), 1 or 0; rows with another value are left out.
    """
    names = group.cast(pl.String, strict=False).fill_null("(none)")
    frame = pl.DataFrame({"group": names, "hit": hit.cast(pl.Float64, strict=False)})
    frame = frame.filter(pl.col("hit").is_in([0.0, 1.0]))
    table = frame.group_by("group").agg(pl.col("hit").sum().cast(pl.Int64), pl.len().cast(pl.Int64).alias("n"))
    return {name: (hits, n) for name, hits, n in table.sort("group").iter_rows()}


def merge_tallies(first: Tally, second: Tally) -> Tally:
    """Add two tallies; exact, in any order."""
    total = dict(first)
    for name, (hits, n) in second.items():
        before = total.get(name, (0, 0))
        total[name] = (before[0] + hits, before[1] + n)
    return dict(sorted(total.items()))


def group_key(group: str, column: str, personal: Collection[str]) -> str:
    """Return what tells a group's finding from those of other groups, in every rendering and in its fingerprint.

    It is the group's name, and where the column holds personal values, digits of its digest.
    """
    if column not in personal:
        return group
    return f"group {hashlib.sha256(group.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def check_size(counts: Tally, column: str, most: int) -> None:
    """Refuse a grouping that is none.

    Raises:
        Incomplete: more groups than `most`.
    """
    if len(counts) > most:
        raise Incomplete(
            f"the column has {len(counts):,} groups, at most {most:,} are compared",
            where=column,
            next_step="name a column with fewer values in [data] groups, or raise the check's parameter",
        )


@dataclass(frozen=True, slots=True)
class Apart:
    """A group whose rate is not that of the others.

    Attributes:
        group: its name.
        hits: hits in it.
        n: rows in it.
        low: lower end of its rate's interval.
        high: upper end.
        ratio: its rate over the rate of all other rows; infinite where that is 0.
    """

    group: str
    hits: int
    n: int
    low: float
    high: float
    ratio: float


def standing_apart(counts: Tally, ratio: float, least: int) -> Iterator[Apart]:
    """Yield the groups whose rate is at least `ratio` times that of all other rows, or at most its inverse, beyond chance.

    The intervals hold for all groups at once (Bonferroni), so that many groups do not make a finding by themselves.

    Args:
        counts: group to hits and rows.
        ratio: from which ratio on, above 1.
        least: groups with fewer rows are left out.
    """
    level = 1.0 - 0.05 / max(2 * len(counts), 1)
    hits = sum(inside for inside, _ in counts.values())
    rows = sum(n for _, n in counts.values())
    for name, (inside, n) in counts.items():
        if min(n, rows - n) >= least:
            low, high = rate_interval(inside, n, level)
            rest_low, rest_high = rate_interval(hits - inside, rows - n, level)
            rate, rest = inside / n, (hits - inside) / (rows - n)
            found = Apart(name, inside, n, low, high, rate / rest if rest else float("inf"))
            above = low > rest_high and rate >= rest * ratio
            if above or (high < rest_low and rate * ratio <= rest):
                yield found
