# SPDX-License-Identifier: Apache-2.0
"""Candidates by chance: scattered over the domain, or bred from a row's pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.board import HIT, MISS, PLACES, Board
from hauberk.attack.evasion.moves import NONE, Menu, scatter
from hauberk.attack.evasion.problem import Matrix, Rows
from hauberk.attack.evasion.scene import Ask, Draft, Scene, When

DRAWS = 5
"""Uniform numbers that one child needs for each column that can change, beside `HEAD`."""

HEAD = 6
"""Uniform numbers that one child needs beside those for its columns."""

_HITS = 0.7
"""Chance that a parent comes from the hits, where there are any."""

_CROSS, _BACK, _PART = 0.5, 1.2, 0.4
"""Chance that a child has two parents; expected number of changes taken back, and of changes made smaller."""


def breed(board: Board, menu: Menu, rows: Rows, chance: NDArray[np.float64], *, misses: bool = True) -> Matrix:
    """Make one child for each entry of `rows`, before projection.

    Two parents are crossed, changes are taken back, new values tried, and changes made in part.

    Args:
        board: the standing of all rows.
        menu: the values to draw from.
        rows: whose child each is, shape (m,).
        chance: uniform numbers from 0 to 1, shape (m, HEAD + DRAWS M).
        misses: whether misses become parents where there are hits.

    Returns:
        Shape (m, k).
    """
    columns, count = menu.columns, menu.columns.size
    head = chance[:, :HEAD]
    cross, back, new, pick, part = np.split(chance[:, HEAD:], DRAWS, axis=1)
    first = _parent(board, rows, head[:, 0] ** 2, head[:, 4] * misses)
    second = _parent(board, rows, head[:, 1], head[:, 5] * misses)
    origin = board.origin[rows][:, columns]
    mother = board.pool[rows, first][:, columns]
    father = board.pool[rows, second][:, columns]
    both = (head[:, 2:3] < _CROSS) & (cross < 0.5)
    child = np.where(both, father, mother)
    many = np.maximum((child != origin).sum(axis=1, keepdims=True), 1)
    child = np.where(back < np.minimum(_BACK / many, 0.5), origin, child)
    value = menu.pick(rows, pick)
    fresh = (new < np.maximum(head[:, 3:4] * 3.0, 1.0) / count) & (value != NONE)
    child = np.where(fresh, value, child)
    closer = origin + part / (_PART / many) * (child - origin)
    child = np.where((part < _PART / many) & ~np.isnan(closer), closer, child)
    points = board.origin[rows].copy()
    points[:, columns] = child
    return points


def _parent(board: Board, rows: Rows, rank: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.intp]:
    """Place in the pool, by a uniform rank and a uniform choice between hits and misses."""
    hits, misses = board.filled(rows, HIT), board.filled(rows, MISS)
    hit = ((side < _HITS) | (misses == 0)) & (hits > 0)
    place = np.floor(rank * np.maximum(np.where(hit, hits, misses), 1)).astype(np.intp)
    return np.where(hit, place, place + PLACES)


@dataclass(slots=True, kw_only=True)
class Breed:
    """Breed from each row's pool.

    Attributes:
        scene: what all tactics share.
        most: candidates that are asked for each row in one turn.
        litter: children that are made for each that is asked; those that are no bargain are never asked.
        misses: whether misses become parents; without margins one miss is as good as any other.
    """

    scene: Scene
    most: int = 32
    litter: int = 3
    misses: bool = True
    when: When = When.ALWAYS
    again: bool = False

    def draft(self, rows: Rows) -> Draft:
        """A litter of children for each row."""
        scene = self.scene
        count = self.most * self.litter
        chance = scene.luck.draw(rows, count, HEAD + DRAWS * scene.menu.columns.size)
        owner = np.repeat(rows, count)
        children = breed(scene.board, scene.menu, owner, chance, misses=self.misses)
        return scene.promising(owner, children, 2 * self.most)

    def settle(self, ask: Ask) -> Ask:
        """Up to `most` new bargains for each row."""
        return self.scene.bargains(ask, self.most)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Nothing is kept: the board has the answers."""

    def forget(self, rows: Rows) -> None:
        """Nothing is kept."""


@dataclass(slots=True, kw_only=True)
class Bargain:
    """Random records that cost less than the evasion at hand: whatever a clever search would never think of.

    Attributes:
        scene: what all tactics share.
        most: candidates that are asked for each row in one turn.
        litter: records that are drawn for each that is asked; those that are no bargain are never asked.
    """

    scene: Scene
    most: int = 16
    litter: int = 8
    when: When = When.EVADED
    again: bool = False

    def draft(self, rows: Rows) -> Draft:
        """Records with few changes more often than with many."""
        scene = self.scene
        count = self.most * self.litter
        chance = scene.luck.draw(rows, count, 1 + 2 * scene.menu.columns.size)
        chance[:, 0] **= 2
        owner = np.repeat(rows, count)
        return scene.promising(owner, scatter(scene.menu, owner, scene.home(owner), chance), 2 * self.most)

    def settle(self, ask: Ask) -> Ask:
        """Up to `most` new bargains for each row."""
        return self.scene.bargains(ask, self.most)

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Nothing is kept: the board has the answers."""

    def forget(self, rows: Rows) -> None:
        """Nothing is kept."""


@dataclass(slots=True, kw_only=True)
class Scatter:
    """Random valid records: the floor beside every clever attack, and the first words of one that sees labels alone.

    Attributes:
        scene: what all tactics share.
        most: candidates that are asked for each row in one turn.
    """

    scene: Scene
    most: int = 32
    when: When = When.ALWAYS
    again: bool = False

    def draft(self, rows: Rows) -> Draft:
        """`most` records for each row."""
        scene = self.scene
        chance = scene.luck.draw(rows, self.most, 1 + 2 * scene.menu.columns.size)
        owner = np.repeat(rows, self.most)
        return Draft.plain(owner, scatter(scene.menu, owner, scene.home(owner), chance))

    def settle(self, ask: Ask) -> Ask:
        """All of them, whatever they cost."""
        return ask

    def learn(self, ask: Ask, margins: NDArray[np.float64]) -> None:
        """Nothing is kept: the board has the answers."""

    def forget(self, rows: Rows) -> None:
        """Nothing is kept."""
