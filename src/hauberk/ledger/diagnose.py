# SPDX-License-Identifier: Apache-2.0
"""Name what was done to a log that does not fit together.

Every entry carries its own signed note, which says where the entry belongs and what it must hash to. So each can be
judged alone, whatever happened to its neighbours: the notes whose signatures hold are the map, and the file is
compared with it. Somebody without the key can destroy a note, but cannot write one that says something else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hauberk.core.errors import IntegrityError, Unreadable
from hauberk.ledger.checkpoint import FIRST, Head, note_digest, parse_head
from hauberk.ledger.problem import Problem, ProblemKind
from hauberk.ledger.store import Row
from hauberk.ledger.tree import Frontier, leaf_hash
from hauberk.seal import PublicKey, note_parse, note_verify


@dataclass(slots=True)
class Diagnosis:
    """What is wrong with a log, and what is known of it all the same.

    Attributes:
        size: how many entries it holds or once held, as far as signatures tell.
        origin: its name, as signed.
        roots: size to root, for the sizes at which the root is known.
        problems: everything that is wrong, in the order of the entries.
    """

    size: int
    origin: str
    roots: dict[int, bytes] = field(default_factory=dict[int, bytes])
    problems: list[Problem] = field(default_factory=list[Problem])


@dataclass(slots=True)
class _Seen:
    """One stored row: its place, what its note proves (None if nothing), and hashes of what is stored."""

    place: int
    head: Head | None
    stranger: str
    leaf: bytes
    note: bytes
    nodes: bytes

    @property
    def claim(self) -> int:
        """The number that the signed note gives this entry; its place where nothing is proved."""
        return self.place if self.head is None else self.head.size - 1


def diagnose(rows: Iterable[Row], keys: Sequence[PublicKey], origin: str) -> Diagnosis:
    """Check every signature of a log and name what does not hold.

    Args:
        rows: the stored rows in the order of their numbers.
        keys: the keys that the caller trusts.
        origin: the log's name as the file states it; the signed notes overrule it.
    """
    seen = [_look(row, keys) for row in rows]
    own, signed, problems = _without_foreign(seen, origin)
    own, strays = _without_strays(own)
    kept, copies = _without_copies(own)
    problems += strays + copies + _missing(kept, bool(seen)) + _moved(kept, seen) + _altered(kept)
    roots, forks = _rebuild(kept)
    problems += forks
    if not problems:
        problems.append(Problem(kind=ProblemKind.FLIPPED, sentence="the log does not fit together"))
    problems.sort(key=lambda problem: (-1 if problem.index is None else problem.index, problem.kind))
    size = max((one.claim for one in kept), default=-1) + 1
    return Diagnosis(size=size, origin=signed, roots=roots, problems=problems)


def _look(row: Row, keys: Sequence[PublicKey]) -> _Seen:
    head, stranger = None, ""
    try:
        note = row.note.decode()
        known = {(key.name, key.hash) for key in keys}
        stranger = next((line.name for line in note_parse(note).signatures if (line.name, line.hash) not in known), "")
        read = parse_head(note_verify(note, keys).text)
        head, stranger = (read if read.leaf else None), ""
    except (IntegrityError, Unreadable, UnicodeDecodeError):
        pass
    return _Seen(row.index, head, stranger, leaf_hash(row.body), note_digest(row.note), row.nodes)


def _without_foreign(seen: list[_Seen], origin: str) -> tuple[list[_Seen], str, list[Problem]]:
    """Keep the rows that were signed for this log, whose name the signed notes tell."""
    named = Counter(one.head.origin for one in seen if one.head is not None).most_common(1)
    signed = named[0][0] if named else origin
    problems = [] if signed == origin else [_named_falsely(origin, signed)]
    own: list[_Seen] = []
    for one in seen:
        if one.head is None or one.head.origin == signed:
            own.append(one)
        else:
            sentence = f"entry {one.place} was inserted: it was signed for the log {one.head.origin!r}"
            problems.append(_problem(ProblemKind.INSERTED, sentence, one.place))
    return own, signed, problems


def _without_strays(rows: list[_Seen]) -> tuple[list[_Seen], list[Problem]]:
    """Drop the rows that prove nothing and stand apart from the log: they were never part of it."""
    reach = max((one.claim for one in rows if one.head is not None), default=-1)
    kept: list[_Seen] = []
    problems: list[Problem] = []
    for one in rows:
        if one.head is None and not 0 <= one.place <= reach + 1:
            sentence = f"entry {one.place} was inserted: nobody trusted signed it"
            problems.append(_problem(ProblemKind.INSERTED, sentence, one.place))
            continue
        reach = max(reach, one.claim)
        kept.append(one)
    return kept, problems


def _without_copies(rows: list[_Seen]) -> tuple[list[_Seen], list[Problem]]:
    """Keep one row for each number; the others were inserted."""
    claims: defaultdict[int, list[_Seen]] = defaultdict(list)
    for one in rows:
        claims[one.claim].append(one)
    keep: set[int] = set()
    problems: list[Problem] = []
    fitting = _fitting(rows)
    for claim, group in claims.items():
        group.sort(key=lambda one: (one.head is None, -fitting[id(one)], one.place != claim, one.place))
        keep.add(id(group[0]))
        for one in group[1:]:
            what = "nobody trusted signed it" if one.head is None else f"it is a copy of entry {claim}"
            sentence = f"entry {one.place} was inserted: {what}"
            problems.append(_problem(ProblemKind.INSERTED, sentence, one.place))
    return [one for one in rows if id(one) in keep], problems


def _fitting(rows: list[_Seen]) -> dict[int, int]:
    """Count for each row on how many sides its neighbour is the right one: a copy fits worse than the original."""
    claims = [-2, *(one.claim for one in rows), -2]
    return {id(one): (claims[at] == one.claim - 1) + (claims[at + 2] == one.claim + 1) for at, one in enumerate(rows)}


def _missing(kept: list[_Seen], any_rows: bool) -> list[Problem]:
    if not any_rows:
        return [_problem(ProblemKind.DELETED, "every entry was deleted: even a new log has one", 0)]
    problems: list[Problem] = []
    expected = 0
    for claim in sorted(one.claim for one in kept):
        if claim > expected:
            problems.append(_run(ProblemKind.DELETED, "deleted", expected, claim - 1))
        expected = max(expected, claim + 1)
    return problems


def _moved(kept: list[_Seen], seen: list[_Seen]) -> list[Problem]:
    """Name the entries that stand in another order than they were signed in."""
    dense = {id(one): rank for rank, one in enumerate(seen)}
    problems: list[Problem] = []
    for one, right in zip(kept, sorted(kept, key=lambda row: row.claim), strict=True):
        renumbered = one.place not in {one.claim, dense[id(one)]}
        if one.claim != right.claim or renumbered:
            sentence = f"entry {one.claim} was moved: it stands at place {one.place}"
            problems.append(_problem(ProblemKind.REORDERED, sentence, one.claim))
    return problems


def _altered(kept: list[_Seen]) -> list[Problem]:
    homes = {one.head.leaf: one.claim for one in kept if one.head is not None}
    problems: list[Problem] = []
    strangers: list[_Seen] = []
    for one in kept:
        if one.head is None and one.stranger:
            strangers.append(one)
        elif one.head is None:
            problems.append(_problem(ProblemKind.FLIPPED, f"entry {one.place} was changed: its note", one.place))
        elif one.leaf != one.head.leaf and one.leaf in homes:
            sentence = f"entry {one.claim} holds the event of entry {homes[one.leaf]}"
            problems.append(_problem(ProblemKind.REORDERED, sentence, one.claim))
        elif one.leaf != one.head.leaf:
            problems.append(_problem(ProblemKind.FLIPPED, f"entry {one.claim} was changed: its event", one.claim))
    return problems + _strangers(strangers)


def _strangers(rows: list[_Seen]) -> list[Problem]:
    """Gather runs of entries that one unknown key signed."""
    problems: list[Problem] = []
    for one in rows:
        last = problems[-1] if problems else None
        sentence = f"no trusted key signed this: it names the key {one.stranger!r}"
        if last is not None and last.last == one.place - 1 and last.sentence == sentence:
            problems[-1] = Problem(kind=ProblemKind.SIGNATURE, sentence=sentence, index=last.index, last=one.place)
        else:
            problems.append(_problem(ProblemKind.SIGNATURE, sentence, one.place))
    return problems


def _rebuild(kept: list[_Seen]) -> tuple[dict[int, bytes], list[Problem]]:
    """Compute the tree from what the notes prove, as far as it is known, and hold stored nodes and roots against it."""
    roots = {one.head.size: one.head.root for one in kept if one.head is not None}
    problems: list[Problem] = []
    frontier, previous = Frontier(), FIRST
    for number, one in enumerate(sorted(kept, key=lambda row: row.claim)):
        if one.claim != number:
            break
        leaf = one.leaf if one.head is None else one.head.leaf
        nodes = b"".join(frontier.append(leaf))
        if one.head is None:
            break
        if (one.head.root, one.head.previous) != (frontier.root(), previous):
            sentence = f"entry {number} is signed as part of another history"
            problems.append(_problem(ProblemKind.FORKED, sentence, number))
            break
        if one.nodes != nodes:
            sentence = f"entry {number} was changed: the tree nodes beside it"
            problems.append(_problem(ProblemKind.FLIPPED, sentence, number))
        previous = one.note
    return roots, problems


def _named_falsely(origin: str, signed: str) -> Problem:
    sentence = f"the file calls the log {origin!r}, its entries were signed for {signed!r}"
    return Problem(kind=ProblemKind.FLIPPED, sentence=sentence, where="meta")


def _problem(kind: ProblemKind, sentence: str, index: int) -> Problem:
    return Problem(kind=kind, sentence=sentence, index=index, last=index)


def _run(kind: ProblemKind, word: str, first: int, last: int) -> Problem:
    subject = f"entry {first} was" if first == last else f"entries {first} to {last} were"
    return Problem(kind=kind, sentence=f"{subject} {word}", index=first, last=last)
