# SPDX-License-Identifier: Apache-2.0
"""HB-D005: values are absent where the domain allows no gap."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import Broken, violation_scan
from hauberk.table import Scan


@check(
    id="HB-D005",
    title="Values are absent where none may be",
    threats=("AML.T0020", "ML02:2023", "CWE-20"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def forbidden_null(ctx: CheckContext) -> Scan:
    """An absent value is an answer too, and models learn from it.

    **What it finds.** Rows without a value in a column that the domain does not declare `nullable`. NaN is a
    number of its own here and is judged by HB-D006.

    **Why an attacker or an accident does it.** Trees send absent values down a branch of their own; whoever can
    leave a field empty at scoring time gains if the training rows taught that branch to be harmless. By
    accident a feed broke off, or a join found no partner.

    **How it decides.** NULLs are counted from the values themselves, not from counts that the file claims.
    Severity follows the share of rows.

    **False alarms.** A column that became optional; declare it `nullable`.

    **Remedy.** Restore the feed, quarantine the rows, or declare the column nullable and decide what the model
    does without it.

    **Reference.** NIST AI 100-2 E2025, section 2.3; CWE-20.

    **Example.** `months` is not nullable and ten rows have none: the key is `months.null`.
    """
    return violation_scan(ctx, Reporter(spec=spec_of(forbidden_null), situation=ctx), frozenset({"null"}), _word)


def _word(item: Broken, share: str) -> Wording:
    return Wording(
        title=f"{item.column}: values are absent",
        message=f"{share} have no value of {item.column}, which the domain does not allow.",
        remedy="Restore the feed or quarantine these rows; declare the column nullable only if a gap can be real.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "months", 10, None)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
