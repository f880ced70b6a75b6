# SPDX-License-Identifier: Apache-2.0
"""Attacks a smoothed model beside its certificates: what was certified, and what an attack on the vote itself finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.assess import Budget
from hauberk.attack.certify.smoothing import Certificates, Smoothed, lower_bound
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.problem import Flags, Matrix, Problem
from hauberk.attack.evasion.result import Method
from hauberk.core.errors import Incomplete

COPIES = 31
"""Noisy copies behind each answer that the attack on the vote gets; an odd number, so that no vote is a draw."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VoteTrial:
    """Certificates and attacks on the same rows.

    Attributes:
        certificates: what was certified of each row.
        turned_away: rows whose flag a valid change was found to lift, proved by fresh draws, shape (m,).
        length: how far that change moves numbers, in scales; infinite where none was found.
        changes: how many choices it changes.
    """

    certificates: Certificates
    turned_away: Flags
    length: NDArray[np.float64]
    changes: NDArray[np.intp]

    @property
    def flagged(self) -> Flags:
        """Rows that the smoothed model is proved to flag."""
        return self.certificates.flagged & ~self.certificates.abstained

    def certified(self, radius: float) -> Flags:
        """Rows that stay flagged however numbers move by up to a length above 0, choices being as they are."""
        return np.asarray(self.flagged & (self.certificates.radius > radius), dtype=np.bool_)

    def standing(self, radius: float) -> Flags:
        """Rows proved to be flagged for which no such change within a length was found to lift the flag."""
        lifted = self.turned_away & (self.changes == 0) & (self.length <= radius)
        return np.asarray(self.flagged & ~lifted, dtype=np.bool_)


def try_vote(
    smoothed: Smoothed,
    problem: Problem,
    *,
    draws: int,
    alpha: float,
    queries: int,
    seed: int,
    budget: Budget,
) -> VoteTrial:
    """Certify all rows of a problem and attack them.

    Args:
        smoothed: the smoothed model; its space is the problem's ground.
        problem: the rows, and the ways between valid records.
        draws: noisy copies that prove each certificate, and each success of the attack.
        alpha: probability that any certificate is wrong; once more for the successes of the attack.
        queries: questions that the attack may ask the frozen vote for each row.
        seed: of noise and search.
        budget: charged with every noisy copy that the model scores, as `queries`.

    Raises:
        Incomplete: a success of the attack lies within a certificate, which happens with probability 2 alpha at most.
        OverBudget: the budget does not cover it.
    """
    rows = problem.origin
    rng = np.random.default_rng(seed)
    few = max(draws // 10, 20)
    budget.spend("queries", len(rows) * (few + 2 * draws))
    found = smoothed.certify(rows, rng=rng, n=draws, n0=few, alpha=alpha)
    witness = _attacked(smoothed, problem, queries, seed, budget)
    against = draws - smoothed.votes(witness, draws, rng)
    lifted = lower_bound(against, draws, alpha / len(rows)) > 0.5
    length, changes = smoothed.noise.moved(witness, rows)
    trial = VoteTrial(
        certificates=found,
        turned_away=lifted & found.flagged & ~found.abstained,
        length=np.where(lifted, length, np.inf),
        changes=np.where(lifted, changes, 0).astype(np.intp),
    )
    _refuse_contradiction(trial)
    return trial


def _attacked(smoothed: Smoothed, problem: Problem, queries: int, seed: int, budget: Budget) -> Matrix:
    """The cheapest valid change of each row that turns the frozen vote for good; the row itself where none was found.

    A bare majority of the frozen copies proves nothing, so that at most a quarter of them may still flag the row.
    """
    model = smoothed.as_model(n=COPIES, seed=seed)
    posed = Problem.of(model, problem.ground, (COPIES // 4 + 1) / COPIES, problem.origin)
    caught = np.flatnonzero(model.scores(smoothed.space.decode(posed.origin)) >= posed.threshold)
    budget.spend("queries", COPIES * (len(posed.origin) + queries * caught.size))
    witness = posed.origin.copy()
    if caught.size:
        account = Budget(deadline=budget.deadline)
        rng = np.random.default_rng(seed)
        witness[caught] = attack(posed, caught, account, rng, method=Method.SCORES, queries=queries).witness
    return witness


def _refuse_contradiction(trial: VoteTrial) -> None:
    inside = trial.turned_away & trial.certificates.covers(trial.length, trial.changes)
    if inside.any():
        raise Incomplete(
            f"the vote was turned within the certificates of {int(inside.sum())} records",
            why="noise explains that with a probability of twice the stated alpha at most",
            next_step="repeat with another seed; if it comes back, report it as a defect of Hauberk",
        )
