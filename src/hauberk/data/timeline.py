# SPDX-License-Identifier: Apache-2.0
"""The time column: do the rows stand in order, are there days without any, do some come from the future."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_DAY_US = 86_400_000_000
_ISO_8601 = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a stretch of consecutive rows says about time.

    Attributes:
        first: earliest row's position in time of the first row with one; None if no row has one.
        last: the same for the last row with one.
        back: steps from one row to the next that go back in time.
        where: numbers of up to ten rows that lie before their predecessor.
        days: day number to rows, for each day with rows.
        absent: rows without a time.
    """

    first: int | None
    last: int | None
    back: int
    where: tuple[int, ...]
    days: dict[int, int]
    absent: int

    def followed_by(self, other: Timeline, start: int) -> Timeline:
        """This stretch and the one after it, which begins with row `start`."""
        turn = int(self.last is not None and other.first is not None and other.first < self.last)
        days = dict(self.days)
        for day, rows in other.days.items():
            days[day] = days.get(day, 0) + rows
        return Timeline(
            self.first if self.first is not None else other.first,
            other.last if other.last is not None else self.last,
            self.back + other.back + turn,
            (self.where + (start,) * turn + other.where)[:10],
            days,
            self.absent + other.absent,
        )

    @property
    def n(self) -> int:
        """Rows with a time."""
        return sum(self.days.values())


def moments(values: pl.Series) -> NDArray[np.int64] | None:
    """Microseconds since 1970 of dates and moments, days as microseconds for whole numbers; None for another type.

    Args:
        values: without NULL.
    """
    if values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        return values.cast(pl.Datetime("us")).to_physical().to_numpy()
    if values.dtype.is_integer():
        return values.cast(pl.Int64).to_numpy() * _DAY_US
    if values.dtype == pl.String:
        forms = [values.str.strptime(pl.Datetime("us"), form, strict=False) for form in _ISO_8601]
        parsed = next((form for form in forms if not form.null_count()), None)
        return None if parsed is None else parsed.to_physical().to_numpy()
    return None


def timeline(values: pl.Series, start: int) -> Timeline | None:
    """The timeline of a block; None if the column holds no times.

    Args:
        values: the time column of the block.
        start: number of its first row.
    """
    rows = values.is_not_null().arg_true().to_numpy()
    at = moments(values.drop_nulls())
    if at is None:
        return None
    if not at.size:
        return Timeline(None, None, 0, (), {}, values.len())
    back = np.flatnonzero(np.diff(at) < 0) + 1
    days, counts = np.unique(at // _DAY_US, return_counts=True)
    return Timeline(
        int(at[0]),
        int(at[-1]),
        int(back.size),
        tuple(int(rows[place]) + start for place in back[:10]),
        dict(zip(days.tolist(), counts.tolist(), strict=True)),
        values.len() - int(at.size),
    )


def longest_gap(days: dict[int, int]) -> tuple[int, int, int]:
    """The longest run of days without rows between days with rows.

    Returns:
        Its length, the day before it and the second-longest run; zeros if there is none.
    """
    present = np.array(sorted(days), dtype=np.int64)
    runs = np.diff(present) - 1
    if not runs.size or not int(runs.max()):
        return 0, 0, 0
    place = int(np.argmax(runs))
    ordered = np.sort(runs)
    return int(runs[place]), int(present[place]), int(ordered[-2]) if ordered.size > 1 else 0


def future_rows(days: dict[int, int], now_us: int) -> int:
    """Rows that lie more than a day after now."""
    today = now_us // _DAY_US
    return sum(rows for day, rows in days.items() if day > today + 1)
