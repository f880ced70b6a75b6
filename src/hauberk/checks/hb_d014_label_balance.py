# SPDX-License-Identifier: Apache-2.0
"""HB-D014: labels that are absent, not 0 or 1, or all but of one kind."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.reporter import Place, Reporter, Wording, hit_table, percent
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.table import Hits, Scan, State


@check(
    id="HB-D014",
    title="The label cannot be learned from",
    threats=("AML.T0020", "ML02:2023"),
    needs=(Need.DATA, Need.LABEL),
    stage=Stage.ADMIT,
)
def label_balance(ctx: CheckContext, *, rarest: float = 0.0005, fewest: int = 50) -> Scan:
    """Without labels of both kinds there is nothing to learn, and without enough of them nothing to prove.

    **What it finds.** Rows whose label is absent or not 0 or 1; a label of one kind only; an event so rare that no rate
    about it can be stated.

    **Why an attacker or an accident does it.** Withheld or overwritten labels erase a kind of fraud from memory. By accident
    the outcome is not known yet, or the label is the text "yes".

    **How it decides.** By counting all rows. One kind of label only is critical; rows without a usable label are of high
    severity from 1 % on, else medium; fewer than `fewest` events or non-events, or a rate below `rarest`, is low.

    **False alarms.** None known for the counts; a rare event may be as rare as it is.

    **Remedy.** Wait for the outcomes, or quarantine the rows without a label; keep 1 for the event.

    **Reference.** NIST AI 100-2 E2025, section 2.3.1.

    **Example.** Thirty of 600 rows have no label: key `unusable`.
    """
    reporter = Reporter(spec=spec_of(label_balance), situation=ctx)
    table = table_of(ctx)
    text = not (table.schema[ctx.label].is_numeric() or table.schema[ctx.label] == pl.Boolean)
    number = pl.lit(None, dtype=pl.Float64) if text else pl.col(ctx.label).cast(pl.Float64)
    usable = number.is_in([0.0, 1.0]).fill_null(value=False) & pl.col(ctx.label).is_not_null()

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        n, events, unusable = table.height, int(state["events"] or 0), state["unusable"]
        known = n - unusable.count
        yield reporter.rate("share_unusable_labels", unusable.count, n)
        if known:
            yield reporter.rate("event_rate", events, known, better=Better.NEITHER)
        if unusable.count:
            yield _unusable(reporter, ctx.label, unusable, n)
        if known and not 0 < events < known:
            yield _single(reporter, ctx.label)
        elif known and (min(events, known - events) < fewest or min(events, known - events) < rarest * known):
            yield _rare(reporter, ctx.label, min(events, known - events), known)

    events = pl.lit(0) if text else (number == 1.0).sum()
    return Scan(aggregations={"events": events}, rows={"unusable": ~usable}, finish=_finish)


def _unusable(reporter: Reporter, label: str, hits: Hits, n: int) -> Finding:
    wording = Wording(
        title=f"{label}: rows without a label of 0 or 1",
        message=f"{percent(hits.count, n)} have no usable label.",
        remedy="Wait for their outcomes or quarantine them; write 1 for the event and 0 for its absence.",
    )
    return reporter.finding(
        wording,
        Severity.HIGH if hits.count >= 0.01 * n else Severity.MEDIUM,
        Place(column=label, key="unusable", rows=hits.count, sample=hits.sample),
        measurements=(reporter.rate("share_unusable_labels", hits.count, n),),
        evidence=(hit_table(hits, "Rows without a usable label"),),
    )


def _single(reporter: Reporter, label: str) -> Finding:
    wording = Wording(
        title=f"{label}: only one kind of label",
        message="Every usable label is the same. Nothing can be learned from this table.",
        remedy="Check how the label was joined, and that 1 stands for the event.",
    )
    return reporter.finding(wording, Severity.CRITICAL, Place(column=label, key="single"))


def _rare(reporter: Reporter, label: str, rows: int, n: int) -> Finding:
    wording = Wording(
        title=f"{label}: one kind of label is very rare",
        message=f"Only {percent(rows, n)} carry the rarer label; rates about them will have wide intervals.",
        remedy="Collect more cases, or state every result about the rare class with its interval.",
    )
    return reporter.finding(
        wording,
        Severity.LOW,
        Place(column=label, key="rare"),
        measurements=(reporter.rate("rarer_rate", rows, n, better=Better.NEITHER),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    late = pl.int_range(pl.len()) % 20 == 0
    return frame.with_columns(default=pl.when(late).then(None).otherwise(pl.col("default")))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
