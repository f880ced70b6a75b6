# SPDX-License-Identifier: Apache-2.0
"""HB-D002: numbers and dates outside the declared range."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import Broken, violation_scan
from hauberk.table import Scan


@check(
    id="HB-D002",
    title="Values lie outside their declared range",
    threats=("AML.T0020", "ML02:2023", "CWE-20"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def out_of_range(ctx: CheckContext) -> Scan:
    """A value that cannot occur pulls the model towards a place where no case is.

    **What it finds.** Rows whose number or date lies below `low` or above `high` of the column in the domain.
    Infinities count; NaN is judged by HB-D006.

    **Why an attacker or an accident does it.** One row in two hundred with a value that no real case has is
    enough to plant a trigger in a tree ensemble: the trees give it a leaf of its own. By accident it is a
    changed unit (cents for euros), a placeholder such as 999999, or a shifted column.

    **How it decides.** One comparison a value over all rows; statistics stored in the file are never used,
    since whoever wrote the file wrote them. Severity is low below 0.1 % of the rows, medium below 1 %, high
    from there on.

    **False alarms.** A range that was inferred from an older, smaller table is too narrow for rare but real
    values; such findings are marked as resting on an unconfirmed domain.

    **Remedy.** Quarantine the rows (`hauberk data quarantine`), ask the source, and widen the range in the
    domain only if the values are real.

    **Reference.** NIST AI 100-2 E2025, section 2.3 (poisoning); CWE-20.

    **Example.** `amount` is declared 0 to 3,000,000 and three rows hold -5: the finding names the three rows
    under the key `amount.range`.
    """
    return violation_scan(ctx, Reporter(spec=spec_of(out_of_range), situation=ctx), frozenset({"range"}), _word)


def _word(item: Broken, share: str) -> Wording:
    return Wording(
        title=f"{item.column}: values outside the declared range",
        message=f"{share} hold a value of {item.column} outside the range that the domain declares.",
        remedy="Quarantine these rows and ask their source. Widen the range in the domain only if such values are real.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "amount", 3, -5.0)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
