# SPDX-License-Identifier: Apache-2.0
"""The model as an attacker meets it: it answers questions, and it counts them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.assess.budget import Budget
from hauberk.attack.evasion.mixing import mix, row_keys
from hauberk.attack.evasion.problem import Flags, Matrix, Problem, Rows
from hauberk.core.errors import Incomplete

_EDGE = 1e-12
"""Scores closer than this to 0 or 1 count as this close, so that a margin stays finite."""

_NEAREST = 1e-9
"""Smallest distance of a margin from the threshold: the side is decided by the score itself, never by rounding."""


def margins(scores: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Distance of scores from the threshold in log-odds: below 0 exactly where a record evades.

    Example:
        >>> margins(np.array([0.5, 0.499, 0.7]), 0.5).round(3).tolist()
        [0.0, -0.004, 0.847]
    """
    clipped = np.clip(scores, _EDGE, 1.0 - _EDGE)
    cut = min(max(threshold, _EDGE), 1.0 - _EDGE)
    distance = np.log(clipped / (1.0 - clipped)) - np.log(cut / (1.0 - cut))
    below: NDArray[np.float64] = np.minimum(distance, -_NEAREST)
    above: NDArray[np.float64] = np.maximum(distance, _NEAREST)
    return np.where(scores < threshold, below, above)


@dataclass(slots=True, kw_only=True)
class Oracle:
    """Answers questions about candidates and keeps the account of each row.

    A candidate that was asked before for the same row is answered from memory and costs nothing; a question beyond a
    row's allowance is not asked, and its margin is NaN.

    Attributes:
        problem: whose model answers.
        allowance: questions allowed for each row.
        budget: the check's own account; it also carries the deadline.
        labels_only: the attacker sees which side of the threshold a record falls on and nothing more; margins are then
            1 and -1.
        batch: most candidates that the model sees at a time.
        used: questions asked, by row.
        first: number of the first question that was answered with an evasion, by row; 0 where none was.
    """

    problem: Problem
    allowance: int
    budget: Budget
    labels_only: bool = False
    batch: int = 16_384
    used: NDArray[np.int64] = field(init=False)
    first: NDArray[np.int64] = field(init=False)
    _memory: dict[int, float] = field(init=False, default_factory=dict[int, float])
    _asked: dict[int, list[list[int]]] = field(init=False, default_factory=dict[int, list[list[int]]])

    def __post_init__(self) -> None:
        n = self.problem.origin.shape[0]
        self.used = np.zeros(n, dtype=np.int64)
        self.first = np.zeros(n, dtype=np.int64)

    def left(self, rows: Rows) -> NDArray[np.int64]:
        """Questions that each of these rows may still ask."""
        return self.allowance - self.used[rows]

    def ask(self, rows: Rows, points: Matrix) -> NDArray[np.float64]:
        """Margins of candidates.

        Args:
            rows: which row each candidate belongs to, shape (m,).
            points: valid, reachable candidates, shape (m, k).

        Returns:
            Shape (m,): below 0 for an evasion, above 0 otherwise, NaN for a question beyond the allowance.

        Raises:
            TimedOut: the deadline has passed.
            UsageError: the model's answer is no probability.
        """
        if rows.size == 0:
            return np.zeros(0)
        names, where, back = np.unique(_names(rows, points), return_index=True, return_inverse=True)
        known = np.array([self._memory.get(name, np.nan) for name in names.tolist()])
        new = np.flatnonzero(np.isnan(known))
        new = new[np.argsort(where[new])]
        owner = rows[where[new]]
        new = new[rank_within(owner) < self.left(owner)]
        if new.size:
            known[new] = self._ask_model(points[where[new]])
            self._remember(rows[where[new]], names[new], known[new])
        answers: NDArray[np.float64] = known[back]
        return answers

    def unknown(self, rows: Rows, points: Matrix) -> Flags:
        """Which candidates were not asked before, each named once; shapes as in `ask`."""
        keys = _names(rows, points)
        new = np.zeros(rows.size, dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        return new & np.array([name not in self._memory for name in keys.tolist()], dtype=np.bool_)

    def forget(self, rows: Rows) -> None:
        """Drop the memory of rows that are done; their accounts stay."""
        for row in rows.tolist():
            for names in self._asked.pop(row, []):
                for name in names:
                    del self._memory[name]

    def _ask_model(self, points: Matrix) -> NDArray[np.float64]:
        found = np.empty(points.shape[0])
        model, features = self.problem.model, list(self.problem.model.features)
        for start in range(0, points.shape[0], self.batch):
            part = slice(start, min(start + self.batch, points.shape[0]))
            self.budget.spend("queries", part.stop - part.start)
            scores = model.scores(self.problem.ground.decode(points[part]).select(features))
            if not np.isfinite(scores).all():
                raise Incomplete(
                    "the model answered a valid record with a score that is not a number",
                    where=model.name,
                    next_step="score the records of the domain's corners by hand and repair the model",
                )
            found[part] = margins(scores, self.problem.threshold)
        return np.sign(found) if self.labels_only else found

    def _remember(self, rows: Rows, keys: NDArray[np.uint64], found: NDArray[np.float64]) -> None:
        self._memory.update(zip(keys.tolist(), found.tolist(), strict=True))
        number = self.used[rows] + rank_within(rows) + 1
        hits = (found < 0) & (self.first[rows] == 0)
        late = np.flatnonzero(hits)[::-1]
        self.first[rows[late]] = number[late]
        order = np.argsort(rows, kind="stable")
        who, starts, counts = np.unique(rows[order], return_index=True, return_counts=True)
        self.used[who] += counts
        for row, names in zip(who.tolist(), np.split(keys[order], starts[1:]), strict=True):
            self._asked.setdefault(row, []).append(names.tolist())


def _names(rows: Rows, points: Matrix) -> NDArray[np.uint64]:
    return mix(row_keys(points) ^ rows.astype(np.uint64))


def rank_within(rows: Rows) -> NDArray[np.intp]:
    """Place of each entry among the entries of its own row, from 0, in the order given.

    Example:
        >>> rank_within(np.array([7, 3, 7, 7, 3])).tolist()
        [0, 0, 1, 2, 1]
    """
    if rows.size == 0:
        return np.zeros(0, dtype=np.intp)
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.append(starts, rows.size))
    rank = np.empty(rows.size, dtype=np.intp)
    rank[order] = np.arange(rows.size) - np.repeat(starts, lengths)
    return rank
