# SPDX-License-Identifier: Apache-2.0
"""Baselines: what is new, gone, worse or lost, and what cannot be compared at all."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.assess import compare, known_fingerprints
from hauberk.core.asset import AssetKind, AssetRef
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Environment, Run, Waived

ENVIRONMENT = Environment(hauberk="0.1", python="3.11", platform="linux", cpu="x", threads=1)


def finding(check="HB-D001", key=""):
    return Finding(
        check=check, title="t", message="m", severity=Severity.LOW, confidence=Confidence.HIGH,
        location=Location(asset="train", key=key), remedy="r",
    )  # fmt: skip


def outcome(check="HB-D001", keys=(), measurements=(), status=None, **more):
    found = tuple(finding(check, key) for key in keys)
    status = status or (Status.FINDINGS if found else Status.PASSED)
    return Outcome(
        check=check, title="t", stage="admit", status=status, findings=found, measurements=tuple(measurements), **more
    )


def run(*outcomes, name="before", **more):
    whole = Run(
        id=name, project="p", command="c", started_us=0, ended_us=1, seed=0, environment=ENVIRONMENT, assets=(),
        outcomes=outcomes,
    )  # fmt: skip
    return dataclasses.replace(whole, **more)


def prints(check, *keys):
    return tuple(sorted(finding(check, key).fingerprint for key in keys))


def test_new_gone_and_known_findings():
    seen = compare(run(outcome(keys="ab")), run(outcome(keys="bc"), name="after"))
    assert (seen.before, seen.known) == ("before", prints("HB-D001", "a", "b"))
    assert (seen.new, seen.gone, seen.unverified) == (prints("HB-D001", "c"), prints("HB-D001", "a"), ())


@pytest.mark.parametrize("status", [Status.ERROR, Status.TIMED_OUT, Status.SKIPPED, Status.NOT_APPLICABLE])
def test_what_was_not_looked_at_again_is_not_gone(status):
    seen = compare(run(outcome(keys="a"), outcome("HB-D002")), run(outcome(status=status)))
    assert (seen.gone, seen.unverified) == ((), prints("HB-D001", "a"))
    assert seen.lost == (f"HB-D001 ({status.value})", "HB-D002 (not planned)")


def test_runs_with_other_parameters_do_not_compare():
    cost = Measurement(name="rows", value=1, unit="rows", n=1, better=Better.LOWER)
    more = dataclasses.replace(cost, value=100)
    before = run(outcome(keys="a", measurements=[cost], params={"budget": 10}))
    seen = compare(before, run(outcome(measurements=[more], params={"budget": 500})))
    assert (seen.incomparable, seen.gone, seen.unverified) == (("HB-D001",), (), prints("HB-D001", "a"))
    assert (seen.worsened, seen.lost) == ((), ())


def test_a_waived_finding_is_known():
    waived = Waived(fingerprint=finding(key="a").fingerprint, reason="r", owner="o", expires="2030-01-01")
    assert known_fingerprints(run(outcome(keys="a"), waived=(waived,))) == prints("HB-D001", "a")


def rate(value, low, high, better=Better.LOWER, **more):
    return Measurement(name="evaded", value=value, unit="rate", n=100, low=low, high=high, better=better, **more)


@pytest.mark.parametrize(
    ("before", "after", "worse", "better"),
    [
        (rate(0.1, 0.05, 0.15), rate(0.14, 0.10, 0.2), 0, 0),
        (rate(0.1, 0.05, 0.15), rate(0.2, 0.15, 0.3), 0, 0),
        (rate(0.1, 0.05, 0.15), rate(0.2, 0.16, 0.3), 1, 0),
        (rate(0.2, 0.16, 0.3), rate(0.1, 0.05, 0.15), 0, 1),
        (rate(0.1, 0.05, 0.15, Better.HIGHER), rate(0.2, 0.16, 0.3, Better.HIGHER), 0, 1),
        (rate(0.2, 0.16, 0.3, Better.HIGHER), rate(0.1, 0.05, 0.15, Better.HIGHER), 1, 0),
        (rate(0.1, 0.05, 0.15, Better.NEITHER), rate(0.2, 0.16, 0.3, Better.NEITHER), 0, 0),
        (rate(0.1, 0.05, 0.15, at="x"), rate(0.2, 0.16, 0.3, at="y"), 0, 0),
        (Measurement(name="evaded", value=3, unit="count", n=1, better=Better.LOWER), rate(0.2, 0.16, 0.3), 0, 0),
    ],
)
def test_a_measurement_is_worse_only_beyond_both_intervals(before, after, worse, better):
    seen = compare(run(outcome(measurements=[before])), run(outcome(measurements=[after])))
    assert (len(seen.worsened), len(seen.improved)) == (worse, better)


def test_an_exact_number_is_worse_as_soon_as_it_is():
    one = Measurement(name="nulls", value=3, unit="rows", n=9, better=Better.LOWER, at="x")
    seen = compare(run(outcome(measurements=[one])), run(outcome(measurements=[dataclasses.replace(one, value=4)])))
    assert seen.worsened[0].sentence == "HB-D001 nulls (x) went from 3 to 4"


def test_what_else_changed_is_said():
    asset = AssetRef(kind=AssetKind.DATASET, name="d", digest="sha256:1", role="train")
    before = run(outcome(), assets=(asset,))
    after = run(
        outcome(),
        assets=(dataclasses.replace(asset, digest="sha256:2"),),
        seed=1,
        environment=dataclasses.replace(ENVIRONMENT, hauberk="0.2"),
    )
    assert compare(before, after).notes == (
        "the train is another one than in run before",
        "the seed is 1, it was 0",
        "Hauberk is 0.2, it was 0.1",
    )


KEYS = st.sets(st.sampled_from("abcdef"))
ENDS = st.sampled_from([None, Status.ERROR, Status.SKIPPED])


@given(KEYS, KEYS, ENDS)
def test_nothing_is_counted_twice_and_nothing_vanishes(old, new, status):
    after = run(outcome(keys=sorted(new))) if status is None else run(outcome(status=status))
    seen = compare(run(outcome(keys=sorted(old))), after)
    now = set(known_fingerprints(after))
    assert set(seen.known) == set(prints("HB-D001", *old))
    assert now == set(seen.new) | (set(seen.known) - set(seen.gone) - set(seen.unverified))
    assert not set(seen.new) & set(seen.known)
    assert not set(seen.gone) & set(seen.unverified)


@given(KEYS)
def test_a_run_beside_itself_shows_nothing(keys):
    one = run(outcome(keys=sorted(keys), measurements=[rate(0.1, 0.05, 0.15)]))
    seen = compare(one, one)
    assert not any((seen.new, seen.gone, seen.unverified, seen.worsened, seen.improved, seen.lost, seen.incomparable))
