# SPDX-License-Identifier: Apache-2.0
"""Part labelled rows into those to train on and those to choose on."""

from __future__ import annotations

import numpy as np
import polars as pl

from hauberk.core.errors import NothingToExamine
from hauberk.harden.lesson import is_event

LEAST = 20
"""Rows of each class that each part needs."""


def part(
    frame: pl.DataFrame, label: str, share: float, seed: int, *, time: str = ""
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part rows in two, the second with this share: the latest rows where there is a time, else at random within each class.

    The order of the rows is kept.

    Args:
        frame: labelled rows.
        label: name of the label.
        share: of the second part.
        seed: of the draw.
        time: name of the time column; empty for none.

    Raises:
        NothingToExamine: a part would hold fewer than 20 rows of a class.
    """
    event = is_event(frame, label) == 1.0
    second = np.zeros(frame.height, dtype=np.bool_)
    if time and time in frame.columns:
        order = frame[time].arg_sort(nulls_last=False).to_numpy()
        second[order[frame.height - round(share * frame.height) :]] = True
    else:
        rng = np.random.default_rng(seed)
        for of_class in (event, ~event):
            rows = rng.permutation(np.flatnonzero(of_class))
            second[rows[: round(share * rows.size)]] = True
    for mask in (second, ~second):
        for name, of_class in (("events", event), ("other rows", ~event)):
            if int((mask & of_class).sum()) < LEAST:
                raise NothingToExamine(
                    f"there are too few {name} to train on one part of the rows and to choose on another",
                    why=f"{int(of_class.sum())} of {frame.height} rows are {name}; each part needs at least {LEAST}",
                    next_step="give a larger training table",
                )
    return frame.filter(~pl.Series(second)), frame.filter(pl.Series(second))
