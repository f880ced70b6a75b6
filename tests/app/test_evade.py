# SPDX-License-Identifier: Apache-2.0
"""Attacks at a chosen effort, by a chosen way, watched while they run, and kept when they are interrupted."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import hauberk
from hauberk.app.aborted import cut_short, told_of
from hauberk.app.evade import ALWAYS, PRESETS, WAYS, evade
from hauberk.app.project import open_project
from hauberk.app.report import render_report
from hauberk.assess import Plan, Planned, Standing
from hauberk.checks import index
from hauberk.cli import attack as command
from hauberk.core.errors import UsageError
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Status
from hauberk.registry.effort import EFFORT
from hauberk.report import exit_code

SMALL = {"rows": 12, "queries": 40, "workers": 0}


def params(run):
    return {outcome.check: outcome.params for outcome in run.outcomes}


def test_the_command_line_knows_the_same_ways_and_presets() -> None:
    assert tuple(WAYS) == command.WAYS
    options = {option.name: option for option in command.evade.params}
    assert tuple(options["preset"].type.choices) == tuple(PRESETS)
    known = {entry.id for entry in index()}
    assert {check for way in WAYS.values() for check in way} | {ALWAYS} <= known


def test_no_preset_is_less_than_a_check_s_own_effort() -> None:
    for factors in PRESETS.values():
        assert set(factors) <= EFFORT
        assert all(factor >= 1 for factor in factors.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"preset": "hard"}, "preset"),
        ({"by": ("magic",)}, "no attack by 'magic'"),
        ({"levels": "cheap"}, "cost levels"),
        ({"actors": "burglar"}, "no kind of attacker"),
    ],
)
def test_a_word_that_means_nothing_is_refused_before_any_work(project: Path, words, said) -> None:
    with pytest.raises(UsageError, match=said):
        evade(project, **words)
    assert not list((project / ".hauberk").glob("runs/*"))


def test_a_way_a_level_and_an_attacker_narrow_the_run_and_repeat_it(project: Path) -> None:
    run = evade(project, by=("labels",), levels="0, 50", actors="applicant", seed=3, **SMALL)
    assert [outcome.check for outcome in run.outcomes] == ["HB-E002", "HB-E003", "HB-E006"]
    assert {given["actors"] for given in params(run).values()} == {"applicant"}
    assert run.command == (
        "hauberk attack evade --preset quick --by labels --rows 12 --queries 40 --levels 0,50 --actor applicant --seed 3"
    )
    assert any("Only what these can change was attacked: applicant" in limit for limit in run.outcomes[0].limits)
    assert exit_code(run) == 1  # reduced effort and a narrowed run are no evidence
    assert run.decision is not None
    assert "evasion-at-full-effort" in {reason.rule for reason in run.decision.reasons}


def test_who_watches_is_told_of_every_attack(project: Path) -> None:
    told: list[Standing] = []
    run = evade(project, by=("scores",), levels="0,10,100", told=told.append, **SMALL)
    assert {(one.check, one.part) for one in told} >= {("HB-E001", "scores"), ("HB-E001", "random")}
    assert all(0 < one.done <= one.total for one in told)
    levels = {one.at for one in run.outcomes[0].measurements if one.name == "evasion_rate"}
    assert levels == {"any cost", "cost <= 0", "cost <= 10", "cost <= 100"}


def test_the_same_is_told_from_another_process(project: Path) -> None:
    told: list[Standing] = []
    evade(project, by=("labels",), told=told.append, rows=12, queries=40, workers=1)
    assert {(one.check, one.part) for one in told} >= {("HB-E002", "labels")}


def test_an_interrupted_attack_keeps_what_it_found_and_says_where(project: Path) -> None:
    def interrupt(standing: Standing) -> None:
        if standing.part == "random":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        evade(project, by=("scores",), told=interrupt, **SMALL)
    run = open_project(project).load_run("last")
    assert run.aborted
    assert run.decision is None
    under_way = next(outcome for outcome in run.outcomes if outcome.check == "HB-E001")
    assert under_way.status is Status.ERROR
    assert under_way.reason.startswith("interrupted: by scores 12 of 12 records, evasion rate")
    assert {(one.name, one.at) for one in under_way.measurements} >= {("evasion_rate", "scores, so far")}
    (note,) = caught.value.__notes__
    assert f"hauberk report {run.id}" in note
    assert "HB-E001 by scores 12 of 12 records" in note
    assert hauberk.verify_evidence(project).ok


def test_only_checks_under_way_are_cut_short() -> None:
    entries = {entry.id: entry for entry in index()}
    plan = Plan(
        checks=tuple(Planned(entry=entries[name], params={}, seed=0) for name in ("HB-E001", "HB-E002", "HB-E003"))
    )
    rate = Measurement(name="evasion_rate", value=0.5, unit="rate", n=4, low=0.1, high=0.9, at="scores, so far")
    first = Standing(check="HB-E001", part="scores", done=4, total=9, measurements=(rate,))
    ended = [plan.checks[1].ended(Status.PASSED)]
    (kept,) = cut_short(plan, ended, [first, Standing(check="HB-E002", part="labels", done=1, total=9)])
    assert (kept.check, kept.reason) == ("HB-E001", "interrupted: by scores 4 of 9 records, evasion rate 50.0 %")
    assert told_of("r1", []) == "kept as the aborted run r1: hauberk report r1"


class Coarse(BaseHTTPRequestHandler):
    """An MLflow scoring server that publishes its score in eighths."""

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["dataframe_split"]
        income, debt = rows["columns"].index("income"), rows["columns"].index("debt")
        answers = [round(min(row[debt] / (row[income] + 1.0), 1.0) * 8) / 8 for row in rows["data"]]
        body = json.dumps({"predictions": answers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_masked_answers_are_a_finding_that_denies_and_stand_before_any_number(project: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Coarse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = project / "hauberk.toml"
        address = f"http://127.0.0.1:{server.server_address[1]}/invocations"
        file.write_text(file.read_text().replace('"model.txt"', f'"{address}"'))
        run = evade(project, by=("labels",), **SMALL)
        server.shutdown()
    (masked,) = [found for found in run.findings() if found.check == ALWAYS]
    assert masked.title == "The model gives very few different scores"
    assert "An attack adapted to it" in masked.message
    assert run.decision is not None
    assert "evasion-not-masked" in {reason.rule for reason in run.decision.reasons}
    assert exit_code(run) == 1
    page = render_report(run, format="text").decode()
    assert page.index("figures are masked") < page.index("What is the worst thing?")
