# SPDX-License-Identifier: Apache-2.0
"""Rows in and out of a database, inside one transaction. The same statements serve SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, func, insert, select

from hauberk.core.errors import IntegrityError
from hauberk.ledger.schema import EVENTS, META

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Row:
    """One stored entry, as found.

    Attributes:
        index: the number under which it is stored.
        body: the event's bytes.
        note: its signed checkpoint.
        nodes: hashes of the inner nodes that it completes, from level 1 upwards, 32 bytes each.
    """

    index: int
    body: bytes
    note: bytes
    nodes: bytes


class Transaction:
    """What can be done inside one transaction.

    Args:
        connection: an open connection with a transaction begun.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def meta(self) -> dict[str, str]:
        """Return the facts about the log itself."""
        return {str(name): str(value) for name, value in self.connection.execute(select(META.c.name, META.c.value))}

    def last(self) -> Row | None:
        """Return the entry with the highest number."""
        number = self.connection.execute(select(func.max(EVENTS.c.idx))).scalar()
        return None if number is None else self.row(int(number))

    def row(self, index: int) -> Row:
        """Return one entry.

        Raises:
            IntegrityError: there is none of this number.
        """
        found = self.connection.execute(select(EVENTS).where(EVENTS.c.idx == index)).one_or_none()
        if found is None:
            raise IntegrityError(
                f"entry {index} of the ledger is missing", next_step="hauberk evidence verify names it"
            )
        return _row(found)

    def rows(self, start: int | None = None) -> Iterator[Row]:
        """Yield the entries from `start` on in the order of their numbers; without it, even those below zero."""
        query = select(EVENTS).order_by(EVENTS.c.idx)
        if start is not None:
            query = query.where(EVENTS.c.idx >= start)
        result = self.connection.execute(query.execution_options(yield_per=_BLOCK))
        with result:
            yield from map(_row, result)

    def add(self, rows: list[Row]) -> None:
        """Append entries."""
        values = [{"idx": row.index, "body": row.body, "note": row.note, "nodes": row.nodes} for row in rows]
        self.connection.execute(insert(EVENTS), values)

    def add_meta(self, facts: dict[str, str]) -> None:
        """Write facts about the log itself."""
        self.connection.execute(insert(META), [{"name": name, "value": value} for name, value in facts.items()])


class Store(Protocol):
    """A database that holds one log."""

    where: str

    def writing(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that only one writer can hold; it ends in a commit that is on disk, or in nothing.

        Raises:
            Incomplete: other writers held the log for longer than the stated timeout.
        """
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that sees one state of the log."""
        ...

    def create(self, transaction: Transaction) -> bool:
        """Create the tables if there are none; say whether there were none."""
        ...

    def oddities(self, transaction: Transaction) -> list[str]:
        """Name the tables and triggers that are missing, altered or foreign."""
        ...

    def close(self) -> None:
        """Give up all connections."""
        ...


def _row(found: Sequence[object]) -> Row:
    number = found[0]
    return Row(number if isinstance(number, int) else -1, _bytes(found[1]), _bytes(found[2]), _bytes(found[3]))


def _bytes(value: object) -> bytes:
    """Return a column's bytes; a value of another type, which only tampering can leave, becomes no bytes."""
    return value if isinstance(value, bytes) else b""
