# SPDX-License-Identifier: Apache-2.0
"""HB-D009: near-equal rows with opposite labels."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.duplicates import Conflicts, conflicts_of, feature_columns, near_hashes, partners, pile_scan
from hauberk.data.hashes import HashPile
from hauberk.data.reporter import Place, Reporter, Wording, percent
from hauberk.data.specimen import situation
from hauberk.data.violation import table_of
from hauberk.stats import rate_interval
from hauberk.table import Scan

_COARSE = 0.05
"""Share of contradicting rows above which the columns are too coarse to tell two cases apart."""


@check(
    id="HB-D009",
    title="Near-equal rows carry opposite labels",
    threats=("AML.T0020", "ML02:2023", "ML08:2023"),
    needs=(Need.DATA, Need.LABEL),
    stage=Stage.ADMIT,
)
def opposite_labels(ctx: CheckContext) -> Scan:
    """Two cases that look the same and ended differently: one of the two labels may be a lie.

    **What it finds.** Groups of rows that agree in every feature (numbers to about three significant digits, text without
    regard to case and outer blanks; label, time and identifiers left out) and carry both labels.

    **Why an attacker or an accident does it.** Re-submitting known fraud under the label "honest" teaches a model to let
    it through, and such copies differ from the original in digits that nobody looks at. By accident labels were
    corrected in one copy only.

    **How it decides.** Chance makes contradictions too: of two like cases with an event rate p, a share 2p(1-p) ends
    differently. The check counts pairs (groups of exactly two) and compares. More than one and a half times chance, beyond
    the 95 % interval, is of high severity; contradictions within chance are low. Where more than 5 % of all rows
    contradict each other within chance, the columns are too coarse to tell cases apart: that is said, and no finding.

    **False alarms.** Data with few distinct values, see above; the true label of a case that was appealed.

    **Remedy.** Read the pairs, beginning with the newer row of each; correct or quarantine the row with the false label.

    **Reference.** NIST AI 100-2 E2025, section 2.3.1; OWASP ML08 (skewing through the feedback loop).

    **Example.** Forty loans stand again with an amount changed by a cent and the other label: 40 pairs, 40 contradictions.
    """
    table, features = table_of(ctx), feature_columns(ctx)
    reporter = Reporter(spec=spec_of(opposite_labels), situation=ctx)

    def _finish(pile: HashPile) -> Iterator[Measurement | Finding]:
        yield from _judge(reporter, pile, conflicts_of(pile), table.height, ctx.limits)

    return pile_scan(
        lambda block, start: near_hashes(block, start, features, ctx.label), (*features, ctx.label), _finish
    )


def _judge(
    reporter: Reporter, pile: HashPile, found: Conflicts, n: int, limits: list[str]
) -> Iterator[Measurement | Finding]:
    rows = int(found.rows.size)
    yield reporter.rate("share_contradicting", rows, n)
    if found.pairs:
        yield reporter.rate("share_opposed_pairs", found.opposed, found.pairs)
    if not rows:
        return
    events = sum(int((hashes & 1).sum()) for _, hashes in pile.stretches()) / n
    chance = 2.0 * events * (1.0 - events)
    beyond = found.pairs > 0 and rate_interval(found.opposed, found.pairs)[0] > 1.5 * chance
    if beyond or rows <= _COARSE * n:
        yield _finding(reporter, found, n, chance, beyond=beyond)
    else:
        limits.append(
            f"{percent(rows, n)} agree with a row of the other label: the columns are too coarse to judge that."
        )


def _finding(reporter: Reporter, found: Conflicts, n: int, chance: float, *, beyond: bool) -> Finding:
    rows = int(found.rows.size)
    evidence = Evidence(
        title="Near-equal rows with opposite labels",
        columns=("row with the event", "row without it"),
        rows=tuple(partners(found, 10)),
        note=f"One pair of each of the first groups. By chance {chance:.1%} of like pairs would contradict each other.",
    )
    wording = Wording(
        title="Near-equal rows contradict each other more often than chance"
        if beyond
        else "Some near-equal rows contradict each other",
        message=f"{percent(rows, n)} have a near-equal row with the other label; of {found.pairs:,} like pairs "
        f"{found.opposed:,} contradict each other, {chance:.1%} would by chance.",
        remedy="Read the pairs, the newer row of each first, and quarantine the row whose label is false.",
    )
    rate = (reporter.rate("share_opposed_pairs", found.opposed, found.pairs),) if found.pairs else ()
    return reporter.finding(
        wording,
        Severity.HIGH if beyond else Severity.LOW,
        Place(key="contradiction", rows=rows, sample=tuple(found.rows[:10].tolist())),
        confidence=Confidence.MEDIUM,
        measurements=rate,
        evidence=(evidence,),
    )


def _spoil(frame: pl.DataFrame) -> pl.DataFrame:
    again = frame.head(40).with_columns(pl.col("amount") + 0.001, default=1 - pl.col("default"))
    return pl.concat([frame, again])


def _bad() -> Situation:
    return situation(_spoil)


EXAMPLES = Examples(bad=_bad, clean=situation)
