# SPDX-License-Identifier: Apache-2.0
"""The log in an SQLite file in WAL mode, `synchronous=FULL`: an entry is acknowledged once it is on disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, QueuePool

from hauberk.core.errors import Incomplete, IntegrityError, Unreadable
from hauberk.ledger.schema import SQLITE
from hauberk.ledger.store import Transaction

FILE_NAME = "ledger.sqlite"
"""Name of the file inside the state folder."""

_FAILURES = (DatabaseError, UnicodeDecodeError)
"""What a damaged file ends in; Python cannot decode the message when SQLite quotes a damaged name in it."""


class SqliteStore:
    """A log in a file.

    Args:
        path: the file.
        timeout_s: how long a writer queues behind others.
        read_only: whether it may only be read; the file must exist then.

    Raises:
        Unreadable: the path is no regular file, or cannot be opened.
    """

    def __init__(self, path: Path, *, timeout_s: float = 30.0, read_only: bool = False) -> None:
        self.where = str(path)
        self._path = path
        self._timeout = timeout_s
        self._read_only = read_only
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise Unreadable("the ledger is not a regular file", where=self.where)
        if not read_only:
            _make_file(path)
        # A writer keeps its connections, one for each transaction that is open at a time; a verifier keeps none.
        self._engine: Engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=NullPool if read_only else QueuePool,
            isolation_level="AUTOCOMMIT",
        )

    def _connect(self) -> sqlite3.Connection:
        location = self._path.absolute().as_uri()
        if self._read_only:
            location += "?mode=ro" if self._sidecars() or os.access(self._path.parent, os.W_OK) else "?immutable=1"
        connection = sqlite3.connect(
            location, uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "synchronous=FULL", "fullfsync=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if not self._read_only:
            self._enter_wal(connection)
        return connection

    def _sidecars(self) -> bool:
        return Path(f"{self._path}-wal").exists()

    def _enter_wal(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not queue for this statement: several processes may be creating the file at once.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @contextmanager
    def writing(self) -> Generator[Transaction]:
        """Begin a transaction that only one writer can hold."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                with contextlib.ExitStack() as undo:
                    undo.callback(_roll_back, connection)
                    yield Transaction(connection)
                    connection.exec_driver_sql("COMMIT")
                    undo.pop_all()
        except _FAILURES as error:
            raise self._explain(error) from error

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """Begin a transaction that sees one state of the log."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                try:
                    yield Transaction(connection)
                finally:
                    connection.exec_driver_sql("ROLLBACK")
        except _FAILURES as error:
            raise self._explain(error) from error

    def create(self, transaction: Transaction) -> bool:
        """Create the tables if the file is empty; say whether it was."""
        if self._objects(transaction):
            return False
        for statement in SQLITE.values():
            transaction.connection.exec_driver_sql(statement)
        return True

    def oddities(self, transaction: Transaction) -> list[str]:
        """Name the tables and triggers that are missing, altered or foreign."""
        found = self._objects(transaction)
        names = sorted(set(found) | set(SQLITE))
        return [name for name in names if found.get(name) != SQLITE.get(name)]

    def close(self) -> None:
        """Give up the connection."""
        self._engine.dispose()

    @staticmethod
    def _objects(transaction: Transaction) -> dict[str, str]:
        rows = transaction.connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {str(name): str(sql) for name, sql in rows}

    def _explain(self, error: DatabaseError | UnicodeDecodeError) -> Exception:
        cause = error.orig if isinstance(error, DatabaseError) else error
        text = str(cause)
        if "locked" in text or "busy" in text:
            return Incomplete(
                "the ledger is busy",
                where=self.where,
                why=f"other writers held it for more than {self._timeout:g} s",
                next_step="try again when they are done",
            )
        if isinstance(cause, sqlite3.IntegrityError):
            return IntegrityError("the ledger refused this entry", where=self.where, why=text)
        return Unreadable("the ledger cannot be used", where=self.where, why=text)


def _roll_back(connection: Connection) -> None:
    with contextlib.suppress(DatabaseError):  # SQLite has rolled back by itself after some errors
        connection.exec_driver_sql("ROLLBACK")


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unreadable("the ledger cannot be opened", where=str(path), why=os.strerror(error.errno or 0)) from error
    with os.fdopen(descriptor, "rb") as stream:
        if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
            path.chmod(0o600)
