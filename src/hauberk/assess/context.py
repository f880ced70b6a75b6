# SPDX-License-Identifier: Apache-2.0
"""What a check may look at. There are no globals: everything comes through the context."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hauberk.assess.budget import Budget
from hauberk.assess.standing import Told, nobody
from hauberk.core.asset import SignatureState
from hauberk.core.ports import Clock, SystemClock
from hauberk.core.run import Waived
from hauberk.domain import Domain
from hauberk.model import ModelView
from hauberk.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """How an evaded decision becomes an amount.

    Attributes:
        currency: currency code; empty if no money terms were declared.
        amount: column that holds the amount at stake in a record, in major units; empty for a flat loss.
        share: share of the amount that is lost when the event is missed, above 0 and at most 1.
        flat: loss per missed event in major units, added to the share.
        digits: digits of the currency's minor unit.
    """

    currency: str = ""
    amount: str = ""
    share: float = 1.0
    flat: float = 0.0
    digits: int = 2

    @property
    def formula(self) -> str:
        """The loss of one missed event, in words."""
        parts: list[str] = []
        if self.amount:
            parts.append(f"{self.share:g} x {self.amount}")
        if self.flat or not parts:
            parts.append(f"{self.flat:g}")
        return f"loss = {' + '.join(parts)} {self.currency}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a run has in front of it. What is absent is None or empty, and the plan knows.

    Attributes:
        data: the training data.
        holdout: labelled rows that the model was not trained on; attacks take their rows from here.
        reference: rows that a person trusts.
        label: name of the label column; 1 is the event.
        time: name of the time column.
        groups: columns whose values name subgroups.
        domain: what a valid record is.
        model: the model under assessment.
        threshold: score from which on the business acts.
        money: how a missed event becomes an amount.
        provenance: what is recorded of the data's origin: `owner`, `licence`, `origin`, `collected`, `digest`.
        signature: what is known of the model's signature.
        waivers: waivers declared by the project, expired ones included.
        now_us: the run's start in UTC microseconds; checks use this, never the wall clock.
    """

    data: Table | None = None
    holdout: Table | None = None
    reference: Table | None = None
    label: str = ""
    time: str = ""
    groups: tuple[str, ...] = ()
    domain: Domain | None = None
    model: ModelView | None = None
    threshold: float = 0.5
    money: Money = field(default_factory=Money)
    provenance: dict[str, str] = field(default_factory=dict)
    signature: SignatureState | None = None
    waivers: tuple[Waived, ...] = ()
    now_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext(Situation):
    """What a check gets: the situation, and the means to work on it.

    Attributes:
        rng: generator seeded from the run's seed and the check's id.
        run_seed: seed of the run itself, for work that several checks share; see `shared_seed`.
        budget: work units and deadline.
        clock: where the time comes from; for display only.
        cache: results shared between the checks of one run in one process, by key; a check must give the same result
            with an empty cache.
        limits: sentences appended here state what the check cannot see; they end up in its outcome.
        gaps: sentences appended here state what should have been examined and could not be, such as records for which an
            endpoint stopped answering. The outcome then ends as an error with these as its reason, and keeps what was
            found; it never passes.
        evidence: tables appended here belong to the outcome as a whole.
        tell: told how the check stands, now and then; for display, and for what is kept of an interrupted run.
    """

    rng: np.random.Generator
    run_seed: int = 0
    budget: Budget = field(default_factory=Budget)
    clock: Clock = field(default_factory=SystemClock)
    cache: dict[str, Any] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    evidence: list[Any] = field(default_factory=list)
    tell: Told = nobody
