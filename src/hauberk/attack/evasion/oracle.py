# SPDX-License-Identifier: Apache-2.0
"""The model as one attack meets it: which questions are new, what they cost, and what came back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.mixing import mix, row_keys
from hauberk.attack.evasion.problem import Flags, Matrix, Problem, Rows

_EDGE = 1e-12
"""Scores closer than this to 0 or 1 count as this close, so that a margin stays finite."""

_NEAREST = 1e-9
"""Smallest distance of a margin from the threshold: the side is decided by the score itself, never by rounding."""


def margins(scores: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Distance of scores from the threshold in log-odds: below 0 exactly where a record evades, NaN for no score.

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """Candidates on their way to the model, and how their answers find the way back.

    Attributes:
        rows: whose candidate each is, shape (m,).
        points: the candidates that the model has to see, shape (q, k).
        owner: whose these are, shape (q,).
        new: their places among the distinct candidates, shape (q,).
        known: what is known of the distinct candidates already, NaN for nothing.
        back: for each candidate its place among the distinct ones, shape (m,).
        names: fingerprints of the distinct candidates; empty without a memory.
    """

    rows: Rows
    points: Matrix
    owner: Rows
    new: NDArray[np.intp]
    known: NDArray[np.float64]
    back: NDArray[np.intp]
    names: NDArray[np.uint64]


@dataclass(slots=True, kw_only=True)
class Oracle:
    """What one attack may ask, what it asked, and what it was told, row by row.

    A candidate that was asked before for the same row is answered from memory and costs nothing; a question beyond a
    row's allowance is not asked, and its margin is NaN. So is that of a candidate on which the model failed, which counts
    as asked.

    Attributes:
        problem: whose model answers.
        allowance: questions allowed for each row.
        labels_only: the attacker sees which side of the threshold a record falls on and nothing more; margins are then
            1 and -1.
        remembers: whether answers are kept; on a ground of real numbers no candidate comes twice.
        used: questions asked, by row.
        first: number of the first question that was answered with an evasion, by row; 0 where none was.
        failed: questions on which the model failed, by row.
    """

    problem: Problem
    allowance: int
    labels_only: bool = False
    remembers: bool = True
    used: NDArray[np.int64] = field(init=False)
    first: NDArray[np.int64] = field(init=False)
    failed: NDArray[np.int64] = field(init=False)
    _memory: dict[int, float] = field(init=False, default_factory=dict[int, float])
    _asked: dict[int, list[list[int]]] = field(init=False, default_factory=dict[int, list[list[int]]])

    def __post_init__(self) -> None:
        n = self.problem.origin.shape[0]
        self.used = np.zeros(n, dtype=np.int64)
        self.first = np.zeros(n, dtype=np.int64)
        self.failed = np.zeros(n, dtype=np.int64)

    def left(self, rows: Rows) -> NDArray[np.int64]:
        """Questions that each of these rows may still ask."""
        return self.allowance - self.used[rows]

    def pose(self, rows: Rows, points: Matrix) -> Posed:
        """Sort out which candidates the model has to see.

        Args:
            rows: which row each candidate belongs to, shape (m,).
            points: valid, reachable candidates, shape (m, k).
        """
        if not self.remembers or rows.size == 0:
            new: NDArray[np.intp] = np.flatnonzero(rank_within(rows) < self.left(rows))
            blank = np.full(rows.size, np.nan)
            everyone: NDArray[np.intp] = np.arange(rows.size)
            none = np.zeros(0, dtype=np.uint64)
            return Posed(
                rows=rows, points=points[new], owner=rows[new], new=new, known=blank, back=everyone, names=none
            )
        names, where, back = np.unique(_names(rows, points), return_index=True, return_inverse=True)
        known = np.array([self._memory.get(name, np.inf) for name in names.tolist()])
        new = np.flatnonzero(np.isinf(known))  # a candidate on which the model failed is known to be NaN
        known[new] = np.nan
        new = new[np.argsort(where[new])]
        owner = rows[where[new]]
        new = new[rank_within(owner) < self.left(owner)]
        asked = where[new]
        return Posed(rows=rows, points=points[asked], owner=rows[asked], new=new, known=known, back=back, names=names)

    def take(self, posed: Posed, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Margins of all candidates, shape (m,): below 0 for an evasion, above 0 otherwise, NaN for no answer.

        Args:
            posed: as returned by `pose`.
            scores: what the model said, shape (q,); NaN where it failed.
        """
        if posed.new.size:
            found = margins(scores, self.problem.threshold)
            found = np.sign(found) if self.labels_only else found
            posed.known[posed.new] = found
            self._count(posed.owner, found)
            if self.remembers:
                self._remember(posed.owner, posed.names[posed.new], found)
        answers: NDArray[np.float64] = posed.known[posed.back]
        return answers

    def unknown(self, rows: Rows, points: Matrix) -> Flags:
        """Which candidates were not asked before, each named once; shapes as in `pose`."""
        keys = _names(rows, points)
        new = np.zeros(rows.size, dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        return new & np.array([name not in self._memory for name in keys.tolist()], dtype=np.bool_)

    def forget(self, rows: Rows) -> None:
        """Drop the memory of rows that are done; their accounts stay."""
        for row in rows.tolist():
            for names in self._asked.pop(row, []):
                for name in names:
                    self._memory.pop(name, None)

    def _count(self, rows: Rows, found: NDArray[np.float64]) -> None:
        number = self.used[rows] + rank_within(rows) + 1
        hits = (found < 0) & (self.first[rows] == 0)
        late = np.flatnonzero(hits)[::-1]
        self.first[rows[late]] = number[late]
        self.used += np.bincount(rows, minlength=self.used.size)
        failed = np.isnan(found)
        if failed.any():
            self.failed += np.bincount(rows[failed], minlength=self.failed.size)

    def _remember(self, rows: Rows, keys: NDArray[np.uint64], found: NDArray[np.float64]) -> None:
        self._memory.update(zip(keys.tolist(), found.tolist(), strict=True))
        order = np.argsort(rows, kind="stable")
        who, starts = np.unique(rows[order], return_index=True)
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
    in_order = bool((rows[1:] >= rows[:-1]).all())
    order = np.arange(rows.size) if in_order else np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.append(starts, rows.size))
    rank = np.empty(rows.size, dtype=np.intp)
    rank[order] = np.arange(rows.size) - np.repeat(starts, lengths)
    return rank
