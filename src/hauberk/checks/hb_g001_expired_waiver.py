# SPDX-License-Identifier: Apache-2.0
"""HB-G001: a waiver has run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hauberk.assess import CheckContext, Situation
from hauberk.assess.waive import is_expired
from hauberk.core.check import Examples, Need, Stage, check
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.run import Waived

_NOON_2030 = int(datetime(2030, 1, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000


@check(
    id="HB-G001",
    title="A waiver has run out",
    threats=("CWE-1059",),
    needs=(Need.WAIVERS,),
    stage=Stage.GATE,
)
def expired_waiver(ctx: CheckContext) -> Iterator[Finding]:
    """Somebody accepted a finding until a day that is over, and nothing was done.

    **What is looked at.** The `[[waiver]]` tables of the project, and the day on which this run began, in UTC. The last
    day of a waiver still counts.

    **Why it matters.** A waiver is a promise: this is known, this person answers for it, and by this day it is repaired
    or judged anew. Where promises lapse without a sound, everything that was ever accepted stays accepted.

    **How it is decided.** One finding of medium severity for each waiver whose last day is over. The waived finding
    itself shows again too, since a waiver that has run out hides nothing.

    **False alarms.** None, unless the machine's clock is wrong.

    **Remedy.** Repair what was waived and remove the waiver, or have its owner decide again and write a new end.
    """
    for item in ctx.waivers:
        if is_expired(item, ctx.now_us):
            yield Finding(
                check="HB-G001",
                title=f"The waiver of {item.fingerprint} ran out on {item.expires}",
                message=f"{item.owner} accepted the finding until {item.expires}; since then nobody answers for it.",
                severity=Severity.MEDIUM,
                confidence=Confidence.HIGH,
                location=Location(asset="config", key=item.fingerprint),
                remedy="Repair the finding and remove its waiver, or have the owner decide again and write a new end.",
            )


def _situation(expires: str) -> Situation:
    waiver = Waived(fingerprint="0" * 32, reason="known, repaired in the next release", owner="ada", expires=expires)
    return Situation(waivers=(waiver,), now_us=_NOON_2030)


def _bad() -> Situation:
    return _situation("2029-12-31")


def _clean() -> Situation:
    return _situation("2030-01-01")


EXAMPLES = Examples(bad=_bad, clean=_clean)
