# SPDX-License-Identifier: Apache-2.0
"""The attack by transfer for a check, beside random search that may ask the model as often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hauberk.assess import Budget, CheckContext, shared_seed
from hauberk.attack.evasion.assessment import Assessment, assess_evasion, assessment_of, shared_cases
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.transfer import SPARE, Transfer
from hauberk.core.errors import OverBudget


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copied:
    """What an attack by transfer found.

    Attributes:
        transfer: its evasions.
        floor: those of random search with the same allowance.
        agrees: on how many of the answers held back from training the copy falls on the model's side.
        held: how many answers were held back; 0 where no copy could be trained, since all answers were alike.
        bought: answers that the copy was made from and tested with.
    """

    transfer: Assessment
    floor: Assessment
    agrees: int
    held: int
    bought: int


def assess_transfer(ctx: CheckContext, *, rows: int, records: int, labels_only: bool, seed: int = 0) -> Copied:
    """Train a copy on the model's answers to `records` valid records, attack it, and try what comes out.

    Args:
        ctx: what the check may look at.
        rows: most records to attack.
        records: answers that are bought, spread evenly over the records that are attacked.
        labels_only: decisions rather than scores are bought.
        seed: number of the try.

    Raises:
        NothingToExamine: see `hauberk.attack.evasion.cases.choose_cases`.
        Incomplete: an evasion could not be proved.
        OverBudget: the budget does not cover it.
    """
    cases = shared_cases(ctx, rows)
    allowance = max(records // cases.n, 1) + len(SPARE)
    left = ctx.budget.left("queries")
    if left is not None and left < 2 * allowance * cases.n:
        raise OverBudget(
            f"{left} queries do not cover {allowance} for each of {cases.n} records, and as many at random"
        )
    account = Budget(deadline=ctx.budget.deadline)
    attack = Transfer(
        problem=cases.problem,
        rows=np.arange(cases.n),
        budget=account,
        seed=shared_seed(ctx.run_seed, "transfer", seed),
        allowance=allowance,
        labels_only=labels_only,
    )
    result = attack.run()
    for kind, amount in account.spent.items():
        ctx.budget.spend(kind, amount)
    transfer = assessment_of(ctx, cases, result)
    return Copied(
        transfer=transfer,
        floor=assess_evasion(ctx, method=Method.RANDOM, rows=rows, queries=allowance, seed=seed),
        agrees=attack.copy.agrees if attack.copy else 0,
        held=attack.copy.held if attack.copy else 0,
        bought=(allowance - len(SPARE)) * cases.n,
    )
