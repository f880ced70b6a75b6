# SPDX-License-Identifier: Apache-2.0
"""A check that could not examine everything never passes, keeps what it found, and shares its luck with the run."""

import numpy as np
import pytest

from hauberk.assess import Task, plan, shared_seed
from hauberk.assess.perform import perform
from hauberk.attack.evasion.assessment import assess_evasion
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed
from hauberk.core.check import Need, Stage, check
from hauberk.core.entry import entry_of
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Status


def run(function, *, seed=0, cache=None, situation=None):
    from hauberk.core.check import spec_of

    spec = spec_of(function)
    situation = situation or exposed()
    (item,) = plan([entry_of(spec)], situation, seed=seed).checks
    return perform(
        Task(checks=(item,), seconds=60), situation, {} if cache is None else cache, {spec.id: spec}
    ).outcomes[0]


@pytest.mark.parametrize("finds", [True, False])
def test_a_gap_makes_an_error_of_it_and_keeps_what_was_found(finds):
    @check(id="ACME-E001", title="t", needs=(Need.MODEL,), stage=Stage.ASSESS)
    def gappy(ctx):
        """One."""
        ctx.gaps.append("3 of 9 records are unknown")
        yield Measurement(name="rate", value=0.5, unit="rate", n=6, low=0.1, high=0.9)
        if finds:
            yield Finding(
                check="ACME-E001", title="t", message="m", severity=Severity.LOW, confidence=Confidence.HIGH,
                location=Location(asset="model"), remedy="r",
            )  # fmt: skip

    outcome = run(gappy)
    assert outcome.status is Status.ERROR
    assert outcome.status.incomplete
    assert outcome.reason == "3 of 9 records are unknown"
    assert len(outcome.measurements) == 1
    assert len(outcome.findings) == finds


def test_shared_luck_follows_run_topic_and_number():
    seeds = {shared_seed(run, topic, number) for run in (0, 1) for topic in ("a", "b") for number in (0, 1)}
    assert len(seeds) == 8
    assert shared_seed(3, "a", 1) == shared_seed(3, "a", 1)


@check(id="ACME-E002", title="t", needs=(Need.MODEL,), stage=Stage.ASSESS)
def first(ctx):
    """One."""
    found = assess_evasion(ctx, method=Method.SCORES, rows=20, queries=20)
    yield Measurement(name="cost", value=float(found.result.cost[found.evaded].sum()), unit="EUR", n=20)


@check(id="ACME-E003", title="t", needs=(Need.MODEL,), stage=Stage.ASSESS)
def second(ctx):
    """Two."""
    found = assess_evasion(ctx, method=Method.SCORES, rows=20, queries=20)
    yield Measurement(name="cost", value=float(found.result.cost[found.evaded].sum()), unit="EUR", n=20)


def test_the_runs_seed_reaches_the_attacks_and_two_checks_share_the_work():
    cache, situation = {}, exposed()
    one = run(first, seed=5, cache=cache, situation=situation)
    entries = len(cache)
    other = run(second, seed=5, cache=cache, situation=situation)
    assert len(cache) == entries
    assert one.seed != other.seed
    assert one.measurements[0].value == other.measurements[0].value
    assert one.work == other.work
    assert run(first, seed=5).measurements == one.measurements
    values = {run(first, seed=seed).measurements[0].value for seed in range(5)}
    assert len(values) > 1
    assert np.isfinite(sorted(values)).all()
