# SPDX-License-Identifier: Apache-2.0
"""The content-addressed store: what goes in comes out, and nothing else does."""

import os
import signal
import stat
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.core.errors import HauberkError, IntegrityError, Unreadable, UsageError
from hauberk.ledger import Blobs
from hauberk.seal import digest_bytes

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


@QUICK
@given(st.binary(max_size=3000))
def test_what_goes_in_comes_out(blobs, content):
    digest = blobs.put(content)
    assert digest == digest_bytes(content) == blobs.put(content)
    assert blobs.get(digest) == content
    assert blobs.has(digest)
    assert digest in set(blobs.digests())


def test_files_are_streamed_and_read_only(blobs, tmp_path):
    source = tmp_path / "model"
    source.write_bytes(os.urandom(3_000_000))
    digest = blobs.put_file(source)
    assert digest == digest_bytes(source.read_bytes())
    with blobs.open(digest) as descriptor:
        assert os.read(descriptor, 10) == source.read_bytes()[:10]
        assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o400
    assert stat.S_IMODE(blobs.root.stat().st_mode) == 0o700
    assert blobs.verify([digest]) == []


@QUICK
@given(st.integers(0, 99), st.integers(1, 255))
def test_a_flipped_byte_is_refused_and_named(blobs, place, mask):
    digest = blobs.put(bytes(range(100)))
    path = blobs.root / digest[7:9] / digest[9:]
    content = bytearray(path.read_bytes())
    content[place] ^= mask
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="changed"):
        blobs.get(digest)
    problems = blobs.verify([digest])
    assert [str(problem.kind) for problem in problems] == ["flipped"]
    assert digest in problems[0].sentence
    assert blobs.put(bytes(range(100))) == digest  # the right bytes under the right name heal it
    assert blobs.verify([digest]) == []


def test_missing_and_foreign_files_are_named(blobs):
    digest, gone = blobs.put(b"x"), digest_bytes(b"gone")
    (blobs.root / digest[7:9] / "notes.txt").write_text("hi")
    (blobs.root / "stray").write_text("hi")
    (blobs.root / ".part-0123").write_text("what a kill left behind")
    problems = blobs.verify([digest, gone])
    assert [(str(problem.kind), problem.where) for problem in problems] == [
        ("inserted", f"blobs/{digest[7:9]}/notes.txt"),
        ("inserted", "blobs/stray"),
        ("deleted", f"blobs/{gone[7:9]}/{gone[9:]}"),
    ]
    assert list(blobs.digests()) == [digest]


def test_no_link_leads_out_of_the_store(blobs, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    digest = digest_bytes(b"secret")
    blobs.put(b"x")
    (blobs.root / digest[7:9]).mkdir(exist_ok=True)
    (blobs.root / digest[7:9] / digest[9:]).symlink_to(secret)
    with pytest.raises(Unreadable):
        blobs.get(digest)
    assert [str(problem.kind) for problem in blobs.verify()] == ["flipped"]
    assert blobs.put(b"secret") == digest  # replaces the link, does not write through it
    assert not (blobs.root / digest[7:9] / digest[9:]).is_symlink()
    other = digest_bytes(b"other")
    (blobs.root / other[7:9]).symlink_to(tmp_path)
    with pytest.raises(IntegrityError):
        blobs.put(b"other")
    with pytest.raises(IntegrityError):
        blobs.get(other)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "../../etc/passwd",
        "sha256:" + "../" * 21 + "a",
        "sha256:" + "A" * 64,
        "sha512:" + "a" * 64,
        "sha256:" + "a" * 64 + "\n",
    ],
)
def test_names_that_are_no_digest_are_refused(blobs, digest):
    for use in (blobs.get, blobs.has):
        with pytest.raises(UsageError):
            use(digest)


def test_absent_blobs_and_limits(tmp_path):
    small = Blobs(tmp_path / "small", limit=10)
    with pytest.raises(UsageError, match="no such blob"):
        small.get(digest_bytes(b"x"))
    with pytest.raises(UsageError, match="more than 10 bytes"):
        small.put(b"x" * 11)
    assert small.put(b"x" * 10)
    assert len(list(small.root.rglob("*"))) == 2, "a refused blob leaves nothing behind"
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "p")
    for wrong in (tmp_path, tmp_path / "pipe" / "p", tmp_path / "none"):
        with pytest.raises(HauberkError):
            small.put_file(wrong)


def test_kill_9_while_a_blob_is_written_leaves_no_blob_or_a_whole_one(tmp_path):
    code = (
        "import sys, os\n"
        "from hauberk.ledger import Blobs\n"
        "store = Blobs(sys.argv[1]); number = 0\n"
        "while True:\n"
        "    print(store.put(number.to_bytes(4, 'big') * 50_000), flush=True); number += 1\n"
    )
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        seen = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        digests = [line.decode().strip() for line in [*seen, *rest.splitlines(keepends=True)] if line.endswith(b"\n")]
        store = Blobs(tmp_path)
        assert store.verify(digests) == []
        assert set(digests) <= set(store.digests())
