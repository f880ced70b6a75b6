# SPDX-License-Identifier: Apache-2.0
"""Which database holds the log: a file in the state folder, or a PostgreSQL address."""

from __future__ import annotations

from pathlib import Path

from hauberk.ledger.postgres import PostgresStore, is_address
from hauberk.ledger.sqlite import FILE_NAME, SqliteStore
from hauberk.ledger.store import Store


def open_store(place: str | Path, *, timeout_s: float = 30.0, read_only: bool = False) -> Store:
    """Return the store behind a state folder or a `postgresql://` address.

    Raises:
        Unreadable: it cannot be opened.
    """
    if isinstance(place, str) and is_address(place):
        return PostgresStore(place, timeout_s=timeout_s, read_only=read_only)
    return SqliteStore(Path(place) / FILE_NAME, timeout_s=timeout_s, read_only=read_only)
