# SPDX-License-Identifier: Apache-2.0
"""Real processes: writers killed with SIGKILL at random moments, and several writers at once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from hauberk.ledger import open_ledger, verify_ledger
from hauberk.seal import create_signer

WRITER = Path(__file__).with_name("writer.py")
ORIGIN = "example.com/credit"
ROUNDS = int(os.environ.get("HAUBERK_TEST_KILLS", "12"))


@pytest.fixture
def keys(tmp_path):
    """A folder with two keys."""
    folder = tmp_path / "keys"
    return folder, create_signer("alice", folder), create_signer("bob", folder)


def start(place, folder, name, rounds, *trusted):
    command = [sys.executable, str(WRITER), str(place), str(folder), name, str(rounds), *trusted]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def acknowledged(lines):
    """Writer process to how many events it was told are safe; a torn last line was not seen by anybody."""
    said = {}
    for line in lines.split(b"\n")[:-1]:
        if line != b"ready":
            pid, number = line.split()
            said[int(pid)] = int(number)
    return said


def stored(place, signer, keys=()):
    found = defaultdict(list)
    with open_ledger(place, signer=signer, keys=keys) as ledger:
        for _, event in ledger.read():
            if event.kind == "test.happened":
                found[event.payload["pid"]].append(event.payload["number"])
    return found


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path, keys):
    """Writers are killed at random moments, from before the file exists to the middle of an append.

    After each death the log verifies against the last checkpoint that left, and holds every acknowledged event.
    """
    folder, alice, _ = keys
    place = tmp_path / "state"
    chance = random.Random(20260101)
    said, checkpoint = {}, None
    killed_while_writing = 0
    for turn in range(ROUNDS):
        if turn % 8 == 7:
            shutil.rmtree(place)  # the creation of the log is interrupted too, not only its growth
            said, checkpoint = {}, None
        process = start(place, folder, "alice", 100_000)
        assert process.stdout.readline() == b"ready\n", process.stderr.read()
        # Half of them die in the middle of their appends, the others at any moment, the creation of the log included.
        first = process.stdout.readline() if turn % 2 else b""
        time.sleep(chance.random() * (0.02 if first else 0.3))
        process.send_signal(signal.SIGKILL)
        lines, _ = process.communicate(timeout=30)
        lines = first + lines
        assert process.returncode == -signal.SIGKILL
        now = acknowledged(lines)
        killed_while_writing += bool(now)
        said |= now
        verdict = verify_ledger(place, keys=[alice.public], checkpoint=checkpoint)
        if not (place / "ledger.sqlite").exists() or not (place / "ledger.sqlite").stat().st_size:
            assert not said
            continue
        if verdict.size:
            assert verdict.ok, verdict.problems
        with open_ledger(place, signer=alice, origin=ORIGIN) as ledger:
            checkpoint = ledger.checkpoint().note
        found = stored(place, alice)
        for pid, number in said.items():
            assert found[pid][:number] == list(range(number)), f"{pid} was told that {number} events are safe"
        assert verify_ledger(place, keys=[alice.public], checkpoint=checkpoint).tail_proved
    assert killed_while_writing >= ROUNDS // 2, "the test must kill writers in the middle of their work"


def test_writers_queue_and_nobody_is_lost(tmp_path, keys):
    folder, alice, bob = keys
    place = tmp_path / "state"
    with open_ledger(place, signer=alice, origin=ORIGIN):
        pass
    writers = [start(place, folder, name, 25, alice.public.vkey, bob.public.vkey) for name in ("alice", "bob", "alice")]
    said = {}
    for process in writers:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        said |= acknowledged(out)
    found = stored(place, alice, [bob.public])
    assert found == {process.pid: list(range(said[process.pid])) for process in writers}
    verdict = verify_ledger(place, keys=[alice.public, bob.public])
    assert (verdict.ok, verdict.signers) == (True, ("alice", "bob"))
    assert verdict.size == 1 + sum(said.values())


def test_several_processes_may_create_the_log_at_once(tmp_path, keys):
    folder, alice, _ = keys
    place = tmp_path / "state"
    writers = [start(place, folder, "alice", 3) for _ in range(4)]
    for process in writers:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
    verdict = verify_ledger(place, keys=[alice.public])
    assert (verdict.ok, verdict.size) == (True, 1 + 4 * 6)


def test_a_reader_is_not_disturbed_by_a_writer(tmp_path, keys):
    folder, alice, _ = keys
    place = tmp_path / "state"
    process = start(place, folder, "alice", 60)
    assert process.stdout.readline() == b"ready\n"
    while not process.stdout.readline():
        pass
    sizes = []
    while process.poll() is None:
        verdict = verify_ledger(place, keys=[alice.public])
        assert verdict.ok, verdict.problems
        sizes.append(verdict.size)
    process.communicate(timeout=30)
    assert sizes == sorted(sizes)
    assert verify_ledger(place, keys=[alice.public]).size == 121
