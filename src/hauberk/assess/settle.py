# SPDX-License-Identifier: Apache-2.0
"""Settle what a check yielded: plain Python values, so that a run that is written and read again is the same one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

import numpy as np

from hauberk.core.errors import Incomplete, Unreadable
from hauberk.core.evidence import Evidence
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome
from hauberk.core.run import Environment, Run
from hauberk.report import dump_run, load_run

_T = TypeVar("_T")
_NOWHERE = Environment(hauberk="", python="", platform="", cpu="", threads=1)


def settled(record: _T) -> _T:
    """Return a record with plain values only.

    Numbers of numpy become Python's, measured numbers floats, infinities and NaN in evidence texts, and half a
    surrogate pair its escape.

    Raises:
        Incomplete: it holds something that is no value, such as bytes or an array.
    """
    return cast("_T", _settled(record))


def readable(outcome: Outcome) -> Outcome:
    """Return the outcome if it is the same after it was written and read.

    Raises:
        Incomplete: it is not, because a field holds a value of another type than it declares.
    """
    run = Run(
        id="", project="", command="", started_us=0, ended_us=0, seed=0, environment=_NOWHERE, assets=(),
        outcomes=(outcome,),
    )  # fmt: skip
    try:
        same = load_run(dump_run(run)) == run
    except Unreadable as error:
        raise Incomplete("the check yielded a value of the wrong type", why=error.why) from error
    if not same:
        raise Incomplete("what the check yielded reads back as something else")
    return outcome


def _settled(value: Any) -> Any:
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, np.generic):
        return _settled(value.item())
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode()
    for kind, settle in _KINDS:
        if isinstance(value, kind):
            return settle(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value)
    raise Incomplete(f"the check yielded a {type(value).__name__} where a value belongs")


def _record(value: Any) -> Any:
    return replace(value, **{part.name: _settled(getattr(value, part.name)) for part in fields(value) if part.init})


def _measurement(value: Measurement) -> Measurement:
    low, high = (None if end is None else float(end) for end in (value.low, value.high))
    return replace(cast("Measurement", _record(value)), value=float(value.value), low=low, high=high)


def _evidence(value: Evidence) -> Evidence:
    rows = tuple(tuple(_cell(cell) for cell in row) for row in value.rows)
    return replace(cast("Evidence", _record(replace(value, rows=()))), rows=rows)


def _cell(value: object) -> Any:
    plain = _settled(value)
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain


_KINDS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (int, int),
    (float, float),
    (tuple, lambda value: tuple(map(_settled, value))),
    (list, lambda value: list(map(_settled, value))),
    (dict, lambda value: {_settled(key): _settled(item) for key, item in value.items()}),
    (Measurement, _measurement),
    (Evidence, _evidence),
)
