# SPDX-License-Identifier: Apache-2.0
"""HB-D003: values that are not among the declared choices."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import Broken, violation_scan
from hauberk.table import Scan


@check(
    id="HB-D003",
    title="Values are not among the declared choices",
    threats=("AML.T0020", "ML02:2023", "CWE-20"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def unknown_choice(ctx: CheckContext) -> Scan:
    """A category that nobody declared is a category that nobody reviewed.

    **What it finds.** Rows whose category, boolean or one-hot value is not one of the choices in the domain.
    Letters are compared exactly, so that a look-alike letter or a trailing blank counts.

    **Why an attacker or an accident does it.** A rare category is the cheapest trigger: it costs nothing in the
    other columns and trees split on it at once. By accident it is a new code of a source system, another
    spelling, or the index of a category instead of its name.

    **How it decides.** Each value is looked up in the list of choices. Severity follows the share of rows: low
    below 0.1 %, medium below 1 %, high from there on.

    **False alarms.** A source that added a code for good reason; then the domain must name it, with a person
    who looked.

    **Remedy.** Quarantine the rows, or add the choice to the domain once somebody has said what it means.

    **Reference.** NIST AI 100-2 E2025, section 2.3; CWE-20.

    **Example.** `region` knows north, south, east and west, and four rows hold `North`: the key is
    `region.choices`.
    """
    return violation_scan(ctx, Reporter(spec=spec_of(unknown_choice), situation=ctx), frozenset({"choices"}), _word)


def _word(item: Broken, share: str) -> Wording:
    return Wording(
        title=f"{item.column}: values that are not among its choices",
        message=f"{share} hold a value of {item.column} that the domain does not list.",
        remedy="Quarantine these rows, or add the choice to the domain once somebody has said what it means.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "region", 4, "North")


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
