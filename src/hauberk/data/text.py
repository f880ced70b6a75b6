# SPDX-License-Identifier: Apache-2.0
"""Text that does not say what it seems to: invisible characters, letters of two scripts in one word, foreign digits.

Nearly all text is plain ASCII, and one look at each value decides that; only what is left is looked at closely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from hauberk.assess import Situation
from hauberk.data.memo import BlockMemo
from hauberk.data.violation import table_of
from hauberk.table import Hits, State
from hauberk.table.scan import SAMPLE

PLAIN = r"^[ -~]*$"
"""Printable ASCII; a value that matches needs no second look."""

INVISIBLE = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u{00ad}\u{034f}\u{061c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}-\u{180f}"
    r"\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{fe00}-\u{fe0f}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}"
    r"\u{e0000}-\u{e007f}\u{e0100}-\u{e01ef}]"
)
"""Control, zero-width, filler, direction-changing and tag characters (Unicode UTR 36; CVE-2021-42574)."""

MIXED = (
    r"\p{Latin}[\p{Latin}\p{M}'’-]*[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}]"
    r"|[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}][\p{M}]*\p{Latin}"
    r"|[\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{1d400}-\u{1d7cb}]"
)
"""Letters of scripts with look-alikes within one word, and letters that only imitate Latin ones (Unicode UTS 39)."""

DIGITS = r"[\p{Nd}&&[^0-9]]"
"""Decimal digits of other scripts and full-width ones: a parser may read them as numbers, a pattern may not."""

KINDS = {"invisible": INVISIBLE, "mixed": MIXED, "digits": DIGITS}


@dataclass(frozen=True, slots=True)
class Odd:
    """What was found in one column."""

    hits: Hits
    seen: int

    def __add__(self, other: Odd) -> Odd:
        """Merge the findings of two batches."""
        return Odd(self.hits + other.hits, self.seen + other.seen)


def text_columns(ctx: Situation) -> tuple[str, ...]:
    """The text columns whose values the domain does not list; a listed value is judged by the choices."""
    listed = {column.name for column in ctx.domain.columns if column.choices} if ctx.domain is not None else set[str]()
    schema: Mapping[str, pl.DataType] = table_of(ctx).schema
    return tuple(name for name, kind in schema.items() if kind == pl.String and name not in listed)


def odd_text(memo: BlockMemo, table: int, block: pl.DataFrame, start: int, columns: tuple[str, ...]) -> State:
    """For each kind and column, the values that show it.

    Args:
        memo: shared by the checks that ask for different kinds.
        table: identity of the table.
        block: the rows.
        start: number of the first of them.
        columns: which text columns.

    Returns:
        `KIND.COLUMN` to `Odd`.
    """
    return memo.get(("text", table, columns, start, block.height), lambda: _odd(block, start, columns))


def _odd(block: pl.DataFrame, start: int, columns: tuple[str, ...]) -> State:
    suspects = block.select(pl.col(name).str.contains(PLAIN).not_().arg_true().implode() for name in columns)
    found: dict[str, Any] = {}
    for name in columns:
        rows: pl.Series = suspects[name].item()
        values = block[name][rows] if rows.len() else pl.Series(name, [], dtype=pl.String)
        for kind, pattern in KINDS.items():
            found[f"{kind}.{name}"] = Odd(
                _matching(values, rows, pattern, start), block.height - block[name].null_count()
            )
    return found


def _matching(values: pl.Series, rows: pl.Series, pattern: str, start: int) -> Hits:
    if not values.len():
        return Hits()
    places = values.str.contains(pattern).arg_true()
    first = tuple((start + int(rows[place]), (values[place],)) for place in places.head(SAMPLE).to_list())
    return Hits(places.len(), first, (values.name,) if first else ())


def merge_odd(first: State, second: State) -> State:
    """Merge two results of `odd_text`."""
    return {key: first[key] + second[key] for key in first}


def row_expressions(columns: tuple[str, ...]) -> dict[str, pl.Expr]:
    """The same judgement as row expressions, for row reasons: `COLUMN.invisible` and so on."""
    return {
        f"{name}.{kind}": pl.col(name).str.contains(pattern).fill_null(value=False)
        for name in columns
        for kind, pattern in KINDS.items()
    }
