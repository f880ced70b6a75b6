# SPDX-License-Identifier: Apache-2.0
"""Verify a log offline: with the file, the public keys and, best, a checkpoint that left the machine.

A log that is whole is walked once: every hash is computed anew, every note must read as computed and name a trusted
key, each note holds the hash of the one before, and so the signature of the last one covers all. Anything that does
not fit sends the log to `diagnose`, which checks each signature and names the entries.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hauberk.core.errors import HauberkError, IntegrityError, Unreadable
from hauberk.core.event import Checkpoint, Event
from hauberk.ledger.checkpoint import FIRST, Head, note_digest, read_checkpoint
from hauberk.ledger.codec import decode_event
from hauberk.ledger.diagnose import Diagnosis, diagnose
from hauberk.ledger.place import open_store
from hauberk.ledger.problem import Problem, ProblemKind, Verification
from hauberk.ledger.schema import SCHEMA_VERSION
from hauberk.ledger.sqlite import FILE_NAME
from hauberk.ledger.store import Row, Store, Transaction
from hauberk.ledger.tree import Frontier, leaf_hash
from hauberk.seal import PublicKey, note_parse, note_verify


@dataclass(slots=True)
class Walk:
    """What one walk over the log found.

    Attributes:
        whole: whether everything fits.
        frontier: the tree computed from the entries.
        root_then: root at the size that was asked for; empty if the log is shorter.
        signers: names of the trusted keys that the notes name.
    """

    whole: bool = True
    frontier: Frontier = field(default_factory=Frontier)
    root_then: bytes = b""
    signers: set[str] = field(default_factory=set[str])


def verify_ledger(directory: str | Path, *, keys: Sequence[PublicKey], checkpoint: str | None = None) -> Verification:
    """Verify the log in a state folder (or at a `postgresql://` address). It never raises for what it finds.

    Args:
        directory: the state folder or address, as for `open_ledger`.
        keys: the public keys that the caller trusts; they must come from outside the log. Without any, nothing holds.
        checkpoint: text of a checkpoint that left the machine. Without it, entries cut off the end cannot be missed.
    """
    remote = "://" in str(directory)
    path = Path(directory) / FILE_NAME
    if not remote and not os.access(path, os.R_OK):
        sentence = "the ledger may not be read" if path.exists() else "there is no ledger here"
        missing = Problem(kind=ProblemKind.UNREADABLE, sentence=sentence, where=str(path))
        return Verification(size=0, problems=(missing,), reached=False)
    outside, problems = _read_outside(checkpoint, keys)
    try:
        store = open_store(directory, read_only=True)
        try:
            with store.reading() as transaction:
                return _verify(store, transaction, keys, outside, problems)
        finally:
            store.close()
    except HauberkError as error:
        sentence = f"{error.what}: {error.why}" if error.why else error.what
        unreadable = Problem(kind=ProblemKind.UNREADABLE, sentence=sentence, where=error.where)
        return Verification(size=0, problems=(*problems, unreadable), reached=not remote)


def read_events(directory: str | Path) -> Iterator[tuple[int, Event]]:
    """Yield number and event of every entry that can be read, without checking anything.

    What it yields is only as good as what `verify_ledger` said of the same log. Entries that are no events are left
    out, since the verifier has named them.
    """
    store = open_store(directory, read_only=True)
    try:
        with store.reading() as transaction:
            yield from _readable(transaction.rows())
    finally:
        store.close()


def _readable(rows: Iterable[Row]) -> Iterator[tuple[int, Event]]:
    for row in rows:
        with contextlib.suppress(Unreadable):
            yield row.index, decode_event(row.body)


def _read_outside(checkpoint: str | None, keys: Sequence[PublicKey]) -> tuple[Checkpoint | None, list[Problem]]:
    if checkpoint is None:
        return None, []
    try:
        return read_checkpoint(checkpoint, keys), []
    except Unreadable as error:
        kind, sentence = ProblemKind.UNREADABLE, f"the checkpoint given cannot be read: {error.why}"
    except IntegrityError as error:
        kind, sentence = ProblemKind.SIGNATURE, f"the checkpoint given cannot be believed: {error.what}"
    return None, [Problem(kind=kind, sentence=sentence, where="checkpoint")]


def _verify(
    store: Store,
    transaction: Transaction,
    keys: Sequence[PublicKey],
    outside: Checkpoint | None,
    problems: list[Problem],
) -> Verification:
    origin, odd = _frame(store, transaction)
    stop = outside.size if outside is not None else -1
    walk = _walk(transaction.rows(), origin, keys, stop)
    if walk.whole:
        diagnosis = Diagnosis(size=walk.frontier.size, roots={stop: walk.root_then}, origin=origin)
    else:
        diagnosis = diagnose(transaction.rows(), keys, origin)
    found = (*problems, *odd, *diagnosis.problems, *_compare(diagnosis, outside))
    return Verification(
        size=diagnosis.size,
        problems=found,
        origin=diagnosis.origin,
        root="" if found else walk.frontier.root().hex(),
        proved=0 if found else max(stop, 0),
        signers=tuple(sorted(walk.signers)),
    )


def _frame(store: Store, transaction: Transaction) -> tuple[str, list[Problem]]:
    """Return the log's name as the file states it, and what is wrong with the guards around its tables."""
    odd = store.oddities(transaction)
    if "events" in odd or "meta" in odd:
        raise Unreadable("this file does not hold the tables of a ledger", where=store.where, why=", ".join(odd))
    facts = transaction.meta()
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise Unreadable("the ledger has tables of another version", where=store.where, why=str(facts)[:200])
    problems = [
        Problem(kind=ProblemKind.FLIPPED, sentence=f"the guard {name!r} was altered, removed or added", where=name)
        for name in odd
    ]
    return facts.get("origin", ""), problems


def _walk(rows: Iterable[Row], origin: str, keys: Sequence[PublicKey], stop: int) -> Walk:
    """Walk the log; end at the first thing that does not fit."""
    known = {(key.name, key.hash) for key in keys}
    walk = Walk(root_then=Frontier().root() if stop == 0 else b"")
    previous, note = FIRST, b""
    for number, row in enumerate(rows):
        leaf = leaf_hash(row.body)
        nodes = b"".join(walk.frontier.append(leaf))
        root = walk.frontier.root()
        text = Head(origin=origin, size=number + 1, root=root, leaf=leaf, previous=previous).text
        if row.index != number or row.nodes != nodes or not _names(row.note, text, known, walk.signers):
            walk.whole = False
            return walk
        if number + 1 == stop:
            walk.root_then = root
        previous, note = note_digest(row.note), row.note
    walk.whole = bool(note) and _signed(note, keys)
    return walk


def _names(note: bytes, text: str, known: set[tuple[str, bytes]], signers: set[str]) -> bool:
    """Say whether a note has this text and one signature line, which names a trusted key."""
    try:
        parsed = note_parse(note.decode())
    except (Unreadable, UnicodeDecodeError):
        return False
    if parsed.text != text or len(parsed.signatures) != 1:
        return False
    line = parsed.signatures[0]
    signers.add(line.name)
    return (line.name, line.hash) in known


def _signed(note: bytes, keys: Sequence[PublicKey]) -> bool:
    try:
        note_verify(note.decode(), keys)
    except (IntegrityError, Unreadable, UnicodeDecodeError):
        return False
    return True


def _compare(diagnosis: Diagnosis, outside: Checkpoint | None) -> list[Problem]:
    """Hold the log against a checkpoint that left the machine."""
    if outside is None:
        return []
    if outside.origin != diagnosis.origin:
        sentence = f"the checkpoint given is of the log {outside.origin!r}, this is {diagnosis.origin!r}"
        return [Problem(kind=ProblemKind.FORKED, sentence=sentence, where="checkpoint")]
    if outside.size > diagnosis.size:
        sentence = (
            f"the log was cut off: it ends after {diagnosis.size} entries, "
            f"and the checkpoint vouches for {outside.size}"
        )
        return [Problem(kind=ProblemKind.TRUNCATED, sentence=sentence, index=diagnosis.size, last=outside.size - 1)]
    root = diagnosis.roots.get(outside.size, b"")
    if root and root.hex() != outside.root:
        sentence = (
            f"this is another history than the one that was vouched for: "
            f"the first {outside.size} entries do not have the root of the checkpoint"
        )
        return [Problem(kind=ProblemKind.FORKED, sentence=sentence, last=outside.size - 1)]
    return []
