# SPDX-License-Identifier: Apache-2.0
"""Append, read, prove and sign; and what the log refuses to build on."""

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event as hook

from hauberk.core.errors import HauberkError, Incomplete, IntegrityError, Unreadable, UsageError
from hauberk.core.event import Event
from hauberk.ledger import open_ledger, read_checkpoint, verify_consistency, verify_inclusion
from hauberk.ledger.codec import MAX_EVENT, decode_event, encode_event
from hauberk.ledger.sqlite import SqliteStore
from hauberk.ledger.tree import leaf_hash
from hauberk.seal import ephemeral_signer, note_verify

from .conftest import ORIGIN, Thief, Ticks, build, event  # noqa: TID252 - the folder's own fixtures


def test_what_is_appended_is_read_back(tmp_path, alice):
    with open_ledger(tmp_path, signer=alice, origin=ORIGIN, clock=Ticks()) as ledger:
        assert ledger.append([event(0), event(1)]) == 3
        assert ledger.append([]) == 3
        assert ledger.append([event(2)]) == 4
    with open_ledger(tmp_path, signer=alice) as ledger:
        read = list(ledger.read())
        assert [index for index, _ in read] == [0, 1, 2, 3]
        assert read[0][1].kind == "ledger.created"
        assert read[0][1].payload == {"origin": ORIGIN, "schema_version": "1"}
        assert [one for _, one in read[1:]] == [event(0), event(1), event(2)]
        assert list(ledger.read(2)) == read[2:]
        assert list(ledger.read(4)) == list(ledger.read(99)) == []
        assert (ledger.size, ledger.origin) == (4, ORIGIN)


def test_the_same_events_give_the_same_bytes(tmp_path, alice):
    one = build(tmp_path / "a", alice, [1, 2])
    two = build(tmp_path / "b", alice, [1, 2])
    assert Thief(one.directory).rows() == Thief(two.directory).rows()
    assert one.checkpoints == two.checkpoints


def test_the_checkpoint_is_a_note_of_three_lines(twelve, alice):
    with open_ledger(twelve.directory, signer=alice) as ledger:
        checkpoint = ledger.checkpoint()
    lines = note_verify(checkpoint.note, [alice.public]).text.splitlines()
    assert lines[:2] == [ORIGIN, "13"]
    assert len(lines) == 3
    assert read_checkpoint(checkpoint.note, [alice.public]) == checkpoint
    assert checkpoint.root == twelve.verify().root


def test_proofs_hold_against_checkpoints_that_left(twelve, alice):
    roots = {size: read_checkpoint(note, [alice.public]) for size, note in twelve.checkpoints.items()}
    rows = Thief(twelve.directory).rows()
    with open_ledger(twelve.directory, signer=alice) as ledger:
        for size, checkpoint in roots.items():
            for index in range(size):
                proof = ledger.prove(index, size)
                assert verify_inclusion(leaf_hash(rows[index][1]), index, size, proof, bytes.fromhex(checkpoint.root))
            for other, later in roots.items():
                if size <= other:
                    proof = ledger.prove_growth(size, other)
                    ends = bytes.fromhex(checkpoint.root), bytes.fromhex(later.root)
                    assert verify_consistency(size, other, *ends, proof)
        for wrong in (13, -1):
            with pytest.raises(UsageError):
                ledger.prove(wrong)
        with pytest.raises(UsageError):
            ledger.prove_growth(3, 14)
        with pytest.raises(UsageError):
            list(ledger.read(-1))


def test_an_append_reads_few_rows_however_long_the_log_is(tmp_path, alice, monkeypatch):
    """O(log n): a writer that opens a long log looks at one row a block of the frontier, not at all rows."""
    built = build(tmp_path / "a", alice, [1022])
    looked = []
    real = SqliteStore.writing

    def counting(self):
        looked.append(self)
        return real(self)

    monkeypatch.setattr(SqliteStore, "writing", counting)
    with open_ledger(built.directory, signer=alice) as ledger:
        statements = []
        engine = ledger._store._engine
        hook.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        ledger._tail = (b"", type(ledger._tail[1])())
        assert ledger.append([event(1)]) == 1024
        assert len([one for one in statements if "events" in one]) <= 14
        statements.clear()
        assert ledger.append([event(2)]) == 1025
        assert len([one for one in statements if "events" in one]) <= 4
    assert looked
    assert built.verify().ok


@pytest.mark.parametrize(
    "bad",
    [
        Event(kind="Bad Kind", at_us=0, actor="a"),
        Event(kind="a.b", at_us=-1, actor="a"),
        Event(kind="a.b", at_us=0, actor=""),
        Event(kind="a.b", at_us=0, actor="a", subject="model"),
        Event(kind="a.b", at_us=0, actor="a", payload={"rate": 0.5}),
        Event(kind="a.b", at_us=0, actor="a", payload={"text": "x" * MAX_EVENT}),
    ],
)
def test_all_or_nothing(tmp_path, alice, bad):
    with open_ledger(tmp_path, signer=alice, origin=ORIGIN) as ledger:
        with pytest.raises(UsageError):
            ledger.append([event(0), bad])
        assert ledger.size == 1


def test_a_float_is_refused_with_its_place(tmp_path, alice):
    with open_ledger(tmp_path, signer=alice, origin=ORIGIN) as ledger, pytest.raises(UsageError) as caught:
        ledger.append([event(0, rates=[1, 0.5])])
    assert caught.value.where == "$.payload.rates[1]"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=80)
@given(
    st.from_regex(r"[a-z]{1,4}\.[a-z_0-9]?[a-z]{1,4}", fullmatch=True).filter(lambda kind: "._" not in kind),
    st.integers(0, 2**53 - 1),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9),
    st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-9, 9) | TEXT | st.lists(TEXT, max_size=2)),
)
def test_the_codec_gives_back_every_event(kind, at_us, actor, payload):
    try:
        content = encode_event(Event(kind=kind, at_us=at_us, actor=actor, payload=payload))
    except UsageError:
        assert kind.partition(".")[2][0].isdigit()
        return
    assert decode_event(content) == Event(kind=kind, at_us=at_us, actor=actor, payload=payload)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"actor":"a","at_us":1,"kind":"a","payload":{},"subject":"","x":1}',
        b'{"actor":"a","at_us":true,"kind":"a","payload":{},"subject":""}',
        b'{"actor":"a","at_us":1,"kind":"a","payload":[],"subject":""}',
        b'{"actor":1,"at_us":1,"kind":"a","payload":{},"subject":""}',
    ],
)
def test_what_is_no_event_is_unreadable(content):
    with pytest.raises(Unreadable):
        decode_event(content)


def test_the_name_of_a_log_is_fixed(tmp_path, alice):
    build(tmp_path / "a", alice, [1])
    with pytest.raises(UsageError, match="not 'other'"):
        open_ledger(tmp_path / "a", signer=alice, origin="other")
    for wrong in ("", "a b", "a+b", "a\n"):
        with pytest.raises(UsageError, match="cannot name a log"):
            open_ledger(tmp_path / "b", signer=alice, origin=wrong)


def test_files_are_for_the_owner_alone(tmp_path, alice):
    build(tmp_path / "state", alice, [1])
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    for path in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("statement", ["UPDATE events SET body = x'00'", "DELETE FROM events", "DELETE FROM meta"])
def test_triggers_refuse_what_would_rewrite_the_past(twelve, tmp_path, statement):
    copy = twelve.copy(tmp_path / "copy")
    connection = sqlite3.connect(copy.directory / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
    for gap in (5, 14, 99):
        with pytest.raises(sqlite3.IntegrityError, match="one after the other"):
            connection.execute("INSERT OR REPLACE INTO events VALUES (?, x'00', x'00', x'')", (gap,))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE meta SET value = 'x'")
    connection.close()
    assert copy.verify().ok


def tampered(thief, how):
    rows = thief.rows()
    last = rows[-1][0]
    if how == "body":
        thief.run(("UPDATE events SET body = x'7b7d' WHERE idx = ?", (last,)))
    elif how == "note":
        thief.run(("UPDATE events SET note = x'00' WHERE idx = ?", (last,)))
    elif how == "node":
        thief.run(("UPDATE events SET nodes = zeroblob(length(nodes)) WHERE length(nodes) > 0", ()))
    elif how == "appended":
        thief.run(("INSERT INTO events VALUES (?, x'7b7d', ?, x'')", (last + 1, rows[-1][2])))
    elif how == "emptied":
        thief.run(("DELETE FROM events", ()))
    elif how == "gap":
        thief.run(("DELETE FROM events WHERE idx = 11", ()))
    elif how == "trigger":
        connection = sqlite3.connect(thief.path)
        connection.execute("CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM meta; END")
        connection.close()


@pytest.mark.parametrize("how", ["body", "note", "node", "appended", "emptied", "gap", "trigger"])
def test_a_writer_never_signs_over_a_tampered_end(twelve, tmp_path, alice, how):
    copy = twelve.copy(tmp_path / "copy")
    tampered(Thief(copy.directory), how)
    with pytest.raises(IntegrityError):
        open_ledger(copy.directory, signer=alice)


@pytest.mark.parametrize("how", ["body", "note", "appended", "emptied"])
def test_nor_while_it_has_the_log_open(twelve, tmp_path, alice, how):
    copy = twelve.copy(tmp_path / "copy")
    with open_ledger(copy.directory, signer=alice) as ledger:
        before = ledger.append([event(100)])
        tampered(Thief(copy.directory), how)
        if how == "body":  # the note is what was signed; a changed body under it is found when it is read
            with pytest.raises(IntegrityError):
                list(ledger.read())
            return
        with pytest.raises(IntegrityError):
            ledger.append([event(101)])
        with pytest.raises(IntegrityError):
            ledger.checkpoint()
    assert before == 14


def test_reading_checks_every_entry(twelve, tmp_path, alice):
    for statement in (
        "UPDATE events SET body = x'7b7d' WHERE idx = 4",
        "UPDATE events SET note = x'7b7d' WHERE idx = 4",
        "DELETE FROM events WHERE idx = 4",
    ):
        copy = twelve.copy(tmp_path / str(abs(hash(statement))))
        Thief(copy.directory).run((statement, ()))
        with open_ledger(copy.directory, signer=alice) as ledger:
            reading = ledger.read()
            assert [next(reading)[0] for _ in range(4)] == [0, 1, 2, 3]
            with pytest.raises(IntegrityError, match="entry 4"):
                next(reading)
            reading.close()


def test_a_log_may_grow_while_it_is_read(twelve, tmp_path, alice):
    copy = twelve.copy(tmp_path / "copy")
    with open_ledger(copy.directory, signer=alice) as ledger:
        for index, _ in ledger.read():
            assert ledger.append([event(100 + index)]) == 14 + index
        assert index == 12
        abandoned = ledger.read()
        next(abandoned)
        assert ledger.append([event(200)]) == 27
        abandoned.close()
    assert copy.verify().ok


def test_threads_share_a_log(tmp_path, alice):
    with open_ledger(tmp_path, signer=alice, origin=ORIGIN) as ledger:
        with ThreadPoolExecutor(4) as pool:
            sizes = list(pool.map(lambda number: ledger.append([event(number)]), range(40)))
        assert sorted(sizes) == list(range(2, 42))
        assert {one.payload["number"] for _, one in ledger.read(1)} == set(range(40))


def test_two_writers_need_to_trust_each_other(tmp_path, alice):
    bob = ephemeral_signer("bob")
    built = build(tmp_path / "a", alice, [2])
    with pytest.raises(IntegrityError, match="does not hold"):
        open_ledger(built.directory, signer=bob)
    with open_ledger(built.directory, signer=bob, keys=[alice.public]) as ledger:
        ledger.append([event(7)])
    with open_ledger(built.directory, signer=alice, keys=[bob.public]) as ledger:
        assert ledger.append([event(8)]) == 5
    both = built.verify(keys=[alice.public, bob.public])
    assert (both.ok, both.signers) == (True, ("alice", "bob"))
    one = built.verify()
    assert [(problem.kind, problem.index) for problem in one.problems] == [("signature", 3)]


@pytest.mark.parametrize(
    "content", [b"not a database at all, but longer than a header" * 9, b"SQLite format 3\x00junk"]
)
def test_what_is_no_ledger_is_an_error_not_a_traceback(tmp_path, alice, content):
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(HauberkError):
        open_ledger(tmp_path, signer=alice, origin=ORIGIN)


def test_places_that_cannot_hold_a_ledger(tmp_path, alice):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unreadable):
        open_ledger(tmp_path / "file", signer=alice, origin=ORIGIN)
    (tmp_path / "state" / "ledger.sqlite").mkdir(parents=True)
    with pytest.raises(Unreadable):
        open_ledger(tmp_path / "state", signer=alice, origin=ORIGIN)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "ledger.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreadable):
        open_ledger(tmp_path / "linked", signer=alice, origin=ORIGIN)


def test_other_tables_and_other_versions(tmp_path, alice):
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("CREATE TABLE events (x)")
    connection.close()
    with pytest.raises(IntegrityError, match="altered"):
        open_ledger(tmp_path, signer=alice, origin=ORIGIN)
    built = build(tmp_path / "b", alice, [1])
    Thief(built.directory).run(("UPDATE meta SET value = '2' WHERE name = 'schema_version'", ()))
    with pytest.raises(Unreadable, match="another version"):
        open_ledger(built.directory, signer=alice)


def test_a_busy_log_says_so(twelve, tmp_path, alice):
    copy = twelve.copy(tmp_path / "copy")
    holder = sqlite3.connect(copy.directory / "ledger.sqlite", isolation_level=None)
    with open_ledger(copy.directory, signer=alice, timeout_s=0.2) as ledger:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Incomplete) as caught:
            ledger.append([event(1)])
        assert "busy" in caught.value.what
        assert "0.2 s" in caught.value.why
        holder.execute("ROLLBACK")
        assert ledger.append([event(1)]) == 14
    holder.close()


def test_importing_the_room_does_not_load_the_database_library():
    code = "import sys, hauberk.ledger; sys.exit('sqlalchemy' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
