# SPDX-License-Identifier: Apache-2.0
"""HB-D013: a column that names cases instead of describing them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, sample_scan
from hauberk.data.specimen import situation
from hauberk.domain import Kind
from hauberk.table import Scan

_LEAST = 100


@check(
    id="HB-D013",
    title="An identifier is used as a feature",
    threats=("AML.T0024.000", "ML04:2023", "CWE-359"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def identifier_as_feature(ctx: CheckContext, *, distinct: float = 0.999) -> Scan:
    """A model that reads a customer number can only remember it.

    **What it finds.** Text and whole-number columns in which nearly every row has a value of its own, where they are not
    declared as identifiers; and columns declared as identifiers that the model reads all the same.

    **Why an attacker or an accident does it.** A remembered identifier tells who was in the training data (membership
    inference), ties the score to the order of enrolment, and is a field that its owner may choose. By accident it is an
    index column of an export.

    **How it decides.** On the rows with the smallest hashes: at least `distinct` of the values differ. Whole numbers must
    also fill their range densely, as counters do, since amounts can be all different too. Where the model is known, only
    the columns that it reads count.

    **False alarms.** Exact moments in whole numbers; declare them as dates.

    **Remedy.** Declare the column as an identifier and leave it out of the model.

    **Reference.** NIST AI 100-2 E2025, section 2.4 (privacy attacks); CWE-359.

    **Example.** The index of an export, 0 to 599, is a column `row`: key `distinct`.
    """
    reporter = Reporter(spec=spec_of(identifier_as_feature), situation=ctx)
    read = set(ctx.model.features) if ctx.model is not None else None
    declared = (
        {column.name for column in ctx.domain.columns if column.kind is Kind.IDENTIFIER} if ctx.domain else set[str]()
    )

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        found = 0
        for name in sample.columns:
            unread = read is not None and name not in read
            if name in {ctx.label, ctx.time, HASH, ROW} or unread or (read is None and name in declared):
                continue
            values = sample[name].drop_nulls()
            if values.len() < _LEAST or not (name in declared or _names_cases(values, distinct)):
                continue
            found += 1
            yield _finding(reporter, name, values.n_unique(), values.len(), used=read is not None)
        yield reporter.count("identifiers_as_features", found, sample.height, unit="count")

    return sample_scan(ctx, _finish)


def _names_cases(values: pl.Series, distinct: float) -> bool:
    if values.dtype == pl.String:
        return values.n_unique() >= distinct * values.len()
    if not values.dtype.is_integer() or values.n_unique() < distinct * values.len():
        return False
    steps = values.sort().diff().drop_nulls()
    sizes = steps.cast(pl.Float64).to_numpy()
    return float(np.mean(sizes <= 4.0 * max(float(np.median(sizes)), 1.0))) > 0.95


def _finding(reporter: Reporter, name: str, different: int, n: int, *, used: bool) -> Finding:
    rate = reporter.rate("share_distinct", different, n, at=name, better=Better.NEITHER)
    wording = Wording(
        title=f"{name}: names cases instead of describing them",
        message=f"{different:,} of {n:,} sampled values of {name} differ from each other"
        + ("; the model reads this column." if used else "; a model that reads it can only remember it."),
        remedy="Declare the column as an identifier in the domain, and leave it out of the model.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM if used else Severity.LOW,
        Place(column=name, key="distinct"),
        confidence=Confidence.MEDIUM,
        measurements=(rate,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index("row")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
