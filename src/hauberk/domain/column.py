# SPDX-License-Identifier: Apache-2.0
"""One column of a record: what may stand in it, who can change it, and what a change costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from hauberk.core.errors import ConfigError
from hauberk.domain.expression import Type
from hauberk.domain.expression.pattern import PatternError, read_pattern

Choice = str | int | float | bool


class Kind(StrEnum):
    """What a column holds."""

    NUMERIC = "numeric"
    INTEGER = "integer"
    STEP = "step"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    ONE_HOT = "one_hot"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"


class Actor(StrEnum):
    """Who can change a column of a record before it is scored."""

    NOBODY = "nobody"
    APPLICANT = "applicant"
    MERCHANT = "merchant"
    INSIDER = "insider"


class Direction(StrEnum):
    """In which direction a column can be changed. Choices are ordered as declared."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"
    NONE = "none"


VALUED = frozenset({Kind.NUMERIC, Kind.INTEGER, Kind.STEP, Kind.ONE_HOT, Kind.DATE})
"""Kinds whose value is a number in the numeric view; the others appear there as the code of a choice."""

US_PER_DAY = 86_400_000_000
FIRST_DAY, LAST_DAY = -719_162.0, 2_932_896.0
"""0001-01-01 and 9999-12-31 in days since 1970-01-01: what a bound of a date can be written as."""

WRITTEN = frozenset({Kind.TEXT, Kind.IDENTIFIER})
"""Kinds that are free text or names of things: no attack changes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a change costs the one who makes it.

    Attributes:
        fixed: money for any change, in major units of the domain's currency.
        per_unit: money for each unit of change (a day for dates, a whole change for choices).
        effort: hours of work for any change.
        effort_per_unit: hours of work for each unit of change.

    Raises:
        ConfigError: a negative or infinite cost.
    """

    fixed: float = 0.0
    per_unit: float = 0.0
    effort: float = 0.0
    effort_per_unit: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = float(getattr(self, name)) + 0.0
            object.__setattr__(self, name, value)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"a cost must be 0 or more, {name} is {value}", where=f"cost.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: name in the table.
        kind: what it holds.
        low: smallest value; days since 1970-01-01 for dates; None for no bound.
        high: largest value; None for no bound.
        step: distance of neighbouring values for the kind `step`, counted from `low` (from 0 without one).
        choices: the values that may stand in it, all texts, all numbers or all booleans; only for categories and booleans.
        nullable: NULL is allowed.
        nan: NaN is allowed; it is a number of its own, not NULL.
        personal: its values say something about a person and are masked in renderings.
        changed_by: who can change it.
        direction: in which direction.
        cost: what a change costs.
        derived: expression that it must equal; it follows the columns that the expression reads.
        tolerance: relative error allowed between a derived column and its expression (absolute below 1).
        pattern: for texts and identifiers, the pattern that must occur in them.
        max_length: for texts and identifiers, the largest number of characters.
        unit: unit of measure, for display.
        note: why it is declared so, for the reader.

    Raises:
        ConfigError: the parts contradict one another.
    """

    name: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    nullable: bool = False
    nan: bool = False
    personal: bool = False
    changed_by: Actor = Actor.NOBODY
    direction: Direction = Direction.BOTH
    cost: Cost = field(default_factory=Cost)
    derived: str | None = None
    tolerance: float = 1e-6
    pattern: str = ""
    max_length: int | None = None
    unit: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        # one way to write each number, so that equal columns have equal digests
        numbers = {name: getattr(self, name) for name in ("low", "high", "step", "tolerance")}
        for name, value in numbers.items():
            if value is not None:
                object.__setattr__(self, name, self._plain_number(name, float(value)))
        choices = (False, True) if self.kind is Kind.BOOLEAN and not self.choices else self.choices
        object.__setattr__(self, "choices", tuple(_plain_choice(item) for item in choices))
        for check in (_check_bounds, _check_choices, _check_step, _check_text, _check_derived):
            problem = check(self)
            if problem:
                raise ConfigError(
                    problem, where=f"column.{self.name}", next_step="correct the column in the domain file"
                )

    def _plain_number(self, name: str, value: float) -> float:
        """One zero; bounds of dates to the microsecond, as the file writes them."""
        if self.kind is Kind.DATE and name in {"low", "high"} and FIRST_DAY <= value < LAST_DAY + 1.0:
            return round(value * US_PER_DAY) / US_PER_DAY
        return value + 0.0

    @property
    def type(self) -> Type:
        """The type that it has in expressions."""
        if self.kind is Kind.DATE:
            return Type.DATE
        if self.kind in VALUED:
            return Type.NUMBER
        if self.choices and isinstance(self.choices[0], bool):
            return Type.BOOL
        return Type.NUMBER if self.choices and not isinstance(self.choices[0], str) else Type.TEXT

    @property
    def mutable(self) -> bool:
        """True if somebody can change it."""
        return self.changed_by is not Actor.NOBODY and self.direction is not Direction.NONE

    @property
    def grid(self) -> float | None:
        """Distance of neighbouring values: 1 for integers and one-hot columns, the step for steps, None for free ones."""
        if self.kind in {Kind.INTEGER, Kind.ONE_HOT}:
            return 1.0
        return self.step if self.kind is Kind.STEP else None


def _check_bounds(column: Column) -> str:
    ends = [end for end in (column.low, column.high) if end is not None]
    if ends and (column.kind not in VALUED or column.kind is Kind.ONE_HOT):
        return f"low and high mean nothing for the kind {column.kind}"
    if not all(math.isfinite(end) for end in ends):
        return "low and high must be finite; leave one out for no bound"
    if sorted(ends) != ends:
        return f"low {ends[0]:g} is above high {ends[1]:g}"
    return _check_kind_of_bounds(column, ends)


def _check_kind_of_bounds(column: Column, ends: list[float]) -> str:
    if column.kind is Kind.INTEGER and not all(float(end).is_integer() for end in ends):
        return "the bounds of an integer column must be integers"
    if column.kind is Kind.DATE and not all(FIRST_DAY <= end < LAST_DAY + 1.0 for end in ends):
        return "the bounds of a date must lie in the years 1 to 9999"
    return "NaN can be allowed in numeric columns alone" if column.nan and column.kind is not Kind.NUMERIC else ""


def _check_choices(column: Column) -> str:
    if column.kind not in {Kind.CATEGORY, Kind.BOOLEAN}:
        return f"choices mean nothing for the kind {column.kind}" if column.choices else ""
    return _check_items(column) if column.choices else "a category needs its choices"


def _check_items(column: Column) -> str:
    if len({_sort_of(item) for item in column.choices}) > 1:
        return "choices must be all texts, all numbers or all booleans"
    if len(set(column.choices)) < len(column.choices):
        return "a choice is named twice"
    if not all(isinstance(item, str) or _exact(item) for item in column.choices):
        return "a numeric choice must be finite and fit a double exactly; use texts for long numbers"
    return "a boolean has two choices" if column.kind is Kind.BOOLEAN and len(column.choices) != 2 else ""


def _plain_choice(item: Choice) -> Choice:
    return int(item) if isinstance(item, float) and item.is_integer() else item


def _sort_of(item: Choice) -> str:
    return "boolean" if isinstance(item, bool) else "text" if isinstance(item, str) else "number"


def _exact(item: float) -> bool:
    try:
        return math.isfinite(item) and float(item) == item
    except OverflowError:
        return False


def _check_step(column: Column) -> str:
    if (column.kind is Kind.STEP) != (column.step is not None):
        return "a column of kind step needs its step" if column.step is None else "only the kind step has a step"
    if column.step is not None and not (math.isfinite(column.step) and column.step > 0.0):
        return "the step must be above 0"
    return ""


def _check_text(column: Column) -> str:
    if (column.pattern or column.max_length is not None) and column.kind not in WRITTEN:
        return "pattern and max_length belong to texts and identifiers"
    if column.max_length is not None and column.max_length < 0:
        return "max_length must be 0 or more"
    if column.kind in WRITTEN and column.changed_by is not Actor.NOBODY:
        return "free text and identifiers are never attacked: changed_by must be nobody"
    try:
        read_pattern(column.pattern)
    except PatternError as error:
        return f"the pattern cannot be used: {error}"
    return ""


def _check_derived(column: Column) -> str:
    if not (math.isfinite(column.tolerance) and column.tolerance >= 0.0):
        return "the tolerance must be 0 or more"
    if column.derived is None:
        return ""
    if column.kind in WRITTEN or (column.type is Type.TEXT) or column.kind is Kind.ONE_HOT:
        return "a derived column must be a number, a date or a boolean"
    if column.changed_by is not Actor.NOBODY:
        return "a derived column follows from others: changed_by must be nobody"
    return ""
