# SPDX-License-Identifier: Apache-2.0
"""The self-check's first look: the same question twice, alone and in company, and how many answers there are at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hauberk.attack.evasion.ladder import Rate
from hauberk.attack.evasion.mixing import row_keys
from hauberk.attack.evasion.problem import Matrix
from hauberk.attack.evasion.symptoms import Reading, Symptom
from hauberk.attack.evasion.symptoms_records import Records

SAME = 1e-6
"""Largest difference between two answers to the same record; single precision and batching account for less."""

FEW = 32
"""As many different answers, or fewer, are coarse where the records differ in many more ways."""

_RICHER = 8
"""How many times more ways to differ the records must have than answers before answers count as coarse."""

_ENDS = 1e-9
"""Scores this close to 1 are saturated: nothing tells two of them apart."""

_PILED = 0.8
"""Share of the caught records at the end of the scale from which on answers count as saturated."""

_ALONE = 16
"""Records that are asked one by one."""

_SWAPS = 32
"""Records in which each column is exchanged to see whether the model reads it."""

Asked = tuple[Matrix, NDArray[np.float64]]


def repeated(records: Records, rng: np.random.Generator) -> tuple[list[Reading], Asked]:
    """Ask records that nobody has asked before three times in a row.

    Returns:
        What it showed, and the records with their first answers.
    """
    points = records.fresh(rng)
    points = points if points.size else records.base
    first, second, third = (records.ask(points) for _ in range(3))
    changed = np.abs(second - first) > SAME
    again = np.abs(third - second) > SAME
    random = bool(again.any())
    memory = bool(changed.any()) and not random
    readings = [
        Reading(
            symptom=Symptom.RANDOM,
            name="unsteady_rate",
            test="the same records asked again",
            sound="the same answers",
            masked=random,
            rate=Rate.of(int((changed | again).sum()) if random else 0, points.shape[0]),
        ),
        Reading(
            symptom=Symptom.MEMORY,
            name="second_answer_rate",
            test="the first answer against the second",
            sound="the same answers",
            masked=memory,
            rate=Rate.of(int(changed.sum()) if memory else 0, points.shape[0]),
        ),
    ]
    return readings, (points, first)


def in_company(records: Records, rng: np.random.Generator) -> tuple[Reading, Asked]:
    """Ask records in one batch, in another order, and alone."""
    points = records.fresh(rng)
    points = points if points.size else records.base
    together = records.ask(points)
    turned = records.ask(points[::-1])[::-1]
    alone = np.concatenate([records.ask(points[at : at + 1]) for at in range(min(_ALONE, points.shape[0]))])
    changed = np.abs(turned - together) > SAME
    changed[: alone.size] |= np.abs(alone - together[: alone.size]) > SAME
    reading = Reading(
        symptom=Symptom.COMPANY,
        name="company_rate",
        test="records alone, in a batch, and in another order",
        sound="the same answers",
        masked=bool(changed.any()),
        rate=Rate.of(int(changed.sum()), changed.size),
    )
    return reading, (points, together)


def swapped(records: Records, rng: np.random.Generator) -> tuple[NDArray[np.intp], Asked]:
    """Exchange each column of some rows for that of others, one at a time, to learn which columns the model reads.

    Returns:
        Features whose exchange changed an answer, and the records asked with their answers.
    """
    base = records.base[:_SWAPS]
    donors = records.table[rng.integers(records.table.shape[0], size=(len(records.space.names), base.shape[0]))]
    features = set(records.model.features)
    columns = [j for j, name in enumerate(records.space.names) if name in features]
    points = np.repeat(base[None, :, :], 1 + len(columns), axis=0)
    for place, j in enumerate(columns, start=1):
        points[place, :, j] = donors[j, :, j]
    answers = records.ask(points.reshape(-1, points.shape[2])).reshape(points.shape[:2])
    read = (np.abs(answers[1:] - answers[0]) > SAME).any(axis=1)
    return np.array(columns, dtype=np.intp)[read], (points.reshape(-1, points.shape[2]), answers.ravel())


def graded(asked: Iterator[Asked], read: NDArray[np.intp], threshold: float) -> Iterator[Reading]:
    """How finely the answers tell records apart, over everything that was asked.

    Args:
        asked: records and answers.
        read: columns that the model reads.
        threshold: of the business.
    """
    parts = list(asked)
    points, answers = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    distinct = int(np.unique(np.round(answers, 9)).size)
    ways = int(np.unique(row_keys(points[:, read])).size) if read.size else 1
    caught = answers >= threshold
    piled = int((answers[caught] >= 1.0 - _ENDS).sum())
    full = distinct > 2 and piled >= _PILED * max(int(caught.sum()), 1)
    coarse = 1 < distinct <= FEW and ways >= _RICHER * distinct and not full
    yield Reading(
        symptom=Symptom.COARSE,
        name="different_answers",
        test=f"{ways} records that differ in what the model reads",
        sound=f"more than {FEW} different answers",
        masked=coarse,
        value=float(distinct),
        n=ways,
    )
    if caught.any():
        yield Reading(
            symptom=Symptom.SATURATED,
            name="saturated_rate",
            test="caught records that score 1 to the last digit",
            sound=f"less than {100 * _PILED:.0f} %",
            masked=full,
            rate=Rate.of(piled, int(caught.sum())),
        )
    yield Reading(
        symptom=Symptom.ONE_SIDED,
        name="declined_rate",
        test="all records asked, caught or not",
        sound="some are let through",
        masked=distinct > 1 and bool(caught.all()),
        rate=Rate.of(int(caught.sum()), caught.size),
    )
