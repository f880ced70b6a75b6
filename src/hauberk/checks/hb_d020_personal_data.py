# SPDX-License-Identifier: Apache-2.0
"""HB-D020: columns with values that identify a person, and no mark that says so."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.data.personal import Match, matches
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, sample_scan
from hauberk.data.specimen import situation, spoiled
from hauberk.table import Scan


@check(
    id="HB-D020",
    title="A column holds personal data and is not marked as such",
    threats=("AML.T0024.000", "ML04:2023", "CWE-359"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def personal_data(ctx: CheckContext, *, least: int = 3) -> Scan:
    """What identifies a person does not belong in a model, and not in a report either.

    **What it finds.** E-mail addresses, bank account numbers, payment card numbers, telephone numbers, network addresses
    and German tax numbers in text, and card numbers in whole numbers, in columns that are not marked `personal`.

    **Why an attacker or an accident does it.** A model can be asked whether a person was in its training data, and a log of
    scores leaks what its columns hold. By accident a free-text column collects what customers write into it.

    **How it decides.** By shape and, where there is one, by checksum (ISO 13616 mod 97, ISO/IEC 7812 Luhn with the
    prefixes of card schemes, ISO 7064), on the rows with the smallest hashes: at least `least` values, and where there is
    a checksum, far more than would pass by chance. No value is stored, shown or logged, only counts. Columns marked
    `personal` are left out: their values are masked everywhere.

    **False alarms.** Order numbers that happen to carry a Luhn digit; software versions that look like addresses.

    **Remedy.** Mark the column `personal = true`, and leave it out of the table unless the model needs it.

    **Reference.** Regulation (EU) 2016/679, articles 5(1)(c) and 25; ISO 13616-1; ISO/IEC 7812-1; CWE-359.

    **Example.** Five notes hold an IBAN: key `iban`, with five counted and none shown.
    """
    reporter = Reporter(spec=spec_of(personal_data), situation=ctx)
    marked = set(ctx.domain.personal) if ctx.domain is not None else set[str]()

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        found = 0
        for name in sample.columns:
            if name in marked or name in {HASH, ROW, ctx.label} or not _readable(sample[name]):
                continue
            for match in matches(sample[name]):
                if match.proved >= least and match.convincing:
                    found += 1
                    yield _finding(reporter, name, match)
        yield reporter.count("personal_columns_unmarked", found, sample.height, unit="count")

    return sample_scan(ctx, _finish)


def _readable(values: pl.Series) -> bool:
    if values.dtype.is_integer():
        return int((values.cast(pl.Float64) >= 1e12).sum()) > 0
    return values.dtype == pl.String


def _finding(reporter: Reporter, name: str, match: Match) -> Finding:
    wording = Wording(
        title=f"{name}: {match.pattern.says}",
        message=f"{match.proved:,} of {match.seen:,} sampled values of {name} hold {match.pattern.says}; the domain does "
        "not mark the column as personal, so that reports would show its values.",
        remedy="Mark the column `personal = true` in the domain, and leave it out of the table unless the model needs it.",
    )
    rate = reporter.rate(
        "share_personal", match.proved, match.seen, at=f"{name}.{match.pattern.kind}", better=Better.LOWER
    )
    return reporter.finding(
        wording,
        Severity.MEDIUM,
        Place(column=name, key=match.pattern.kind),
        confidence=Confidence.HIGH if match.pattern.chance else Confidence.MEDIUM,
        measurements=(rate,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "note", 5, "refund to DE89 3704 0044 0532 0130 00")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
