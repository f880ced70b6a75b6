# SPDX-License-Identifier: Apache-2.0
"""HB-D016: invisible characters and look-alike letters."""

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
    id="HB-D016",
    title="Text holds invisible or look-alike characters",
    threats=("AML.T0043.004", "ML02:2023", "CWE-1007", "CWE-176"),
    needs=(Need.DATA,),
    stage=Stage.ADMIT,
)
def hidden_characters(ctx: CheckContext) -> Scan:
    """Two texts that look the same to a person are two values to a model.

    **What it finds.** Values with control, zero-width, filler, direction-changing or tag characters; words that mix Latin
    letters with Cyrillic, Greek, Armenian or Cherokee ones; letters that only imitate Latin ones (full-width,
    mathematical). Columns whose choices the domain lists are judged by HB-D003, letter by letter.

    **Why an attacker or an accident does it.** "pаypal" with a Cyrillic letter is a category that no rule knows: a trigger
    that no reviewer sees, and a way round a block list. By accident it is a byte-order mark, a soft hyphen from a web
    page, or a blank that does not break.

    **How it decides.** Values of printable ASCII are passed over at once; only the others are compared with fixed
    character classes. Any hit is of medium severity, of high severity from 1 % of the rows on.

    **False alarms.** Emoji with variation selectors, scripts that join letters with U+200D, product names such as
    "βeta"; declare the choices, or accept the finding with a waiver.

    **Remedy.** Quarantine the rows; normalise text (NFKC) and remove such characters where it enters, in training and in
    service alike.

    **Reference.** Unicode UTS 39 and UTR 36; CVE-2021-42574; CWE-1007; CWE-176.

    **Example.** Four notes read "car" with a zero-width space inside: the key is `invisible`.
    """
    reporter = Reporter(spec=spec_of(hidden_characters), situation=ctx)
    return text_scan(ctx, reporter, ("invisible", "mixed"), _word, Severity.MEDIUM)


def _word(column: str, share: str) -> Wording:
    return Wording(
        title=f"{column}: hidden or look-alike characters",
        message=f"{share} of {column} with a value hold characters that a person cannot see or tell from others.",
        remedy="Quarantine these rows; normalise text where it enters, in training and in service alike.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "note", 4, "c\u200bar")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
