# SPDX-License-Identifier: Apache-2.0
"""HB-D008: rows that stand more than once."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.duplicates import Copies, copies_of, pile_scan, whole_hashes
from hauberk.data.hashes import HashPile
from hauberk.data.memo import memo_of
from hauberk.data.reporter import Place, Reporter, Wording, percent
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.table import Scan


@check(
    id="HB-D008",
    title="Rows stand more than once",
    threats=("AML.T0020", "ML02:2023"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def exact_duplicates(ctx: CheckContext, *, tolerated: float = 0.01) -> Scan:
    """A row that stands twice weighs twice, and who repeats rows chooses what the model learns.

    **What it finds.** Rows that equal an earlier row in every column. -0.0 equals 0.0, NaN equals NaN, NULL equals NULL.

    **Why an attacker or an accident does it.** Copies of one's own cases drown those of others, without a single invented
    value. By accident an export ran twice or a join multiplied the rows. Copies on both sides of a split also make a model
    look better than it is.

    **How it decides.** One 64-bit hash a row over all columns, 8 bytes of state a row (in a temporary file from 4 million
    rows on); two different rows agree with a probability below 3 in a million for ten million rows. Copies up to the share
    `tolerated` are of low severity, above it of medium.

    **False alarms.** Tables with few, coarse columns, where two different cases look the same; an identifier column ends
    the doubt.

    **Remedy.** Find out whether the export ran twice; keep one row of each group, or weigh them on purpose.

    **Reference.** NIST AI 100-2 E2025, section 2.3; Carlini et al., "Poisoning Web-Scale Training Datasets is Practical",
    2024.

    **Example.** An export of 600 loans is appended to itself in part: 30 extra rows, each named with the row it repeats.
    """
    table, memo = table_of(ctx), memo_of(ctx.cache)
    reporter = Reporter(spec=spec_of(exact_duplicates), situation=ctx)

    def _finish(pile: HashPile) -> Iterator[Measurement | Finding]:
        copies = copies_of(pile)
        yield reporter.rate("share_extra_copies", copies.extra, table.height)
        if copies.extra:
            yield _finding(reporter, copies, table.height, tolerated)

    return pile_scan(lambda block, start: whole_hashes(table, memo, block, start), table.columns, _finish)


def _finding(reporter: Reporter, copies: Copies, n: int, tolerated: float) -> Finding:
    later = copies.rows != copies.first
    pairs = zip(copies.rows[later][:10].tolist(), copies.first[later][:10].tolist(), strict=True)
    evidence = Evidence(
        title="Rows that repeat an earlier one",
        columns=("row", "repeats row"),
        rows=tuple(pairs),
        note=f"The first of {copies.extra:,} extra copies; row numbers count from 0.",
    )
    wording = Wording(
        title="Rows repeat earlier rows in every column",
        message=f"{percent(copies.extra, n)} are exact copies of an earlier row and weigh double in training.",
        remedy="Find out whether an export ran twice or a join multiplied rows; keep one row of each group.",
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM if copies.extra > tolerated * n else Severity.LOW,
        Place(key="copies", rows=copies.extra, sample=tuple(copies.later[:10].tolist())),
        confidence=Confidence.HIGH,
        measurements=(reporter.rate("share_extra_copies", copies.extra, n),),
        evidence=(evidence,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(30)])


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
