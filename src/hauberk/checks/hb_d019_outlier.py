# SPDX-License-Identifier: Apache-2.0
"""HB-D019: values far beyond all others of their column."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.memo import memo_of
from hauberk.data.numeric import shape_scan, shaped_columns
from hauberk.data.outlier import Fence, fence_of, outside
from hauberk.data.reporter import Place, Reporter, Wording, by_share, hit_table, percent
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import table_of
from hauberk.table import Hits, Scan, State


@check(
    id="HB-D019",
    title="Values lie far beyond all others",
    threats=("AML.T0020", "ML02:2023"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def outlier(ctx: CheckContext, *, reach: float = 20.0) -> Scan:
    """A single huge value moves a mean, a scale and a linear model as far as it likes.

    **What it finds.** Numbers outside the range from the 0.5th to the 99.5th percentile by more than `reach` times the width
    of that range.

    **Why an attacker or an accident does it.** High-leverage points steer linear models and scalers with few rows; a value
    nobody has is also a trigger. By accident cents became euros, or 999999 stands for "unknown".

    **How it decides.** A histogram whose bins are fixed in advance and one sixteenth of the value wide counts all rows, so
    that no order of rows and no size of batches matters; the percentiles are read from it. Rows outside the fence are
    then looked up. This is a judgement of single columns: a forged row that stays among the others in each column is
    not seen, and most poison does.

    **False alarms.** Amounts with a true heavy tail, such as company turnover; raise `reach`, or declare the range.

    **Remedy.** Quarantine the rows and ask their source; declare the true range in the domain.

    **Reference.** Huber and Ronchetti, "Robust Statistics", 2009, chapter 1; NIST AI 100-2 E2025, section 2.3.

    **Example.** Two incomes of 100,000,000 among incomes of some thousands: the key is `beyond`.
    """
    reporter = Reporter(spec=spec_of(outlier), situation=ctx)
    table = table_of(ctx)
    columns = tuple(name for name, kind in table.schema.items() if kind.is_numeric() and name != ctx.label)
    shaped = shaped_columns(table.schema) if ctx.reference is not None else columns  # what HB-D023 counts anyway

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        fences = {name: fence for name in columns if (fence := fence_of(state[name], reach)) is not None}
        hits = outside(table, {name: fence for name, fence in fences.items() if fence.beyond})
        yield reporter.count(
            "columns_with_outliers", sum(hit.count > 0 for hit in hits.values()), table.height, unit="count"
        )
        for name, hit in hits.items():
            if hit.count:
                yield _finding(reporter, name, fences[name], hit, table.height)

    return shape_scan(table, memo_of(ctx.cache), shaped, _finish)


def _finding(reporter: Reporter, name: str, fence: Fence, hits: Hits, n: int) -> Finding:
    severity = by_share(hits.count, n)
    wording = Wording(
        title=f"{name}: values far beyond all others",
        message=f"{percent(hits.count, n)} lie more than {fence.reach:g} times the usual range away from it in {name}.",
        remedy="Quarantine these rows and ask their source; declare the true range in the domain.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM if severity is Severity.HIGH else severity,
        Place(column=name, key="beyond", rows=hits.count, sample=hits.sample),
        confidence=Confidence.MEDIUM,
        measurements=(reporter.rate("share_beyond", hits.count, n, at=name),),
        evidence=(hit_table(hits, f"Rows with {name} far beyond all others"),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "income", 2, 1e8)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
