# SPDX-License-Identifier: Apache-2.0
"""A project on disk: its file, its state folder, its key, and who acts."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import socket
import stat
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hauberk.app.config import Config, find_config, load_config
from hauberk.app.vouched import refuse_unrecorded
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.core.ports import Clock, SystemClock
from hauberk.core.principal import Principal
from hauberk.core.run import Run
from hauberk.ledger import Blobs, Ledger, open_ledger
from hauberk.report import dump_run, load_run
from hauberk.seal import (
    ModelKey,
    PublicKey,
    Signer,
    TrustedKey,
    create_signer,
    digest_bytes,
    load_signer,
    load_trusted,
    stored_keys,
)

STATE = ".hauberk"

HARDENING = "hardening"
"""Folder of the state in which hardening keeps its records; `last` never means one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project and the means to work on it.

    Attributes:
        file: the project file.
        config: what it says, with environment and flags laid over it.
        clock: where the time comes from.
        signer: the key that signs checkpoints and decisions; None loads or makes the user's own when it is needed.
    """

    file: Path
    config: Config
    clock: Clock
    signer: Signer | None = None

    @property
    def root(self) -> Path:
        """The folder of the project file; relative paths start here."""
        return self.file.parent

    @property
    def state(self) -> Path:
        """The state folder, mode 0700."""
        return self.root / STATE

    @property
    def actor(self) -> Principal:
        """Who acts. A key that nobody has enrolled proves nothing about its holder."""
        return Principal(name=f"unverified:{_user()}@{socket.gethostname()}")

    def path(self, name: str) -> Path:
        """Resolve a path of the project file."""
        return (self.root / name).resolve()

    def key(self) -> Signer:
        """The signing key: the one given, the user's own, or a new one named after the user if there is none."""
        if self.signer is not None:
            return self.signer
        if self._has_key():
            return load_signer(self.config.trust.key or None)
        return create_signer(f"{_user()}-{socket.gethostname()}".replace("+", "-"))

    def trusted(self) -> tuple[PublicKey, ...]:
        """Public keys whose signatures count: those of the project file, and the one that signs here."""
        return (*self._declared(), self.key().public)

    def _witnesses(self) -> tuple[PublicKey, ...]:
        """The same, for somebody who only reads: no key is made for him."""
        own = (self.key().public,) if self.signer is not None or self._has_key() else ()
        return (*self._declared(), *own)

    def _declared(self) -> tuple[PublicKey, ...]:
        return tuple(key for key in self._keys() if isinstance(key, PublicKey))

    def model_keys(self) -> tuple[ModelKey, ...]:
        """Public keys of the project file that may sign models and nothing else."""
        return tuple(key for key in self._keys() if isinstance(key, ModelKey))

    def _keys(self) -> tuple[TrustedKey, ...]:
        """Lines are taken as they are; anything else is a file, found from the project's folder."""
        lines = (text if text.count("+") >= 2 else str(self.path(text)) for text in self.config.trust.keys)
        return tuple(load_trusted(text) for text in lines)

    def _has_key(self) -> bool:
        return bool(self.config.trust.key or os.environ.get("HAUBERK_KEY") or stored_keys())

    def prepare(self) -> None:
        """Make the state folder, and close it to other users: what lies in it tells of people.

        Raises:
            UsageError: it cannot be made or written.
        """
        try:
            for folder in (self.state, self.runs, self.state / "decisions"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if stat.S_IMODE(self.state.stat().st_mode) & 0o077:
                self.state.chmod(0o700)
        except OSError as error:
            raise UsageError(
                "the project's state folder cannot be written",
                where=str(self.state),
                why=error.strerror or "",
                next_step="check who owns the folder, or copy the project to a place that you may write to",
            ) from error

    @property
    def runs(self) -> Path:
        """Folder of recorded runs."""
        return self.state / "runs"

    @contextmanager
    def ledger(self) -> Generator[Ledger]:
        """Open the ledger for appending."""
        self.prepare()
        keys = self.trusted()
        with open_ledger(self.state, signer=self.key(), origin=self._origin(), clock=self.clock, keys=keys) as ledger:
            yield ledger

    def _origin(self) -> str:
        """Name of a new log, unlike that of any other; empty for the name that the log has."""
        if (self.state / "ledger.sqlite").exists():
            return ""
        called = re.sub(r"[^A-Za-z0-9._-]+", "-", self.config.project.name).strip("-") or "project"
        return f"hauberk/{called}/{secrets.token_hex(4)}"

    @property
    def blobs(self) -> Blobs:
        """The content-addressed store."""
        return Blobs(self.state / "blobs")

    def save_run(self, run: Run) -> tuple[Path, str]:
        """Write a run atomically; return its path and the digest of its bytes."""
        content = dump_run(run)
        target = self.runs / f"{run.id}.json"
        write_atomically(target, content, private=True)
        return target, digest_bytes(content)

    def run_ids(self) -> list[str]:
        """Ids of the recorded runs, oldest first; runs of one second in the order in which they were written."""
        found = sorted(self.runs.glob("*.json"), key=lambda path: (path.stem[:16], path.stat().st_mtime_ns, path.stem))
        return [path.stem for path in found]

    def load_run(self, name: str) -> Run:
        """Read a recorded run by id, by a unique beginning of one, by path, or `last`.

        Raises:
            UsageError: there is no such run, or several.
            IntegrityError: the ledger does not name its digest, or does not hold: the file was changed or made by hand.
        """
        return self.load_runs([name])[0]

    def load_runs(self, names: Iterable[str]) -> list[Run]:
        """Read several recorded runs; see `load_run`."""
        found = [self._read_run(name) for name in names]
        if found:
            refuse_unrecorded(self.state, found, keys=self._witnesses())
        return found

    def _run_file(self, name: str) -> Path:
        """The file of an assessment, or of a hardening where no assessment is called so."""
        known = self.run_ids()
        matches = known[-1:] if name == "last" else [run for run in known if run.startswith(name)]
        folder = self.runs
        if not matches and name:
            folder = self.state / HARDENING
            matches = sorted(path.stem for path in folder.glob("*.json") if path.stem.startswith(name))
        if len(matches) != 1:
            what = f"no run is named {name!r}" if not matches else f"several runs begin with {name!r}"
            shown = ", ".join(known[-5:]) or "none"
            raise UsageError(
                what, where=str(self.runs), why=f"recorded: {shown}", next_step="name one of them, or `last`"
            )
        return folder / f"{matches[0]}.json"

    def _read_run(self, name: str) -> Run:
        if Path(name).suffix == ".json" and Path(name).is_file():
            return load_run(Path(name).read_bytes(), where=name)
        path = self._run_file(name)
        run = load_run(path.read_bytes())
        if run.id != path.stem:
            raise IntegrityError("a run's file holds another run", where=str(path))
        return run


def open_project(
    config: str | os.PathLike[str] = ".",
    *,
    flags: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    signer: Signer | None = None,
) -> Project:
    """Open a project by its file or folder.

    Args:
        config: `hauberk.toml`, `pyproject.toml`, or the folder that holds one.
        flags: dotted keys that override the file.
        clock: where the time comes from; the machine's own by default.
        signer: key for checkpoints and decisions; the user's own by default.

    Raises:
        ConfigError: no project file, or one that cannot mean anything.
    """
    file = find_config(Path(config)).resolve()
    return Project(file=file, config=load_config(file, flags=flags), clock=clock or SystemClock(), signer=signer)


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    A link at the path is replaced, never followed, and so is whatever lies where the new content is prepared.

    Args:
        path: the file.
        content: its new content.
        private: whether only this user may read it.

    Raises:
        UsageError: what is there is a folder, a pipe or a device.
    """
    if path.exists() and not path.is_file():
        raise UsageError("this is no file that could be replaced", where=str(path), next_step="name a file")
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
