# SPDX-License-Identifier: Apache-2.0
"""HB-D004: rows that break a rule over several columns."""

from __future__ import annotations

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.data.reporter import Reporter, Wording
from hauberk.data.specimen import situation, spoiled
from hauberk.data.violation import Broken, violation_scan
from hauberk.table import Scan


@check(
    id="HB-D004",
    title="Rows break a rule of the domain",
    threats=("AML.T0020", "ML02:2023", "CWE-20"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def broken_rule(ctx: CheckContext) -> Scan:
    """Each value is possible and the record as a whole is not.

    **What it finds.** Rows for which a rule is false, a derived column differs from what it is derived from, or
    a one-hot group has none or several ones.

    **Why an attacker or an accident does it.** Who edits single fields of real records, to poison training data
    or to try out evasions, forgets what hangs together: a payment above the bill, a closing before an opening,
    a total that is not the sum. By accident it is a join on the wrong key or a half-applied correction.

    **How it decides.** Rules are compiled once from the domain's small language, with three-valued logic: a
    rule over an absent value is unknown and does not count as broken. Severity follows the share of rows.

    **False alarms.** A rule that states a habit, not a law. The finding names the rule, so that it can be
    weakened.

    **Remedy.** Quarantine the rows and ask the source; correct the rule where real records break it.

    **Reference.** NIST AI 100-2 E2025, section 2.3; CWE-20.

    **Example.** The rule `affordable` says `amount <= 4 * income`; five rows with an income of 1 break it under
    the key `rule.affordable`.
    """
    return violation_scan(
        ctx, Reporter(spec=spec_of(broken_rule), situation=ctx), frozenset({"rule", "derived", "group"}), _word
    )


def _word(item: Broken, share: str) -> Wording:
    return Wording(
        title=f"{item.key}: rows break it",
        message=f"{share} break {item.key} of the domain, although each of their values may be possible.",
        remedy="Quarantine these rows and ask their source; correct the rule if real records break it.",
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    return spoiled(frame, "income", 5, 1.0)


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
