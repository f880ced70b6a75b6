# SPDX-License-Identifier: Apache-2.0
"""The offline verifier against somebody who can write to the file, knows the format, and has no key."""

import base64
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.ledger import open_ledger, verify_ledger
from hauberk.ledger.checkpoint import FIRST, Head, note_digest, sign_head
from hauberk.ledger.codec import encode_event
from hauberk.ledger.tree import Frontier, leaf_hash
from hauberk.ledger.verify import read_events
from hauberk.seal import ephemeral_signer

from .conftest import ORIGIN, Built, Thief, build, event  # noqa: TID252 - the folder's own fixtures

LAST = 12
PROPERTY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def named(verification):
    """(kind, entry) for each entry that a problem names."""
    return {
        (str(problem.kind), index)
        for problem in verification.problems
        if problem.index is not None
        for index in range(problem.index, problem.last + 1)
    }


def renumbered(rows):
    return [(number, *row[1:]) for number, row in enumerate(rows)]


@pytest.fixture
def scratch(twelve, tmp_path):
    """A fresh copy of the log at each call."""
    taken = []

    def copy() -> tuple[Built, Thief]:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        taken.append(1)
        built = twelve.copy(tmp_path / "copy")
        return built, Thief(built.directory)

    return copy


def test_a_whole_log(twelve):
    verdict = twelve.verify()
    assert (verdict.ok, verdict.tail_proved, verdict.size, verdict.origin) == (True, False, 13, ORIGIN)
    assert verdict.summary.startswith("consistent, tail not provable")
    for size, note in twelve.checkpoints.items():
        verdict = twelve.verify(note)
        assert verdict.ok
        assert (verdict.proved, verdict.tail_proved) == (size, size == 13)
    assert verdict.summary == "consistent: the checkpoint proves all 13 entries"
    assert twelve.verify(twelve.checkpoints[5]).summary == (
        "consistent: the checkpoint proves the first 5 entries; of the 8 after them, tail not provable"
    )


def test_nothing_holds_without_a_trusted_key(twelve, mallory):
    for keys in ([], [mallory.public]):
        verdict = twelve.verify(keys=keys)
        assert [(problem.kind, problem.index, problem.last) for problem in verdict.problems] == [("signature", 0, LAST)]
        assert "'alice'" in verdict.summary
    checkpoint = twelve.verify(twelve.checkpoints[5], keys=[])
    assert {str(problem.kind) for problem in checkpoint.problems} == {"signature"}


@PROPERTY
@given(st.integers(0, LAST), st.sampled_from(["body", "note", "nodes"]), st.integers(0, 500), st.integers(1, 255))
def test_a_flipped_byte_is_named(scratch, entry, column, place, mask):
    built, thief = scratch()
    content = bytearray(dict(zip(["body", "note", "nodes"], thief.rows()[entry][1:], strict=True))[column])
    if not content:
        content.append(mask)
    else:
        content[place % len(content)] ^= mask
    thief.run((f"UPDATE events SET {column} = ? WHERE idx = ?", (bytes(content), entry)))
    verdict = built.verify()
    assert {index for _, index in named(verdict)} == {entry}
    assert {kind for kind, _ in named(verdict)} <= {"flipped", "signature"}
    assert not built.verify(built.checkpoints[13]).ok


@PROPERTY
@given(st.integers(0, LAST), st.booleans(), st.booleans())
def test_a_careful_rewrite_of_an_entry_and_its_tree_is_named(scratch, mallory, entry, resign, whole_tail):
    """He rewrites an event, recomputes every hash after it, and signs with his own key or leaves the old signature."""
    built, thief = scratch()
    rows = thief.rows()
    bodies = [row[1] for row in rows]
    bodies[entry] = encode_event(event(entry, forged=True))
    frontier, previous, forged = Frontier(), FIRST, []
    for number, body in enumerate(bodies):
        nodes = b"".join(frontier.append(leaf_hash(body)))
        note = rows[number][2]
        if number == entry or (number > entry and whole_tail):
            head = Head(origin=ORIGIN, size=number + 1, root=frontier.root(), leaf=leaf_hash(body), previous=previous)
            note = sign_head(head, mallory).encode()
            if not resign:
                note = head.text.encode() + b"\n" + rows[number][2].partition(b"\n\n")[2]
        previous = note_digest(note)
        forged.append((number, body, note, nodes))
    thief.rewrite(forged)
    verdict = built.verify()
    touched = {index for _, index in named(verdict)}
    assert entry in touched
    assert min(touched) == entry
    assert not built.verify(built.checkpoints[13]).ok


@PROPERTY
@given(st.integers(0, LAST - 1), st.integers(1, 4), st.booleans())
def test_deleted_entries_are_named(scratch, first, count, close_the_gap):
    last = min(first + count - 1, LAST - 1)
    built, thief = scratch()
    rows = thief.rows()
    kept = [row for row in rows if not first <= row[0] <= last]
    thief.rewrite(renumbered(kept) if close_the_gap else kept) if close_the_gap else thief.run(
        ("DELETE FROM events WHERE idx BETWEEN ? AND ?", (first, last))
    )
    expected = {("deleted", index) for index in range(first, last + 1)}
    assert named(built.verify()) == expected
    assert expected <= named(built.verify(built.checkpoints[13]))


@PROPERTY
@given(st.integers(0, LAST), st.integers(0, LAST), st.sampled_from(["rows", "bodies", "notes"]))
def test_swapped_entries_are_named(scratch, one, other, what):
    if one == other:
        return
    built, thief = scratch()
    rows = [list(row) for row in thief.rows()]
    columns = {"rows": (1, 2, 3), "bodies": (1,), "notes": (2,)}[what]
    for column in columns:
        rows[one][column], rows[other][column] = rows[other][column], rows[one][column]
    thief.rewrite([tuple(row) for row in rows])
    verdict = built.verify()
    assert {index for _, index in named(verdict)} == {one, other}
    assert {kind for kind, _ in named(verdict)} <= {"reordered", "flipped"}
    assert "reordered" in {kind for kind, _ in named(verdict)}


@PROPERTY
@given(st.integers(0, LAST), st.integers(0, LAST + 1))
def test_a_copied_entry_is_named(scratch, source, place):
    built, thief = scratch()
    rows = thief.rows()
    rows.insert(place, rows[source])
    thief.rewrite(renumbered(rows))
    verdict = built.verify()
    found = named(verdict)
    if place in {source, source + 1}:  # side by side, nobody can tell the copy from the original
        assert found in ({("inserted", source)}, {("inserted", source + 1)})
    else:
        assert found == {("inserted", place)}
        assert f"copy of entry {source}" in verdict.summary


@PROPERTY
@given(st.integers(0, LAST + 1), st.sampled_from(["own key", "no key", "borrowed", "other log"]))
def test_an_inserted_entry_is_named(scratch, alice, mallory, place, how):
    built, thief = scratch()
    rows = thief.rows()
    body = encode_event(event(99, forged=True))
    head = Head(origin=ORIGIN, size=place + 1, root=bytes(32), leaf=leaf_hash(body), previous=bytes(32))
    note = {
        "own key": lambda: sign_head(head, mallory).encode(),
        "no key": lambda: b"no note",
        "borrowed": lambda: head.text.encode() + b"\n" + rows[0][2].partition(b"\n\n")[2],
        "other log": lambda: sign_head(
            Head(origin="other", size=place + 1, root=bytes(32), leaf=leaf_hash(body), previous=FIRST), alice
        ).encode(),
    }[how]()
    rows.insert(place, (0, body, note, b""))
    thief.rewrite(renumbered(rows))
    verdict = built.verify()
    assert {index for _, index in named(verdict)} == {place}
    if place <= LAST or how == "other log":
        assert {kind for kind, _ in named(verdict)} == {"inserted"}
    assert not built.verify(built.checkpoints[13]).ok


@PROPERTY
@given(st.integers(0, LAST))
def test_a_cut_tail_is_seen_with_a_checkpoint_and_admitted_without(scratch, keep):
    built, thief = scratch()
    thief.run(("DELETE FROM events WHERE idx > ?", (keep,)))
    without = built.verify()
    assert (without.ok, without.tail_proved, without.size) == (True, False, keep + 1)
    for size, note in built.checkpoints.items():
        verdict = built.verify(note)
        assert verdict.ok == (size <= keep + 1)
        if not verdict.ok:
            assert [(p.kind, p.index, p.last) for p in verdict.problems] == [("truncated", keep + 1, size - 1)]
            assert "cut off" in verdict.summary


def test_many_changes_at_once_are_all_named(scratch):
    """Each entry is judged alone: what happened to the others does not hide it."""
    built, thief = scratch()
    rows = {row[0]: list(row) for row in thief.rows()}
    rows[1][1] = b"{}"
    rows[3][1:], rows[4][1:] = rows[4][1:], rows[3][1:]
    del rows[6]
    for number in (9, 10, 11, 12):
        rows[number][2] = b"destroyed"
    thief.rewrite_loosely(rows.values())
    verdict = built.verify()
    assert named(verdict) == {
        ("flipped", 1),
        ("reordered", 3),
        ("reordered", 4),
        ("deleted", 6),
        ("flipped", 9),
        ("flipped", 10),
        ("flipped", 11),
        ("flipped", 12),
    }
    assert [problem.index for problem in verdict.problems] == [1, 3, 4, 6, 9, 10, 11, 12]
    assert verdict.size == 13


@pytest.mark.parametrize("place", [-7, 40])
def test_an_entry_outside_the_numbers_is_named(scratch, place):
    built, thief = scratch()
    thief.run(("INSERT INTO events SELECT ?, body, note, nodes FROM events WHERE idx = 4", (place,)))
    assert named(built.verify()) == {("inserted", place)}
    built, thief = scratch()
    thief.run(("INSERT INTO events VALUES (?, x'7b7d', x'00', x'')", (place,)))
    verdict = built.verify()
    assert (named(verdict), verdict.size) == ({("inserted", place)}, 13)


def test_a_checkpoint_kept_beside_the_log_gives_a_cut_away(scratch, mallory, alice, tmp_path):
    built, thief = scratch()
    kept = list(built.checkpoints.values())
    other = build(tmp_path / "other", alice, [40], origin="example.com/other").checkpoints[41]
    forged = build(tmp_path / "forged", mallory, [40]).checkpoints[41]
    noise = ["", "junk", other, forged]

    def verify(beside):
        return verify_ledger(built.directory, keys=[alice.public], beside=[*beside, *noise])

    whole = verify(kept)
    assert (whole.ok, whole.proved, whole.tail_proved) == (True, 0, False)
    thief.run(("DELETE FROM events WHERE idx > 4", ()))
    cut = verify(kept)
    assert [(str(p.kind), p.index, p.last) for p in cut.problems] == [("truncated", 5, LAST)]
    assert "kept beside it" in cut.summary
    assert verify([built.checkpoints[5]]).ok
    forked = build(tmp_path / "forked", alice, [12], start=50)
    verdict = verify_ledger(forked.directory, keys=[alice.public], beside=kept)
    assert [str(p.kind) for p in verdict.problems] == ["forked"]


def test_an_emptied_log(scratch):
    built, thief = scratch()
    thief.run(("DELETE FROM events", ()))
    assert named(built.verify()) == {("deleted", 0)}
    assert built.verify().size == 0
    assert "truncated" in {str(problem.kind) for problem in built.verify(built.checkpoints[13]).problems}


def test_a_fork_signed_with_the_right_key(tmp_path, alice):
    """A restored backup that went on differently: consistent in itself, another history than the one vouched for."""
    one = build(tmp_path / "one", alice, [3, 2])
    two = build(tmp_path / "two", alice, [3])
    with open_ledger(two.directory, signer=alice) as ledger:
        ledger.append([event(77), event(78), event(79)])
    assert two.verify().ok
    assert two.verify(one.checkpoints[4]).ok
    verdict = two.verify(one.checkpoints[6])
    assert [str(problem.kind) for problem in verdict.problems] == ["forked"]
    assert "another history" in verdict.summary


def test_entries_of_a_fork_are_named_where_they_were_spliced_in(tmp_path, alice):
    one = build(tmp_path / "one", alice, [3, 3])
    other = build(tmp_path / "other", alice, [3])
    with open_ledger(other.directory, signer=alice) as ledger:
        ledger.append([event(77), event(78), event(79)])
    theirs = Thief(other.directory).rows()
    thief = Thief(one.directory)
    rows = thief.rows()
    thief.rewrite([*rows[:4], theirs[4], *rows[5:]])
    verdict = one.verify()
    assert ("forked", 5) in named(verdict)
    assert not one.verify(one.checkpoints[7]).ok


def test_a_log_signed_anew_without_the_key(twelve, tmp_path, mallory):
    """He throws the log away and writes a valid, shorter one with a key of his own."""
    fake = build(tmp_path / "fake", mallory, [2])
    verdict = verify_ledger(fake.directory, keys=[twelve.signer.public], checkpoint=twelve.checkpoints[13])
    assert {str(problem.kind) for problem in verdict.problems} == {"signature", "truncated"}
    namesake = ephemeral_signer("alice")
    fake = build(tmp_path / "namesake", namesake, [2])
    assert not verify_ledger(fake.directory, keys=[twelve.signer.public]).ok


def test_checkpoints_that_cannot_be_believed(twelve, tmp_path, alice, mallory):
    other = build(tmp_path / "other", alice, [1], origin="example.com/other")
    assert [str(p.kind) for p in twelve.verify(other.checkpoints[2]).problems] == ["forked"]
    forged = build(tmp_path / "forged", mallory, [1]).checkpoints[2]
    assert [str(p.kind) for p in twelve.verify(forged).problems] == ["signature"]
    changed = twelve.checkpoints[5].replace("\n5\n", "\n6\n")
    assert [str(p.kind) for p in twelve.verify(changed).problems] == ["signature"]
    for text in ("", "junk", "a\n\n— b c\n", "\x00"):
        assert [str(p.kind) for p in twelve.verify(text).problems] == ["unreadable"]


def test_the_frame_around_the_entries(scratch):
    built, thief = scratch()
    thief.run(("UPDATE meta SET value = 'example.com/else' WHERE name = 'origin'", ()))
    verdict = built.verify()
    assert "example.com/else" in verdict.summary
    assert verdict.origin == ORIGIN
    built, thief = scratch()
    thief.run(("DELETE FROM meta WHERE name = 'schema_version'", ()))
    assert [str(p.kind) for p in built.verify().problems] == ["unreadable"]
    for statement in (
        "DROP TRIGGER events_no_update",
        "CREATE TRIGGER evil AFTER INSERT ON events BEGIN SELECT 1; END",
        "CREATE TABLE other (x)",
        "CREATE VIEW spy AS SELECT * FROM events",
    ):
        built, thief = scratch()
        connection = sqlite3.connect(thief.path)
        connection.execute(statement)
        connection.close()
        assert [str(p.kind) for p in built.verify().problems] == ["flipped"], statement
        assert "guard" in built.verify().summary


def test_tables_that_lie(scratch):
    """A view in place of the table would run his code while we read; it is not read at all."""
    built, thief = scratch()
    connection = sqlite3.connect(thief.path)
    connection.execute("ALTER TABLE events RENAME TO truth")
    connection.execute("CREATE VIEW events AS SELECT * FROM truth")
    connection.close()
    assert [str(p.kind) for p in built.verify().problems] == ["unreadable"]
    built, thief = scratch()
    connection = sqlite3.connect(thief.path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' STRICT', '') WHERE name = 'events'")
    connection.commit()
    connection.close()
    assert [str(p.kind) for p in built.verify().problems] == ["unreadable"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=3), st.booleans())
def test_flipped_bytes_anywhere_in_the_file(scratch, flips, sidecar):
    """Whatever bytes of the file are changed: a problem, or an unharmed log. Never a traceback, never a wrong pass."""
    built, thief = scratch()
    whole = thief.rows()
    path = thief.path.with_name("ledger.sqlite-wal") if sidecar else thief.path
    content = bytearray(path.read_bytes() if path.exists() else b"x" * 64)
    for place, mask in flips:
        content[place % len(content)] ^= mask
    path.write_bytes(content)
    if built.verify(built.checkpoints[13]).ok:
        assert thief.rows() == whole
        assert len(list(read_events(built.directory))) == 13


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\x00", b"\x00" * 4096])
def test_files_that_are_no_ledger(tmp_path, alice, content):
    (tmp_path / "ledger.sqlite").write_bytes(content)
    verdict = verify_ledger(tmp_path, keys=[alice.public])
    assert [str(problem.kind) for problem in verdict.problems] == ["unreadable"]
    assert (tmp_path / "ledger.sqlite").read_bytes() == content


def test_no_file_at_all(tmp_path, alice):
    verdict = verify_ledger(tmp_path / "none", keys=[alice.public])
    assert "no ledger" in verdict.summary
    assert not (tmp_path / "none").exists()
    (tmp_path / "ledger.sqlite").mkdir()
    assert [str(p.kind) for p in verify_ledger(tmp_path, keys=[alice.public]).problems] == ["unreadable"]


def test_every_entry_s_note_is_a_checkpoint_that_can_leave_the_machine(twelve):
    for index, _, note, _ in Thief(twelve.directory).rows():
        verdict = twelve.verify(note.decode())
        assert (verdict.ok, verdict.proved) == (True, index + 1)


def test_a_checkpoint_is_no_entry_s_note(scratch):
    """He has the checkpoints that left the machine; their signatures are good, and still they fit no entry."""
    built, thief = scratch()
    thief.run(("UPDATE events SET note = ? WHERE idx = 4", (built.checkpoints[5].encode(),)))
    assert named(built.verify()) == {("flipped", 4)}


def test_a_truncated_base64_key_hash_does_not_confuse_the_walk(scratch):
    built, thief = scratch()
    note = thief.rows()[LAST][2].decode()
    head, _, line = note.partition("\n\n")
    name = line.split(" ")[1]
    short = f"{head}\n\n— {name} {base64.b64encode(b'abcd').decode()}\n"
    thief.run(("UPDATE events SET note = ? WHERE idx = ?", (short.encode(), LAST)))
    assert named(built.verify()) == {("flipped", LAST)}
