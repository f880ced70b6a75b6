# SPDX-License-Identifier: Apache-2.0
"""The log in a PostgreSQL database, for several machines that write to one log. Needs the `psycopg` driver."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from hauberk.core.errors import Incomplete, IntegrityError, Unreadable, UsageError
from hauberk.ledger.schema import POSTGRES
from hauberk.ledger.store import Transaction

LOCK = zlib.crc32(b"hauberk ledger")
"""Key of the advisory lock that a writer holds."""
_TABLES = ("events", "meta")
_TRIGGERS = ("events_append_only", "meta_append_only")


def is_address(text: str) -> bool:
    """Say whether a text is the address of a PostgreSQL database."""
    return text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))


class PostgresStore:
    """A log in the first schema of a database's search path.

    Args:
        address: `postgresql://user@host/database`.
        timeout_s: how long a writer queues behind others.
        read_only: whether it may only be read.

    Raises:
        UsageError: the address is malformed, or the driver is not installed.
    """

    def __init__(self, address: str, *, timeout_s: float = 30.0, read_only: bool = False) -> None:
        try:
            url = make_url(address).set(drivername="postgresql+psycopg")
            self._engine: Engine = create_engine(url, poolclass=NullPool)
        except (ArgumentError, ImportError) as error:
            raise UsageError(
                "this database cannot be used",
                where=address.rpartition("@")[2],
                why=str(error),
                next_step="pip install 'psycopg[binary]', and check the address",
            ) from error
        self.where = url.render_as_string(hide_password=True)
        self._timeout = timeout_s
        self._read_only = read_only

    @contextmanager
    def writing(self) -> Generator[Transaction]:
        """Begin a transaction that only one writer can hold."""
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(self._timeout * 1000))}")
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                yield Transaction(connection)
        except DBAPIError as error:
            raise self._explain(error) from error

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """Begin a transaction that sees one state of the log."""
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield Transaction(connection)
        except DBAPIError as error:
            raise self._explain(error) from error

    def create(self, transaction: Transaction) -> bool:
        """Create the tables if there are none; say whether there were none."""
        if self._read_only or self._present(transaction):
            return False
        for statement in POSTGRES.values():
            transaction.connection.exec_driver_sql(statement)
        return True

    def oddities(self, transaction: Transaction) -> list[str]:
        """Name the tables and triggers that are missing or switched off, and foreign triggers."""
        tables = self._present(transaction)
        rows = transaction.connection.exec_driver_sql(
            "SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgrelid IN (SELECT to_regclass('events') UNION SELECT to_regclass('meta'))"
        )
        triggers = {str(name): str(enabled) for name, enabled in rows}
        missing = [name for name in _TABLES if name not in tables]
        odd = [name for name in _TRIGGERS if triggers.get(name) not in {"O", "A"}]
        return missing + odd + sorted(set(triggers) - set(_TRIGGERS))

    def close(self) -> None:
        """Give up all connections."""
        self._engine.dispose()

    @staticmethod
    def _present(transaction: Transaction) -> set[str]:
        rows = transaction.connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relkind = 'r' "
            "AND oid IN (SELECT to_regclass('events') UNION SELECT to_regclass('meta'))"
        )
        return {str(name) for (name,) in rows}

    def _explain(self, error: DBAPIError) -> Exception:
        code = str(getattr(error.orig, "sqlstate", "") or "")
        text = str(error.orig).partition("\n")[0]
        if code in {"55P03", "40P01"}:
            return Incomplete(
                "the ledger is busy",
                where=self.where,
                why=f"other writers held it for more than {self._timeout:g} s",
                next_step="try again when they are done",
            )
        if code.startswith(("23", "P0")):
            return IntegrityError("the ledger refused this entry", where=self.where, why=text)
        return Unreadable("the ledger cannot be used", where=self.where, why=text)
