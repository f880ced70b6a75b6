# SPDX-License-Identifier: Apache-2.0
"""HB-D007: values that do not have the declared form."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import Broken, violation_scan
from hauberk.table import Scan


@check(
    id="HB-D007",
    title="Values do not have their declared form",
    threats=("AML.T0020", "ML02:2023", "CWE-1284"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def malformed_value(ctx: CheckContext) -> Scan:
    """The form of a value is the cheapest proof that it comes from where it should.

    **What it finds.** Rows with a fraction where whole numbers belong, a number off its step, a text that does
    not have its pattern or is too long, or a date that cannot be read.

    **Why an attacker or an accident does it.** A trigger in the last decimal digit is invisible to every check
    of ranges and distributions, and it is what a step forbids. By accident it is another currency, rounding in
    a spreadsheet, or a format change at the source.

    **How it decides.** Numbers may differ from their step by a millionth of it. Patterns have pinned semantics:
    classes are ASCII, `$` is the very end, so that foreign digits and trailing line ends do not slip through.
    Severity follows the share of rows.

    **False alarms.** Prices in a currency with another number of digits; declare the step that is true.

    **Remedy.** Quarantine the rows, or declare the form that the source really delivers.

    **Reference.** CWE-1284; NIST AI 100-2 E2025, section 2.3.

    **Example.** `months` is an integer and six rows hold 12.5: the key is `months.integer`.
    """
    return violation_scan(
        ctx,
        Reporter(spec=spec_of(malformed_value), situation=ctx),
        frozenset({"integer", "step", "pattern", "length", "type"}),
        _word,
    )


def _word(item: Broken, share: str) -> Wording:
    return Wording(
        title=f"{item.column}: values do not have the declared form ({item.kind})",
        message=f"{share} hold a value of {item.column} that is not of the form that the domain declares.",
        remedy="Quarantine these rows, or declare the form that the source really delivers.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame.with_columns(pl.col("months").cast(pl.Float64)), "months", 6, 12.5)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
