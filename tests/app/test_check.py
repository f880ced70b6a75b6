# SPDX-License-Identifier: Apache-2.0
"""The main job as a function: what it records, what it denies, and that it gives the same again."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

import hauberk
from hauberk.app.project import open_project
from hauberk.core.decision import Effect
from hauberk.core.errors import IntegrityError, NothingToExamine, UsageError
from hauberk.core.outcome import Status
from hauberk.report import dump_run, exit_code
from hauberk.seal import digest_bytes, dsse_verify

QUICK = {"HB-E001": {"rows": 20, "queries": 60}, "HB-E002": {"rows": 20, "queries": 60}}
QUICK |= {"HB-E003": {"rows": 20, "queries": 60}, "HB-E004": {"rows": 20, "queries": 60}}


@pytest.fixture
def run(project: Path):
    return hauberk.check(project, params=QUICK)


def test_every_check_ends_in_one_outcome_and_none_in_an_error(run) -> None:
    ended = [outcome.check for outcome in run.outcomes]
    assert ended == sorted({entry.id for entry in __import__("hauberk.checks", fromlist=["index"]).index()})
    assert [outcome.check for outcome in run.incomplete] == []
    assert run.count(Status.PASSED) + run.count(Status.FINDINGS) >= 20


def test_the_record_names_money_terms_only_where_there_are_any(project: Path) -> None:
    assert hauberk.check(project, select=("HB-A",)).loss == "loss = 0.5 x debt EUR"
    file = project / "hauberk.toml"
    file.write_text(file.read_text().replace('amount = "debt"', ""))
    assert hauberk.check(project, select=("HB-A",)).loss == ""


def test_an_unsigned_model_is_denied_and_the_reason_says_so(run) -> None:
    assert run.decision is not None
    assert run.decision.effect is Effect.DENY
    assert any("signature" in reason.sentence for reason in run.decision.reasons)
    assert exit_code(run) == 1


def test_the_ledger_names_the_run_and_its_decision(project: Path, run) -> None:
    opened = open_project(project)
    with opened.ledger() as ledger:
        events = [event for _, event in ledger.read()]
    assert [event.kind for event in events] == ["ledger.created", "data.examined", "decision.made", "run.completed"]
    completed = events[-1]
    assert completed.payload["run"] == digest_bytes(dump_run(run))
    decision = (opened.state / "decisions" / f"{run.id}.json").read_bytes()
    assert completed.payload["files"] == {f"decisions/{run.id}.json": digest_bytes(decision)}
    assert run.id in dsse_verify(json.loads(decision), [opened.key().public]).decode()


def test_the_origin_of_the_data_is_on_record(project: Path, run) -> None:
    with open_project(project).ledger() as ledger:
        (examined,) = [event for _, event in ledger.read() if event.kind == "data.examined"]
    train = next(asset for asset in run.assets if asset.role == "train")
    assert examined.subject == train.digest
    assert examined.payload["provenance"] == {"licence": "CC0", "origin": "made by this test", "owner": "tests"}


def test_the_same_seed_gives_the_same_bytes_in_one_process_and_in_two(project: Path, run) -> None:
    again = hauberk.replay("last", config=project, workers=2)
    assert again.different == ()
    assert again.changed == ()
    assert len(again.equal) >= 20


def test_a_regression_since_a_run_is_denied(project: Path, run) -> None:
    hauberk.sign_artifact(project / "model.txt", config=project)
    domain = project / "domain.toml"
    largest = pl.read_parquet(project / "train.parquet")["debt"].top_k(2).min()
    domain.write_text(domain.read_text() + f'\n[rule.tight]\nsays = "debt < {largest}"\n')
    later = hauberk.check(project, since="last", select=("HB-D",))
    assert later.since == run.id
    assert later.decision is not None
    rules = {reason.rule: reason.sentence for reason in later.decision.reasons}
    assert "no-new-finding" in rules, rules


def test_a_waiver_hides_until_its_day_and_then_is_a_finding(project: Path, run) -> None:
    fingerprint = next(found for found in run.findings() if found.check == "HB-A001").fingerprint
    file = project / "hauberk.toml"
    text = file.read_text()
    waiver = '\n[[waiver]]\nfingerprint = "{}"\nreason = "pilot"\nowner = "ann"\nexpires = "{}"\n'
    file.write_text(text + waiver.format(fingerprint, "2999-12-31"))
    waived = hauberk.check(project, select=("HB-A", "HB-G"))
    assert [item.fingerprint for item in waived.waived] == [fingerprint]
    assert not [found for found in waived.findings() if found.check == "HB-A001"]
    file.write_text(text + waiver.format(fingerprint, "2020-12-31"))
    expired = hauberk.check(project, select=("HB-A", "HB-G"))
    assert {found.check for found in expired.findings()} == {"HB-A001", "HB-G001"}


def test_the_gate_refuses_other_bytes_and_a_run_that_was_edited(project: Path, run) -> None:
    assert hauberk.judge_release(config=project).effect is Effect.DENY
    train = project / "train.parquet"
    content = train.read_bytes()
    train.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IntegrityError, match=r"train\.parquet is not the train"):
        hauberk.judge_release(config=project)
    train.write_bytes(content)
    path = project / ".hauberk" / "runs" / f"{run.id}.json"
    path.write_text(path.read_text().replace('"EUR"', '"USD"'))
    with pytest.raises(IntegrityError, match="ledger does not know"):
        hauberk.judge_release(config=project)


def test_the_gate_finds_data_and_model_that_lie_outside_the_project(project: Path, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    file = project / "hauberk.toml"
    for name in ("train.parquet", "holdout.parquet", "model.txt"):
        (project / name).rename(elsewhere / name)
        file.write_text(file.read_text().replace(f'"{name}"', f'"{elsewhere / name}"'))
    hauberk.check(project, select=("HB-D",))
    assert hauberk.judge_release(config=project).effect is Effect.DENY
    (elsewhere / "train.parquet").write_bytes((elsewhere / "holdout.parquet").read_bytes())
    with pytest.raises(IntegrityError, match=r"train\.parquet is not the train"):
        hauberk.judge_release(config=project)


class Scoring(BaseHTTPRequestHandler):
    """An MLflow scoring server for one question."""

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["dataframe_split"]
        income, debt = rows["columns"].index("income"), rows["columns"].index("debt")
        answers = [min(row[debt] / (row[income] + 1.0), 1.0) for row in rows["data"]]
        body = json.dumps({"predictions": answers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_endpoint_is_assessed_and_judged_although_nobody_has_its_bytes(project: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Scoring) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = project / "hauberk.toml"
        address = f"http://127.0.0.1:{server.server_address[1]}/invocations"
        file.write_text(file.read_text().replace('"model.txt"', f'"{address}"'))
        run = hauberk.check(project, params=QUICK, select=("HB-A", "HB-E001"))
        assert [outcome.check for outcome in run.incomplete] == []
        assert hauberk.judge_release(config=project).effect is Effect.DENY
        server.shutdown()
    with open_project(project).ledger() as ledger:
        subjects = {event.kind: event.subject for _, event in ledger.read()}
    assert subjects["decision.made"] == ""
    assert subjects["run.completed"] == ""
    assert hauberk.verify_evidence(project).ok


def test_a_changed_byte_in_a_run_or_decision_is_named(project: Path, run) -> None:
    assert hauberk.verify_evidence(project).ok
    for folder in ("runs", "decisions"):
        path = project / ".hauberk" / folder / f"{run.id}.json"
        content = path.read_bytes()
        path.write_bytes(content.replace(b"a", b"b", 1))
        found = hauberk.verify_evidence(project)
        assert found.exit_code == 5
        assert any(run.id in problem.sentence for problem in found.problems)
        path.write_bytes(content)
    assert hauberk.verify_evidence(project).ok


def test_a_project_that_names_nothing_has_nothing_to_examine(project: Path) -> None:
    (project / "hauberk.toml").write_text('[project]\nname = "empty"\n')
    with pytest.raises(NothingToExamine):
        hauberk.check(project)


def test_a_policy_of_its_own_is_rehearsed_on_past_runs(project: Path, run) -> None:
    policy = project / "open.cedar"
    policy.write_text('@id("all")\n@sentence("all may pass")\npermit (principal, action, resource);\n')
    (rehearsal,) = hauberk.rehearse_policy(policy, config=project)
    assert (rehearsal.before, rehearsal.after.effect) == (Effect.DENY, Effect.ALLOW)


def test_an_unknown_preset_is_refused_before_any_work(project: Path) -> None:
    with pytest.raises(UsageError, match="preset"):
        hauberk.evade(project, preset="hard")


def test_a_check_that_was_tuned_is_told_at_the_top(project: Path) -> None:
    """An attack with one query on one record finds nothing: whoever reads the verdict has to see it."""
    run = hauberk.check(project, select=("HB-E004",), params={"HB-E004": {"rows": 1, "queries": 1}})
    assert "HB-E004 ran with queries = 1 instead of 1000, rows = 1 instead of 200." in run.notes
    assert not [note for note in hauberk.check(project, select=("HB-D",)).notes if "ran with" in note]
