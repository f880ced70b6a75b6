# SPDX-License-Identifier: Apache-2.0
"""HB-D025: text columns that are numbers but for some values, and placeholders that stand for no value."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, sample_scan
from hauberk.data.specimen import situation, spoiled
from hauberk.table import Scan

_NUMBER = r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?$"
_PLACEHOLDERS = ("", "-", "?", "n/a", "na", "nan", "null", "none", "nil", "unknown", "#n/a", "undefined")
_LEAST = 20


@check(
    id="HB-D025",
    title="A text column mixes numbers, words and placeholders",
    threats=("AML.T0059", "ML02:2023", "CWE-1284"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def mixed_types(ctx: CheckContext, *, mostly: float = 0.5) -> Scan:
    """A column of numbers that one word turned into text is encoded as categories, and every number becomes a name.

    **What it finds.** Text columns in which more than the share `mostly` of the values are written numbers and the rest are
    not; and text columns with placeholders for "no value" (such as "n/a", "null", "-") beside real values.

    **Why an attacker or an accident does it.** One word in a numeric field switches the parser of the whole column to text;
    what was a range check is a look-up then. By accident two systems write absence in different ways, and a model
    learns "null" as a category.

    **How it decides.** On the rows with the smallest hashes. Columns whose choices the domain lists are left out.

    **False alarms.** House numbers such as "12a"; declare the column as text with a pattern.

    **Remedy.** Convert the column to numbers where it is read, with NULL for absence, and quarantine what does not convert.

    **Reference.** CWE-1284.

    **Example.** `months` was written as text and five rows hold "n/a": keys `placeholder` and `numbers`.
    """
    reporter = Reporter(spec=spec_of(mixed_types), situation=ctx)
    listed = {column.name for column in ctx.domain.columns if column.choices} if ctx.domain is not None else set[str]()

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        found = list(_findings(reporter, sample, listed | {HASH, ROW, ctx.label}, mostly))
        yield reporter.count("mixed_columns", len(found), sample.height, unit="count")
        yield from found

    return sample_scan(ctx, _finish)


def _findings(reporter: Reporter, sample: pl.DataFrame, out: set[str], mostly: float) -> Iterator[Finding]:
    for name in sample.columns:
        if name in out or sample.schema[name] != pl.String:
            continue
        values = sample[name].drop_nulls().str.strip_chars()
        n = values.len()
        if n < _LEAST:
            continue
        numbers = int(values.str.contains(_NUMBER).sum())
        absent = int(values.str.to_lowercase().is_in(_PLACEHOLDERS).sum())
        if mostly * n < numbers < n:
            yield _finding(reporter, name, "numbers", n - numbers, n)
        if 0 < absent < n:
            yield _finding(reporter, name, "placeholder", absent, n)


def _finding(reporter: Reporter, name: str, key: str, hits: int, n: int) -> Finding:
    what = "are not numbers, while the others are" if key == "numbers" else "are placeholders that stand for no value"
    wording = Wording(
        title=f"{name}: numbers and words in one column" if key == "numbers" else f"{name}: placeholders for no value",
        message=f"{hits:,} of {n:,} sampled values of {name} {what}.",
        remedy="Convert the column where it is read, with NULL for absence, and quarantine what does not convert.",
    )
    return reporter.finding(
        wording,
        Severity.LOW,
        Place(column=name, key=key),
        confidence=Confidence.MEDIUM,
        measurements=(reporter.rate(f"share_{key}", hits, n, at=name, better=Better.LOWER),),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame.with_columns(months=pl.col("months").cast(pl.String)), "months", 5, "n/a")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
