# SPDX-License-Identifier: Apache-2.0
"""A small ground that can be enumerated, and toy models with a known cheapest evasion."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from hauberk.attack.evasion.problem import Problem
from hauberk.model.view import ModelView


@dataclass
class Grid:
    """Integer columns from 0 to `high`; the last column, if `linked`, is the sum of the first two; a rule may bind."""

    high: tuple[int, ...]
    fixed: tuple[float, ...]
    unit: tuple[float, ...]
    frozen: tuple[int, ...] = ()
    upward: tuple[int, ...] = ()
    linked: bool = False
    cap: float = np.inf  # rule: the sum of all free columns stays at or below it
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self):
        k = len(self.high) + self.linked
        self.names = tuple(f"x{i}" for i in range(k))
        self.blocks = tuple((i,) for i in range(len(self.high)) if i not in self.frozen)
        self.mutable = np.array([i not in self.frozen and i < len(self.high) for i in range(k)])

    def decode(self, points):
        return pl.DataFrame({name: points[:, i].astype(np.int64) for i, name in enumerate(self.names)})

    def encode(self, frame):
        return frame.select(self.names).to_numpy().astype(np.float64)

    def valid(self, points):
        body = points[:, : len(self.high)]
        good = ((body >= 0) & (body <= np.array(self.high)) & (body == np.rint(body))).all(axis=1)
        good &= body.sum(axis=1) <= self.cap
        if self.linked:
            good &= points[:, -1] == body[:, 0] + body[:, 1]
        return good

    def reachable(self, points, origin):
        n = len(self.high)
        same = (points[:, list(self.frozen)] == origin[:, list(self.frozen)]).all(axis=1)
        up = (points[:, list(self.upward)] >= origin[:, list(self.upward)]).all(axis=1)
        return same & up & (points[:, :n].shape[1] == n)

    def project(self, points, origin):
        moved = points.copy()
        n = len(self.high)
        moved[:, :n] = np.clip(np.rint(points[:, :n]), 0, np.array(self.high))
        moved[:, list(self.frozen)] = origin[:, list(self.frozen)]
        up = list(self.upward)
        moved[:, up] = np.maximum(moved[:, up], origin[:, up])
        if self.linked:
            moved[:, -1] = moved[:, 0] + moved[:, 1]
        good = self.valid(moved) & self.reachable(moved, origin)
        return np.where(good[:, None], moved, origin)

    def price(self, points, origin):
        n = len(self.high)
        change = np.abs(points[:, :n] - origin[:, :n])
        return (np.array(self.fixed) * (change > 0) + np.array(self.unit) * change).sum(axis=1)

    def levels(self, j, origin=None):
        return np.arange(self.high[j] + 1, dtype=np.float64)

    def everything(self):
        """Every valid point."""
        body = np.array(list(itertools.product(*[range(h + 1) for h in self.high])), dtype=np.float64)
        if self.linked:
            body = np.column_stack([body, body[:, 0] + body[:, 1]])
        return body[self.valid(body)]

    def cheapest(self, score, threshold, origin):
        """Price of the cheapest evasion of each row by enumeration; infinite where there is none."""
        points = self.everything()
        through = points[score(points) < threshold]
        best = np.full(origin.shape[0], np.inf)
        for row, start in enumerate(origin):
            home = np.repeat(start[None, :], through.shape[0], axis=0)
            prices = self.price(through, home)[self.reachable(through, home)]
            best[row] = prices.min(initial=np.inf)
        return best


class Counting:
    """A scorer over plain numbers that counts what it is asked."""

    def __init__(self, score):
        self.score = score
        self.rows = 0

    def __call__(self, frame):
        self.rows += frame.height
        return self.score(frame.to_numpy().astype(np.float64))


def sigmoid(margin):
    return 1.0 / (1.0 + np.exp(-margin))


def forest(seed, high, trees=30, depth=4):
    """A random forest of random trees over a grid, as a function from points to scores."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(trees):
        column = rng.integers(0, len(high), size=2**depth - 1)
        cut = np.array([rng.uniform(0, high[c]) for c in column])
        parts.append((column, cut, rng.normal(size=2**depth)))

    def score(points):
        total = np.zeros(points.shape[0])
        for column, cut, leaf in parts:
            at = np.zeros(points.shape[0], dtype=np.int64)
            for _ in range(depth):
                at = 2 * at + 1 + (points[np.arange(at.size), column[at]] > cut[at])
            total += leaf[at - (2**depth - 1)]
        return sigmoid(total / np.sqrt(trees))

    return score


def view(score, names):
    scorer = Counting(score)
    return ModelView(name="toy", digest="", framework="callable", features=tuple(names), scorer=scorer)


def problem(grid, score, threshold, rows, seed=0):
    """A problem on up to `rows` valid points that the model catches."""
    points = grid.everything()
    caught = points[score(points) >= threshold]
    chosen = np.random.default_rng(seed).permutation(caught.shape[0])[:rows]
    return Problem.of(view(score, grid.names), grid, threshold, caught[chosen])


@pytest.fixture
def toys():
    """The toys as one namespace."""
    import types

    return types.SimpleNamespace(
        Grid=Grid, forest=forest, problem=problem, sigmoid=sigmoid, view=view, Counting=Counting
    )
