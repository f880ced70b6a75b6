# SPDX-License-Identifier: Apache-2.0
"""One content-addressed store for evidence, models and data: `blobs/ab/cdef…`, named by the SHA-256 of the content.

A blob is written under a temporary name, synced, and renamed; it is verified each time it is read. No symbolic link is
ever followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hauberk.core.errors import HauberkError, IntegrityError, UsageError
from hauberk.ledger.problem import Problem, ProblemKind
from hauberk.seal import digest_descriptor, hex_of, open_regular
from hauberk.seal.digest import read_chunks

MAX_BLOB = 1 << 34
"""Bytes that one blob may have, unless the store is told otherwise."""

MAX_IN_MEMORY = 1 << 30
"""Bytes that `get` returns at most."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY = ".part-"


class Blobs:
    """A content-addressed store of bytes.

    Args:
        directory: the store's own folder, such as `.hauberk/blobs`.
        limit: bytes that one blob may have.
    """

    def __init__(self, directory: str | Path, *, limit: int = MAX_BLOB) -> None:
        self.root = Path(directory)
        self.limit = limit

    def put(self, content: bytes) -> str:
        """Store bytes and return their digest; they are on disk when this returns.

        Raises:
            UsageError: more bytes than the limit.
        """
        return self._store(iter([content]))

    def put_file(self, path: str | Path) -> str:
        """Store a file's bytes, read once as a stream, and return their digest.

        Raises:
            UsageError: there is no such file, or it is larger than the limit.
            Unreadable: it is not a regular file.
        """
        with open_regular(path) as descriptor:
            return self._store(read_chunks(descriptor))

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest, verified.

        Raises:
            UsageError: no digest, no such blob, or one too large for memory.
            IntegrityError: its content does not match.
        """
        with self.open(digest) as descriptor:
            if os.fstat(descriptor).st_size > min(self.limit, MAX_IN_MEMORY):
                raise UsageError("this blob is too large for memory", where=digest, next_step="open it as a stream")
            content = b"".join(read_chunks(descriptor))
        if hashlib.sha256(content).hexdigest() != hex_of(digest):
            raise _changed(digest)
        return content

    @contextmanager
    def open(self, digest: str) -> Generator[int]:
        """Open a blob, verify it, and yield its descriptor at the start: what is read next is what was verified.

        Raises:
            UsageError: no digest, or no such blob.
            IntegrityError: its content does not match.
            Unreadable: something else than a regular file lies in its place.
        """
        name = hex_of(digest)
        with self._folder(name, create=False) as folder, open_regular(name[2:], follow=False, dir_fd=folder) as blob:
            if digest_descriptor(blob, where=digest)[0] != digest:
                raise _changed(digest)
            os.lseek(blob, 0, os.SEEK_SET)
            yield blob

    def has(self, digest: str) -> bool:
        """Say whether a blob of this name is there; its content is not verified."""
        name = hex_of(digest)
        return (self.root / name[:2] / name[2:]).is_file()

    def digests(self) -> Iterator[str]:
        """Yield the digests of all blobs, sorted, without verifying them."""
        for path in self._files():
            name = path.parent.name + path.name
            if re.fullmatch("[0-9a-f]{64}", name) and not path.is_symlink():
                yield f"sha256:{name}"

    def verify(self, wanted: Iterable[str] = ()) -> list[Problem]:
        """Read every blob and name what does not match; name those that are wanted and missing."""
        problems = [problem for path in self._files() if (problem := self._judge(path)) is not None]
        for digest in sorted(set(wanted)):
            if not self.has(digest):
                sentence = f"the blob {digest} is missing, and the ledger names it"
                problems.append(Problem(kind=ProblemKind.DELETED, sentence=sentence, where=self._place(digest)))
        return problems

    def _judge(self, path: Path) -> Problem | None:
        digest = f"sha256:{path.parent.name}{path.name}"
        where = path.relative_to(self.root.parent).as_posix()
        if path.name.startswith(_TEMPORARY):
            return None
        if not re.fullmatch("[0-9a-f]{64}", digest[7:]):
            sentence = f"{where!r} is no blob"
            return Problem(kind=ProblemKind.INSERTED, sentence=sentence, where=where)
        try:
            with self.open(digest):
                return None
        except HauberkError:
            sentence = f"the blob {digest} was changed: its content does not have this digest"
            return Problem(kind=ProblemKind.FLIPPED, sentence=sentence, where=where)

    def _files(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(path for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir())

    def _place(self, digest: str) -> str:
        name = hex_of(digest)
        return f"{self.root.name}/{name[:2]}/{name[2:]}"

    def _store(self, chunks: Iterable[bytes]) -> str:
        """Write a temporary file in the root, and rename it once its digest is known."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
        root = os.open(self.root, _FOLDER)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            digest = self._write(os.open(temporary, flags, 0o400, dir_fd=root), chunks)
            name = hex_of(digest)
            with self._folder(name, create=True) as folder:
                os.rename(temporary, name[2:], src_dir_fd=root, dst_dir_fd=folder)
                os.fsync(folder)
            return digest
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=root)
            os.close(root)

    def _write(self, descriptor: int, chunks: Iterable[bytes]) -> str:
        summed, size = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > self.limit:
                    raise UsageError(f"this blob has more than {self.limit} bytes", where=str(self.root))
                summed.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        return "sha256:" + summed.hexdigest()

    @contextmanager
    def _folder(self, name: str, *, create: bool) -> Generator[int]:
        """Open the folder of a blob without following a link."""
        root = folder = -1
        try:
            root = os.open(self.root, _FOLDER)
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name[:2], 0o700, dir_fd=root)
                    os.fsync(root)
            folder = os.open(name[:2], _FOLDER, dir_fd=root)
        except FileNotFoundError as error:
            raise _absent(f"sha256:{name}") from error
        except OSError as error:
            raise IntegrityError(
                "the store's folder is not a folder", where=str(self.root / name[:2]), why=os.strerror(error.errno or 0)
            ) from error
        else:
            yield folder
        finally:
            for descriptor in (folder, root):
                if descriptor >= 0:
                    os.close(descriptor)


def _absent(digest: str) -> UsageError:
    return UsageError("there is no such blob", where=digest)


def _changed(digest: str) -> IntegrityError:
    return IntegrityError(
        "a blob was changed",
        where=digest,
        why="its content does not have its digest",
        next_step="restore it from a copy; hauberk evidence verify names every changed blob",
    )
