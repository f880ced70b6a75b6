# SPDX-License-Identifier: Apache-2.0
"""One run of a check for the conformance suite, and the ways in which the suite changes what it sees."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import polars as pl

from hauberk.assess import Planned, Situation, Task, plan
from hauberk.assess.perform import perform
from hauberk.core.check import CheckSpec, Need
from hauberk.core.entry import entry_of
from hauberk.core.outcome import Outcome
from hauberk.table import BLOCK_ROWS, Table, open_table

SECONDS = 120.0
"""Time that one run of an example has."""

TABLES = ("data", "holdout", "reference")
"""The tables of a situation."""

ABSENT: dict[Need, dict[str, Any]] = {
    Need.DATA: {"data": None},
    Need.LABEL: {"label": ""},
    Need.REFERENCE: {"reference": None},
    Need.TIME: {"time": ""},
    Need.GROUPS: {"groups": ()},
    Need.DOMAIN: {"domain": None},
    Need.MODEL: {"model": None},
    Need.SCORES: {"model": None},
    Need.LABELS: {"model": None},
    Need.TREES: {"model": None},
    Need.GRADIENTS: {"model": None},
    Need.PROVENANCE: {"provenance": {}},
    Need.SIGNATURE: {"signature": None},
    Need.WAIVERS: {"waivers": ()},
}
"""How a situation looks in which a need is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A check and how it is run.

    Attributes:
        spec: its declaration.
        seed: seed of the run.
        rows: rows of a block.
        limits: work units that it may spend, by kind.
    """

    spec: CheckSpec
    seed: int = 20_26
    rows: int = BLOCK_ROWS
    limits: Mapping[str, int] = field(default_factory=dict[str, int])

    def planned(self, situation: Situation) -> Planned:
        """Plan the check alone."""
        return plan([entry_of(self.spec)], situation, seed=self.seed).checks[0]

    def run(self, situation: Situation) -> Outcome:
        """Run the check, offline, and return its outcome.

        Raises:
            AssertionError: it does not apply to this situation, or it opened a connection.
        """
        item = self.planned(situation)
        assert item.verdict is None, f"the check does not apply to its own example: {item.reason}"
        task = Task(checks=(item,), seconds=SECONDS)
        with _offline():
            reply = perform(task, situation, {}, {self.spec.id: self.spec}, limits=self.limits, rows=self.rows)
        return reply.outcomes[0]


def without(situation: Situation, needs: Iterable[Need]) -> Situation:
    """Return a situation in which none of these needs is met."""
    changes: dict[str, Any] = {}
    for need in needs:
        changes |= ABSENT[need]
    return replace(situation, **changes)


def shuffled(situation: Situation, seed: int = 1) -> Situation:
    """Return a situation whose tables hold the same rows in another order."""
    return with_tables(situation, lambda frame: frame.sample(fraction=1.0, shuffle=True, seed=seed))


def with_tables(situation: Situation, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Situation:
    """Return a situation with every table changed."""
    tables = {name: getattr(situation, name) for name in TABLES}
    changed: dict[str, Any] = {
        name: open_table(change(table.frame()), name=table.name) for name, table in tables.items() if table is not None
    }
    return replace(situation, **changed)


def contents(situation: Situation) -> dict[str, pl.DataFrame]:
    """Return a copy of the rows of every table."""
    tables: dict[str, Table | None] = {name: getattr(situation, name) for name in TABLES}
    return {name: table.frame().clone() for name, table in tables.items() if table is not None}


@contextmanager
def _offline() -> Generator[None]:
    def refuse(*_: object) -> None:
        raise AssertionError("a check opened a network connection")

    with mock.patch.object(socket.socket, "connect", refuse), mock.patch.object(socket.socket, "connect_ex", refuse):
        yield
