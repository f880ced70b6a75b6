# SPDX-License-Identifier: Apache-2.0
"""One row's search: the relaxed problem from both sides, and the domain's word on what it finds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.certify import arrival
from hauberk.attack.certify.cells import Cells, Grid, cells_of
from hauberk.attack.certify.choices import Accept, Bracket, Choices, check_choices, is_exact
from hauberk.model.forest import Forest

TRAIL = 64
"""Choices that a search hands over at most."""

FIRST_ROUND = 50_000
"""Leaves that the first round under rules may look at, for the proof and for the hunt; doubled every round."""

ASKING = 8
"""Leaves a tree that one question to the domain is counted as."""


class Searcher:
    """Searches rows of one forest at one cut.

    Args:
        forest: the trees.
        cut: the margin that decides.
        flip: whether rows evade at or above the cut instead of below it.
        limit: costs beyond it are of no interest.
    """

    def __init__(self, forest: Forest, *, cut: float, flip: bool, limit: float) -> None:
        self._forest, self._cut, self._flip, self._limit = forest, cut, flip, limit
        self._grid = Grid.of(forest)
        # compiled code costs half a second to load: with the first search, not with the room
        self._bridge = arrival.kernels("woods")
        self._woods = self._bridge.woods_of(forest, cut, flip=flip)

    def search(
        self,
        choices: Choices,
        visits: int,
        *,
        accept: Accept | None,
        seed: NDArray[np.float64] | None,
        limit: float = math.inf,
    ) -> Bracket:
        """Bracket one row; see `hauberk.attack.certify.bracket`. The lesser of two limits counts."""
        check_choices(choices, self._forest.width, self._forest.library)
        cells = cells_of(self._forest, self._grid, choices)
        relaxed = _Relaxed(
            cells=cells,
            ways=self._bridge.ways_of(self._forest, cells, choices),
            woods=self._woods,
            limit=min(limit, self._limit),
            levels=np.unique(cells.cost) if len(cells.cost) else np.zeros(1),
        )
        if accept is None:
            return self._plain(choices, relaxed, visits, seed)
        court = _Court(accept=accept, cells=cells, row=choices.row)
        if seed is not None:
            court.hear(seed)
        return self._under_rules(relaxed, court, visits)

    def _plain(self, choices: Choices, relaxed: _Relaxed, visits: int, seed: NDArray[np.float64] | None) -> Bracket:
        known = None if seed is None else relaxed.cells.match(seed)
        found = relaxed.run(visits, start=known, cap=relaxed.limit)
        witness = relaxed.cells.row(choices.row, found.trail[-1]) if len(found.trail) else None
        return Bracket(
            lower=found.lower,
            upper=found.upper,
            witness=witness,
            exact=is_exact(found.lower, found.upper),
            visits=found.visits,
        )

    def _under_rules(self, relaxed: _Relaxed, court: _Court, visits: int) -> Bracket:
        """Rounds of proof and hunt: what evades in the trees is offered to the domain, and more of it sought."""
        lower, spent, chunk, asking = 0.0, 0, FIRST_ROUND, ASKING * len(self._woods.roots)
        found, every = relaxed.run(0), False
        spent += asking * sum(court.ask(chosen) for chosen in found.trail)
        while spent < visits and not every and not is_exact(lower, court.cost):
            if found.lower < min(found.upper, court.cost, relaxed.limit):
                found = relaxed.run(min(chunk, visits - spent), cap=min(court.cost, relaxed.limit))
                spent += found.visits
                lower = max(lower, min(found.lower, court.cost))
                spent += asking * sum(court.ask(chosen) for chosen in reversed(found.trail))
            if spent < visits and not is_exact(lower, court.cost):
                every, bag, seen = relaxed.hunt(court.cost, min(chunk, visits - spent))
                spent += seen + 1
                spent += asking * sum(court.ask(chosen) for chosen in relaxed.cheapest_first(bag))
            chunk *= 2
        lower = min(lower, court.cost)
        return Bracket(
            lower=lower, upper=court.cost, witness=court.point, exact=is_exact(lower, court.cost), visits=spent
        )


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a search of the relaxed problem says: choices dearest first."""

    lower: float
    upper: float
    trail: list[NDArray[np.int64]]
    visits: int


@dataclass(slots=True, kw_only=True)
class _Relaxed:
    """The problem without rules."""

    cells: Cells
    ways: Any
    woods: Any
    limit: float
    levels: NDArray[np.float64]

    def run(self, visits: int, *, start: NDArray[np.int64] | None = None, cap: float = math.inf) -> _Found:
        """Search from the beginning; `cap` is the cost of what is known already."""
        kernels = arrival.kernels("examine")
        trail = np.empty((TRAIL, len(self.cells.home)), dtype=np.int64), np.zeros(1, dtype=np.int64)
        for choice in (self.cells.home, start):
            if choice is not None and kernels.evades_at(choice, self.woods, self.ways):
                trail[0][0], trail[1][0] = choice, 1
                cap = min(cap, float(kernels.cost_of(choice, self.ways)))
        side = self._radius if self.ways.largest else self._purse
        lower, upper, seen = side(trail, cap, visits)
        return _Found(
            lower=lower,
            # without a choice, the upper end is what was known before
            upper=upper if trail[1][0] else math.inf,
            trail=[row.copy() for row in trail[0][: trail[1][0]]],
            visits=seen,
        )

    def _radius(self, trail: Any, cap: float, visits: int) -> tuple[float, float, int]:
        levels = self.levels[self.levels <= self.limit]
        ends, seen = np.array([0, int(np.searchsorted(levels, cap))]), np.array([0, visits])
        radius = arrival.kernels("radius")
        radius.search_radius((self.woods, self.ways), levels, trail, ends, seen)
        scale = [*levels.tolist(), min(cap, self.limit)]
        return float(scale[ends[0]]), float(scale[ends[1]]), int(seen[0])

    def _purse(self, trail: Any, cap: float, visits: int) -> tuple[float, float, int]:
        purse = arrival.kernels("purse")
        made = purse.Purse((self.woods, self.ways), trail=trail, cap=cap, budget=visits)
        made.search()
        return made.lower, made.upper, int(made.seen[0])

    def hunt(self, cost: float, visits: int) -> tuple[bool, list[NDArray[np.int64]], int]:
        """Different choices that evade and cost less; whether those are all (one a box), and leaves looked at."""
        purse = arrival.kernels("purse")
        bag = np.empty((TRAIL, len(self.cells.home)), dtype=np.int64), np.zeros(1, dtype=np.int64)
        cost = min(cost, float(np.nextafter(self.limit, np.inf)))
        verdict, seen = purse.hunt((self.woods, self.ways), cost, bag, visits)
        return verdict == purse.SAFE, [row.copy() for row in bag[0][: bag[1][0]]], seen

    def cheapest_first(self, choices: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
        """Choices in the order of their costs."""
        kernels = arrival.kernels("examine")
        return sorted(choices, key=lambda choice: float(kernels.cost_of(choice, self.ways)))


@dataclass(slots=True, kw_only=True)
class _Court:
    """The domain's word on choices, each asked about once."""

    accept: Accept
    cells: Cells
    row: NDArray[np.float64]
    cost: float = math.inf
    point: NDArray[np.float64] | None = None
    asked: set[bytes] = field(default_factory=set[bytes])

    def ask(self, chosen: NDArray[np.int64]) -> int:
        """Ask about a choice; return how many questions that took."""
        key = chosen.tobytes()
        if key in self.asked:
            return 0
        self.asked.add(key)
        self.hear(self.cells.row(self.row, chosen))
        return 1

    def hear(self, row: NDArray[np.float64]) -> None:
        """Ask about a row."""
        answer = self.accept(row)
        if answer is not None and answer[0] < self.cost:
            self.cost, self.point = answer
