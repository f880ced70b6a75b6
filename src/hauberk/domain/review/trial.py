# SPDX-License-Identifier: Apache-2.0
"""Rules tried out: on the rows of the data, on loose records, and on records made to keep or break them.

A loose record takes each column by itself, from another row of the data or from the column's own range and choices, so that
nothing but the columns' own declarations binds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.domain.column import WRITTEN, Actor, Column, Direction
from hauberk.domain.declaration import Domain, Rule
from hauberk.domain.expression import Call, Node, Type, columns_of, to_polars
from hauberk.domain.expression.spell import spell
from hauberk.domain.space import Space

LOOSE_RECORDS = 20_000
"""How many loose records are drawn; the same ones every time."""

SOUGHT_FROM = 400
"""From how many loose records a record that keeps or breaks a rule is sought."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a condition says of rows.

    Attributes:
        false: rows on which it is FALSE.
        null: rows on which it is NULL.
    """

    false: Bools
    null: Bools


def answers(node: Node, frame: pl.DataFrame) -> Answers:
    """Try a condition on rows."""
    answer = frame.select(frame_height=pl.int_range(pl.len()), answer=to_polars(node, dict(frame.schema)))["answer"]
    return Answers(answer.not_().fill_null(value=False).to_numpy(), answer.is_null().to_numpy())


class Trial:
    """Tries the rules of a domain.

    Args:
        domain: the domain.
        rules: the rules whose columns the data have.
        frame: rows that show what records look like.
    """

    def __init__(self, domain: Domain, rules: Sequence[Rule], frame: pl.DataFrame) -> None:
        self.domain = domain
        self.frame = frame
        self.names = list(dict.fromkeys(name for rule in rules for name in columns_of(domain.rule_node(rule))))

    @cached_property
    def loose(self) -> pl.DataFrame:
        """The loose records, with the columns that rules read and what is tied to them."""
        space = Space(self.domain, self.names, self.frame)
        known = space.encode(self.frame)
        rng = np.random.default_rng(7)
        records = np.empty((LOOSE_RECORDS, len(space.names)))
        for j in range(len(space.names)):
            # the ends, choices and quantiles of a column, and values of other rows, half and half
            level = rng.choice(space.levels(j), LOOSE_RECORDS)
            records[:, j] = np.where(rng.random(LOOSE_RECORDS) < 0.5, level, rng.choice(known[:, j], LOOSE_RECORDS))
        return space.decode(records)

    def on_data(self, node: Node) -> Answers:
        """What a condition says of the data."""
        return answers(node, self.frame)

    def on_loose(self, node: Node) -> Answers:
        """What a condition says of the loose records."""
        return answers(node, self.loose)

    def can_hold(self, nodes: Sequence[Node]) -> bool:
        """Whether records that keep all of some conditions were found, by repair from loose records.

        Everything but texts may change; NULL does not count as keeping.
        """
        names = list(dict.fromkeys(name for node in nodes for name in columns_of(node)))
        rules = tuple(Rule(name=f"wanted_{at}", says=spell(node)) for at, node in enumerate(nodes))
        domain = replace(self.domain, columns=tuple(map(_freed, self.domain.columns)), rules=rules)
        some = self.loose.head(SOUGHT_FROM)
        space = Space(domain, names, some)
        start = space.encode(some)
        found = space.decode(space.project(start, start))
        kept = np.ones(found.height, dtype=np.bool_)
        for node in nodes:
            answer = answers(node, found)
            kept &= ~answer.false & ~answer.null
        return bool(kept.any())

    def can_break(self, node: Node) -> bool:
        """Whether a record that breaks a condition was found in the same way."""
        return self.can_hold([Call("not", (node,), Type.BOOL)])


def _freed(column: Column) -> Column:
    if column.kind in WRITTEN or column.derived is not None:
        return column
    return replace(column, changed_by=Actor.INSIDER, direction=Direction.BOTH)
