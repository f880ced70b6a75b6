# SPDX-License-Identifier: Apache-2.0
"""The tables of the log. Nothing in them is ever updated or deleted; triggers refuse it.

The statements are spelt by hand, since the verifier compares what a file holds with them letter by letter.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

SCHEMA_VERSION = "1"
"""Version of the tables; a file with another one is not read."""

_METADATA = MetaData()

META = Table("meta", _METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
"""Name and value: `schema_version`, `origin`."""

EVENTS = Table(
    "events",
    _METADATA,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("nodes", LargeBinary, nullable=False),
)
"""One row an entry: its number, the event's canonical JSON, its signed checkpoint, and the tree nodes it completes."""

SQLITE = {
    "meta": "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "events": (
        "CREATE TABLE events (idx INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL, note BLOB NOT NULL, "
        "nodes BLOB NOT NULL) STRICT"
    ),
    "events_in_order": (
        "CREATE TRIGGER events_in_order BEFORE INSERT ON events "
        "WHEN NEW.idx <> (SELECT COALESCE(MAX(idx) + 1, 0) FROM events) "
        "BEGIN SELECT RAISE(ABORT, 'entries are appended one after the other'); END"
    ),
    "events_no_update": (
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events "
        "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END"
    ),
    "events_no_delete": (
        "CREATE TRIGGER events_no_delete BEFORE DELETE ON events "
        "BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END"
    ),
    "meta_no_update": (
        "CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'this is never changed'); END"
    ),
    "meta_no_delete": (
        "CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta BEGIN SELECT RAISE(ABORT, 'this is never deleted'); END"
    ),
}
"""Name and statement of each object in an SQLite file, in the order of creation."""

_REFUSE = "BEFORE UPDATE OR DELETE OR TRUNCATE ON"

POSTGRES = {
    "meta": "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "events": (
        "CREATE TABLE events (idx BIGINT NOT NULL PRIMARY KEY, body BYTEA NOT NULL, note BYTEA NOT NULL, "
        "nodes BYTEA NOT NULL)"
    ),
    "hauberk_append_only": (
        "CREATE FUNCTION hauberk_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'entries are never changed or deleted'; END $$"
    ),
    "events_append_only": (
        f"CREATE TRIGGER events_append_only {_REFUSE} events FOR EACH STATEMENT EXECUTE FUNCTION hauberk_append_only()"
    ),
    "meta_append_only": (
        f"CREATE TRIGGER meta_append_only {_REFUSE} meta FOR EACH STATEMENT EXECUTE FUNCTION hauberk_append_only()"
    ),
}
"""Name and statement of each object in a PostgreSQL database, in the order of creation."""
