# SPDX-License-Identifier: Apache-2.0
"""What the ledger's tests share: a signer, a small log, and a thief who can write to the file but has no key."""

import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hauberk.core.event import Event
from hauberk.ledger import open_ledger, verify_ledger
from hauberk.ledger.schema import SQLITE
from hauberk.seal import Signer, ephemeral_signer

ORIGIN = "example.com/credit"


class Ticks:
    """A clock that moves one microsecond a look."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000

    def now_us(self) -> int:
        self.now += 1
        return self.now


def event(number: int, **payload) -> Event:
    return Event(
        kind="test.happened",
        at_us=1_700_000_000_000_000 + number,
        actor="alice",
        payload={"number": number, **payload},
    )


@dataclass
class Built:
    """A log of `size` entries, and the checkpoints that left the machine at each size."""

    directory: Path
    signer: Signer
    size: int
    checkpoints: dict[int, str] = field(default_factory=dict)

    def verify(self, checkpoint: str | None = None, keys=None):
        return verify_ledger(self.directory, keys=[self.signer.public] if keys is None else keys, checkpoint=checkpoint)

    def copy(self, to: Path) -> "Built":
        shutil.copytree(self.directory, to)
        return Built(to, self.signer, self.size, self.checkpoints)


def build(directory: Path, signer: Signer, batches: list[int], origin: str = ORIGIN, start: int = 0) -> Built:
    built = Built(directory, signer, 0)
    with open_ledger(directory, signer=signer, origin=origin, clock=Ticks()) as ledger:
        built.checkpoints[ledger.size] = ledger.checkpoint().note
        number = start
        for count in batches:
            size = ledger.append([event(number + i) for i in range(count)])
            number += count
            built.checkpoints[size] = ledger.checkpoint().note
        built.size = ledger.size
    return built


class Thief:
    """Writes whatever he likes to the file, and puts the guards back as they were. He has no key."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger.sqlite"

    def run(self, *statements: tuple[str, tuple]) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        triggers = {name: sql for name, sql in SQLITE.items() if "TRIGGER" in sql}
        for name in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement, values in statements:
            connection.execute(statement, values)
        for sql in triggers.values():
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.close()

    def rows(self) -> list[tuple]:
        connection = sqlite3.connect(self.path)
        rows = connection.execute("SELECT idx, body, note, nodes FROM events ORDER BY idx").fetchall()
        connection.close()
        return rows

    def rewrite(self, rows: list[tuple]) -> None:
        """Replace all rows, in this order, under the numbers that they carry."""
        insert = "INSERT INTO events (idx, body, note, nodes) VALUES (?, ?, ?, ?)"
        self.run(("DELETE FROM events", ()), *[(insert, row) for row in rows])

    def rewrite_loosely(self, rows) -> None:
        """Replace all rows, whatever gaps there are between their numbers."""
        self.rewrite([tuple(row) for row in sorted(rows)])


@pytest.fixture(scope="session")
def alice() -> Signer:
    return ephemeral_signer("alice")


@pytest.fixture(scope="session")
def mallory() -> Signer:
    return ephemeral_signer("mallory")


@pytest.fixture(scope="session")
def twelve(tmp_path_factory, alice) -> Built:
    """Thirteen entries: the creation, then batches of 1, 3, 1, 5 and 2. Tests copy it before they touch it."""
    return build(tmp_path_factory.mktemp("log") / "state", alice, [1, 3, 1, 5, 2])
