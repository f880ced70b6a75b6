# SPDX-License-Identifier: Apache-2.0
"""The domain: the one declaration of what a valid record is."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from hauberk.core.errors import ConfigError
from hauberk.domain.column import Actor, Column, Kind
from hauberk.domain.expression import Node, Type, columns_of, parse

MAX_COLUMNS = 10_000
MAX_RULES = 2_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition over columns that every record meets.

    Attributes:
        name: stable name; findings refer to it.
        says: the condition, see `hauberk.domain.expression.parse`. It is broken only where it is FALSE.
        because: why it holds, for the reader.

    Raises:
        ConfigError: a name with characters other than letters, digits, dot, dash and underscore.
    """

    name: str
    says: str
    because: str = ""

    def __post_init__(self) -> None:
        _check_name("rule", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One-hot columns of which exactly one is 1.

    Attributes:
        name: name of what the columns encode.
        columns: the columns, each of kind `one_hot`, at least two unless `empty`.
        empty: all of them may be 0 (the first choice was dropped when the columns were made).

    Raises:
        ConfigError: a bad name, or too few columns.
    """

    name: str
    columns: tuple[str, ...]
    empty: bool = False

    def __post_init__(self) -> None:
        _check_name("group", self.name)
        if len(set(self.columns)) != len(self.columns) or len(self.columns) < (1 if self.empty else 2):
            raise ConfigError("a group needs at least two different columns", where=f"group.{self.name}")


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name[:60]!r} cannot name a {what}",
            where=f"{what}.{name[:60]}",
            next_step="use letters, digits, dots, dashes and underscores",
        )


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What a valid record is.

    Attributes:
        name: what people call it.
        confirmed: a person has confirmed it; false for an inferred one.
        currency: currency of all costs; empty if none.
        hour: what an hour of effort is worth, in major units of the currency.
        columns: the columns in table order.
        groups: one-hot groups.
        rules: conditions over columns.

    Raises:
        ConfigError: duplicate names, one-hot columns without a group, derivations in a circle, expressions that do not
            parse or do not fit their columns.
    """

    name: str
    columns: tuple[Column, ...]
    confirmed: bool = False
    currency: str = ""
    hour: float = 0.0
    groups: tuple[Group, ...] = ()
    rules: tuple[Rule, ...] = ()
    _nodes: dict[str, Node] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hour", float(self.hour) + 0.0)
        if not (math.isfinite(self.hour) and self.hour >= 0.0):
            raise ConfigError("the price of an hour must be 0 or more", where="hour")
        if len(self.columns) > MAX_COLUMNS or len(self.rules) > MAX_RULES:
            raise ConfigError(f"a domain holds at most {MAX_COLUMNS} columns and {MAX_RULES} rules", where=self.name)
        _check_unique("column", (column.name for column in self.columns))
        _check_unique("rule", (rule.name for rule in self.rules))
        _check_unique("group", (group.name for group in self.groups))
        _check_groups(self)
        self._parse_expressions()
        _ = self.derivation_order

    def _parse_expressions(self) -> None:
        types = self.types
        wanted = {
            f"column.{column.name}.derived": (column.derived, column.type)
            for column in self.columns
            if column.derived is not None
        }
        wanted |= {f"rule.{rule.name}": (rule.says, Type.BOOL) for rule in self.rules}
        for key, (text, type_) in wanted.items():
            node = parse(text, types, where=key, wanted=type_)
            if not columns_of(node):
                raise ConfigError("the expression reads no column", where=key, why=f"it reads: {text[:200]!r}")
            self._nodes[key] = node

    @cached_property
    def index(self) -> dict[str, int]:
        """Column name to position."""
        return {column.name: at for at, column in enumerate(self.columns)}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def types(self) -> dict[str, Type]:
        """Type of each column in expressions."""
        return {column.name: column.type for column in self.columns}

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of the columns whose values are masked in renderings."""
        return tuple(column.name for column in self.columns if column.personal)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            ConfigError: there is none; the error suggests the nearest name.
        """
        if name not in self.index:
            close = difflib.get_close_matches(name, self.names, n=1)
            raise ConfigError(
                f"the domain {self.name!r} has no column {name!r}",
                where=f"column.{name}",
                next_step=f"did you mean {close[0]!r}?" if close else "declare it in the domain file",
            )
        return self.columns[self.index[name]]

    def rule_node(self, rule: Rule) -> Node:
        """The typed tree of one of the domain's rules."""
        return self._nodes[f"rule.{rule.name}"]

    def derived_node(self, column: Column) -> Node:
        """The typed tree of the derivation of one of the domain's derived columns."""
        return self._nodes[f"column.{column.name}.derived"]

    @cached_property
    def derivation_order(self) -> tuple[str, ...]:
        """Names of the derived columns, each after those that it reads.

        Raises:
            ConfigError: derivations in a circle.
        """
        waiting = {c.name: columns_of(self.derived_node(c)) for c in self.columns if c.derived is not None}
        order: list[str] = []
        while waiting:
            ready = [name for name, reads in waiting.items() if not any(read in waiting for read in reads)]
            if not ready:
                circle = ", ".join(sorted(waiting))
                raise ConfigError(
                    f"the derivations of {circle} need one another", where=f"column.{min(waiting)}.derived"
                )
            order.extend(ready)
            for name in ready:
                del waiting[name]
        return tuple(order)

    @cached_property
    def digest(self) -> str:
        """`sha256:` over the whole content, comments of the file excluded."""
        content = {item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.compare}
        body = json.dumps(content, sort_keys=True, separators=(",", ":"), default=dataclasses.asdict)
        return "sha256:" + hashlib.sha256(body.encode()).hexdigest()

    def changeable_by(self, actors: Iterable[str] | None = None) -> tuple[str, ...]:
        """Names of the columns that the actors can change; None for everybody."""
        wanted = set(Actor) - {Actor.NOBODY} if actors is None else set(actors)
        return tuple(column.name for column in self.columns if column.mutable and column.changed_by in wanted)


def _check_unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen or not name:
            raise ConfigError(f"two {what}s are named {name!r}" if name else f"a {what} has no name", where=what)
        seen.add(name)


def _check_groups(domain: Domain) -> None:
    members = [name for group in domain.groups for name in group.columns]
    _check_unique("group member", members)
    for group in domain.groups:
        for name in group.columns:
            if domain.column(name).kind is not Kind.ONE_HOT:
                raise ConfigError(f"{name!r} is in a group and must be of kind one_hot", where=f"group.{group.name}")
    for column in domain.columns:
        if column.kind is Kind.ONE_HOT and column.name not in members:
            raise ConfigError("a one-hot column must be in a group", where=f"column.{column.name}")
