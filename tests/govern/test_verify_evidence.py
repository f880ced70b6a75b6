# SPDX-License-Identifier: Apache-2.0
"""All the evidence of a project: one changed byte anywhere is named, with the file and the exit code."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.core.event import Event
from hauberk.govern import verify_evidence
from hauberk.ledger import Blobs, open_ledger
from hauberk.seal import canonical, digest_bytes, digest_file, dsse_sign, ephemeral_signer

ORIGIN = "example.com/credit"


class Project:
    """A state folder with two runs, a plain file and two blobs, all named in the ledger."""

    def __init__(self, root):
        self.state = root / ".hauberk"
        self.signer = ephemeral_signer("alice")
        (self.state / "runs").mkdir(parents=True)
        blobs = Blobs(self.state / "blobs")
        self.blobs = [blobs.put(b"evidence " * 50), blobs.put(b"more evidence")]
        self.log = open_ledger(self.state, signer=self.signer, origin=ORIGIN)
        for name in ("r1", "r2"):
            path = self.state / "runs" / f"{name}.json"
            path.write_text(f'{{"id":"{name}"}}')
            self.record("run.completed", run=digest_file(path), id=name, blobs=self.blobs)
        (self.state / "domain.toml").write_text("[x]\n")
        self.record("domain.confirmed", files={"domain.toml": digest_file(self.state / "domain.toml")})
        self.checkpoint = self.log.checkpoint().note

    def record(self, kind, **payload):
        self.log.append([Event(kind=kind, at_us=1, actor="alice", payload=payload)])

    def verify(self, checkpoint=None):
        return verify_evidence(self.state, [self.signer.public], checkpoint)


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    yield made
    made.log.close()


def test_whole_evidence(project):
    report = project.verify()
    assert (report.ok, report.exit_code, report.files, report.blobs) == (True, 0, 3, 2)
    assert "tail not provable" in report.summary
    assert "3 files and 2 blobs match" in report.summary
    report = project.verify(project.checkpoint)
    assert (report.ok, report.ledger.tail_proved) == (True, True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["runs/r1.json", "runs/r2.json", "domain.toml", "blob"]), st.integers(0, 999), st.integers(1, 255)
)
def test_one_changed_byte_is_named(project, what, place, mask):
    digest = project.blobs[0]
    name = f"blobs/{digest[7:9]}/{digest[9:]}" if what == "blob" else what
    path = project.state / name
    path.chmod(0o600)
    before = path.read_bytes()
    content = bytearray(before)
    content[place % len(content)] ^= mask
    path.write_bytes(content)
    report = project.verify(project.checkpoint)
    assert [(str(problem.kind), problem.where) for problem in report.problems] == [("flipped", name)]
    assert report.exit_code == 5
    assert report.summary.startswith("not consistent")
    path.write_bytes(before)
    assert project.verify().ok


def test_missing_files_and_blobs_are_named(project):
    (project.state / "runs" / "r1.json").unlink()
    digest = project.blobs[1]
    (project.state / "blobs" / digest[7:9] / digest[9:]).unlink()
    report = project.verify()
    assert [(str(problem.kind), problem.where) for problem in report.problems] == [
        ("deleted", "runs/r1.json"),
        ("deleted", f"blobs/{digest[7:9]}/{digest[9:]}"),
    ]
    assert report.exit_code == 5


def test_a_link_in_place_of_a_file_is_named(project, tmp_path):
    path = project.state / "runs" / "r1.json"
    path.rename(tmp_path / "moved.json")
    path.symlink_to(tmp_path / "moved.json")
    assert [(str(p.kind), p.where) for p in project.verify().problems] == [("flipped", "runs/r1.json")]


def test_runs_that_are_named_by_digest_alone(project):
    path = project.state / "runs" / "r3.json"
    path.write_text("{}")
    assert any("r3.json" in note for note in project.verify().notes)
    project.record("run.completed", run=digest_file(path))
    assert project.verify().ok
    path.write_text("{ }")
    assert {(str(p.kind), p.where) for p in project.verify().problems} == {
        ("flipped", "runs/r3.json"),
        ("deleted", "runs"),
    }


def test_the_latest_event_about_a_file_counts(project):
    path = project.state / "domain.toml"
    path.write_text("[y]\n")
    assert not project.verify().ok
    project.record("domain.confirmed", files={"domain.toml": digest_file(path)})
    assert project.verify().ok


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", "a/../../b"])
def test_names_that_lead_out_of_the_state_folder_prove_nothing(project, name):
    project.record("x.y", files={name: digest_bytes(b"")})
    report = project.verify()
    assert [(str(problem.kind), problem.index) for problem in report.problems] == [("unreadable", 4)]
    assert not report.ok


def test_digests_that_are_none_prove_nothing(project):
    project.record("x.y", files={"domain.toml": "trust me"})
    project.record("run.completed", run=1, id="r1")
    assert [problem.index for problem in project.verify().problems] == [4, 5]


def test_a_ledger_that_is_garbage_was_tampered_with(project):
    project.log.close()
    for path in project.state.glob("ledger.sqlite*"):
        path.write_bytes(b"garbage " * 1000)
    report = project.verify()
    assert (report.ok, report.exit_code) == (False, 5)


def test_no_ledger_and_no_key(project, tmp_path):
    report = verify_evidence(tmp_path / "none", [project.signer.public])
    assert (report.ok, report.exit_code) == (False, 4)
    report = verify_evidence(project.state, [])
    assert (report.ok, report.exit_code) == (False, 5)


def test_checkpoints_in_runs_and_decisions_give_a_cut_away(project, tmp_path):
    note = {"checkpoint": {"note": project.checkpoint}}
    envelope = canonical(dsse_sign("x", canonical(note), project.signer))
    short = open_ledger(tmp_path / "short", signer=project.signer, origin=ORIGIN)
    short.close()
    kept = tmp_path / "short"
    assert verify_evidence(kept, [project.signer.public]).ok
    for name, content in (
        ("runs/r9.json", canonical(note)),
        ("decisions/r9.json", envelope),
        ("checkpoint", project.checkpoint.encode()),
    ):
        (kept / name).parent.mkdir(exist_ok=True)
        (kept / name).write_bytes(content)
        report = verify_evidence(kept, [project.signer.public])
        assert ("truncated", 1) in [(str(p.kind), p.index) for p in report.problems], name
        (kept / name).unlink()
    for junk in (b"", b"[]", b"{}", b'{"checkpoint":1}', b"\xff", b"[" * 100_000):
        (kept / "runs" / "r9.json").write_bytes(junk)
        assert verify_evidence(kept, [project.signer.public]).ok


def test_a_decision_that_nobody_trusted_signed_is_named(project):
    folder = project.state / "decisions"
    folder.mkdir()
    for number, signer in enumerate((project.signer, ephemeral_signer("mallory"))):
        (folder / f"d{number}.json").write_bytes(canonical(dsse_sign("x", b"{}", signer)))
    assert [(str(p.kind), p.where) for p in project.verify().problems] == [("signature", "decisions/d1.json")]
    (folder / "d1.json").unlink()
    assert project.verify().ok
    content = bytearray((folder / "d0.json").read_bytes())
    content[15] ^= 1
    (folder / "d0.json").write_bytes(content)
    assert [(str(p.kind), p.where) for p in project.verify().problems] == [("signature", "decisions/d0.json")]


def test_a_cut_off_ledger_is_told_by_the_checkpoint(project, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    short = open_ledger(other, signer=project.signer, origin=ORIGIN)
    short.close()
    report = verify_evidence(other, [project.signer.public], project.checkpoint)
    assert {str(problem.kind) for problem in report.problems} == {"truncated"}
    assert report.exit_code == 5
