# SPDX-License-Identifier: Apache-2.0
"""Verify all the evidence of a project offline: ledger, run files, signed decisions and blob store.

An event names files in its payload: `{"run": digest, "id": run id}` in `run.completed` stands for `runs/ID.json`,
`{"files": {path: digest}}` for any file inside the state folder, `{"blobs": [digest, …]}` for what must lie in the
store. The latest event about a file counts. A file in `decisions/` must be an envelope that a trusted key signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeGuard

from hauberk.core.errors import HauberkError
from hauberk.core.event import Event, Plain
from hauberk.govern.kept import RUNS, kept_checkpoints
from hauberk.ledger import Blobs, Problem, ProblemKind, Verification, read_events, say_problems, verify_ledger
from hauberk.seal import PublicKey, digest_file, is_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReport:
    """The verdict on a project's evidence.

    Attributes:
        ledger: the verdict on the log.
        files: how many files the log names and were compared.
        blobs: how many blobs were read.
        problems: everything that does not hold: the log's problems first, then decisions, other files and blobs.
        notes: what is no problem, but a reader should know.
    """

    ledger: Verification
    files: int
    blobs: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where nothing is wrong. Whether the tail is proved, `ledger.tail_proved` says."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        """0 where everything holds; 4 where the log could not be looked at; 5 where something does not hold."""
        if self.ok:
            return 0
        return 5 if self.ledger.reached else 4

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        if not self.ok:
            return say_problems(self.problems)
        return f"{self.ledger.summary}; {self.files} files and {self.blobs} blobs match"


@dataclass(slots=True)
class _Named:
    """What the log says should be there."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    runs: set[str] = field(default_factory=set[str])
    blobs: set[str] = field(default_factory=set[str])


def verify_evidence(
    state: str | Path, keys: Sequence[PublicKey], checkpoint: str | None = None, *, ledger: str = ""
) -> EvidenceReport:
    """Verify the evidence in a state folder. It never raises for what it finds.

    Args:
        state: the state folder (`.hauberk`).
        keys: the public keys that the caller trusts, from outside the project.
        checkpoint: text of a checkpoint that left the machine; None if there is none.
        ledger: address of the log if it is not in the state folder.
    """
    root = Path(state)
    place = ledger or root
    kept, broken = kept_checkpoints(root, keys)
    verdict = verify_ledger(place, keys=keys, checkpoint=checkpoint, beside=kept)
    problems = [*verdict.problems, *broken]
    named = _Named()
    if not any(problem.kind is ProblemKind.UNREADABLE for problem in verdict.problems):
        for index, event in read_events(place):
            problems += _note(named, index, event)
    problems += [problem for path, digest in sorted(named.files.items()) for problem in _compare(root, path, digest)]
    extra, notes = _unnamed_runs(root, named)
    problems += extra
    store = Blobs(root / "blobs")
    problems += store.verify(named.blobs)
    return EvidenceReport(
        ledger=verdict,
        files=len(named.files) + len(named.runs),
        blobs=sum(1 for _ in store.digests()),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _note(named: _Named, index: int, event: Event) -> Iterable[Problem]:
    """Take down what an event names; a malformed name is a problem, since it proves nothing."""
    blobs = event.payload.get("blobs")
    named.blobs |= {blob for blob in (blobs if isinstance(blobs, list) else ()) if _digest(blob)}
    run = event.payload.get("run")
    if event.kind == "run.completed" and "id" not in event.payload and _digest(run):
        named.runs.add(run)
    for path, digest in _files(event).items():
        if _digest(digest) and _inside(path):
            named.files[path] = digest
        else:
            sentence = f"entry {index} names the file {path[:80]!r} in a way that proves nothing"
            yield Problem(kind=ProblemKind.UNREADABLE, sentence=sentence, index=index, last=index)


def _files(event: Event) -> dict[str, Plain]:
    """Return path to digest of the files that an event names."""
    listed = event.payload.get("files")
    files = dict(listed) if isinstance(listed, dict) else {}
    if event.kind == "run.completed" and "id" in event.payload:
        files[f"{RUNS}/{event.payload['id']}.json"] = event.payload.get("run")
    return files


def _digest(value: Plain) -> TypeGuard[str]:
    return isinstance(value, str) and is_digest(value)


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not PurePosixPath(path).is_absolute() and ".." not in parts


def _compare(root: Path, path: str, digest: str) -> Iterable[Problem]:
    target = root / path
    try:
        found = "" if target.is_symlink() else digest_file(target)
    except HauberkError as error:
        kind = ProblemKind.FLIPPED if target.exists() else ProblemKind.DELETED
        yield Problem(kind=kind, sentence=f"the file {path!r} that the ledger names: {error.what}", where=path)
        return
    if found != digest:
        sentence = f"the file {path!r} was changed: it does not have the digest that the ledger names"
        yield Problem(kind=ProblemKind.FLIPPED, sentence=sentence, where=path)


def _unnamed_runs(root: Path, named: _Named) -> tuple[list[Problem], list[str]]:
    """Match runs that are named by digest alone, and mention run files that the log does not know."""
    problems: list[Problem] = []
    notes: list[str] = []
    missing = set(named.runs)
    for path in sorted((root / RUNS).glob("*.json")) if (root / RUNS).is_dir() else []:
        name = f"{RUNS}/{path.name}"
        if name in named.files:
            continue
        digest = "" if path.is_symlink() or not path.is_file() else digest_file(path)
        if digest in named.runs:
            missing.discard(digest)
        elif named.runs:
            sentence = f"the file {name!r} was changed or added: the ledger does not name its digest"
            problems.append(Problem(kind=ProblemKind.FLIPPED, sentence=sentence, where=name))
        else:
            notes.append(f"{name} is not in the ledger: an aborted run, or a file that somebody put there")
    for digest in sorted(missing):
        sentence = f"the run {digest} is missing or was changed, and the ledger names it"
        problems.append(Problem(kind=ProblemKind.DELETED, sentence=sentence, where=RUNS))
    return problems, notes
