# SPDX-License-Identifier: Apache-2.0
"""The same log in a real PostgreSQL server, which the test starts. Without the server's programs it is skipped."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from hauberk.core.errors import HauberkError, Incomplete, IntegrityError, Unreadable, UsageError
from hauberk.ledger import open_ledger, read_checkpoint, verify_consistency, verify_inclusion, verify_ledger
from hauberk.ledger.codec import encode_event
from hauberk.ledger.postgres import LOCK
from hauberk.ledger.tree import leaf_hash
from hauberk.seal import create_signer

from .conftest import ORIGIN, Ticks, event  # noqa: TID252 - the folder's own fixtures
from .test_processes import acknowledged, start, stored  # noqa: TID252 - the folder's own fixtures

TAMPER = "SET session_replication_role = replica; "


def program(name):
    found = shutil.which(name)
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(candidates[-1]) if candidates else "")


@pytest.fixture(scope="session")
def server():
    """The folder of a running server's socket."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if not initdb or not pg_ctl:
        message = "PostgreSQL's server programs are not installed; make services installs them"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    root = Path(tempfile.mkdtemp(prefix="hauberk-pg-"))
    become = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(root, "postgres")
        become = ["runuser", "-u", "postgres", "--"]

    def call(*command):
        with (root / "out").open("ab") as out:
            subprocess.run([*become, *command], check=True, timeout=120, cwd=root, stdout=out, stderr=out)

    try:
        call(initdb, "-D", str(root / "data"), "-U", "postgres", "-A", "trust", "--no-sync")
        call(pg_ctl, "-D", str(root / "data"), "-w", "-o", f"-k {root} -c listen_addresses= -c fsync=off", "start")
        yield root
    finally:
        call(pg_ctl, "-D", str(root / "data"), "-m", "immediate", "stop")
        shutil.rmtree(root)


@pytest.fixture
def address(server, request):
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://postgres@/{name}?host={server}"


def tamper(address, statement):
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(TAMPER + statement)


def named(verdict):
    return [(str(problem.kind), problem.index) for problem in verdict.problems]


@pytest.fixture
def filled(address, alice):
    """Seven entries, and the checkpoint after each append."""
    checkpoints = []
    with open_ledger(address, signer=alice, origin=ORIGIN, clock=Ticks()) as ledger:
        for batch in ([0], [1, 2, 3], [4, 5]):
            ledger.append([event(number) for number in batch])
            checkpoints.append(ledger.checkpoint().note)
    return address, checkpoints


def test_the_same_log_as_in_a_file(filled, alice, tmp_path):
    address, checkpoints = filled
    with open_ledger(tmp_path, signer=alice, origin=ORIGIN, clock=Ticks()) as ledger:
        ledger.append([event(number) for number in range(6)])
        assert ledger.checkpoint().note == checkpoints[-1]
        expected = list(ledger.read())
    with open_ledger(address, signer=alice) as ledger:
        assert list(ledger.read()) == expected
        assert list(ledger.read(3)) == expected[3:]
        root = bytes.fromhex(ledger.checkpoint().root)
        leaf = leaf_hash(encode_event(expected[4][1]))
        assert verify_inclusion(leaf, 4, 7, ledger.prove(4), root)
        old = bytes.fromhex(read_checkpoint(checkpoints[0], [alice.public]).root)
        assert verify_consistency(2, 7, old, root, ledger.prove_growth(2))
    for checkpoint in checkpoints:
        assert verify_ledger(address, keys=[alice.public], checkpoint=checkpoint).ok
    assert verify_ledger(address, keys=[alice.public], checkpoint=checkpoints[-1]).tail_proved
    with pytest.raises(UsageError):
        open_ledger(address, signer=alice, origin="other")


def test_the_database_refuses_what_would_rewrite_the_past(filled, alice):
    address, _ = filled
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in ("UPDATE events SET body = ''", "DELETE FROM events", "TRUNCATE events", "DELETE FROM meta"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(statement)
    assert verify_ledger(address, keys=[alice.public]).ok


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE events SET body = body || ' ' WHERE idx = 3", [("flipped", 3)]),
        ("UPDATE events SET note = '\\x00' WHERE idx = 3", [("flipped", 3)]),
        ("UPDATE events SET nodes = '\\x00' WHERE idx = 3", [("flipped", 3)]),
        ("DELETE FROM events WHERE idx = 3", [("deleted", 3)]),
        ("UPDATE events SET idx = 99 WHERE idx = 3", [("reordered", 3)]),
        ("INSERT INTO events SELECT 7, body, note, nodes FROM events WHERE idx = 3", [("inserted", 7)]),
        ("UPDATE meta SET value = 'x' WHERE name = 'origin'", [("flipped", None)]),
        ("ALTER TABLE events DISABLE TRIGGER events_append_only", [("flipped", None)]),
        ("DELETE FROM events WHERE idx > 4", [("truncated", 5)]),
        ("DROP TABLE events", [("unreadable", None)]),
        ("UPDATE meta SET value = '9' WHERE name = 'schema_version'", [("unreadable", None)]),
    ],
)
def test_tampering_is_named(filled, alice, statement, expected):
    address, checkpoints = filled
    tamper(address, statement)
    found = named(verify_ledger(address, keys=[alice.public], checkpoint=checkpoints[-1]))
    assert set(expected) <= set(found)
    if "idx = 99" not in statement:
        assert {kind for kind, _ in found} == {kind for kind, _ in expected}


def test_a_writer_never_signs_over_a_tampered_end(filled, alice):
    address, _ = filled
    tamper(address, "UPDATE events SET body = '\\x00' WHERE idx = 6")
    with pytest.raises(IntegrityError):
        open_ledger(address, signer=alice)


def test_a_busy_log_says_so(filled, alice):
    address, _ = filled
    with open_ledger(address, signer=alice, timeout_s=0.3) as ledger, psycopg.connect(address) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        with pytest.raises(Incomplete, match="busy"):
            ledger.append([event(7)])
        holder.rollback()
        assert ledger.append([event(7)]) == 8


def test_writers_on_one_database_queue_and_survive_kill_9(address, tmp_path):
    folder = tmp_path / "keys"
    alice, bob = create_signer("alice", folder), create_signer("bob", folder)
    trusted = (alice.public.vkey, bob.public.vkey)
    writers = [start(address, folder, name, 20, *trusted) for name in ("alice", "bob")]
    victim = start(address, folder, "alice", 10_000, *trusted)
    lines = victim.stdout.readline() + victim.stdout.readline() + victim.stdout.readline()
    victim.kill()
    said = acknowledged(lines + victim.communicate(timeout=60)[0])
    for process in writers:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        said |= acknowledged(out)
    found = stored(address, alice, [bob.public])
    for pid, number in said.items():
        assert found[pid][:number] == list(range(number))
    assert len(said) == 3
    assert verify_ledger(address, keys=[alice.public, bob.public]).ok


def test_addresses_that_lead_nowhere(alice):
    nowhere = "postgresql://postgres@/none?host=/nonexistent"
    with pytest.raises(Unreadable):
        open_ledger(nowhere, signer=alice, origin=ORIGIN)
    verdict = verify_ledger(nowhere, keys=[alice.public])
    assert [str(problem.kind) for problem in verdict.problems] == ["unreadable"]
    assert not verdict.reached
    with pytest.raises(HauberkError) as caught:
        open_ledger("postgresql://u:secret@[bad", signer=alice, origin=ORIGIN)
    assert "secret" not in str(caught.value)
    assert sys.modules["psycopg"]
