# SPDX-License-Identifier: Apache-2.0
"""`hauberk attack evade` on what goes wrong: a clear outcome and exit code, results kept, and never a kind word too many.

The cases run under a policy that allows everything, so that the exit code is that of the run itself: 4 incomplete, 3 nothing
to examine, 0 findings that policy allows. The policy that ships with Hauberk denies them all (1).
"""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import numpy as np
import polars as pl
import pytest

import hauberk
from hauberk.cli.main import run
from hauberk.core.outcome import Status

ALLOW = '@id("all")\n@sentence("whatever it is")\npermit (principal, action, resource);\n'
SHELL = """
class Odd:
    classes_ = [0, 1]
    def __sklearn_is_fitted__(self): return True
    def predict_proba(self, rows):
        import numpy as np
        rows = np.asarray(rows, dtype=float)
        {body}
        return np.c_[1 - p, p]
model = Odd()
"""
BY_BURDEN = "p = 1 / (1 + np.exp(-(4 * rows[:, 1] / np.maximum(rows[:, 0], 1) - 2.5)))"
FEATURES = '["income", "debt", "region", "age"]'
Spoil = Callable[[Path, Any], None]
ATTACKS = ("HB-E001", "HB-E002", "HB-E003", "HB-E004")
"""The checks that attack. The self-check and those that need trees have tests of their own."""


class Runs:
    """Pickles as a call of a function that runs text and gives back what it defined."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"(lambda space: exec({self.text!r}, space) or space['model'])({{}})",)


def odd_file(body: str) -> Spoil:
    """Put a model of the test's own in the project's place, as a pickle that is trusted."""

    def spoil(project: Path, _: object) -> None:
        content = pickle.dumps(Runs(SHELL.format(body=body)))
        (project / "odd.pkl").write_bytes(content)
        trust = f'trust = ["sha256:{hashlib.sha256(content).hexdigest()}"]'
        rewrite(project / "hauberk.toml", 'path = "model.txt"', f'path = "odd.pkl"\n{trust}\nfeatures = {FEATURES}')

    return spoil


def odd_server(answer: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    """Put an endpoint in the model's place that answers a score for each burden; it starts far faster than a pickle."""

    def spoil(project: Path, server: Callable[..., Path]) -> None:
        server(answer=answer)

    return spoil


def table(**columns: Any) -> Spoil:
    """Set columns of the holdout."""

    def spoil(project: Path, _: object) -> None:
        holdout = project / "holdout.parquet"
        pl.read_parquet(holdout).with_columns(**columns).write_parquet(holdout)

    return spoil


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rules(*conditions: str) -> Spoil:
    """Add rules to the domain."""

    def spoil(project: Path, _: object) -> None:
        tables = "".join(f'\n[rule.r{number}]\nsays = "{says}"\n' for number, says in enumerate(conditions))
        domain = project / "domain.toml"
        domain.write_text(domain.read_text() + tables)

    return spoil


def nobody_changes_anything(project: Path, _: object) -> None:
    """Take the one column that the attacker can change out of his reach."""
    rewrite(project / "domain.toml", 'changed_by = "applicant"\n', "")


@dataclass(frozen=True)
class Case:
    """What is done to the project, how HB-E001 ends, what it says, and the exit code where policy allows everything."""

    spoil: Spoil
    status: Status
    says: str
    code: int


FAILS_LATE = odd_file(f"{BY_BURDEN}\n        if (rows[:, 0] > 130_000).any(): raise ValueError('never seen')")
NOTHING, ERROR, FINDINGS, PASSED = Status.NOT_APPLICABLE, Status.ERROR, Status.FINDINGS, Status.PASSED
CASES = {
    "a constant model that catches everything": Case(odd_server(lambda p: 0 * p + 0.7), NOTHING, "the same score", 3),
    "a constant model that catches nothing": Case(odd_server(lambda p: 0 * p + 0.2), NOTHING, "the same score", 3),
    "a model that catches no event": Case(odd_server(lambda p: 0.3 * p), NOTHING, "catches none of the", 3),
    "scores that are no probabilities": Case(odd_server(lambda p: 5 * p), ERROR, "outside 0 to 1", 4),
    "a model that answers at random": Case(
        odd_server(lambda p: np.random.default_rng().random(p.size)), ERROR, "another score when it was asked again", 4
    ),
    "some scores that are NaN": Case(
        odd_file(f"{BY_BURDEN}; p[rows[:, 1] > 50_000] = np.nan"), ERROR, r"no score for \d+ of \d+ events.*NaN", 4
    ),
    "a model that raises on some rows": Case(
        odd_file(f"{BY_BURDEN}\n        if (rows[:, 1] > 50_000).any(): raise ValueError('never seen')"),
        ERROR, r"no score for \d+ of \d+ events", 4,
    ),
    "no event in the holdout": Case(table(default=pl.lit(0, pl.Int8)), NOTHING, "no row carries the event", 3),
    "events alone in the holdout": Case(table(default=pl.lit(1, pl.Int8)), FINDINGS, "", 0),
    "categories that the domain does not know, in some rows": Case(
        table(region=pl.col("region").replace(2, 7)), FINDINGS, "", 0
    ),
    "categories that the domain does not know, in all rows": Case(table(region=pl.lit(7)), NOTHING, "region.choices", 3),
    "no column that the attacker can change": Case(nobody_changes_anything, NOTHING, "can change no column", 3),
    "rules that contradict one another": Case(rules("debt > 5", "debt < 5"), NOTHING, r"refuses all \d+ events", 3),
    "a rule that nothing breaks": Case(rules("debt >= 0 or income > 5"), FINDINGS, "", 0),
}  # fmt: skip


def evade(project: Path) -> int:
    return run(["attack", "evade", "--config", str(project), "--rows", "15", "--queries", "40"])


def allow_everything(project: Path) -> None:
    (project / "all.cedar").write_text(ALLOW)
    settings = project / "hauberk.toml"
    settings.write_text(settings.read_text() + '\n[policy]\npath = "all.cedar"\n')


def sober(shown: str) -> None:
    """No output calls a model robust or an unexamined one good."""
    kind = re.findall(r"(?i)\b(?:robust|withstands|protected|ship it)\b|Is it safe to ship\?\s+Yes", shown)
    assert kind == [], f"{kind}\n{shown}"


@pytest.mark.parametrize("name", CASES)
def test_what_goes_wrong_has_a_clear_outcome(
    name: str, project: Path, server, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    case.spoil(project, server)
    allow_everything(project)
    assert evade(project) == case.code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    recorded = {outcome.check: outcome for outcome in hauberk.recorded_run("last").outcomes}
    first = recorded["HB-E001"]
    assert first.status is case.status, f"{first.status}: {first.reason}"
    assert re.search(case.says, first.reason), first.reason
    if case.status in {NOTHING, ERROR}:
        sober(shown.out)
        assert [recorded[check].status for check in ATTACKS if recorded[check].status is PASSED] == []
        assert first.reason.split(":")[0][:50] in " ".join(shown.out.split()), "the reason is not shown"


@pytest.mark.parametrize("name", ["a constant model that catches everything", "rules that contradict one another"])
def test_the_policy_that_ships_with_hauberk_denies_what_was_not_examined(
    name: str, project: Path, server, capsys: pytest.CaptureFixture[str]
) -> None:
    CASES[name].spoil(project, server)
    assert evade(project) == 1
    shown = capsys.readouterr().out
    sober(shown)
    assert "nothing is known of evasion" in " ".join(shown.split())
    assert "Find out why no check applies" in " ".join(shown.split())


def test_what_was_found_before_the_model_failed_is_kept(project: Path) -> None:
    """It fails on records that the attack alone tries."""
    FAILS_LATE(project, None)
    allow_everything(project)
    assert evade(project) == 4
    first = next(outcome for outcome in hauberk.recorded_run("last").outcomes if outcome.check == "HB-E001")
    assert first.status is ERROR
    assert re.search(r"\d+ of 15 records are unknown", first.reason), first.reason
    assert first.findings, "evasions that were proved are gone"
    assert first.measurements


def test_a_model_that_lets_nobody_through_is_not_waved_through(project: Path, server) -> None:
    """It cannot be evaded, for the worst of reasons: somebody has to say so."""
    server(answer=lambda p: 0.5 + 0.5 * p)
    assert evade(project) == 1
    findings = [finding for outcome in hauberk.recorded_run("last").outcomes for finding in outcome.findings]
    assert any("lets" in finding.title or "let " in finding.title for finding in findings), [f.title for f in findings]


# --- an endpoint that misbehaves


Misbehave = Callable[[BaseHTTPRequestHandler, int], bool]
"""Given a request and its number: answer it in some other way and return True, or leave it to the model."""


def well_behaved(_: object, __: int) -> bool:
    return False


class Server(ThreadingHTTPServer):
    """Serves a model of the test in MLflow's protocol, until it does not."""

    daemon_threads = True

    def __init__(self, misbehave: Misbehave, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.misbehave, self.answer = misbehave, answer
        self.calls = 0

    def server_bind(self) -> None:
        # without the look-up of this machine's name, which may ask a resolver and wait for it
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        split = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["dataframe_split"]
        self.server.calls += 1
        if self.server.misbehave(self, self.server.calls):
            return
        at = [split["columns"].index(name) for name in ("income", "debt")]
        income, debt = np.array([[row[place] for place in at] for row in split["data"]], dtype=float).T
        scores = self.server.answer(1 / (1 + np.exp(2.5 - 4 * debt / np.maximum(income, 1))))
        reply(self, 200, json.dumps({"predictions": scores.tolist()}))

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def reply(handler: BaseHTTPRequestHandler, status: int, text: str, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(text.encode())
    return True


def slowly(handler: BaseHTTPRequestHandler) -> bool:
    time.sleep(2.5)
    return reply(handler, 200, "{}")


@pytest.fixture
def server(project: Path) -> Iterator[Callable[..., Path]]:
    """Puts an endpoint in the place of the model, with a second for each call."""
    running: list[Server] = []

    def start(misbehave: Misbehave = well_behaved, answer: Callable[[np.ndarray], np.ndarray] = lambda p: p) -> Path:
        one = Server(misbehave, answer)
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(one)
        settings = (
            f'path = "http://127.0.0.1:{one.server_address[1]}/invocations"\nfeatures = {FEATURES}\ntimeout_s = 1.0'
        )
        rewrite(project / "hauberk.toml", 'path = "model.txt"', settings)
        return project

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


MISBEHAVIOUR: dict[str, tuple[Misbehave, str]] = {
    "is always busy": (lambda handler, _: reply(handler, 429, "slow down", Retry_After="0"), "busy"),
    "fails": (lambda handler, _: reply(handler, 500, "out of memory"), "has failed|HTTP 500"),
    "answers with garbage": (lambda handler, _: reply(handler, 200, "<html>welcome</html>"), "not JSON"),
    "answers with too few scores": (lambda handler, _: reply(handler, 200, '{"predictions": [0.5]}'), "."),
    "answers with NaN": (lambda handler, _: reply(handler, 200, '{"predictions": [NaN]}'), "."),
    "is slow": (lambda handler, _: slowly(handler), "did not answer within 1 s"),
}


@pytest.mark.parametrize("how", MISBEHAVIOUR)
def test_an_endpoint_that_gives_no_scores_is_incomplete(how: str, server, capsys: pytest.CaptureFixture[str]) -> None:
    misbehave, says = MISBEHAVIOUR[how]
    project = server(misbehave)
    allow_everything(project)
    assert evade(project) == 4
    shown = capsys.readouterr()
    sober(shown.out)
    recorded = {outcome.check: outcome for outcome in hauberk.recorded_run("last").outcomes}
    assert [recorded[check].status for check in ATTACKS] == [ERROR] * 4
    assert re.search(says, recorded["HB-E001"].reason), recorded["HB-E001"].reason


@pytest.mark.parametrize("how", ["is always busy", "fails", "answers with garbage"])
def test_an_endpoint_that_stops_in_the_middle_leaves_what_was_found(how: str, server) -> None:
    misbehave, _ = MISBEHAVIOUR[how]
    project = server(lambda handler, call: call > 12 and misbehave(handler, call))
    allow_everything(project)
    assert evade(project) == 4
    recorded = {outcome.check: outcome for outcome in hauberk.recorded_run("last").outcomes}
    first = recorded["HB-E001"]
    assert first.status is ERROR
    assert "records are unknown to the attack" in first.reason
    assert first.findings, "what was found before is gone"
    assert first.measurements


def test_an_endpoint_that_was_busy_for_a_while_is_asked_again(server) -> None:
    project = server(lambda handler, call: call in {2, 5} and reply(handler, 429, "", Retry_After="0"))
    allow_everything(project)
    assert evade(project) == 0
    recorded = {outcome.check: outcome for outcome in hauberk.recorded_run("last").outcomes}
    assert recorded["HB-E001"].status is FINDINGS


def test_an_endpoint_that_is_not_there_is_incomplete(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(
        project / "hauberk.toml",
        'path = "model.txt"',
        f'path = "http://127.0.0.1:9/invocations"\nfeatures = {FEATURES}',
    )
    assert evade(project) in {1, 4}
    shown = capsys.readouterr()
    assert "cannot be reached" in " ".join((shown.out + shown.err).split())
