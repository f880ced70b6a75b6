# SPDX-License-Identifier: Apache-2.0
"""What a strategy is given: rows, domain, recipe, purse, and the means to train and to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain import Domain, Space
from hauberk.harden.candidate import Candidate
from hauberk.harden.effort import Effort
from hauberk.harden.learn import learn, suffix_of
from hauberk.harden.lesson import Lesson, is_event, matrix_of
from hauberk.harden.recipe import Recipe
from hauberk.model import ModelView, open_model
from hauberk.seal import digest_bytes
from hauberk.stats import auc


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """One training ground.

    Attributes:
        train: rows to train on.
        tune: labelled rows to choose on; no model is trained on them before the choice is made.
        label: name of the label; 1 is the event.
        features: columns that the shipped model reads and a learner can read.
        domain: what is valid, who can change what, and at what price.
        recipe: how to train.
        categories: values of the columns of words, in code order.
        purse: what an attacker can spend; infinite for any cost.
        alerts: share of rows that the business acts on.
        shipped: the shipped model.
        content: bytes of its file; empty for an endpoint.
        carriers: columns that the cheapest evasions of the shipped model change, most used first.
        allowance: area under the curve that a strategy may give up on the rows to choose on.
        area: area of a model that was trained like the shipped one, on the rows to choose on.
        effort: counts of work.
        seed: of everything that draws.
        settled: what the strategy chose before; it does not choose again.
        folder: where model files are written to be opened as the business would.
        memo: areas of models that were trained to compare options, so that two strategies do not train the same twice.
    """

    train: pl.DataFrame
    tune: pl.DataFrame
    label: str
    features: tuple[str, ...]
    domain: Domain
    recipe: Recipe
    purse: float
    alerts: float
    allowance: float
    area: float
    effort: Effort
    seed: int
    folder: Path
    shipped: ModelView
    content: bytes = b""
    categories: Mapping[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    carriers: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    memo: dict[tuple[str, ...], float] = field(default_factory=dict[tuple[str, ...], float])

    def lesson(self, features: Sequence[str] = (), extra: Sequence[Extra] = (), **constraints: Any) -> Lesson:
        """The rows to train on, and further ones, as a learner reads them.

        Args:
            features: columns; all by default.
            extra: further rows.
            constraints: of `Lesson`.
        """
        names = tuple(features) or self.features
        frames = [self.train, *(item.frame for item in extra)]
        events = [is_event(self.train, self.label), *(item.event for item in extra)]
        weights = [np.ones(self.train.height), *(np.full(item.frame.height, item.weight) for item in extra)]
        return Lesson(
            features=names,
            matrix=np.concatenate([matrix_of(frame, names, self.categories) for frame in frames]),
            event=np.concatenate(events),
            weight=np.concatenate(weights),
            categories={name: values for name, values in self.categories.items() if name in names},
            coded=tuple(name for name in self.recipe.categorical if name in names),
            **constraints,
        )

    def fit(self, lesson: Lesson) -> bytes:
        """Train by the recipe."""
        return learn(lesson, self.recipe, self.seed)

    def candidate(self, strategy: str, lesson: Lesson, done: Sequence[str], settled: Sequence[str] = ()) -> Candidate:
        """Train by the recipe, and say what was done."""
        return Candidate(
            strategy=strategy,
            content=self.fit(lesson),
            suffix=suffix_of(self.recipe),
            features=lesson.features,
            done=tuple(done),
            settled=tuple(settled),
        )

    def open(self, content: bytes, features: Sequence[str] = ()) -> ModelView:
        """Open a model file as the business would, from a file of its own."""
        path = self.folder / f"{digest_bytes(content)[7:19]}.model"
        path.write_bytes(content)
        return open_model(path, features=tuple(features) or self.features, threads=1, name=path.stem)

    def view(self, candidate: Candidate) -> ModelView:
        """Open a candidate; the shipped model itself where that is what it is."""
        same = candidate.content == self.content
        return self.shipped if same else self.open(candidate.content, candidate.features)

    def area_of(self, content: bytes, features: Sequence[str] = ()) -> float:
        """Area under the ROC curve on the rows to choose on."""
        view = self.open(content, features)
        return auc(view.scores(self.tune), is_event(self.tune, self.label) == 1.0)

    def remembered(self, name: tuple[str, ...], make: Callable[[], Lesson]) -> float:
        """Area of the model of a lesson, trained once for each name."""
        if name not in self.memo:
            lesson = make()
            self.memo[name] = self.area_of(self.fit(lesson), lesson.features)
        return self.memo[name]

    def events(self) -> pl.DataFrame:
        """The events among the rows to train on."""
        return self.train.filter(pl.Series(is_event(self.train, self.label) == 1.0))

    def space(self, rows: pl.DataFrame) -> Space:
        """The numeric view of the domain for these rows."""
        return Space(self.domain, self.features, rows)

    def smaller(self, share: float) -> Setting:
        """The same with a part of the allowance."""
        return replace(self, allowance=self.allowance * share)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extra:
    """Further rows to train on.

    Attributes:
        frame: the rows, with the features.
        event: their labels, shape (n,).
        weight: what each counts.
    """

    frame: pl.DataFrame
    event: NDArray[np.float64]
    weight: float = 1.0


def threshold_of(scores: NDArray[np.float64], share: float) -> float:
    """The score from which on about this share of the rows lies, in six significant digits, above 0 and at most 1.

    Example:
        >>> threshold_of(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), 0.4)
        0.4
    """
    value = float(np.quantile(scores, 1.0 - share, method="higher"))
    return min(max(float(f"{value:.6g}"), 1e-9), 1.0)
