# SPDX-License-Identifier: Apache-2.0
"""Attacks on a live endpoint, a real process: whatever it does, what was proved stays and the rest is unknown."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hauberk.assess import Budget, CheckContext
from hauberk.attack.evasion import Method, Problem, attack
from hauberk.attack.evasion.specimen import FEATURES, exposed
from hauberk.attack.evasion.transfer import Transfer
from hauberk.checks.hb_e001_cheap_evasion import cheap_evasion
from hauberk.core.errors import Incomplete
from hauberk.core.finding import Finding
from hauberk.model import open_model

SERVER = Path(__file__).parent / "parts" / "live_server.py"
METHODS = (Method.SCORES, Method.LABELS, Method.RANDOM, Method.TRANSFER)


@pytest.fixture
def serve():
    running = []

    def start(mode, after=0):
        process = subprocess.Popen([sys.executable, SERVER, mode, str(after)], stdout=subprocess.PIPE, text=True)
        running.append(process)
        return f"http://127.0.0.1:{int(process.stdout.readline())}/invocations"

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def live(toys, serve):
    def pose(mode, after=0, timeout_s=5.0):
        grid = toys.Grid((6,) * 4, (1.0, 0.0, 5.0, 1.0), (1.0, 3.0, 0.5, 1.0), frozen=(3,))
        points = grid.everything()
        caught = points[points.sum(axis=1) < 8.0][::9]
        view = open_model(serve(mode, after), features=grid.names, timeout_s=timeout_s)
        assert view.framework == "endpoint"
        return Problem.of(view, grid, 0.5, caught)

    return pose


def passes(problem, points):
    return points.sum(axis=1) * 0.3 > 2.5


def run(problem, method, budget, **options):
    rows = np.arange(problem.origin.shape[0])
    return attack(problem, rows, budget, np.random.default_rng(0), method=method, queries=60, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_rate_limited_endpoint_is_attacked_to_the_end(live, method):
    problem = live("limited")
    budget = Budget()
    result = run(problem, method, budget)
    assert result.evaded.any()
    assert not result.unknown.any()
    assert result.trouble == ""
    assert budget.spent["queries"] == result.queries.sum()
    assert passes(problem, result.witness[result.evaded]).all()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("429", "busy"),
        ("500", "has failed"),
        ("garbage", "not JSON"),
        ("slow", "did not answer"),
        ("dies", "reached|broke"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_an_endpoint_that_stops_leaves_what_was_proved_and_the_rest_unknown(live, mode, words, method):
    problem = live(mode, after=7, timeout_s=0.4 if mode == "slow" else 5.0)
    budget = Budget()
    result = run(problem, method, budget, width=12)
    assert result.unknown.any()
    assert (result.unknown | result.evaded | (result.queries > 0)).all()
    assert not (result.unknown & result.evaded).any()
    assert any(word in result.trouble for word in words.split("|"))
    assert passes(problem, result.witness[result.evaded]).all()
    assert result.queries.sum() <= budget.spent["queries"]
    if method is not Method.TRANSFER:
        assert result.evaded.any()


@pytest.mark.parametrize("mode", ["429", "500", "garbage", "dies"])
def test_an_endpoint_that_never_answers_says_nothing_of_any_row(live, mode):
    for method in METHODS[:2]:
        result = run(live(mode), method, Budget())
        assert result.unknown.all()
        assert result.trouble


def test_the_copy_of_an_endpoint_is_not_counted_as_the_endpoint(live):
    problem = live("limited")
    budget = Budget()
    Transfer(problem=problem, rows=np.arange(10), budget=budget, seed=1, allowance=20, labels_only=True).run()
    assert budget.spent["queries"] <= 200
    assert budget.spent["copy queries"] > 0


class Tired:
    """A scorer that stops answering after some calls, as an endpoint does."""

    def __init__(self, inner, calls):
        self.inner, self.left = inner, calls

    def __call__(self, frame):
        self.left -= 1
        if self.left < 0:
            raise Incomplete("the model server is busy (HTTP 429)", why="gave up after 4 tries within 30 s")
        return self.inner(frame)


def test_a_check_on_such_an_endpoint_is_incomplete_and_keeps_its_findings():
    from hauberk.assess import Task, plan
    from hauberk.assess.perform import perform
    from hauberk.core.check import spec_of
    from hauberk.core.entry import entry_of
    from hauberk.core.outcome import Status

    situation = exposed()
    model = replace(situation.model, framework="endpoint", scorer=Tired(situation.model.scorer, 9))
    situation = replace(situation, model=model)
    spec = spec_of(cheap_evasion)
    (item,) = plan([entry_of(spec)], situation, seed=3).checks
    (outcome,) = perform(Task(checks=(item,), seconds=60), situation, {}, {spec.id: spec}).outcomes
    assert outcome.status is Status.ERROR
    assert "records are unknown" in outcome.reason
    assert "429" in outcome.reason
    assert outcome.measurements
    assert outcome.work["queries"] > 0


def test_records_that_the_model_cannot_score_are_a_gap_and_the_others_are_attacked():
    situation = exposed()
    inner = situation.model.scorer

    def score(frame):
        if (frame["employment"] == "none").any():
            raise KeyError("none")
        return inner(frame)

    situation = replace(situation, model=open_model(score, features=FEATURES, name="loans"))
    from dataclasses import fields

    given = {part.name: getattr(situation, part.name) for part in fields(type(situation))}
    ctx = CheckContext(**given, rng=np.random.default_rng(0))
    found = list(cheap_evasion(ctx, queries=100))
    assert any(isinstance(one, Finding) for one in found)
    assert any("gives no score for" in gap for gap in ctx.gaps)
    assert "KeyError" in ctx.gaps[0]
