# SPDX-License-Identifier: Apache-2.0
"""Attacks for checks: the same question is answered once a run, whichever check asks first, and paid for by each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import Budget, CheckContext, shared_seed
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.cases import Cases, after, choose_cases, losses
from hauberk.attack.evasion.problem import Flags, Rows
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.waves import in_waves, standing
from hauberk.core.errors import Incomplete, OverBudget
from hauberk.domain import validate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment:
    """What an attack on the cases found.

    Attributes:
        cases: the records.
        result: the evasions, in the order of the cases.
        loss: what each case loses if it passes as the attack left it, in integer minor units; None without money terms.
    """

    cases: Cases
    result: Result
    loss: NDArray[np.int64] | None

    @property
    def n(self) -> int:
        """How many records were attacked."""
        return self.cases.n

    @property
    def unknown(self) -> Flags:
        """Of which of them nothing can be said, since the model did not answer."""
        return self.result.unknown

    @property
    def evaded(self) -> Flags:
        """Which of them got through."""
        return self.result.evaded

    def joined(self, other: Assessment) -> Assessment:
        """The cheaper evasion of two attacks on the same cases, with the loss that belongs to it."""
        mine = self.result.cost <= other.result.cost
        loss = None
        if self.loss is not None and other.loss is not None:
            loss = np.where(mine, self.loss, other.loss)
        return Assessment(cases=self.cases, result=self.result.cheapest(other.result), loss=loss)


def assess_evasion(ctx: CheckContext, *, method: Method, rows: int, queries: int, seed: int = 0) -> Assessment:
    """Attack a sample of the events that the model catches.

    The outcome depends on the records, the model, the domain, the parameters and the run's seed; the cache of a run saves
    the work of a second check with the same question, and the budget is charged as if there were no cache. Records that
    stay unknown because the model did not answer are stated as a gap, so that the check cannot pass.

    Args:
        ctx: what the check may look at.
        method: what the attacker sees.
        rows: most records to attack.
        queries: questions allowed for each record; the check's own budget may lower it.
        seed: number of the try; it makes the search's seed together with the run's.

    Raises:
        NothingToExamine: see `choose_cases`.
        Incomplete: the model is not steady, or an evasion could not be proved.
        OverBudget: the budget does not cover one question a record.
    """
    cases = shared_cases(ctx, rows)
    left = ctx.budget.left("queries")
    allowance = queries if left is None else min(queries, left // cases.n)
    if allowance < 1:
        raise OverBudget(f"{left} queries do not cover one for each of {cases.n} records")
    number = shared_seed(ctx.run_seed, "evasion", seed)
    key = f"evasion/{method}/{_name(ctx)}/{rows}/{allowance}/{number}"
    if key not in ctx.cache:
        account = Budget(deadline=ctx.budget.deadline)

        def strike(rows: Rows) -> Result:
            rng = np.random.default_rng(number)
            return attack(cases.problem, rows, account, rng, method=method, queries=allowance)

        unit = ctx.domain.currency if ctx.domain is not None and ctx.domain.currency else "cost"
        result = in_waves(strike, cases.n, lambda found: ctx.tell(standing(method, found, cases.n, unit)))
        ctx.cache[key] = (result, dict(account.spent))
    result, spent = ctx.cache[key]
    for kind, amount in spent.items():
        ctx.budget.spend(kind, amount)
    return assessment_of(ctx, cases, result)


def assessment_of(ctx: CheckContext, cases: Cases, result: Result) -> Assessment:
    """What a result means for the cases: proved as whole records, priced in losses, its unknown records stated as a gap.

    Raises:
        Incomplete: the domain refuses an evasion as a whole record.
    """
    _prove_records(ctx, cases, result)
    if result.unknown.any():
        state_gap(
            ctx,
            f"{int(result.unknown.sum())} of {cases.n} records are unknown to the attack by {result.method}",
            result.trouble,
        )
    return Assessment(cases=cases, result=result, loss=_loss(ctx, cases, result))


def state_gap(ctx: CheckContext, what: str, why: str) -> None:
    """Say once what should have been examined and could not be."""
    sentence = f"{what}: {why}" if why else what
    if sentence not in ctx.gaps:
        ctx.gaps.append(sentence)


def shared_cases(ctx: CheckContext, rows: int) -> Cases:
    """The cases of all attacks of a run, chosen once; see `choose_cases` for what it raises."""
    key = f"evasion/cases/{_name(ctx)}/{rows}"
    if key not in ctx.cache:
        before = ctx.budget.spent.get("rows", 0)
        ctx.cache[key] = (choose_cases(ctx, rows=rows), ctx.budget.spent["rows"] - before)
    else:
        ctx.budget.spend("rows", ctx.cache[key][1])
    cases: Cases = ctx.cache[key][0]
    if cases.unscored:
        state_gap(ctx, f"the model gives no score for {cases.unscored} of {cases.events} events", cases.trouble)
    return cases


def _name(ctx: CheckContext) -> str:
    table = ctx.holdout or ctx.data
    parts = (
        ctx.model.digest or f"object {id(ctx.model)}" if ctx.model else "",
        ctx.domain.digest if ctx.domain else "",
        table.digest if table else "",
        ctx.label,
        repr(ctx.threshold),
    )
    return "/".join(parts)


def _loss(ctx: CheckContext, cases: Cases, result: Result) -> NDArray[np.int64] | None:
    return losses(ctx.money, after(cases, result.witness, np.arange(cases.n)))


def _prove_records(ctx: CheckContext, cases: Cases, result: Result) -> None:
    """The last word is the domain's own, over whole records: every evasion must be valid with all of its columns."""
    found = np.flatnonzero(result.evaded)
    if ctx.domain is None or found.size == 0:
        return
    verdict = validate(ctx.domain, after(cases, result.witness[found], found))
    if not verdict.valid.all():
        raise Incomplete(
            f"the domain refuses {int((~verdict.valid).sum())} of {found.size} evasions as whole records",
            why=f"they break {', '.join(sorted(verdict.counts))}",
            next_step="report this as a defect of Hauberk: the attack and the domain disagree",
        )
