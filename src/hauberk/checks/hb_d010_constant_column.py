# SPDX-License-Identifier: Apache-2.0
"""HB-D010: columns that say the same in every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.table import Scan, State
from hauberk.table.merge import greatest, least


@check(
    id="HB-D010",
    title="Columns hold one value or none",
    threats=("AML.T0059", "ML02:2023"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def constant_column(ctx: CheckContext) -> Scan:
    """A column that never changes teaches nothing, and a model that reads it has a switch that no training row used.

    **What it finds.** Columns with a single value in every row, and columns without any value.

    **Why an attacker or an accident does it.** A feed that died is filled with a default; whoever can set that field at
    scoring time moves the model to where it was never trained. An emptied column also hides what other checks look for.

    **How it decides.** Smallest and largest value and the number of gaps, over all rows. An empty column is of medium
    severity, of high severity where the domain allows no gap; a constant one is low.

    **False alarms.** An extract of one branch or one product, where the column is constant by design.

    **Remedy.** Restore the feed, or leave the column out of the model.

    **Reference.** CWE-20; MITRE ATLAS AML.T0059 (eroding the integrity of a data set).

    **Example.** `months` is 12 in every row: the key is `constant`.
    """
    reporter = Reporter(spec=spec_of(constant_column), situation=ctx)
    table = table_of(ctx)
    columns = [name for name, kind in table.schema.items() if _ordered(kind)]
    aggregations: dict[str, pl.Expr] = {}
    merges: dict[str, Any] = {}
    for at, name in enumerate(columns):
        column = (
            pl.col(name).cast(pl.String) if isinstance(table.schema[name], pl.Categorical | pl.Enum) else pl.col(name)
        )
        aggregations |= {f"low{at}": column.min(), f"high{at}": column.max(), f"gaps{at}": column.null_count()}
        merges |= {f"low{at}": least, f"high{at}": greatest}

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        found = list(_findings(reporter, ctx, columns, state))
        yield reporter.count("constant_columns", len(found), table.height, unit="count")
        yield from found

    return Scan(aggregations=aggregations, merges=merges, finish=_finish, state_size="three values a column")


def _ordered(kind: pl.DataType) -> bool:
    text = kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)
    return text or kind.is_numeric() or kind.is_temporal() or kind in {pl.Boolean(), pl.Null()}


def _findings(reporter: Reporter, ctx: CheckContext, columns: list[str], state: State) -> Iterator[Finding]:
    required = {column.name for column in ctx.domain.columns if not column.nullable} if ctx.domain else set[str]()
    for at, name in enumerate(columns):
        if state[f"gaps{at}"] == table_of(ctx).height:
            wording = Wording(
                title=f"{name}: no value at all",
                message=f"Not one row has a value of {name}.",
                remedy="Restore the feed that fills this column, or leave the column out.",
            )
            severity = Severity.HIGH if name in required or name == ctx.label else Severity.MEDIUM
            yield reporter.finding(wording, severity, Place(column=name, key="empty"))
        elif not state[f"gaps{at}"] and state[f"low{at}"] == state[f"high{at}"] and name != ctx.label:
            wording = Wording(
                title=f"{name}: the same value in every row",
                message=f"{name} never changes. A model that reads it has never seen another value.",
                remedy="Restore the feed, or leave the column out of the model.",
            )
            yield reporter.finding(wording, Severity.LOW, Place(column=name, key="constant"))


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(months=pl.lit(12, dtype=pl.Int64), note=pl.lit(None, dtype=pl.String))


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
