# SPDX-License-Identifier: Apache-2.0
"""HB-D006: NaN and infinity in numeric columns."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording, by_share, hit_table, percent
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import table_of
from hauberk.table import Hits, Scan, State


@check(
    id="HB-D006",
    title="Numeric columns hold NaN or infinity",
    threats=("AML.T0020", "ML02:2023", "CWE-20"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def not_finite(ctx: CheckContext) -> Scan:
    """NaN passes most range checks of other tools, and libraries disagree on what it means.

    **What it finds.** NaN and infinities in columns of floating-point numbers, whether or not the domain knows the column.

    **Why an attacker or an accident does it.** NaN is counted as absent by one library, as the largest value by another and
    fails no comparison in a third, so that a value judged harmless before scoring decides otherwise in the model. By
    accident it is a division by zero or a failed conversion.

    **How it decides.** Each value is looked at; NaN is not NULL. A column that the domain declares with `nan = true` may
    hold NaN, never infinity. Severity follows the share of rows: low below 0.1 %, medium below 1 %, high from there on.

    **False alarms.** Frames that came through pandas, where NaN stands for an absent value: declare it, or convert it.

    **Remedy.** Write an absent value as NULL; quarantine rows with infinities.

    **Reference.** IEEE 754-2019, sections 5.11 and 6.2; CWE-20.

    **Example.** Two rows of `income` hold infinity: the key is `not_finite`.
    """
    reporter = Reporter(spec=spec_of(not_finite), situation=ctx)
    table = table_of(ctx)
    allowed = {column.name for column in ctx.domain.columns if column.nan} if ctx.domain else set[str]()
    floats = [name for name, kind in table.schema.items() if kind.is_float()]
    rows = {name: pl.col(name).is_infinite() if name in allowed else ~pl.col(name).is_finite() for name in floats}

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        hit = {name: state[name] for name in floats if state[name].count}
        yield reporter.count("columns_not_finite", len(hit), table.height, unit="count")
        for name, hits in hit.items():
            yield _finding(reporter, name, hits, table.height)

    return Scan(rows=rows, finish=_finish, state_size="a count and ten row samples a column")


def _finding(reporter: Reporter, name: str, hits: Hits, n: int) -> Finding:
    wording = Wording(
        title=f"{name}: NaN or infinity",
        message=f"{percent(hits.count, n)} hold NaN or infinity in {name}; what a model makes of it depends on its library.",
        remedy="Write absent values as NULL and quarantine the rows with infinities, or declare `nan = true`.",
    )
    return reporter.finding(
        wording,
        by_share(hits.count, n),
        Place(column=name, key="not_finite", rows=hits.count, sample=hits.sample),
        measurements=(reporter.rate("share_not_finite", hits.count, n, at=name),),
        evidence=(hit_table(hits, f"Rows whose {name} is not finite"),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "income", 2, float("inf"))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
