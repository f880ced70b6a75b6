# SPDX-License-Identifier: Apache-2.0
"""Waivers: reason, owner and end are a duty; one that has run out hides nothing."""

import tomllib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.assess import apply_waivers, is_expired, parse_waivers
from hauberk.core.errors import ConfigError
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.run import Waived

FINDING = Finding(
    check="HB-D001", title="t", message="m", severity=Severity.LOW, confidence=Confidence.HIGH,
    location=Location(asset="train"), remedy="r",
)  # fmt: skip
GOOD = {"fingerprint": FINDING.fingerprint, "reason": "known", "owner": "ada", "expires": "2030-01-15"}


def at(year, month, day, hour=12):
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1_000_000


def test_waivers_are_read_with_dates_as_toml_writes_them():
    text = f"""
    [[waiver]]
    fingerprint = "{"a" * 32}"
    reason = "known"
    owner = "ada"
    expires = 2030-01-15
    [[waiver]]
    fingerprint = "{"b" * 32}"
    reason = " spaced "
    owner = "bob"
    expires = 2030-01-15T10:00:00
    """
    first, second = parse_waivers(tomllib.loads(text)["waiver"])
    assert first == Waived(fingerprint="a" * 32, reason="known", owner="ada", expires="2030-01-15")
    assert (second.reason, second.expires) == ("spaced", "2030-01-15")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": ""}, "has no reason"),
        ({"reason": "   "}, "has no reason"),
        ({"owner": None}, "has no owner"),
        ({"expires": None}, "has no expires"),
        ({"expires": "soon"}, "is no date"),
        ({"expires": "2030-02-30"}, "is no date"),
        ({"fingerprint": "abc"}, "is no fingerprint"),
        ({"fingerprint": "A" * 32}, "is no fingerprint"),
        ({"expiry": "2030-01-01"}, "did you mean 'expires'?"),
    ],
)
def test_a_waiver_without_reason_owner_or_end_is_refused(change, said):
    with pytest.raises(ConfigError) as caught:
        parse_waivers([GOOD, {**GOOD, "fingerprint": "b" * 32, **change}])
    assert said in str(caught.value)
    assert caught.value.where == "hauberk.toml, waiver 2"


def test_two_waivers_of_one_finding_are_refused():
    with pytest.raises(ConfigError, match="two waivers"):
        parse_waivers([GOOD, GOOD])


def test_the_last_day_counts_to_its_end_in_utc():
    (item,) = parse_waivers([GOOD])
    assert not is_expired(item, at(2030, 1, 15, 23))
    assert is_expired(item, at(2030, 1, 16, 0))


def test_waivers_are_sorted_by_what_they_do():
    active, expired, unmatched = (
        {**GOOD},
        {**GOOD, "fingerprint": "b" * 32, "expires": "2029-12-31"},
        {**GOOD, "fingerprint": "c" * 32},
    )
    waiving = apply_waivers(parse_waivers([unmatched, expired, active]), [FINDING], at(2030, 1, 1))
    assert [item.fingerprint for item in waiving.active] == [FINDING.fingerprint]
    assert [item.fingerprint for item in waiving.expired] == ["b" * 32]
    assert [item.fingerprint for item in waiving.unmatched] == ["c" * 32]
    assert len(waiving.notes) == 2
    assert "ran out on 2029-12-31" in waiving.notes[0]
    assert "matches no finding" in waiving.notes[1]


def test_a_narrowed_run_cannot_tell_that_a_finding_is_gone():
    waiving = apply_waivers(parse_waivers([GOOD]), [], at(2030, 1, 1), narrowed=True)
    assert len(waiving.unmatched) == 1
    assert waiving.notes == ()


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(-800, 800))
def test_a_waiver_hides_its_finding_exactly_until_its_day_is_over(end, days):
    today = end + timedelta(days=days)
    item = Waived(fingerprint=FINDING.fingerprint, reason="r", owner="o", expires=end.isoformat())
    waiving = apply_waivers([item], [FINDING], at(today.year, today.month, today.day))
    assert bool(waiving.active) == (today <= end)
    assert bool(waiving.expired) == (today > end)
