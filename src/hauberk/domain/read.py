# SPDX-License-Identifier: Apache-2.0
"""Reads a domain file: TOML, one table a column, unknown keys refused with a suggestion.

```toml
name = "applications"
confirmed = true          # false until a person has read every line
currency = "EUR"
hour = 25.0               # what an hour of effort is worth

[column.income]
kind = "numeric"          # numeric integer step category boolean one_hot date text identifier
low = 0
high = 500000
changed_by = "applicant"  # nobody applicant merchant insider
direction = "up"          # both up down none
cost = { fixed = 50, per_unit = 0.05, effort = 2 }

[column.burden]
kind = "numeric"
derived = "debt / income"

[group.region]
columns = ["region_north", "region_south"]

[rule.debt_is_borne]
says = "debt <= income * 10"
because = "the bank lends no more"
```
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import msgspec

from hauberk.core.errors import ConfigError, HauberkError, Unreadable, UsageError
from hauberk.domain.column import Actor, Choice, Column, Cost, Direction, Kind
from hauberk.domain.declaration import Domain, Group, Rule

MAX_BYTES = 5_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class CostTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`cost` of a column; see `Cost`."""

    fixed: float = 0.0
    per_unit: float = 0.0
    effort: float = 0.0
    effort_per_unit: float = 0.0


class ColumnTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`[column.NAME]`; see `Column`."""

    kind: Kind
    low: Any = None  # a number, or a date for the kind date: msgspec knows no such union, so `_to_number` judges it
    high: Any = None
    step: float | None = None
    choices: list[Choice] = []
    nullable: bool = False
    nan: bool = False
    personal: bool = False
    changed_by: Actor = Actor.NOBODY
    direction: Direction = Direction.BOTH
    cost: CostTable = msgspec.field(default_factory=CostTable)
    derived: str | None = None
    tolerance: float = 1e-6
    pattern: str = ""
    max_length: int | None = None
    unit: str = ""
    note: str = ""


class GroupTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`[group.NAME]`; see `Group`."""

    columns: list[str]
    empty: bool = False


class RuleTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`[rule.NAME]`; see `Rule`."""

    says: str
    because: str = ""


class DomainFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole file; see `Domain`."""

    name: str
    confirmed: bool = False
    currency: str = ""
    hour: float = 0.0
    column: dict[str, ColumnTable] = {}
    group: dict[str, GroupTable] = {}
    rule: dict[str, RuleTable] = {}


def load_domain(path: str | Path) -> Domain:
    """Read a domain file.

    Raises:
        UsageError: there is no such file.
        Unreadable: it is a directory, too large, or not UTF-8.
        ConfigError: it is not a domain; the error names the table and key.
    """
    file = Path(path)
    if not file.exists():
        raise UsageError("the domain file does not exist", where=str(path), next_step="run hauberk init to make one")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise Unreadable(f"the domain file is larger than {MAX_BYTES} bytes", where=str(path))
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable("the domain file cannot be read", where=str(path), why=str(error)) from None
    return loads_domain(text, where=str(path))


def loads_domain(text: str, *, where: str = "") -> Domain:
    """Read a domain from text.

    Args:
        text: the TOML.
        where: name of its source, for errors.

    Raises:
        ConfigError: not TOML, an unknown key, a value that does not fit, or a contradiction.
    """
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError("the domain file is not valid TOML", where=where, why=str(error)) from None
    _refuse_unknown(tree, where)
    try:
        parsed = msgspec.convert(tree, DomainFile, strict=True)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        place = place.strip("`").removeprefix("$.")
        raise ConfigError(
            f"the domain file has a value that does not fit: {what}",
            where=f"{where} {place}".strip(),
            next_step="correct the value; hauberk.domain.read shows every key",
        ) from None
    try:
        return _to_domain(parsed)
    except HauberkError as error:
        if where:
            error.where = f"{where} {error.where}".strip()
        raise


def _refuse_unknown(tree: dict[str, Any], where: str) -> None:
    _refuse_keys(tree, DomainFile, "", where)
    for section, kind in (("column", ColumnTable), ("group", GroupTable), ("rule", RuleTable)):
        for name, table in _tables(tree.get(section)).items():
            _refuse_keys(table, kind, f"{section}.{name}", where)
            if kind is ColumnTable:
                _refuse_keys(_tables(table).get("cost"), CostTable, f"{section}.{name}.cost", where)


def _tables(value: Any) -> dict[str, Any]:
    """The value if it is a table, else nothing: what is no table is judged later."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _refuse_keys(table: Any, kind: type[msgspec.Struct], place: str, where: str) -> None:
    known = kind.__struct_fields__
    for key in _tables(table):
        if key not in known:
            raise ConfigError(
                f"the key {key!r} is unknown", where=f"{where} {place}".strip(), next_step=_suggest(key, known)
            )


def _suggest(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"


def _to_domain(parsed: DomainFile) -> Domain:
    return Domain(
        name=parsed.name,
        confirmed=parsed.confirmed,
        currency=parsed.currency,
        hour=parsed.hour,
        columns=tuple(_to_column(name, table) for name, table in parsed.column.items()),
        groups=tuple(
            Group(name=name, columns=tuple(table.columns), empty=table.empty) for name, table in parsed.group.items()
        ),
        rules=tuple(Rule(name=name, says=table.says, because=table.because) for name, table in parsed.rule.items()),
    )


def _to_column(name: str, table: ColumnTable) -> Column:
    fields = {key: getattr(table, key) for key in ColumnTable.__struct_fields__}
    cost: CostTable = fields.pop("cost")
    fields["choices"] = tuple(table.choices)
    for end in ("low", "high"):
        fields[end] = _to_number(fields[end], table.kind, f"column.{name}.{end}")
    return Column(name=name, cost=Cost(**{key: getattr(cost, key) for key in CostTable.__struct_fields__}), **fields)


def _to_number(value: Any, kind: Kind, where: str) -> float | None:
    """Days since 1970-01-01 for dates, the number itself otherwise."""
    if value is None:
        return None
    is_date = isinstance(value, dt.date)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_date if kind is Kind.DATE else is_number):
        wanted = "a date such as 2024-01-31" if kind is Kind.DATE else "a number"
        raise ConfigError(f"{wanted} is needed here", where=where)
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH) // dt.timedelta(microseconds=1) / 86_400_000_000
    return float((value - _EPOCH.date()).days) if is_date else float(value)
