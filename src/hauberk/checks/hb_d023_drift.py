# SPDX-License-Identifier: Apache-2.0
"""HB-D023: columns that look different from those of the reference."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.errors import UsageError
from hauberk.core.evidence import Evidence, View
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.drift import Shift, shift_between
from hauberk.data.memo import memo_of
from hauberk.data.numeric import shape_scan, shaped_columns, shapes_of
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.specimen import situation, specimen
from hauberk.data.violation import table_of
from hauberk.table import Scan, State, open_table


@check(
    id="HB-D023",
    title="Columns have moved away from the reference",
    threats=("AML.T0020", "AML.T0031", "ML08:2023"),
    needs=(Need.DATA, Need.REFERENCE),
    stage=Stage.ADMIT,
)
def drift(ctx: CheckContext, *, notable: float = 0.1, large: float = 0.3) -> Scan:
    """What was learned from other data may not hold here, and a slow poisoner moves a little every month.

    **What it finds.** Columns whose distribution, or share of gaps, differs from that of the reference, by how much.

    **Why an attacker or an accident does it.** Shifting what the model is trained on, batch by batch, moves its decisions
    without a single wrong value. By accident a source changed a unit, a default or its customers.

    **How it decides.** By effect size, never by p-value: with ten million rows every difference is significant. Numbers and
    dates: the Kolmogorov distance between histograms with fixed bins one sixteenth of the value wide. Text: the total
    variation between 4,096 hash buckets, which is never above the true one. The distance less its margin of sampling
    error must reach `notable` for medium or `large` for high severity. Distances are lower bounds: a change inside a bin
    or a bucket is not seen. Poison of a few per cent of the rows is below what any comparison of columns shows.

    **False alarms.** Seasons and growth are real; give a reference of the same season.

    **Remedy.** Find the cause of the largest distances first. Retrain if the world changed; repair the feed if it did not.

    **Reference.** Massart, Annals of Probability 18(3), 1990; MITRE ATLAS AML.T0031.

    **Example.** Amounts are twice those of the reference: key `shape`, Kolmogorov distance 0.4.
    """
    reporter = Reporter(spec=spec_of(drift), situation=ctx)
    table, reference = table_of(ctx), ctx.reference
    if reference is None:
        raise UsageError("this check needs a reference", next_step="declare [data] reference")
    shaped = shaped_columns(table.schema)
    shared = [name for name in shaped if name in reference.schema and name != ctx.time]
    alike = tuple(name for name in shared if _alike(table.schema[name], reference.schema[name]))
    expected = shapes_of(reference, alike) if alike else {}

    def _finish(state: State) -> Iterator[Measurement | Finding]:
        for name in alike:
            shift = shift_between(expected[name], state[name])
            if shift is None:
                ctx.limits.append(f"{name} has no value in one of the two tables and cannot be compared.")
                continue
            yield _measured(name, shift)
            if shift.certain >= notable:
                yield _finding(reporter, name, shift, large)

    return shape_scan(table, memo_of(ctx.cache), shaped, _finish)


def _alike(first: pl.DataType, second: pl.DataType) -> bool:
    return (first == pl.String) == (second == pl.String) and first.is_temporal() == second.is_temporal()


def _measured(name: str, shift: Shift) -> Measurement:
    return Measurement(
        name="distance",
        value=shift.distance,
        unit="distance",
        n=min(shift.n, shift.m),
        low=shift.certain,
        high=min(shift.distance + shift.margin, 1.0),
        better=Better.LOWER,
        at=name,
    )


def _finding(reporter: Reporter, name: str, shift: Shift, large: float) -> Finding:
    what = "gaps" if shift.kind == "gaps" else "distribution"
    evidence = Evidence(
        title=f"{name}: now and in the reference",
        columns=("quantile", "reference", "now"),
        rows=shift.quantiles,
        view=View.TABLE,
        holds=(None, name, name),
    )
    wording = Wording(
        title=f"{name}: its {what} has moved away from the reference",
        message=f"The {shift.says} between the reference and this table is {shift.distance:.3f}, at least "
        f"{shift.certain:.3f} beyond sampling error.",
        remedy="Find the cause first: repair the feed if it changed, retrain if the world did.",
    )
    return reporter.finding(
        wording,
        Severity.HIGH if shift.certain >= large else Severity.MEDIUM,
        Place(column=name, key=shift.kind),
        confidence=Confidence.HIGH,
        measurements=(_measured(name, shift),),
        evidence=(evidence,) if shift.quantiles else (),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("income") * 2, pl.col("amount") * 2)


def _bad() -> Situation:
    return situation(_spoil, reference=open_table(specimen(seed=2), name="reference"))


def _clean() -> Situation:
    return situation(reference=open_table(specimen(seed=2), name="reference"))


EXAMPLES = Examples(bad=_bad, clean=_clean)
