# SPDX-License-Identifier: Apache-2.0
"""Evidence of an evasion: the curve over cost, the columns that carry it, and the worst cases before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.attack.evasion.assessment import Assessment
from hauberk.attack.evasion.board import differs
from hauberk.attack.evasion.carriers import Carrier
from hauberk.attack.evasion.cases import after
from hauberk.attack.evasion.ladder import Rate
from hauberk.core.errors import Incomplete
from hauberk.core.evidence import MAX_ROWS, Cell, Evidence, View
from hauberk.model import ModelView

WORST = 10
"""Cases that are shown."""

_POINTS = 60
"""Steps of a curve that are shown."""


def curve(title: str, unit: str, values: NDArray[np.float64], note: str) -> Evidence:
    """Share of cases by what they need at most, as steps with intervals.

    Args:
        title: of the table.
        unit: what is needed, with its unit, as the header of the first column.
        values: what each case needs; infinite where nothing was found.
        note: how to read it.
    """
    found = np.unique(values[np.isfinite(values)])
    if found.size > _POINTS:
        found = np.unique(np.quantile(found, np.linspace(0.0, 1.0, _POINTS), method="higher"))
    points = found if found.size and found[0] == 0.0 else np.concatenate([[0.0], found])
    rows: list[tuple[Cell, ...]] = []
    for point in (float(value) for value in points):
        rate = Rate.of(int((values <= point).sum()), values.size)
        rows.append((short(point), short(rate.value), short(rate.low), short(rate.high)))
    return Evidence(title=title, columns=(unit, "share", "low", "high"), rows=tuple(rows), view=View.STEPS, note=note)


def columns_used(parts: Sequence[Carrier]) -> tuple[Evidence, ...]:
    """Two bar tables: evasions that use a column, and those that need it alone."""
    tables = (
        ("Columns that the cheapest evasions change", [(part.column, part.uses) for part in parts],
         "Share of the evasions found that change the column; one evasion may change several."),
        ("Evasions that change one column alone", [(part.column, part.alone) for part in parts if part.alone.hits],
         "Share of the evasions found that change this column and nothing else."),
    )  # fmt: skip
    return tuple(
        Evidence(
            title=title,
            columns=("column", "share", "low", "high"),
            rows=tuple((name, short(rate.value), short(rate.low), short(rate.high)) for name, rate in rows),
            view=View.BARS,
            note=note,
        )
        for title, rows, note in tables
        if rows
    )


def worst_cases(found: Assessment, currency: str) -> Evidence:
    """The worst cases, column by column, before and after: the largest loss first, then the cheapest way through."""
    places = _worst(found)
    witness = found.result.witness[places]
    moved = differs(witness, found.cases.problem.origin[places])
    before, later = found.cases.frame[places.tolist()], after(found.cases, witness, places)
    scores = _scores_after(found.cases.problem.model, later)
    rows: list[tuple[Cell, ...]] = []
    for case, place in enumerate(places.tolist()):
        was, cost = short(float(found.cases.scores[place])), short(float(found.result.cost[place]))
        figures = (was, scores[case], cost)
        names = [found.cases.names[j] for j in np.flatnonzero(moved[case])]
        rows.extend((case + 1, name, _cell(before[name][case]), _cell(later[name][case]), *figures) for name in names)
    return Evidence(
        title=f"The {places.size} worst cases before and after",
        columns=("case", "column", "before", "after", "score before", "score after", f"cost ({currency})"),
        rows=tuple(rows[:MAX_ROWS]),
        view=View.BEFORE_AFTER,
        holds=(None, None, 1, 1, None, None, None),
        note="Each case is one record that the model catches; only the columns that changed are shown, and every changed "
        "record was accepted by the domain and scored by the model as shipped.",
    )


def _scores_after(model: ModelView, later: pl.DataFrame) -> list[float | None]:
    """The scores once more; None where an endpoint has stopped answering since they were proved."""
    try:
        return [short(float(score)) for score in model.scores(later)]
    except Incomplete:
        return [None] * later.height


def _worst(found: Assessment) -> NDArray[np.intp]:
    places = np.flatnonzero(found.evaded)
    loss = np.zeros(found.n) if found.loss is None else found.loss.astype(np.float64)
    keys = found.cases.problem.keys
    order = np.lexsort((keys[places], found.result.cost[places], -loss[places]))
    return places[order[:WORST]]


def _cell(value: object) -> Cell:
    """A record's value as a cell; what JSON has no word for travels as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(pl.Series([value], dtype=pl.Float64)[0]).lower()
    return str(value)


def short(value: float) -> float:
    """Six significant digits: more would be noise in a report."""
    return float(f"{value:.6g}")
