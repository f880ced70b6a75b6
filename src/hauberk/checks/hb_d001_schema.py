# SPDX-License-Identifier: Apache-2.0
"""HB-D001: columns that are missing, of a wrong type, or not declared."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation
from hauberk.data.violation import domain_of, table_of, whole_columns
from hauberk.table import Scan, State


@check(
    id="HB-D001",
    title="The columns are not those that the domain declares",
    threats=("AML.T0020", "ML02:2023", "CWE-1284"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def schema(ctx: CheckContext) -> Scan:
    """A table with other columns is another table, and every later check would look at the wrong thing.

    **What it finds.** Columns that the domain declares and the table lacks; columns of a data type that cannot hold what is
    declared; columns that nobody declared; columns of lists or records, which no model reads; a label that is not there.

    **Why an attacker or an accident does it.** An undeclared column carries what nobody reviewed, such as the label under
    another name. By accident a source renames a column, numbers arrive as text, or two exports are mixed.

    **How it decides.** By the schema alone, before a row is judged. A missing or unreadable column is critical: the table
    is rejected. An undeclared column is of low severity, a nested one of medium.

    **False alarms.** Columns that are kept for bookkeeping; declare them, so that their values are judged too.

    **Remedy.** Export the table again with the declared columns, or change the domain with a person who looked.

    **Reference.** CWE-1284; NIST AI 100-2 E2025, section 2.3.

    **Example.** The domain declares `income` as a number and the table holds text: the key is `income.type`.
    """
    reporter = Reporter(spec=spec_of(schema), situation=ctx)

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        found = list(_findings(ctx, reporter))
        yield reporter.count("schema_problems", len(found), state["rows"], unit="count")
        yield from found

    return Scan(aggregations={"rows": pl.len()}, finish=_finish)


def _findings(ctx: CheckContext, reporter: Reporter) -> Iterator[Finding]:
    table, domain = table_of(ctx), domain_of(ctx)
    for item in whole_columns(domain, table.schema):
        lacks = item.kind == "missing"
        wording = Wording(
            title=f"{item.column}: the column is missing" if lacks else f"{item.column}: the column is of a wrong type",
            message=f"The domain declares {item.column} as {domain.column(item.column).kind.value}; the table "
            + ("has no such column." if lacks else f"holds {table.schema[item.column]}."),
            remedy="Export the table again with this column, or change the domain if the column is meant to be gone.",
        )
        yield reporter.finding(
            wording, Severity.CRITICAL, Place(column=item.column, key=item.key), inferred=not domain.confirmed
        )
    if ctx.label and ctx.label not in table.schema:
        wording = Wording(
            title=f"{ctx.label}: the label column is missing",
            message=f"The label {ctx.label} is configured, and the table has no such column.",
            remedy="Correct `[data] label`, or export the table with its label.",
        )
        yield reporter.finding(wording, Severity.CRITICAL, Place(column=ctx.label, key="label.missing"))
    yield from _others(ctx, reporter)


def _others(ctx: CheckContext, reporter: Reporter) -> Iterator[Finding]:
    known = {*domain_of(ctx).names, ctx.label, ctx.time, *ctx.groups}
    for name, kind in table_of(ctx).schema.items():
        if kind.is_nested():
            wording = Wording(
                title=f"{name}: the column holds lists or records",
                message=f"{name} is of type {kind}. No check and no model of this house looks into it.",
                remedy="Flatten it into columns of its own, or leave it out.",
            )
            yield reporter.finding(wording, Severity.MEDIUM, Place(column=name, key="nested"))
        elif name not in known:
            wording = Wording(
                title=f"{name}: the column is not declared",
                message=f"The domain does not know {name}; nothing says what a valid value of it is.",
                remedy="Declare it in the domain, or leave it out of the table.",
            )
            yield reporter.finding(wording, Severity.LOW, Place(column=name, key="undeclared"))


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("income").cast(pl.String) + " EUR").drop("months")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
