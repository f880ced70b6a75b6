# SPDX-License-Identifier: Apache-2.0
"""From facts to a proposal for one column, with reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hauberk.domain.column import FIRST_DAY, LAST_DAY, WRITTEN, Actor, Column, Direction, Kind
from hauberk.domain.infer.facts import Facts
from hauberk.domain.infer.slack import SLACK, tails_of, widen
from hauberk.domain.infer.words import wordlist, words_of

_CODES = 12
_CATEGORY_SHARE = 0.2
_UNIQUE_SHARE = 0.98
_DECIMALS = (1, 2, 3, 4)
_EXACT = 2.0**53
_NEARLY = 0.99
_LATER = 366
"""Days that a proposed range of dates reaches at least beyond the data: the rows to come are later than these."""
_SHARES = ((0.0, 1.0), (0.0, 100.0))
"""Ends that belong to shares and percentages; there is nothing beyond them."""
_FIRM_ROWS = 20
_FIRM_SHARE = 0.25


@dataclass(slots=True)
class Draft:
    """A column in the making.

    Attributes:
        column: the proposal.
        why: a sentence for each proposal.
        questions: what the data cannot tell.
    """

    column: Column
    why: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def draft_column(facts: Facts, sample: pl.Series) -> Draft:
    """Propose a column.

    Args:
        facts: what all rows say.
        sample: some of its values, for what only a sample can show.
    """
    fields, why, questions = _shape(facts, sample)
    if facts.nulls:
        fields["nullable"] = True
        why.append(f"nullable: {_share(facts.nulls, facts.rows)} of the rows have no value")
    kind: Kind = fields["kind"]
    words = words_of(facts.name)
    if words & wordlist("personal") or kind in WRITTEN:
        fields["personal"] = True
        why.append("personal: its name or its free values may point at a person")
    fields["changed_by"] = _actor(kind, words)
    if fields["changed_by"] is Actor.NOBODY:
        why.append("changed_by nobody: a fact, a time or an identifier rather than a choice")
    else:
        why.append("changed_by: data cannot tell; proposed as the cautious answer")
    return Draft(Column(name=facts.name, direction=Direction.BOTH, **fields), why, questions)


def _actor(kind: Kind, words: frozenset[str]) -> Actor:
    if kind in WRITTEN or kind is Kind.DATE or words & wordlist("fixed"):
        return Actor.NOBODY
    return Actor.MERCHANT if words & wordlist("merchant") else Actor.APPLICANT


def _share(count: int, rows: int) -> str:
    return f"{100.0 * count / max(rows, 1):.2g} %"


def _shape(facts: Facts, sample: pl.Series) -> tuple[dict[str, Any], list[str], list[str]]:
    """Kind, bounds and choices."""
    dtype = facts.dtype
    if dtype == pl.Boolean:
        return {"kind": Kind.BOOLEAN}, ["boolean: its data type says so"], []
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return _date(facts)
    if dtype.is_numeric():
        return _number(facts, sample)
    if not isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return {"kind": Kind.TEXT}, [f"text: nothing better is known of values of type {dtype}"], []
    if facts.nulls == facts.rows:
        return {"kind": Kind.TEXT}, ["text: it has no values at all"], [f"{facts.name}: what does it hold?"]
    return _text(facts, sample)


def _date(facts: Facts) -> tuple[dict[str, Any], list[str], list[str]]:
    fields: dict[str, Any] = {"kind": Kind.DATE}
    if facts.low is None or facts.high is None:
        return fields, ["date: its data type says so"], []
    reach = max(math.ceil(SLACK * (facts.high - facts.low)), 1)
    later = max(reach, _LATER)
    low = max(float(math.floor(facts.low) - reach), FIRST_DAY)
    high = min(float(math.ceil(facts.high) + later), LAST_DAY)
    if low > high:
        return fields, ["date: its days lie outside the years 1 to 9999"], []
    said = f"range: the data's own, {reach} days earlier and {later} days later, since rows to come are later"
    return {**fields, "low": low, "high": high}, [said], []


def _text(facts: Facts, sample: pl.Series) -> tuple[dict[str, Any], list[str], list[str]]:
    if facts.isodates:
        return _date(facts)
    present = facts.rows - facts.nulls
    if facts.distinct is not None and len(facts.distinct) <= max(10, _CATEGORY_SHARE * present):
        return (
            {"kind": Kind.CATEGORY, "choices": facts.distinct},
            [f"category: {len(facts.distinct)} distinct texts"],
            [],
        )
    limit = {"max_length": _round_up(1.5 * facts.longest)}
    texts = sample.cast(pl.String).drop_nulls()
    unique = texts.n_unique() >= _UNIQUE_SHARE * max(len(texts), 1)
    if unique and not texts.str.contains(r"\s").any():
        return {"kind": Kind.IDENTIFIER, **limit}, ["identifier: nearly every row has its own word"], []
    return {"kind": Kind.TEXT, **limit}, ["text: many different values, some with several words or repeated"], []


def _number(facts: Facts, sample: pl.Series) -> tuple[dict[str, Any], list[str], list[str]]:
    why: list[str] = []
    fields: dict[str, Any] = {"kind": Kind.NUMERIC}
    if facts.infinite:
        why.append(f"{_share(facts.infinite, facts.rows)} of the rows are infinite and will be invalid")
    if facts.nans:
        fields["nan"] = True
        why.append(f"nan: {_share(facts.nans, facts.rows)} of the rows are NaN; say nullable if NaN stands for missing")
    if facts.low is None or facts.high is None:
        return fields, [*why, "numeric: no ordinary value to learn from"], [f"{facts.name}: which range is allowed?"]
    if facts.whole and not facts.nans:
        return _whole(facts, sample, fields, why)
    return _fraction(facts, sample, fields, why)


def _fraction(
    facts: Facts, sample: pl.Series, fields: dict[str, Any], why: list[str]
) -> tuple[dict[str, Any], list[str], list[str]]:
    few = facts.distinct is not None and len(facts.distinct) <= _CODES
    low, high = facts.low or 0.0, facts.high or 0.0
    step = _decimal_step(sample, few=few) if not facts.nans else None
    if step is not None:
        why.append(f"step: every value is a multiple of {step:g}")
        fields |= {"kind": Kind.STEP, "step": step}
    if (few and step is not None) or (low, high) in _SHARES:
        said = f"range: from {low:g} to {high:g}, the ends of what occurs, without slack"
    else:
        (low, high), said = widen(low, high, step, tails=tails_of(sample)), _range_reason(facts)
    return {**fields, "low": low, "high": high}, [*why, said], []


def _whole(
    facts: Facts, sample: pl.Series, fields: dict[str, Any], why: list[str]
) -> tuple[dict[str, Any], list[str], list[str]]:
    values = facts.distinct
    if values is not None and set(values) <= {0, 1}:
        return {"kind": Kind.BOOLEAN, "choices": (0, 1)}, [*why, "boolean: only 0 and 1 occur"], []
    if values is not None and _are_two(values):
        return {"kind": Kind.CATEGORY, "choices": _plain(values)}, [*why, "category: only two values occur"], []
    if _is_key(facts, sample):
        return {"kind": Kind.IDENTIFIER}, [*why, "identifier: every row has its own whole number"], []
    step, common = _whole_step(sample)
    questions = [f"{facts.name}: nearly all values are multiples of {common:g}: is that the step?"] if common else []
    few = values is not None and len(values) <= _CODES
    if few:
        questions.append(f"{facts.name}: are its {len(values or ())} values codes? Then make it a category")
    bounds, said = _whole_bounds(facts, sample, step, few=few)
    return fields | bounds, [*why, *said], questions


def _whole_bounds(
    facts: Facts, sample: pl.Series, step: float | None, *, few: bool
) -> tuple[dict[str, Any], list[str]]:
    low, high = facts.low or 0.0, facts.high or 0.0
    if step is not None:
        reach = SLACK * (high - low)
        wide = low - math.floor(reach / step) * step
        low_end = low % step if low >= 0.0 > wide else wide
        bounds = {"kind": Kind.STEP, "step": step, "low": low_end, "high": high + math.ceil(reach / step) * step}
        return bounds, [f"step: every value lies a multiple of {step:g} from the smallest", _range_reason(facts)]
    if few:
        reason = f"range: the {len(facts.distinct or ())} values that occur, without slack"
    else:
        low, high, reason = _whole_range(facts, sample)
    return {"kind": Kind.INTEGER, "low": low, "high": high}, ["integer: whole numbers alone", reason]


def _whole_range(facts: Facts, sample: pl.Series) -> tuple[float, float, str]:
    """Slack at each end, but not where the data stop."""
    low, high = facts.low or 0.0, facts.high or 0.0
    wide_low, wide_high = widen(low, high, 1.0, tails=tails_of(sample))
    firm = [end for end in (low, high) if _is_firm(facts, sample, end)]
    stops = "".join(f"; none at {end:g}, which is about as common as the rest" for end in firm)
    return low if low in firm else wide_low, high if high in firm else wide_high, _range_reason(facts) + stops


def _is_firm(facts: Facts, sample: pl.Series, end: float) -> bool:
    """Whether the data stop at an end rather than thin out before it, as hours do at 23."""
    if facts.distinct is None or facts.low is None or facts.high is None:
        return False
    gapless = len(facts.distinct) == facts.high - facts.low + 1
    rows = int((sample.cast(pl.Float64) == end).sum())
    return gapless and rows >= _FIRM_ROWS and rows >= _FIRM_SHARE * sample.len() / len(facts.distinct)


def _are_two(values: tuple[Any, ...]) -> bool:
    """Whether these are two choices, short enough to be compared as doubles."""
    return len(values) == 2 and all(abs(float(value)) < _EXACT for value in values)


def _plain(values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _is_key(facts: Facts, sample: pl.Series) -> bool:
    if facts.distinct is not None or not facts.dtype.is_integer() or sample.n_unique() < len(sample):
        return False
    return bool(words_of(facts.name) & wordlist("identifier")) or bool(sample.is_sorted())


def _whole_step(sample: pl.Series) -> tuple[float | None, float | None]:
    """The largest round step that all values keep, and a larger one that nearly all keep, if there is one."""
    values = sample.drop_nulls().cast(pl.Float64).to_numpy()
    values = values[np.isfinite(values) & (np.abs(values) < _EXACT)]
    if len(np.unique(values)) < _CODES:
        return None, None
    gaps = (values - values.min()).astype(np.int64)
    largest = int(np.gcd.reduce(gaps))
    rounds = [k * 10**p for p in range(12) for k in (1, 2, 5)]
    step = max((item for item in rounds if largest % item == 0), default=1)
    common = max((item for item in rounds if item > step and np.mean(gaps % item == 0) >= _NEARLY), default=None)
    return (float(step) if step > 1 else None), common


def _decimal_step(sample: pl.Series, *, few: bool) -> float | None:
    """The decimal place that all values keep; where few values occur, the largest step that they all keep."""
    values = sample.drop_nulls().cast(pl.Float64).to_numpy()
    values = values[np.isfinite(values)]
    if len(values) <= 20 or np.abs(values).max() >= _EXACT:
        return None
    for digits in _DECIMALS:
        scaled = values * 10.0**digits
        whole = np.rint(scaled)
        near = np.abs(scaled - whole) <= 1e-7 + 1e-15 * np.abs(scaled)
        if np.all(near & ((whole != 0.0) | (values == 0.0))):
            exact = np.abs(whole).max() < _EXACT
            common = int(np.gcd.reduce(whole.astype(np.int64))) if few and exact else 1
            return round(max(common, 1) * 10.0**-digits, digits)
    return None


def _round_up(value: float) -> int:
    unit = 10.0 ** max(len(str(int(value))) - 1, 0)
    return int(math.ceil(value / unit) * unit)


def _range_reason(facts: Facts) -> str:
    return f"range: the data reach from {facts.low:g} to {facts.high:g}; {SLACK:.0%} of slack or more, rounded outwards"
