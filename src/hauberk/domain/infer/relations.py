# SPDX-License-Identifier: Apache-2.0
"""Relations between numeric columns: sums and differences, products and ratios, and orders, each with its support.

Everything is vectorised over pairs of columns. A few rows, taken at even distances, screen all pairs; what survives is
tested on the whole sample. A relation is proposed only if it holds in every row tested.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.domain.infer.words import wordlist

Floats = NDArray[np.float64]

MAX_COLUMNS = 400
"""Widest table in which relations are sought; of a wider one the first columns are taken, and the proposal says so."""
MIN_ROWS = 30
SCREEN_ROWS = 256
SOLVE_ROWS = 1000
MAX_TERMS = 12
TOLERANCE = 1e-7
NEAR = 0.999
_CHANCE = 0.02
_CHANCE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Equation:
    """One column that follows from others.

    Attributes:
        target: the column.
        says: the expression.
        rows: rows in which it was tested, and holds.
    """

    target: int
    says: str
    rows: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """One column that is never above another.

    Attributes:
        low: the smaller one.
        high: the larger one.
        rows: rows in which it was tested.
        share: share of them in which it holds; 1 for a rule, less for a question.
        chance: share of rows that would break it if the two columns had nothing to do with one another.
    """

    low: int
    high: int
    rows: int
    share: float
    chance: float


def quoted(name: str) -> str:
    """A column name as an expression names it."""
    plain = name.isascii() and name.isidentifier() and name.lower() not in wordlist("reserved")
    return name if plain else '"' + name.replace('"', '""') + '"'


def find_sums(matrix: Floats, names: Sequence[str], skip: frozenset[int] = frozenset()) -> list[Equation]:
    """Columns that are sums, differences or other simple linear combinations of earlier ones.

    Args:
        matrix: complete rows, shape (n, k).
        names: their names.
        skip: columns that are not to be used.

    Returns:
        Equations; no target stands in another equation of the list on the right-hand side unless it was found before it.
    """
    if len(matrix) < MIN_ROWS or not matrix.shape[1]:
        return []
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    few = matrix[:: max(1, len(matrix) // max(SOLVE_ROWS, 3 * matrix.shape[1]))] / scale
    found: list[Equation] = []
    free, dependent = _pivots(few, skip)
    for j in dependent:
        earlier = [at for at in free if at < j]
        equation = _combination(matrix, few, names, earlier, j, scale) if earlier else None
        if equation is not None:
            found.append(equation)
    return found


def _pivots(scaled: Floats, skip: frozenset[int]) -> tuple[list[int], list[int]]:
    """Columns that are independent of earlier ones, and columns that seem to depend on them, by elimination."""
    products = scaled.T @ scaled
    rest = products.copy()
    free: list[int] = []
    dependent: list[int] = []
    for j in range(len(rest)):
        if j in skip or np.ptp(scaled[:, j]) == 0.0:
            continue
        if rest[j, j] <= 1e-10 * products[j, j]:
            dependent.append(j)
        elif len(free) < len(scaled) // 2:
            free.append(j)
            rest -= np.outer(rest[:, j], rest[j] / rest[j, j])
    return free, dependent


def _combination(
    matrix: Floats, few: Floats, names: Sequence[str], free: list[int], j: int, scale: Floats
) -> Equation | None:
    solution = np.linalg.lstsq(few[:, free], few[:, j], rcond=None)[0]
    weights = solution * scale[j] / scale[free]
    terms = [at for at in range(len(free)) if abs(solution[at]) > 1e-9]
    rounded = np.rint(weights * 1000.0) / 1000.0
    if not 1 <= len(terms) <= MAX_TERMS or any(
        abs(weights[at] - rounded[at]) > 1e-6 or not rounded[at] for at in terms
    ):
        return None
    said = " ".join(_term(float(rounded[at]), names[free[at]], first=at == terms[0]) for at in terms)
    expected = np.add.reduce([rounded[at] * matrix[:, free[at]] for at in terms])
    return Equation(j, said, len(matrix)) if _agrees(matrix[:, j], expected) else None


def _term(weight: float, name: str, *, first: bool) -> str:
    sign = ("-" if weight < 0 else "") if first else ("- " if weight < 0 else "+ ")
    size = abs(weight)
    return f"{sign}{quoted(name)}" if size == 1.0 else f"{sign}{size:g} * {quoted(name)}"


def _agrees(value: Floats, expected: Floats) -> bool:
    return bool(np.all(np.abs(value - expected) <= TOLERANCE * np.maximum(np.abs(expected), 1.0)))


def find_ratios(matrix: Floats, names: Sequence[str], skip: frozenset[int] = frozenset()) -> list[Equation]:
    """Columns that are the product or the ratio of two others.

    One fingerprint of every product of two columns, a matrix product with fixed pseudo-random row weights, is looked up
    among the fingerprints of the columns; what matches is tested on all rows.

    Args:
        matrix: complete rows, shape (n, k).
        names: their names.
        skip: columns that are not to be used.

    Returns:
        Equations; the last of the three columns in table order is the one that follows.
    """
    usable = [j for j in range(matrix.shape[1]) if j not in skip and len(np.unique(matrix[:SCREEN_ROWS, j])) > 2]
    if len(matrix) < MIN_ROWS or len(usable) < 3:
        return []
    values = matrix[:, usable]
    weights = np.random.default_rng(20).random(len(values))
    prints = weights @ values
    products = values.T @ (weights[:, None] * values)
    said = [names[j] for j in usable]
    found: dict[int, Equation] = {}
    for trio in _matching(prints, products):
        equation = _product(values, said, trio)
        if equation is not None:
            found.setdefault(usable[equation.target], dataclasses.replace(equation, target=usable[equation.target]))
    return [found[j] for j in sorted(found)]


def _matching(prints: Floats, products: Floats) -> list[tuple[int, int, int]]:
    """Pairs of columns whose product has the fingerprint of a third."""
    order = np.argsort(prints, kind="stable")
    at = np.clip(np.searchsorted(prints[order], products), 1, len(order) - 1)
    found: list[tuple[int, int, int]] = []
    for shift in (0, -1):
        near = order[at + shift]
        match = np.abs(prints[near] - products) <= 1e-7 * np.abs(products)
        left, right = np.nonzero(np.triu(match))
        found += zip(left.tolist(), right.tolist(), near[left, right].tolist(), strict=True)
    return found


def _product(values: Floats, names: Sequence[str], trio: tuple[int, int, int]) -> Equation | None:
    left, right, whole = trio
    if len(set(trio)) < 3 or not _agrees(values[:, whole], values[:, left] * values[:, right]):
        return None
    last = max(trio)
    if last == whole:
        return Equation(whole, f"{quoted(names[left])} * {quoted(names[right])}", len(values))
    divisor = right if last == left else left
    if np.any(values[:, divisor] == 0.0):
        return None
    expected = values[:, whole] / values[:, divisor]
    said = f"{quoted(names[whole])} / {quoted(names[divisor])}"
    return Equation(last, said, len(values)) if _agrees(values[:, last], expected) else None


def find_orders(matrix: Floats) -> list[Ordered]:
    """Pairs of columns of which one is never, or almost never, above the other, and not because of their ranges alone.

    Args:
        matrix: rows, shape (n, k); NaN where a value is missing.

    Returns:
        Orders, those that follow from two others left out.
    """
    n, k = matrix.shape
    if n < MIN_ROWS:
        return []
    screen = matrix[:: max(1, n // SCREEN_ROWS)]
    holds = np.ones((k, k), dtype=np.bool_)
    for j in range(k):
        above = screen[:, [j]] > screen
        holds[j] = above.mean(axis=0) <= 2.0 * (1.0 - NEAR)
    np.fill_diagonal(holds, val=False)
    missing = np.isnan(matrix)
    low, high = np.where(missing, np.inf, matrix).min(axis=0), np.where(missing, -np.inf, matrix).max(axis=0)
    holds &= high[:, None] > low[None, :]
    found = [order for a, b in np.argwhere(holds) if (order := _order(matrix, int(a), int(b))) is not None]
    strict = {(order.low, order.high) for order in found if order.share == 1.0}
    return [order for order in found if not _follows(order, strict, k)]


def _order(matrix: Floats, low: int, high: int) -> Ordered | None:
    left, right = matrix[:, low], matrix[:, high]
    both = ~(np.isnan(left) | np.isnan(right))
    left, right = left[both], right[both]
    if len(left) < MIN_ROWS or np.array_equal(left, right):
        return None
    share = float(np.mean(left <= right))
    # the same two columns with their rows out of step: how often would chance break the order?
    chance = float(np.mean(left > np.roll(right, len(right) // 3 + 1)))
    if share < NEAR or chance < _CHANCE or chance * len(left) < _CHANCE_ROWS:
        return None
    return Ordered(low, high, len(left), share, chance)


def _follows(order: Ordered, strict: set[tuple[int, int]], k: int) -> bool:
    if order.share < 1.0:
        return False
    return any((order.low, mid) in strict and (mid, order.high) in strict for mid in range(k))
