# SPDX-License-Identifier: Apache-2.0
"""HB-D015: rows out of order in time, days without rows, rows from the future."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Order, Stage, check, spec_of
from hauberk.core.errors import Incomplete
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.reporter import Place, Reporter, Wording, percent
from hauberk.data.specimen import situation
from hauberk.data.timeline import Timeline, future_rows, longest_gap, timeline
from hauberk.data.violation import table_of
from hauberk.table import Scan, State

_MOSTLY = 0.05


@check(
    id="HB-D015",
    title="Time runs backwards, stands still or runs ahead",
    threats=("AML.T0020", "AML.T0059", "ML02:2023"),
    needs=(Need.DATA, Need.TIME),
    stage=Stage.ADMIT,
    order=Order.MATTERS,
)
def time_order(ctx: CheckContext, *, gap_days: int = 14) -> Scan:
    """A log that was touched shows it in its times first.

    **What it finds.** Rows that lie before their predecessor in a table that is otherwise in order; a stretch of at least
    `gap_days` days without any row, three times longer than the second-longest; rows more than a day in the future; rows
    without a time.

    **Why an attacker or an accident does it.** Rows that are slipped in later, back-dated or removed leave such traces, and
    a removed week of fraud is a poisoned table. By accident a feed stood still, a time zone changed, or a placeholder
    such as 2099-12-31 was filled in.

    **How it decides.** One pass in row order. A table in which more than 5 % of the steps go back is not sorted by time at
    all; that is measured and no finding. "Now" is the start of the run. Whole numbers count as days; text is read as ISO
    8601.

    **False alarms.** Seasonal business with months of silence; raise `gap_days`.

    **Remedy.** Ask the source for the missing stretch; compare the late rows with its own log.

    **Reference.** CWE-20; MITRE ATLAS AML.T0059.

    **Example.** Loans of 60 days are removed: key `gap`, with the first and the last day in the message.
    """
    reporter = Reporter(spec=spec_of(time_order), situation=ctx)

    def _map(block: pl.DataFrame, start: int) -> State:
        line = timeline(block[ctx.time], start)
        if line is None:
            raise Incomplete(
                "the time column holds no times", where=ctx.time, why=f"its type is {block.schema[ctx.time]}"
            )
        return {"line": line, "start": start}

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        yield from _judge(reporter, ctx, state["line"], gap_days)

    return Scan(
        map=_map,
        merge_map=lambda first, second: {
            "line": first["line"].followed_by(second["line"], second["start"]),
            "start": first["start"],
        },
        finish=_finish,
        columns=(ctx.time,),
        state_size="a number for each day with rows",
    )


def _judge(reporter: Reporter, ctx: CheckContext, line: Timeline, gap_days: int) -> Iterator[Measurement | Finding]:
    n = table_of(ctx).height
    steps = max(line.n - 1, 1)
    yield reporter.rate("share_back_in_time", line.back, steps, better=Better.NEITHER)
    gap, before, second = longest_gap(line.days)
    yield reporter.count("longest_gap", gap, line.n, unit="days")
    if line.absent:
        yield _rows(reporter, ctx.time, "absent", line.absent, n, f"{ctx.time}: rows without a time")
    if 0 < line.back <= _MOSTLY * steps:
        yield _back(reporter, ctx.time, line, n)
    ahead = future_rows(line.days, ctx.now_us) if ctx.now_us and not _counts_days(ctx) else 0
    if ahead:
        yield _rows(reporter, ctx.time, "future", ahead, n, f"{ctx.time}: rows from the future")
    if gap >= gap_days and gap > 3 * second:
        yield _gap(reporter, ctx, gap, before)


def _counts_days(ctx: CheckContext) -> bool:
    return table_of(ctx).schema[ctx.time].is_integer()


def _rows(reporter: Reporter, time: str, key: str, rows: int, n: int, title: str) -> Finding:
    wording = Wording(
        title=title,
        message=f"{percent(rows, n)}; they cannot be placed among the others in time.",
        remedy="Quarantine these rows and ask their source when they happened.",
    )
    return reporter.finding(wording, Severity.MEDIUM, Place(column=time, key=key, rows=rows))


def _back(reporter: Reporter, time: str, line: Timeline, n: int) -> Finding:
    wording = Wording(
        title=f"{time}: some rows lie before their predecessor",
        message=f"The table is in order of time but for {percent(line.back, n)}; such rows were added or changed later.",
        remedy="Compare these rows with the log of their source.",
    )
    return reporter.finding(
        wording,
        Severity.LOW,
        Place(column=time, key="back", rows=line.back, sample=line.where),
        measurements=(reporter.rate("share_back_in_time", line.back, max(line.n - 1, 1), better=Better.NEITHER),),
    )


def _gap(reporter: Reporter, ctx: CheckContext, gap: int, before: int) -> Finding:
    if _counts_days(ctx):
        stretch = f"after {before}"
    else:
        first = dt.date(1970, 1, 1) + dt.timedelta(days=before + 1)
        stretch = f"{first.isoformat()} to {(first + dt.timedelta(days=gap - 1)).isoformat()}"
    wording = Wording(
        title=f"{ctx.time}: {gap} days without a row",
        message=f"No row lies in {stretch}, far longer than any other silence in this table.",
        remedy="Ask the source for the missing stretch, and find out why it is missing.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM,
        Place(column=ctx.time, key="gap"),
        confidence=Confidence.MEDIUM,
        measurements=(reporter.count("longest_gap", gap, table_of(ctx).height, unit="days"),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col("granted").is_between(pl.date(2024, 6, 1), pl.date(2024, 7, 31)))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
