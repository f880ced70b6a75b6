# SPDX-License-Identifier: Apache-2.0
"""What somebody else's model signature covers: files or shards of files by digest, and paths that were passed over."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from hauberk.artifact.manifest import Entry, Manifest
from hauberk.core.errors import Unreadable

ALONE = "."
"""How the specification names the one file of a model that is no folder."""

SHARD = 1_000_000_000
"""Bytes of a shard, unless a signature says otherwise."""


class Hash(Protocol):
    """A hash of the standard library, or one that looks alike."""

    def update(self, data: memoryview, /) -> object:
        """Take the next bytes."""
        ...

    def hexdigest(self) -> str:
        """The digest so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a statement of the specification says of a model.

    Attributes:
        name: what the model was called; the name is not signed for.
        digests: hexadecimal digest of every file, or of every shard as `name:start:end`.
        hash_type: `sha256`, `blake2b` or `blake3`.
        shard: bytes of a shard; 0 if files are hashed whole.
        ignored: paths that were passed over, and all that lies below them.
    """

    name: str
    digests: dict[str, str]
    hash_type: str
    shard: int = 0
    ignored: tuple[str, ...] = ()

    def passes_over(self, name: str) -> bool:
        """Whether the signature does not cover this path."""
        parts = name.split("/")
        return any("/".join(parts[: depth + 1]) in self.ignored for depth in range(len(parts)))


@dataclass(slots=True)
class Pieces:
    """Digests of one file as a claim wants them, made from its bytes as they are read.

    Attributes:
        claim: the claim.
        found: digests of the pieces so far, by start.
    """

    claim: Claim
    found: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    _start: int = 0
    _end: int = 0
    _hash: Hash | None = None

    def update(self, data: memoryview, /) -> None:
        """Take the next bytes of the file."""
        while len(data):
            self._hash = self._hash or new_hash(self.claim.hash_type)
            room = self._start + self.claim.shard - self._end if self.claim.shard else len(data)
            self._hash.update(data[:room])
            self._end += min(room, len(data))
            data = data[room:]
            if self.claim.shard and self._end - self._start == self.claim.shard:
                self._close()

    def _close(self) -> None:
        assert self._hash is not None
        self.found.append((self._start, self._end, self._hash.hexdigest()))
        self._start, self._hash = self._end, None

    def digests(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield name and digest of every piece; an empty file has none where shards are hashed."""
        if self._hash is not None:
            self._close()
        if not self.claim.shard and not self.found:
            yield name, new_hash(self.claim.hash_type).hexdigest()
        for start, end, digest in self.found:
            yield (f"{name}:{start}:{end}" if self.claim.shard else name), digest


def new_hash(kind: str) -> Hash:
    """Return a fresh hash.

    Raises:
        Unreadable: a kind that is not known, or whose library is missing.
    """
    if kind == "sha256":
        return hashlib.sha256()
    if kind == "blake2b":
        return hashlib.blake2b()
    if kind != "blake3":
        raise Unreadable(f"no hash is called {kind[:40]!r}", why="sha256, blake2b and blake3 are known")
    try:
        return cast("Hash", importlib.import_module("blake3").blake3())
    except ImportError as error:
        raise Unreadable(
            "this signature hashes with blake3", why="that library is missing", next_step="pip install blake3"
        ) from error


def read_claim(statement: dict[str, Any], *, old: bool = False) -> Claim:
    """Read a statement of the specification.

    Args:
        statement: the parsed statement.
        old: whether it is of the time before version 1.0, when each file was a subject.

    Raises:
        Unreadable: it contradicts itself.
        KeyError, TypeError, ValueError: it has another shape.
    """
    subjects = cast("list[dict[str, Any]]", statement["subject"])
    if old:
        files = {str(one["name"]): str(one["digest"]["sha256"]) for one in subjects}
        return _checked(Claim(name="", digests=files, hash_type="sha256"), len(subjects))
    (subject,) = subjects
    predicate = statement["predicate"]
    how = predicate["serialization"]
    kind, method = str(how["hash_type"]), str(how["method"])
    if method not in {"files", "shards"}:
        raise Unreadable(f"no way to hash a model is called {method[:40]!r}", why="files and shards are known")
    shard = int(how.get("shard_size") or SHARD) if method == "shards" else 0
    resources = cast("list[dict[str, str]]", predicate["resources"])
    _refuse_contradiction(resources, str(subject["digest"]["sha256"]), {kind, f"{kind}-sharded-{shard}"})
    claim = Claim(
        name=str(subject.get("name") or ""),
        digests={one["name"]: one["digest"].lower() for one in resources},
        hash_type=kind,
        shard=shard,
        ignored=tuple(str(path).strip("/") for path in how.get("ignore_paths") or ()),
    )
    return _checked(claim, len(resources))


def _refuse_contradiction(resources: list[dict[str, str]], root: str, kinds: set[str]) -> None:
    summed = hashlib.sha256()
    for one in resources:
        if one["algorithm"] not in kinds:
            raise Unreadable("this statement contradicts itself", why=f"a digest is of kind {one['algorithm'][:40]!r}")
        summed.update(bytes.fromhex(one["digest"]))
    if summed.hexdigest() != root.lower():
        raise Unreadable("this statement contradicts itself", why="its digests do not fit together")


def _checked(claim: Claim, listed: int) -> Claim:
    if not claim.digests or len(claim.digests) != listed or claim.shard < 0:
        raise Unreadable("this statement contradicts itself", why="a file is listed twice, or none is")
    new_hash(claim.hash_type)
    return claim


def differences(claim: Claim, found: Manifest, pieces: dict[str, Pieces]) -> list[str]:
    """Name what differs between a claim and the files that were read, one phrase a difference."""
    now = dict(_now(claim, found, pieces))
    other = {name for name in claim.digests.keys() & now if claim.digests[name] != now[name]}
    gone = {_file(claim, name) for name in claim.digests.keys() - now}
    come = {_file(claim, name) for name in now.keys() - claim.digests}
    changed = {_file(claim, name) for name in other} | (gone & come)  # other shards of the same file
    return [
        *(f"the content of {name!r} was changed" for name in sorted(changed)),
        *(f"{name!r} is missing" for name in sorted(gone - changed)),
        *(f"{name!r} was added" for name in sorted(come - changed)),
    ]


def _now(claim: Claim, found: Manifest, pieces: dict[str, Pieces]) -> Iterator[tuple[str, str]]:
    for entry in found.entries:
        if entry.digest and not (found.folder and claim.passes_over(entry.name)):
            yield from pieces[entry.name].digests(entry.name if found.folder else ALONE)


def uncovered(claim: Claim, found: Manifest) -> tuple[list[str], list[str]]:
    """Return the files that the signature passes over, and in phrases what else it says nothing of."""
    passed = [entry.name for entry in found.entries if found.folder and claim.passes_over(entry.name)]
    phrases = [_loose(claim, entry) for entry in found.entries if entry.name not in passed]
    return passed, [phrase for phrase in phrases if phrase]


def _loose(claim: Claim, entry: Entry) -> str:
    if not entry.digest:
        return f"the empty folder {entry.name!r}"
    if entry.executable:
        return f"the executable bit of {entry.name!r}"
    return f"the empty file {entry.name!r}" if claim.shard and not entry.size else ""


def _file(claim: Claim, name: str) -> str:
    return name.rsplit(":", 2)[0] if claim.shard else name
