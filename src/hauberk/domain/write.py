# SPDX-License-Identifier: Apache-2.0
"""Writes a domain file: commented TOML that a person reads, corrects and confirms."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from hauberk.domain.column import Column, Cost, Kind
from hauberk.domain.declaration import Domain, Group, Rule
from hauberk.domain.expression import Type

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 110
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - TOML's local times carry no zone, and the file's dates are UTC
_SHOWN = ("kind", "low", "high", "step", "choices", "nullable", "nan", "personal", "changed_by", "direction")
_LATER = ("derived", "tolerance", "pattern", "max_length", "unit", "note")
_HEADER = (
    "What a valid record is. Hauberk validates data by it, bounds every attack by it and screens requests by it.",
    "changed_by: nobody, applicant, merchant, insider. direction: both, up, down, none.",
    "cost: fixed and per_unit in money, effort and effort_per_unit in hours (an hour is worth `hour`).",
)


def dumps_domain(domain: Domain, why: Mapping[str, Sequence[str]] | None = None) -> str:
    """Write a domain as TOML; `loads_domain` gives an equal domain back.

    Args:
        domain: the domain.
        why: comments by column name, or by `rule.NAME` and `group.NAME`.
    """
    comments = why or {}
    lines = [f"# {line}" for line in _HEADER]
    lines += ["", f"name = {_text(domain.name)}"]
    confirm = "" if domain.confirmed else "  # set to true when you have read and corrected every line"
    lines.append(f"confirmed = {_value(domain.confirmed)}{confirm}")
    if domain.currency:
        lines.append(f"currency = {_text(domain.currency)}")
    if domain.hour:
        lines.append(f"hour = {_value(domain.hour)}")
    for column in domain.columns:
        lines += ["", f"[column.{_key(column.name)}]", *_comment(comments.get(column.name, ())), *_column(column)]
    for group in domain.groups:
        lines += ["", f"[group.{_key(group.name)}]", *_comment(comments.get(f"group.{group.name}", ())), *_group(group)]
    for rule in domain.rules:
        lines += ["", f"[rule.{_key(rule.name)}]", *_comment(comments.get(f"rule.{rule.name}", ())), *_rule(rule)]
    return "\n".join(lines) + "\n"


def _column(column: Column) -> list[str]:
    blank = Column(name="x", kind=Kind.TEXT)
    fields: dict[str, object] = {name: getattr(column, name) for name in (*_SHOWN, "cost", *_LATER)}
    always = {"kind"} if column.derived is not None else {"kind", "changed_by"}
    if column.type is Type.BOOL and column.choices == (False, True):
        del fields["choices"]
    shown = {name: value for name, value in fields.items() if name in always or value != getattr(blank, name)}
    return [f"{name} = {_field(value, name, column.kind)}" for name, value in shown.items()]


def _field(value: object, name: str, kind: Kind) -> str:
    if isinstance(value, Cost):
        return _cost(value)
    return _date(value) if kind is Kind.DATE and isinstance(value, float) and name in {"low", "high"} else _value(value)


def _group(group: Group) -> list[str]:
    return [f"columns = {_value(group.columns)}", *(["empty = true"] if group.empty else [])]


def _rule(rule: Rule) -> list[str]:
    return [f"says = {_text(rule.says)}", *([f"because = {_text(rule.because)}"] if rule.because else [])]


def _cost(cost: Cost) -> str:
    parts = [f"{name} = {_value(getattr(cost, name))}" for name in Cost.__slots__ if getattr(cost, name)]
    return "{ " + ", ".join(parts) + " }"


def _date(value: float) -> str:
    moment = _EPOCH + dt.timedelta(days=value)
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat()


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _array([_value(item) for item in cast("tuple[object, ...]", value)])
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int) else _text(str(value))


def _array(items: list[str]) -> str:
    flat = f"[{', '.join(items)}]"
    if len(flat) <= _WIDTH:
        return flat
    lines, line = ["["], " "
    for item in items:
        if len(line) + len(item) > _WIDTH:
            lines.append(line)
            line = " "
        line += f" {item},"
    return "\n".join([*lines, line, "]"])


def _comment(reasons: Sequence[str]) -> list[str]:
    printable = ["".join(char if char.isprintable() else " " for char in reason) for reason in reasons]
    return [f"# {reason}" for reason in printable]
