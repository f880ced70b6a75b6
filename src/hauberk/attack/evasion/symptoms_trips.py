# SPDX-License-Identifier: Apache-2.0
"""Whether evasions survive what happens to records on their way to a deployed model: text files and single precision."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import polars as pl

from hauberk.assess import Budget
from hauberk.attack.evasion.cases import Cases
from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.result import Result
from hauberk.attack.evasion.symptoms import Reading, Symptom

_SURVIVE = 0.9
"""Share of the evasions that must come through each journey."""

_NULL = "\\N"


def survived(cases: Cases, found: Result, budget: Budget) -> Iterator[Reading]:
    """Send every evasion through each journey and ask the model as shipped again."""
    places = np.flatnonzero(found.evaded)
    if places.size == 0:
        return
    problem = cases.problem
    frame = problem.ground.decode(found.witness[places]).select(list(problem.model.features))
    through = np.ones(places.size, dtype=np.bool_)
    for copy in _journeys(frame):
        budget.spend("queries", places.size)
        through &= problem.model.scores(copy) < problem.threshold
    rate = Rate.of(int(through.sum()), places.size)
    yield Reading(
        symptom=Symptom.FRAGILE,
        name="surviving_rate",
        test="evasions sent as text and in single precision",
        sound=f"at least {100 * _SURVIVE:.0f} % still get through",
        masked=rate.high < _SURVIVE,
        rate=rate,
    )


def _journeys(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    yield frame.with_columns(pl.col(floats).cast(pl.Float32).cast(pl.Float64)) if floats else frame
    flat = [name for name, kind in frame.schema.items() if kind.is_numeric() or kind == pl.String]
    text = io.BytesIO()
    frame.select(flat).write_csv(text, null_value=_NULL)
    read = pl.read_csv(text.getvalue(), schema={name: frame.schema[name] for name in flat}, null_values=_NULL)
    yield frame.with_columns(read.get_columns())
