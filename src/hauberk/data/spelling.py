# SPDX-License-Identifier: Apache-2.0
"""The scan of text columns for one or more kinds of odd characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from hauberk.assess import CheckContext
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.memo import memo_of
from hauberk.data.reporter import Place, Reporter, Wording, hit_table, percent
from hauberk.data.text import Odd, merge_odd, odd_text, text_columns
from hauberk.data.violation import table_of
from hauberk.table import Scan, State


def text_scan(
    ctx: CheckContext,
    reporter: Reporter,
    kinds: tuple[str, ...],
    word: Callable[[str, str], Wording],
    severity: Severity,
) -> Scan:
    """Scan the text columns.

    Args:
        ctx: the check's context.
        reporter: writes the findings.
        kinds: which kinds of `hauberk.data.text.KINDS`.
        word: column and share in words to the wording of its finding.
        severity: of a finding below 1 % of the rows; high from there on.
    """
    table, memo, columns = table_of(ctx), memo_of(ctx.cache), text_columns(ctx)
    if not columns:
        ctx.limits.append("There is no text column whose choices the domain does not list.")

    def _map(block: pl.DataFrame, start: int) -> State:
        return odd_text(memo, id(table), block, start, columns)

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        for column in columns:
            for kind in kinds:
                odd: Odd = state[f"{kind}.{column}"]
                if odd.seen:
                    yield reporter.rate(f"share_{kind}", odd.hits.count, odd.seen, at=column)
                if odd.hits.count:
                    yield _finding(reporter, column, kind, odd, word, severity)

    return Scan(
        map=_map,
        merge_map=merge_odd,
        finish=_finish,
        columns=columns,
        state_size="a count and ten rows a column and kind",
    )


def _finding(
    reporter: Reporter, column: str, kind: str, odd: Odd, word: Callable[[str, str], Wording], severity: Severity
) -> Finding:
    hits = odd.hits
    return reporter.finding(
        word(column, percent(hits.count, odd.seen)),
        Severity.HIGH if hits.count >= 0.01 * odd.seen else severity,
        Place(column=column, key=kind, rows=hits.count, sample=hits.sample),
        confidence=Confidence.HIGH if kind == "invisible" else Confidence.MEDIUM,
        measurements=(reporter.rate(f"share_{kind}", hits.count, odd.seen, at=column),),
        evidence=(hit_table(hits, f"Rows of {column} with such characters ({kind})"),),
    )
