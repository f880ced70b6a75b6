# SPDX-License-Identifier: Apache-2.0
"""Every file of a model by name, digest and size, in one order. What lies in the folder is in the manifest.

Nothing is left out: `.git`, hidden files and empty folders count, and so does the executable bit. What has no honest
digest is refused: symbolic links, pipes and devices, names that another file system would spell alike.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hauberk.core.errors import NothingToExamine, Unreadable, UsageError
from hauberk.core.event import Plain
from hauberk.seal import Summing, canonical, digest_bytes, digest_descriptor, open_regular

MAX_ENTRIES = 1_000_000
"""Files and folders that one model may have."""

MAX_DEPTH = 64
"""How deep its folders may be nested."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """One file, or one empty folder.

    Attributes:
        name: path inside the model with `/` between its parts, in Unicode normal form C.
        digest: `sha256:` of the file's bytes; empty for an empty folder.
        size: bytes of the file.
        executable: whether anybody may execute it.
    """

    name: str
    digest: str = ""
    size: int = 0
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All entries of a model, sorted by name.

    Attributes:
        name: name of the file or folder.
        folder: whether it is a folder.
        entries: its files and empty folders; for a file, that one file.
    """

    name: str
    folder: bool
    entries: tuple[Entry, ...]

    @property
    def digest(self) -> str:
        """`sha256:` of the file's bytes, or of the canonical list of a folder's entries; the name is not in it."""
        if not self.folder:
            return self.entries[0].digest
        listed: list[Plain] = [
            {"digest": entry.digest, "executable": entry.executable, "name": entry.name, "size": entry.size}
            for entry in self.entries
        ]
        return digest_bytes(canonical({"entries": listed, "type": "hauberk.folder/1"}))


Also: TypeAlias = Callable[[str], Summing | None]
"""Makes, for a file by its name in the model, what is to be fed with its bytes too."""


def make_manifest(path: str | Path, *, also: Also | None = None) -> Manifest:
    """Read a file or a folder, each file once.

    Args:
        path: the model.
        also: called for every file; what it returns gets the very bytes that are digested here.

    Raises:
        UsageError: there is nothing at this path.
        NothingToExamine: an empty folder.
        Unreadable: a symbolic link, a pipe, a device, a set-uid file, a name that is not UTF-8, two names that differ
            only in case or Unicode form, or a file that changed while it was read.
    """
    root = Path(path)
    name = unicodedata.normalize("NFC", root.absolute().name)
    if not root.is_dir():
        with open_regular(root) as descriptor:
            return Manifest(name=name, folder=False, entries=(_file(descriptor, name, root, also),))
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable("this folder cannot be opened", where=str(root), why=os.strerror(error.errno or 0)) from error
    entries: list[Entry] = []
    for entry in _walk(descriptor, "", root, 0, also=also):
        entries.append(entry)
        if len(entries) > MAX_ENTRIES:
            raise Unreadable(f"this folder has more than {MAX_ENTRIES} files", where=str(root))
    if not entries:
        raise NothingToExamine("this folder is empty", where=str(root))
    _refuse_alike(entries, root)
    return Manifest(name=name, folder=True, entries=tuple(sorted(entries)))


def _walk(descriptor: int, prefix: str, root: Path, depth: int, *, also: Also | None) -> Iterator[Entry]:
    """Yield what lies under an open folder, and close it. Names are opened relative to it, so no link can lead out."""
    try:
        with os.scandir(descriptor) as listing:
            names = sorted(item.name for item in listing)
        if not names and prefix:
            yield Entry(name=prefix.removesuffix("/"))
        for name in names:
            yield from _visit(descriptor, prefix, name, root, depth, also=also)
    finally:
        os.close(descriptor)


def _visit(descriptor: int, prefix: str, name: str, root: Path, depth: int, *, also: Also | None) -> Iterator[Entry]:
    path = prefix + _spelt(name, root)
    where = root / prefix / name
    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise Unreadable("a symbolic link has no digest", where=f"{str(where)!r}", next_step="replace it by the file")
    if not stat.S_ISDIR(status.st_mode):
        with open_regular(name, follow=False, dir_fd=descriptor) as opened:
            yield _file(opened, path, where, also)
        return
    if depth >= MAX_DEPTH:
        raise Unreadable(f"folders are nested deeper than {MAX_DEPTH} levels", where=f"{str(where)!r}")
    try:
        inner = os.open(name, _FOLDER, dir_fd=descriptor)
    except OSError as error:
        raise Unreadable("this folder cannot be opened", where=str(where), why=os.strerror(error.errno or 0)) from error
    yield from _walk(inner, path + "/", root, depth + 1, also=also)


def _file(descriptor: int, name: str, where: Path, also: Also | None) -> Entry:
    mode = os.fstat(descriptor).st_mode
    if mode & (stat.S_ISUID | stat.S_ISGID):
        raise Unreadable("a set-uid file is no part of a model", where=str(where), next_step="chmod ug-s it")
    digest, size = digest_descriptor(descriptor, where=str(where), also=also(name) if also is not None else None)
    return Entry(name=name, digest=digest, size=size, executable=bool(mode & 0o111))


def _spelt(name: str, root: Path) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unreadable("a file name is not UTF-8", where=f"{root} / {name!r}", next_step="rename the file") from error
    return unicodedata.normalize("NFC", name)


def _refuse_alike(entries: list[Entry], root: Path) -> None:
    spelt: dict[str, str] = {}
    for entry in entries:
        folded = unicodedata.normalize("NFC", entry.name.casefold())
        other = spelt.setdefault(folded, entry.name)
        if other is not entry.name:
            raise Unreadable(
                "two names would be one on another file system",
                where=str(root),
                why=f"{other!r} and {entry.name!r}",
                next_step="rename one of them",
            )


def manifest_of(name: str, folder: bool, entries: tuple[Entry, ...]) -> Manifest:
    """Return a manifest that was read rather than made, after checking its shape.

    Raises:
        UsageError: entries out of order or repeated, or not exactly one for a file.
    """
    names = [entry.name for entry in entries]
    if names != sorted(set(names)) or not entries or (not folder and len(entries) != 1):
        raise UsageError("this manifest is out of order", where=name)
    return Manifest(name=name, folder=folder, entries=entries)
