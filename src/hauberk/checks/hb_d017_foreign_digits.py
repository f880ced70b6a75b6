# SPDX-License-Identifier: Apache-2.0
"""HB-D017: digits of more than one script."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.finding import Severity
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.spelling import text_scan
from hauberk.table import Scan


@check(
    id="HB-D017",
    title="Text holds digits of other scripts",
    threats=("AML.T0043.004", "ML02:2023", "CWE-176"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def foreign_digits(ctx: CheckContext) -> Scan:
    """Seven different characters are a five, and not every rule knows all of them.

    **What it finds.** Values with decimal digits outside 0 to 9: Arabic-Indic, Devanagari, full-width and others.

    **Why an attacker or an accident does it.** Many libraries let a pattern for digits accept them and a conversion to a
    number refuse them, or the other way round; a value then passes one gate and means something else behind it. By
    accident a form was filled in with another keyboard.

    **How it decides.** Values of printable ASCII are passed over at once; the others are compared with the Unicode class Nd
    less 0 to 9. Any hit is of medium severity, of high severity from 1 % of the rows on.

    **False alarms.** Tables in a language that writes such digits throughout; then map them to 0 to 9 before training.

    **Remedy.** Map digits to 0 to 9 where text enters, or refuse it, in training and in service alike.

    **Reference.** Unicode TR 44 (general category Nd); CWE-176.

    **Example.** Three notes read "flat ١٢": the key is `digits`.
    """
    reporter = Reporter(spec=spec_of(foreign_digits), situation=ctx)
    return text_scan(ctx, reporter, ("digits",), _word, Severity.MEDIUM)


def _word(column: str, share: str) -> Wording:
    return Wording(
        title=f"{column}: digits of other scripts",
        message=f"{share} of {column} with a value hold digits other than 0 to 9.",
        remedy="Map digits to 0 to 9 where text enters, or refuse such text, in training and in service alike.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "note", 3, "flat \u0661\u0662")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
