# SPDX-License-Identifier: Apache-2.0
"""HB-D026: rules of the domain that forbid nothing, or that no record can keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check, spec_of
from hauberk.core.evidence import Evidence
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.reporter import Place, Reporter, Wording
from hauberk.data.sample import HASH, ROW, sample_scan
from hauberk.data.specimen import situation, specimen_domain
from hauberk.data.violation import domain_of
from hauberk.domain import Domain, Rule
from hauberk.domain.review import RuleReview, Standing, review_rules
from hauberk.table import Scan

_SEVERITY = {
    Standing.CONTRADICTORY: Severity.HIGH,
    Standing.VACUOUS: Severity.MEDIUM,
    Standing.BROKEN: Severity.MEDIUM,
    Standing.SILENT: Severity.LOW,
}
_TITLES = {
    Standing.CONTRADICTORY: "no record can keep it",
    Standing.VACUOUS: "it forbids nothing",
    Standing.BROKEN: "most records break it, and a likely slip explains that",
    Standing.SILENT: "it is NULL on every row",
}


@check(
    id="HB-D026",
    title="A rule of the domain says nothing, or cannot be met",
    threats=("AML.T0020", "ML02:2023", "CWE-693"),
    needs=(Need.DATA, Need.DOMAIN),
    stage=Stage.ADMIT,
)
def idle_rule(ctx: CheckContext, *, rows: int = 4000) -> Scan:
    """A rule that is always true guards nothing, and one that is never true refuses everything or is switched off.

    **What it finds.** Rules that no record within the columns' own ranges breaks; rules that no record keeps, alone or
    together with others; rules that are NULL on every row; and rules that most records break because of a likely slip.

    **Why an attacker or an accident does it.** `0 <= a OR 0 < b`, written where `a > 0 implies b > 0` was meant, passes
    every review and lets every forged record through: a published benchmark of constrained attacks carries six such rules
    out of fourteen. Whoever may edit the domain can disarm a rule in the same way.

    **How it decides.** First by proof: interval arithmetic over the declared ranges, and linear programs over the rules that
    are sums of columns. Then by trial: on `rows` rows of the data, on 20,000 loose records that only the columns' own
    declarations bind, and on records that are repaired on purpose to break or to keep the rule. What was probably meant is
    named where the data keep it and records exist that break it.

    **False alarms.** A rule that repeats a range on purpose. Rules that others imply are counted, not reported.

    **Remedy.** Write what was meant, or drop the rule.

    **Reference.** CWE-693, protection mechanism failure; CWE-570 and CWE-571, expressions that are always false or true.

    **Example.** `income >= 0 OR amount > 0` is vacuous, since income cannot be negative: the key is `rule.NAME`.
    """
    reporter = Reporter(spec=spec_of(idle_rule), situation=ctx)
    domain = domain_of(ctx)

    def _finish(sample: pl.DataFrame) -> Iterator[Measurement | Finding]:
        if not domain.rules:
            ctx.limits.append("The domain declares no rules.")
            return
        reviews = review_rules(domain, sample.drop(HASH, ROW).head(rows))
        untested = [item.rule for item in reviews if item.standing is Standing.UNTESTED]
        if untested:
            ctx.limits.append(f"Not tried, for want of a column that fits: {', '.join(untested[:10])}.")
        for standing in (Standing.VACUOUS, Standing.CONTRADICTORY, Standing.SILENT, Standing.IMPLIED):
            count = sum(item.standing is standing for item in reviews)
            yield reporter.count(f"{standing}_rules", count, len(reviews), unit="count")
        for item in reviews:
            if _reported(item):
                yield _finding(reporter, domain, item)

    return sample_scan(ctx, _finish)


def _reported(item: RuleReview) -> bool:
    if item.standing is Standing.SILENT:
        return item.silent == item.rows
    return item.standing in {Standing.CONTRADICTORY, Standing.VACUOUS} or (
        item.standing is Standing.BROKEN and bool(item.instead)
    )


def _finding(reporter: Reporter, domain: Domain, item: RuleReview) -> Finding:
    says = next(rule.says for rule in domain.rules if rule.name == item.rule)
    rows = [("it says", says), ("verdict", item.sentence), ("proved", "yes" if item.proved else "no, by trial")]
    rows += [("probably meant", item.instead)] if item.instead else []
    rows += [(f"rule {name}", rule.says) for name in item.others for rule in domain.rules if rule.name == name]
    rows += [("rows that break it", f"{item.broken} of {item.rows}")]
    rows += [("loose records that break it", f"{item.loose_broken} of {item.loose}")]
    wording = Wording(
        title=f"rule.{item.rule}: {_TITLES[item.standing]}",
        message=f"The rule {item.rule} says {says!r}: {item.sentence}.",
        remedy=f"It was probably meant to say: {item.instead}. Correct it, or drop it."
        if item.instead
        else _remedy(item),
    )
    return reporter.finding(
        wording,
        _SEVERITY[item.standing],
        Place(key=f"rule.{item.rule}"),
        confidence=Confidence.HIGH if item.proved else Confidence.MEDIUM,
        evidence=(Evidence(title=f"The rule {item.rule}", columns=("what", "value"), rows=tuple(rows[:200])),),
        inferred=not domain.confirmed,
    )


def _remedy(item: RuleReview) -> str:
    if item.standing is Standing.CONTRADICTORY:
        return (
            "Correct this rule, one of those that it contradicts, or the ranges: as declared, every record is refused."
        )
    if item.standing is Standing.SILENT:
        return "Check the columns that it reads: where one is NULL a rule says nothing. Cover NULL with coalesce or IS NULL."
    return "Drop it if the ranges say all that it was meant to say; otherwise write what it was meant to forbid."


def _bad() -> Situation:
    rules = (*specimen_domain().rules, Rule(name="slip", says="income >= 0 OR amount > 0"))
    return situation(domain=replace(specimen_domain(), rules=rules))


EXAMPLES = Examples(bad=_bad, clean=situation)
