# SPDX-License-Identifier: Apache-2.0
"""The self-check's second look: the model along lines, where rounded inputs show as even steps and shattering as noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.problem import Matrix
from hauberk.attack.evasion.symptoms import Reading, Symptom
from hauberk.attack.evasion.symptoms_answers import SAME
from hauberk.attack.evasion.symptoms_records import Records

_COLUMNS, _ROWS = 6, 4
"""Columns, and records, through which lines are laid."""

_CELLS = 1024
"""Steps of a line over a column's whole range; a column with fewer values than that has no such line."""

_NEAR = (0.002, 0.02)
"""Lengths of short lines, as shares of the middle 90 % of a column's values."""

_STOPS, _LEAST_STOPS = 17, 6
"""Points of a short line."""

_TURNS, _TURN = 3, 1e-3
"""So often must the score turn round on a short line, by at least so much, to count as shattered."""

_BROKEN = 0.5
"""Share of a column's short lines of one length that must turn round before the model counts as shattered."""

_LEAST_STEPS, _EVEN = 8, 0.95
"""Least number of steps on a long line, and how closely they must lie on one even grid, from 0 to 1."""

_DATA_PER_STEP = 3
"""Different values of the data that must lie between two steps; even data have even steps of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fine:
    """A column with many values.

    Attributes:
        column: which.
        values: its different values in the table, ascending.
        spread: the middle 90 % of them.
        grid: distance of neighbouring values; 0 for none.
    """

    column: int
    values: NDArray[np.float64]
    spread: float
    grid: float


def shape(records: Records, read: NDArray[np.intp], rng: np.random.Generator) -> Iterator[Reading]:
    """Walk along lines in columns that the model reads and that have many values.

    Args:
        records: where the lines start.
        read: columns that the model reads.
        rng: chance of the stops.
    """
    fine = [found for j in np.intersect1d(read, records.numeric()).tolist() if (found := _fine(records, j))]
    if not fine:
        return
    fine = sorted(fine, key=lambda one: -one.values.size)[:_COLUMNS]
    yield from _short(records, fine, rng)
    yield _long(records, fine)


def _fine(records: Records, j: int) -> _Fine | None:
    values = records.table[:, j]
    values = np.unique(values[np.isfinite(values)])
    grid = records.grid(j)
    if values.size < _CELLS // 16 or np.ptp(values) < grid * _CELLS:
        return None
    low, high = np.quantile(values, [0.05, 0.95])
    return _Fine(column=j, values=values, spread=float(high - low), grid=grid)


def _on_grid(points: NDArray[np.float64], origin: float, grid: float) -> NDArray[np.float64]:
    return origin + np.rint((points - origin) / grid) * grid if grid else points


def _short(records: Records, fine: list[_Fine], rng: np.random.Generator) -> Iterator[Reading]:
    """Short lines at uneven stops, so that no period hides between them; one shattered column is enough."""
    lines: list[Matrix] = []
    bundles: list[int] = []
    for at, (one, length) in enumerate((one, length) for one in fine for length in _NEAR):
        for row in records.base[: 2 * _ROWS]:
            line = _line(row, one, length, rng)
            if line.shape[0] >= _LEAST_STOPS:
                lines.append(line)
                bundles.append(at)
    if not lines:
        return
    answers = np.split(records.ask(np.concatenate(lines)), np.cumsum([line.shape[0] for line in lines])[:-1])
    broken = np.array([_turns(part) >= _TURNS for part in answers])
    shares = [broken[np.array(bundles) == at].mean() for at in sorted(set(bundles))]
    yield Reading(
        symptom=Symptom.SHATTERED,
        name="shattered_rate",
        test=f"lines of {100 * _NEAR[0]:g} and {100 * _NEAR[1]:g} % of a column's range",
        sound=f"the score turns round on fewer than {100 * _BROKEN:.0f} % in every column",
        masked=max(shares) >= _BROKEN,
        rate=Rate.of(int(broken.sum()), broken.size),
    )


def _line(row: NDArray[np.float64], one: _Fine, length: float, rng: np.random.Generator) -> Matrix:
    start = row[one.column] if np.isfinite(row[one.column]) else float(one.values[one.values.size // 2])
    stops = np.sort(rng.random(_STOPS)) * length * one.spread + start
    stops = np.unique(_on_grid(stops, start, one.grid))
    line = np.repeat(row[None, :], stops.size, axis=0)
    line[:, one.column] = stops
    return line


def _turns(answers: NDArray[np.float64]) -> int:
    """How often the score turns round along a line, leaving small ripples aside."""
    steps = np.diff(answers)
    signs = np.sign(steps[np.abs(steps) > _TURN])
    return int((signs[1:] != signs[:-1]).sum())


def _long(records: Records, fine: list[_Fine]) -> Reading:
    """Lines over a column's whole range: steps at even distances, whatever the record, are a rounded input."""
    lines: list[Matrix] = []
    for one in fine:
        low, high = float(one.values[0]), float(one.values[-1])
        stops: NDArray[np.float64] = np.linspace(low, high, _CELLS + 1)
        line = np.repeat(records.base[:_ROWS, None, :], stops.size, axis=1)
        line[:, :, one.column] = _on_grid(stops, low, one.grid)
        lines.append(line)
    points = np.stack(lines)
    answers = records.ask(points.reshape(-1, points.shape[3])).reshape(points.shape[:3])
    jumps = [np.flatnonzero((np.abs(np.diff(part, axis=1)) > SAME).any(axis=0)) for part in answers]
    even = sum(_is_even(jump, one.values) for jump, one in zip(jumps, fine, strict=True))
    told = sum(jump.size >= _LEAST_STEPS for jump in jumps)
    return Reading(
        symptom=Symptom.STEPPED,
        name="stepped_columns",
        test=f"{_CELLS} steps over the range of {len(fine)} columns",
        sound="no column in which the score jumps at even distances",
        masked=even > 0 and 2 * even >= told,
        value=float(even),
        n=len(fine),
    )


def _is_even(jumps: NDArray[np.intp], values: NDArray[np.float64]) -> bool:
    """Whether steps lie on one even grid that is coarser than the data's own, at most one at each of its places."""
    if not _LEAST_STEPS <= jumps.size <= _CELLS // 4:
        return False
    spacing = np.geomspace(4.0, _CELLS / _LEAST_STEPS, 4000)
    turn = np.exp(2j * np.pi * jumps[None, :] / spacing[:, None]).mean(axis=1)
    close = np.abs(turn)
    even = np.flatnonzero(close >= _EVEN)
    if even.size == 0:
        return False
    best = int(even[-1])  # a grid of half the distance fits as well
    offset = np.angle(turn[best]) / (2 * np.pi)
    places = np.unique(np.rint(jumps / spacing[best] - offset))
    width = (values[-1] - values[0]) / _CELLS * spacing[best]
    cells = np.unique(np.floor((values - values[0]) / width), return_counts=True)[1]
    return bool(places.size >= max(0.9 * jumps.size, _LEAST_STEPS) and np.median(cells) >= _DATA_PER_STEP)
