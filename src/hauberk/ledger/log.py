# SPDX-License-Identifier: Apache-2.0
"""The log itself: append, read, prove, and sign where it stands.

Before a writer signs anything it checks the signature of the entry that it builds on, and that the stored tree has the
root which that entry states: a tampered file is refused, never signed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.core.event import Checkpoint, Event
from hauberk.core.ports import Clock, SystemClock
from hauberk.ledger.checkpoint import FIRST, Head, check_origin, make_checkpoint, note_digest, parse_head, sign_head
from hauberk.ledger.codec import decode_event, encode_event
from hauberk.ledger.place import open_store
from hauberk.ledger.schema import SCHEMA_VERSION
from hauberk.ledger.store import Row, Store, Transaction
from hauberk.ledger.tree import (
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
)
from hauberk.seal import PublicKey, Signer, note_verify


class Ledger:
    """An append-only log of events. Use it as a context manager, or close it.

    Args:
        store: where the rows are.
        signer: the key that signs what this process appends.
        origin: name of the log.
        keys: public keys of the other writers; the signer's own is always among them.
    """

    def __init__(self, store: Store, signer: Signer, origin: str, keys: Sequence[PublicKey] = ()) -> None:
        self._store = store
        self._signer = signer
        self._keys = (signer.public, *keys)
        self._tail: tuple[bytes, Frontier] = (b"", Frontier())
        self.origin = origin

    def append(self, events: Sequence[Event]) -> int:
        """Append all or nothing; return the log's size after it. The events are on disk when this returns.

        Raises:
            UsageError: an event that cannot be written, such as a float in its payload.
            Incomplete: other writers held the log for longer than the stated timeout.
            IntegrityError: the log was tampered with.
        """
        bodies = [encode_event(event) for event in events]
        with self._store.writing() as transaction:
            note, frontier = self._checked_tail(transaction)
            if bodies:
                note, frontier = self._add(transaction, bodies, note, frontier)
        self._tail = (note, frontier)
        return frontier.size

    def read(self, start: int = 0) -> Iterator[tuple[int, Event]]:
        """Yield number and event from `start` on, and check each against the signed chain of notes.

        The last step checks the signature that covers all of them, so only a loop that ran to its end may be believed.

        Raises:
            IntegrityError: an entry does not hold.
        """
        if start < 0:
            raise UsageError(f"there is no entry {start}")
        with self._store.reading() as transaction:
            tail, frontier = self._checked_tail(transaction)
            previous = note_digest(transaction.row(start - 1).note) if 0 < start <= frontier.size else FIRST
            number, note = start, tail
            for row in transaction.rows(start):
                self._check_row(row, number, previous)
                note, previous = row.note, note_digest(row.note)
                yield number, decode_event(row.body, where=f"entry {number}")
                number += 1
            if number != max(frontier.size, start) or note != tail:
                raise self._broken(number, "the signed end of the log was not reached")

    def checkpoint(self) -> Checkpoint:
        """Return a signed checkpoint of the log as it stands; it may leave the machine."""
        with self._store.reading() as transaction:
            frontier = self._checked_tail(transaction)[1]
        return make_checkpoint(self.origin, frontier.size, frontier.root(), self._signer)

    @property
    def size(self) -> int:
        """Number of entries; the first one records the creation of the log."""
        with self._store.reading() as transaction:
            return self._checked_tail(transaction)[1].size

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the inclusion proof of an entry in the log of `size` entries, in O(log n) reads."""
        with self._store.reading() as transaction:
            whole = self._checked_tail(transaction)[1].size
            total = whole if size is None else size
            if not 0 <= index < total <= whole:
                raise UsageError(f"there is no entry {index} among the first {total} of {whole}")
            return inclusion_proof(index, total, lambda level, place: _node(transaction, level, place))

    def prove_growth(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the log of `old` entries is the start of the log of `new`, in O(log n) reads."""
        with self._store.reading() as transaction:
            whole = self._checked_tail(transaction)[1].size
            total = whole if new is None else new
            if not 0 <= old <= total <= whole:
                raise UsageError(f"the log never grew from {old} to {total} entries; it has {whole}")
            return consistency_proof(old, total, lambda level, place: _node(transaction, level, place))

    def close(self) -> None:
        """Give up the database."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, clock: Clock) -> None:
        """Create the log if there is none, with its first entry; check what is there if there is one.

        Raises:
            UsageError: the log that is there has another name.
            Unreadable: its tables have another version.
            IntegrityError: its tables or triggers were altered, or its end does not hold.
        """
        with self._store.writing() as transaction:
            if self._store.create(transaction):
                check_origin(self.origin)
                transaction.add_meta({"origin": self.origin, "schema_version": SCHEMA_VERSION})
                event = Event(
                    kind="ledger.created",
                    at_us=clock.now_us(),
                    actor=self._signer.name,
                    payload={"origin": self.origin, "schema_version": SCHEMA_VERSION},
                )
                self._tail = self._add(transaction, [encode_event(event)], b"", Frontier())
                return
            self._check_frame(transaction)
            self._tail = self._checked_tail(transaction)

    def _check_frame(self, transaction: Transaction) -> None:
        where = self._store.where
        odd = self._store.oddities(transaction)
        if odd:
            raise IntegrityError("the ledger's tables or triggers were altered", where=where, why=", ".join(odd))
        facts = transaction.meta()
        if facts.get("schema_version") != SCHEMA_VERSION:
            raise Unreadable("the ledger has tables of another version", where=where, why=str(facts)[:200])
        if self.origin and facts.get("origin") != self.origin:
            raise UsageError(f"this is the ledger {facts.get('origin')!r}, not {self.origin!r}", where=where)
        self.origin = facts["origin"]

    def _add(
        self, transaction: Transaction, bodies: list[bytes], note: bytes, frontier: Frontier
    ) -> tuple[bytes, Frontier]:
        grown = frontier.copy()
        rows: list[Row] = []
        for body in bodies:
            leaf = leaf_hash(body)
            nodes = grown.append(leaf)
            previous = note_digest(note) if note else FIRST
            head = Head(origin=self.origin, size=grown.size, root=grown.root(), leaf=leaf, previous=previous)
            note = sign_head(head, self._signer).encode()
            rows.append(Row(grown.size - 1, body, note, b"".join(nodes)))
        transaction.add(rows)
        return note, grown

    def _checked_tail(self, transaction: Transaction) -> tuple[bytes, Frontier]:
        row = transaction.last()
        if row is None:
            raise self._broken(0, "even a new log has one entry")
        if row.note == self._tail[0] and row.index + 1 == self._tail[1].size:
            return self._tail
        size = row.index + 1
        try:
            head = parse_head(note_verify(row.note.decode(), self._keys).text)
        except (IntegrityError, Unreadable, UnicodeDecodeError) as error:
            raise self._broken(row.index, "no key that this writer trusts signed it") from error
        if (head.origin, head.size, head.leaf) != (self.origin, size, leaf_hash(row.body)):
            raise self._broken(row.index, "it is not what was signed")
        frontier = frontier_of(size, lambda level, place: _node(transaction, level, place))
        if frontier.root() != head.root:
            raise self._broken(row.index, "the stored tree does not have the signed root")
        return row.note, frontier

    def _check_row(self, row: Row, number: int, previous: bytes) -> None:
        try:
            head = parse_head(row.note.decode().rpartition("\n\n")[0])
        except (Unreadable, UnicodeDecodeError) as error:
            raise self._broken(row.index, "its note cannot be read") from error
        expected = (number, number + 1, leaf_hash(row.body), previous)
        if (row.index, head.size, head.leaf, head.previous) != expected:
            raise self._broken(number, "it is not what was signed")

    def _broken(self, index: int, why: str) -> IntegrityError:
        return IntegrityError(
            f"entry {index} of the ledger does not hold",
            where=self._store.where,
            why=why,
            next_step="hauberk evidence verify names everything that was changed",
        )


def open_ledger(
    directory: str | Path,
    *,
    signer: Signer,
    origin: str = "",
    clock: Clock | None = None,
    keys: Sequence[PublicKey] = (),
    timeout_s: float = 30.0,
) -> Ledger:
    """Open the log of a project, and create it if there is none.

    Args:
        directory: the state folder (`.hauberk`), in which the log is `ledger.sqlite`, or a `postgresql://` address.
        signer: the key that signs what this process appends.
        origin: name of the log, unique for each project; empty takes the name of the log that is there.
        clock: where the time of creation comes from.
        keys: public keys of the other writers, from a source outside the log.
        timeout_s: how long a writer queues behind others before it gives up.

    Raises:
        UsageError: another name than the log has, or no name for a new log.
        Unreadable: the file is no log that this version can read.
        IntegrityError: the log was tampered with at its end or in its tables.
        Incomplete: other writers held the log for longer than the timeout.
    """
    store = open_store(directory, timeout_s=timeout_s)
    ledger = Ledger(store, signer, origin, keys)
    with contextlib.ExitStack() as undo:
        undo.callback(store.close)
        ledger.begin(clock or SystemClock())
        undo.pop_all()
    return ledger


def _node(transaction: Transaction, level: int, place: int) -> bytes:
    """Return the hash of a complete node: it is stored with the entry that completed it."""
    row = transaction.row(((place + 1) << level) - 1)
    if level == 0:
        return leaf_hash(row.body)
    found = row.nodes[32 * (level - 1) : 32 * level]
    if len(found) != 32:
        raise IntegrityError(f"entry {row.index} of the ledger lacks a tree node")
    return found
