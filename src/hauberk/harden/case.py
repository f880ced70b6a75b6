# SPDX-License-Identifier: Apache-2.0
"""What is to be hardened: the shipped model, its tables, and what an attacker can do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from hauberk.assess import Money, Situation
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.domain import Domain, Space
from hauberk.harden.lesson import is_event, learnable
from hauberk.harden.split import LEAST, part
from hauberk.model import ModelView

TUNE_SHARE = 0.25
"""Part of the training rows that candidates are chosen on."""

HOLDOUT_SHARE = 0.25
"""Part of the training rows that is kept for the report where the project has no holdout."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One model to harden.

    Attributes:
        model: the shipped model.
        content: bytes of its file; empty for an endpoint.
        threshold: score from which on the business acts.
        domain: what is valid, who can change what, and at what price.
        label: name of the label; 1 is the event.
        train: labelled rows to train on, part of them to choose on.
        holdout: labelled rows for the report, in no other use.
        time: name of the time column; empty for none.
        money: how a missed event becomes an amount.
        features: columns that the model reads and a learner can read.
        notes: what a reader must know of the rows.
    """

    model: ModelView
    content: bytes
    threshold: float
    domain: Domain
    label: str
    train: pl.DataFrame
    holdout: pl.DataFrame
    features: tuple[str, ...]
    time: str = ""
    money: Money = field(default_factory=Money)
    notes: tuple[str, ...] = ()


def case_of(situation: Situation, content: bytes, seed: int) -> Case:
    """Take what is needed from a situation, and refuse where hardening cannot mean anything.

    Args:
        situation: what the project declares.
        content: bytes of the model file; empty for an endpoint.
        seed: of the split where there is no holdout.

    Raises:
        UsageError: no model, no training table, no domain or no label was declared, or the model's columns are not in it.
        NothingToExamine: one class only, too few rows, or an attacker who can change nothing.
    """
    model, domain, data = situation.model, situation.domain, situation.data
    if data is None:
        raise UsageError("a model is hardened by training it again, and no training table was declared",
                         where="[data] train", next_step="name the training table in the project file")  # fmt: skip
    if model is None:
        raise UsageError("no model was declared", where="[model] path", next_step="name one in the project file")
    if domain is None or not situation.label:
        raise UsageError("the name of the label was not declared", where="[data] label", next_step="name it")
    frame = data.frame()
    _require_classes(frame, situation.label, "train")
    space = Space(domain, model.features, frame.head(1))
    if not space.mutable.any():
        raise NothingToExamine(
            "the attacker can change no column that the model reads, so that there is nothing to harden against",
            next_step="review changed_by in the domain",
        )
    features = learnable(model.features, frame)
    notes = [f"{name} is no number and no word, and is left out" for name in model.features if name not in features]
    train, holdout = frame, None if situation.holdout is None else situation.holdout.frame()
    if holdout is None:
        train, holdout = part(frame, situation.label, HOLDOUT_SHARE, seed, time=situation.time)
        notes.append(
            "There is no holdout: a quarter of the training rows was kept for the report. The shipped model was trained on "
            "them, so that it looks better on them than it is, and the hardened one looks worse beside it."
        )
    _require_classes(holdout, situation.label, "holdout")
    return Case(
        model=model, content=content, threshold=situation.threshold, domain=domain, label=situation.label, train=train,
        holdout=holdout, features=features, time=situation.time, money=situation.money, notes=tuple(notes),
    )  # fmt: skip


def _require_classes(frame: pl.DataFrame, label: str, role: str) -> None:
    if label not in frame.columns:
        raise UsageError(f"the {role} table has no label column {label!r}", where=f"[data] {role}")
    events = int(np.count_nonzero(is_event(frame, label)))
    if min(events, frame.height - events) < LEAST:
        raise NothingToExamine(
            f"the {role} table holds {events} events and {frame.height - events} other rows; {LEAST} of each are needed",
            where=f"[data] {role}",
            next_step="give a table with both classes",
        )
