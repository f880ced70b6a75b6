# SPDX-License-Identifier: Apache-2.0
"""Rows that would show a wrong test: at random, at thresholds and right beside them, with gaps, with hostile values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import CATEGORY, Forest

RANDOM_ROWS = 512
MIXED_ROWS = 1024
AIMED_NODES = 400
"""Nodes to which rows are led whose value lies at the threshold, right below and right above it."""

FINITE = (
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-45,
    -1e-45,
    1e-38,
    1e-35,
    -1e-35,
    1.1e-35,
    16777217.0,
    1e30,
    -1e30,
    3.3e38,
    -3.3e38,
)
INFINITE = (np.inf, -np.inf, 1e300, -1e300)


def probe_blocks(forest: Forest) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield blocks of rows with what they hold: `finite` (several), `nan`, `infinity`; the same for the same forest."""
    rng = np.random.default_rng(20)
    pools = [_pool(forest, column) for column in range(forest.width)]
    drawn = _draw(pools, RANDOM_ROWS, rng)
    spread = _between(pools, RANDOM_ROWS, rng)
    aimed, gapped = _aimed(forest, _draw(pools, AIMED_NODES, rng), rng)
    whole = aimed[~np.isnan(aimed).any(axis=1)]
    yield "finite", spread
    yield "finite", np.concatenate([drawn, _draw(pools, MIXED_ROWS, rng)])
    yield "finite", _salted(forest, drawn, FINITE, rng)
    yield "finite", whole
    gaps = np.concatenate([drawn, spread])
    yield "nan", np.where(rng.random(gaps.shape) < 0.3, np.nan, gaps)
    yield "nan", np.concatenate([np.full((1, forest.width), np.nan), gapped, aimed])
    yield "infinity", _salted(forest, drawn, INFINITE, rng)


def _pool(forest: Forest, column: int) -> NDArray[np.float64]:
    """Values that can matter in a column, sorted: thresholds and their neighbours, or codes and what is none."""
    here = (forest.feature == column) & (forest.child >= 0)
    if column in forest.categories:
        return np.arange(len(forest.categories[column]), dtype=np.float64)
    coded = here & ((forest.flags & CATEGORY) != 0)
    if coded.any():
        top = 32 * int(forest.word_count[coded].max())
        odd = [-1.0, -0.5, 0.5, 1.7, top + 40.0, 2.0**24, 2.0**31]
        return np.sort(np.concatenate([np.arange(top + 3, dtype=np.float64), odd]))
    marks = np.unique(forest.threshold[here])
    marks = marks[np.isfinite(marks)]
    return _beside(marks, forest.single) if len(marks) else np.array([-1.0, 0.0, 1.0])


def _beside(marks: NDArray[np.float64], single: bool) -> NDArray[np.float64]:
    """Marks and their neighbours on both sides, in the predictor's precision and in the caller's."""
    with np.errstate(over="ignore", under="ignore"):
        near = marks.astype(np.float32) if single else marks
        down, up = np.nextafter(near, -np.inf), np.nextafter(near, np.inf)
        close = [np.nextafter(marks, -np.inf), np.nextafter(marks, np.inf)]
        values: NDArray[np.float64] = np.unique(
            np.concatenate([marks, near.astype(np.float64), down.astype(np.float64), up.astype(np.float64), *close])
        )
    limit = np.finfo(np.float32).max if single else np.finfo(np.float64).max
    return values[np.abs(values) <= limit]


def _draw(pools: list[NDArray[np.float64]], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.stack([rng.choice(pool, n) for pool in pools], axis=1)


def _between(pools: list[NDArray[np.float64]], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Values spread over and a little beyond each column's range; whole numbers where codes are wanted."""
    columns: list[NDArray[np.float64]] = []
    for pool in pools:
        low, high = np.quantile(pool, [0.02, 0.98])
        margin = 0.2 * (high - low) + 1e-3 * max(abs(low), abs(high))
        steps = bool((pool == np.floor(pool)).mean() > 0.5 and len(pool) > 1)
        values = rng.uniform(low - margin, high + margin, n)
        columns.append(np.clip(np.floor(values), pool[0], pool[-1]) if steps else values)
    return np.stack(columns, axis=1)


def _salted(forest: Forest, rows: NDArray[Any], salt: tuple[float, ...], rng: np.random.Generator) -> NDArray[Any]:
    """Rows in which every fourth value is a hostile one; columns whose library takes values keep theirs."""
    put = rng.random(rows.shape) < 0.25
    put[:, list(forest.categories)] = False
    return np.where(put, rng.choice(salt, rows.shape), rows)


def _aimed(
    forest: Forest, rows: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows that reach some nodes: with the value at, below and above the threshold, and with a gap in its place.

    Where only a missing value reaches a node, the row has one.
    """
    inner = np.flatnonzero(forest.child >= 0)
    if not len(inner):
        return np.empty((0, forest.width)), np.empty((0, forest.width))
    above = np.full(len(forest.child), -1)
    above[forest.child[inner]] = above[forest.child[inner] + 1] = inner
    blocks: list[NDArray[np.float64]] = []
    chosen = rng.choice(inner, AIMED_NODES)
    for row, node in zip(rows, chosen, strict=True):
        _lead(forest, row, int(node), above)
        mark = forest.threshold[node : node + 1]
        # a categorical node has no threshold, and its row already holds some code
        sides = _beside(mark, forest.single) if np.isfinite(mark[0]) else row[forest.feature[node]][None]
        block = np.repeat(row[None, :], len(sides), axis=0)
        block[:, forest.feature[node]] = sides
        blocks.append(block)
    gapped = rows.copy()
    gapped[np.arange(len(rows)), forest.feature[chosen]] = np.nan
    return np.concatenate(blocks), gapped


def _lead(forest: Forest, row: NDArray[np.float64], node: int, above: NDArray[np.int64]) -> None:
    """Move a row's values, from the node up to the root, so that it passes each test on the way."""
    low, high = np.full(forest.width, -np.inf), np.full(forest.width, np.inf)
    while above[node] >= 0:
        parent = int(above[node])
        column, mark = int(forest.feature[parent]), float(forest.threshold[parent])
        if forest.flags[parent] & CATEGORY:
            _pick_code(forest, row, parent, inside=node == forest.child[parent])
        elif node == forest.child[parent]:
            high[column] = min(high[column], mark)
        else:
            low[column] = max(low[column], mark)
        node = parent
    wrong = ~((row > low) & (row <= high))
    near = np.where(np.isfinite(high), _step_down(high, forest.single), _step_up(low, forest.single))
    limit = np.finfo(np.float32).max if forest.single else np.finfo(np.float64).max
    row[wrong] = np.where(np.abs(near) <= limit, near, np.nan)[wrong]


def _step_up(low: NDArray[np.float64], single: bool) -> NDArray[np.float64]:
    if not single:
        return np.nextafter(low, np.inf)
    with np.errstate(over="ignore", under="ignore"):
        near = low.astype(np.float32)
        return np.where(near > low, near, np.nextafter(near, np.float32(np.inf))).astype(np.float64)


def _step_down(high: NDArray[np.float64], single: bool) -> NDArray[np.float64]:
    if not single:
        return high
    with np.errstate(over="ignore", under="ignore"):
        near = high.astype(np.float32)
        return np.where(near <= high, near, np.nextafter(near, np.float32(-np.inf))).astype(np.float64)


def _pick_code(forest: Forest, row: NDArray[np.float64], node: int, *, inside: bool) -> None:
    begin = int(forest.first_word[node])
    words = forest.words[begin : begin + int(forest.word_count[node])]
    bits = np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)
    known = len(forest.categories.get(int(forest.feature[node]), range(len(bits))))
    fitting = np.flatnonzero(bits[:known] == inside)
    if len(fitting):
        row[forest.feature[node]] = float(fitting[0])
