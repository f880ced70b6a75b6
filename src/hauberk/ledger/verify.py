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
        roots: size to root, for the sizes that were asked for and that the log reaches.
        signers: names of the trusted keys that the notes name.
    """

    whole: bool = True
    frontier: Frontier = field(default_factory=Frontier)
    roots: dict[int, bytes] = field(default_factory=dict[int, bytes])
    signers: set[str] = field(default_factory=set[str])


def verify_ledger(
    directory: str | Path, *, keys: Sequence[PublicKey], checkpoint: str | None = None, beside: Sequence[str] = ()
) -> Verification:
    """Verify the log in a state folder (or at a `postgresql://` address). It never raises for what it finds.

    Args:
        directory: the state folder or address, as for `open_ledger`.
        keys: the public keys that the caller trusts; they must come from outside the log. Without any, nothing holds.
        checkpoint: text of a checkpoint that left the machine. Without it, entries cut off the end cannot be missed.
        beside: texts of checkpoints that were kept with the log, such as in its run files. They prove nothing to
            somebody who may have cut those off too, but they can give away a log that was cut off or forked alone.
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
                return _verify(store, transaction, keys, (outside, _believable(beside, keys)), problems)
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


def _believable(beside: Sequence[str], keys: Sequence[PublicKey]) -> list[Checkpoint]:
    """Return the checkpoints that a trusted key signed, each once, largest first; the others say nothing."""
    found: dict[tuple[str, int, str], Checkpoint] = {}
    for text in beside:
        with contextlib.suppress(Unreadable, IntegrityError):
            point = read_checkpoint(text, keys)
            found[point.origin, point.size, point.root] = point
    return [found[key] for key in sorted(found, key=lambda key: (-key[1], key))]


def _verify(
    store: Store,
    transaction: Transaction,
    keys: Sequence[PublicKey],
    points: tuple[Checkpoint | None, list[Checkpoint]],
    problems: list[Problem],
) -> Verification:
    origin, odd = _frame(store, transaction)
    outside, beside = points
    asked = {point.size for point in (*beside, *([outside] if outside else []))}
    walk = _walk(transaction.rows(), origin, keys, asked)
    if walk.whole:
        diagnosis = Diagnosis(size=walk.frontier.size, roots=walk.roots, origin=origin)
    else:
        diagnosis = diagnose(transaction.rows(), keys, origin)
    compared = [_compare(diagnosis, outside, "the checkpoint given")] if outside else []
    compared += [
        _compare(diagnosis, point, "a checkpoint kept beside it") for point in beside if point.origin == origin
    ]
    # One cut gives away every checkpoint after it; the first one named says how much is gone.
    unlike = list({problem.kind: problem for problem in reversed(compared) if problem is not None}.values())
    found = (*problems, *odd, *diagnosis.problems, *unlike)
    return Verification(
        size=diagnosis.size,
        problems=found,
        origin=diagnosis.origin,
        root="" if found else walk.frontier.root().hex(),
        proved=0 if found or outside is None else outside.size,
        signers=tuple(sorted(walk.signers)),
    )


def _frame(store: Store, transaction: Transaction) -> tuple[str, list[Problem]]:
    """Return the log's name as the file states it, and what is wrong with the guards around its tables."""
    odd = store.oddities(transaction)
    if "events" in odd or "meta" in odd:
        raise Unreadable(
            "this does not hold the tables of a ledger",
            where=store.where,
            why=f"missing or altered: {', '.join(odd)}; the creation was interrupted, or somebody put it there",
        )
    facts = transaction.meta()
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise Unreadable("the ledger has tables of another version", where=store.where, why=str(facts)[:200])
    problems = [
        Problem(kind=ProblemKind.FLIPPED, sentence=f"the guard {name!r} was altered, removed or added", where=name)
        for name in odd
    ]
    return facts.get("origin", ""), problems


def _walk(rows: Iterable[Row], origin: str, keys: Sequence[PublicKey], asked: set[int]) -> Walk:
    """Walk the log; end at the first thing that does not fit."""
    known = {(key.name, key.hash) for key in keys}
    walk = Walk(roots={0: Frontier().root()})
    previous, note = FIRST, b""
    for number, row in enumerate(rows):
        leaf = leaf_hash(row.body)
        nodes = b"".join(walk.frontier.append(leaf))
        root = walk.frontier.root()
        text = Head(origin=origin, size=number + 1, root=root, leaf=leaf, previous=previous).text
        if row.index != number or row.nodes != nodes or not _names(row.note, text, known, walk.signers):
            walk.whole = False
            return walk
        if number + 1 in asked:
            walk.roots[number + 1] = root
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


def _compare(diagnosis: Diagnosis, point: Checkpoint, which: str) -> Problem | None:
    """Hold the log against a checkpoint."""
    if point.origin != diagnosis.origin:
        sentence = f"{which} is of the log {point.origin!r}, this is {diagnosis.origin!r}"
        return Problem(kind=ProblemKind.FORKED, sentence=sentence, where="checkpoint")
    if point.size > diagnosis.size:
        sentence = f"the log was cut off: it ends after {diagnosis.size} entries, and {which} vouches for {point.size}"
        return Problem(kind=ProblemKind.TRUNCATED, sentence=sentence, index=diagnosis.size, last=point.size - 1)
    root = diagnosis.roots.get(point.size, b"")
    if root and root.hex() != point.root:
        sentence = (
            f"this is another history than the one that was vouched for: "
            f"the first {point.size} entries do not have the root of {which}"
        )
        return Problem(kind=ProblemKind.FORKED, sentence=sentence, where="checkpoint")
    return None
