# SPDX-License-Identifier: Apache-2.0
"""Both sides at once: a proven lower bound and a witnessed upper bound of what it costs to evade a forest."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify.cells import Cells, Grid, cells_of
from hauberk.attack.certify.choices import Accept, Bracket, Choices, Total, check_choices, is_exact
from hauberk.model.forest import Forest


def bracket(
    forest: Forest,
    choices: Choices,
    *,
    cut: float,
    visits: int,
    flip: bool = False,
    accept: Accept | None = None,
    seed_witness: NDArray[np.float64] | None = None,
) -> Bracket:
    """Return what is proven and what was found about the cheapest choice that evades.

    Args:
        forest: the trees; output 0 decides.
        choices: what the row can become.
        cut: a row evades where its margin is below this.
        visits: leaves that may be looked at; the search ends within one step of it.
        flip: a row evades where its margin is at or above the cut instead.
        accept: the domain's word on a witness.
        seed_witness: a row that is believed to evade, shape (width,), with no better cost known than what `accept` says;
            taken only with an `accept`, which prices it.

    Raises:
        UsageError: the choices cannot mean anything.
    """
    check_choices(choices, forest.width, forest.library)
    return _Search(forest, Grid.of(forest), choices, cut=cut, flip=flip, accept=accept).run(visits, seed_witness)


def bracket_many(
    forest: Forest,
    many: Sequence[Choices],
    *,
    cut: float,
    visits: int,
    flip: bool = False,
    accept: Accept | None = None,
) -> list[Bracket]:
    """Return one bracket a row, the same as `bracket` gives for it alone, with the forest read once.

    Args:
        forest: the trees.
        many: one entry a row.
        cut: as in `bracket`.
        visits: leaves that may be looked at for each row.
        flip: as in `bracket`.
        accept: as in `bracket`.
    """
    grid = Grid.of(forest)
    for choices in many:
        check_choices(choices, forest.width, forest.library)
    return [_Search(forest, grid, choices, cut=cut, flip=flip, accept=accept).run(visits, None) for choices in many]


class _Search:
    def __init__(
        self, forest: Forest, grid: Grid, choices: Choices, *, cut: float, flip: bool, accept: Accept | None
    ) -> None:
        self.forest, self.choices, self.flip, self.accept = forest, choices, flip, accept
        self.cells: Cells = cells_of(forest, grid, choices)
        self.sign = -1.0 if flip else 1.0
        mine = np.flatnonzero(forest.slots == 0)
        self.roots = forest.roots[mine]
        self.values = self.sign * forest.values[:, 0].astype(np.float64)
        self.cut = cut
        self.aim = self.sign * cut * forest.divisor
        greatest = float(np.abs(self.values).sum()) if len(mine) == 0 else self._greatest()
        precision = float(np.finfo(forest.values.dtype).eps)
        self.slack = (len(mine) + 4) * precision * (greatest + abs(float(forest.start[0])) + abs(self.aim))
        self.base = self.sign * float(forest.start[0])
        self.upper, self.witness, self.stuck, self.visits = math.inf, None, math.inf, 0
        self.kernels = import_module("hauberk.attack.certify.walks")

    def _greatest(self) -> float:
        inner = self.forest.child < 0
        tree = np.searchsorted(self.forest.roots, np.flatnonzero(inner), side="right") - 1
        most = np.zeros(self.forest.trees)
        np.maximum.at(most, tree, np.abs(self.values[-1 - self.forest.child[inner]]))
        return float(most[self.forest.slots == 0].sum())

    def evades(self, row: NDArray[np.float64]) -> bool:
        margin = float(self.forest.margins(row[None, :])[0, 0])
        return margin >= self.cut if self.flip else margin < self.cut

    def offer(self, row: NDArray[np.float64], cost: float) -> None:
        if not self.evades(row):
            return
        answer = (cost, row) if self.accept is None else self.accept(row)
        if answer is None or answer[0] > cost:
            self.stuck = min(self.stuck, cost)
        if answer is not None and answer[0] < self.upper:
            self.upper, self.witness = answer

    def price(self, allowed: NDArray[np.int64]) -> tuple[float, NDArray[np.int64]]:
        cells = self.cells
        chosen = np.zeros(len(cells.home), dtype=np.int64)
        for b in range(len(cells.home)):
            ks = np.arange(cells.first[b], cells.first[b + 1])
            ks = ks[allowed[ks] == 0]
            chosen[b] = ks[np.argmin(cells.cost[ks])]
        costs = cells.cost[chosen].tolist()
        return (max(costs, default=0.0) if self.choices.total is Total.MAX else math.fsum(costs)), chosen

    def run(self, budget: int, seed: NDArray[np.float64] | None) -> Bracket:
        if seed is not None and self.accept is not None:
            answer = self.accept(seed)
            if answer is not None and self.evades(answer[1]):
                self.upper, self.witness = answer
        queue: list[tuple[float, int, NDArray[np.int64]]] = [(0.0, 0, np.zeros(len(self.cells.cost), dtype=np.int64))]
        count = 0
        f = self.forest
        row = f.prepare(self.choices.row[None, :])[0].astype(np.float64)
        lower = math.inf
        while queue:
            if queue[0][0] >= self.upper:
                lower = self.upper
                break
            if self.visits >= budget:
                lower = queue[0][0]
                break
            low, _, allowed = heapq.heappop(queue)
            score = np.zeros(len(self.cells.home))
            total, opened, seen = self.kernels.bound(
                row,
                (f.feature, f.threshold, f.child, f.flags),
                (f.first_word, f.word_count, f.words),
                (self.roots, self.values),
                (self.cells.column, self.cells.place, self.cells.first, self.cells.value),
                allowed,
                score,
            )
            self.visits += seen
            if total + self.base > self.aim + self.slack:
                continue
            low, chosen = self.price(allowed)
            self.offer(self.cells.row(self.choices.row, chosen), low)
            if opened == 0:
                continue
            for child in self._split(allowed, score):
                count += 1
                heapq.heappush(queue, (max(low, self.price(child)[0]), count, child))
        lower = min(lower, self.stuck, self.upper)
        return Bracket(
            lower=lower, upper=self.upper, witness=self.witness, exact=is_exact(lower, self.upper), visits=self.visits
        )

    def _split(self, allowed: NDArray[np.int64], score: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        sizes = np.array([(allowed[a:b] == 0).sum() for a, b in zip(self.cells.first[:-1], self.cells.first[1:])])
        block = int(np.argmax(np.where(sizes > 1, score + 1e-12 * sizes, -1.0)))
        ks = np.arange(self.cells.first[block], self.cells.first[block + 1])
        ks = ks[allowed[ks] == 0]
        half = len(ks) // 2
        out = []
        for part in (ks[:half], ks[half:]):
            child = allowed.copy()
            child[np.setdiff1d(ks, part)] += 1
            out.append(child)
        return out
