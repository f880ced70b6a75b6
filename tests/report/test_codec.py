# SPDX-License-Identifier: Apache-2.0
"""A run survives the way to a file and back, and a file that is no run is refused in words."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.core.errors import Unreadable
from hauberk.core.measurement import Measurement
from hauberk.report import dump_run, load_run, render


def test_round_trip(any_run):
    assert dump_run(load_run(dump_run(any_run))) == dump_run(any_run)


def test_a_plain_run_comes_back_equal(story):
    assert load_run(dump_run(story)) == story


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_run_survives(runs, data):
    run = data.draw(runs)
    once = load_run(dump_run(run))
    assert load_run(dump_run(once)) == once
    assert dump_run(once) == dump_run(run)
    assert [item.status for item in once.outcomes] == [item.status for item in run.outcomes]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_json_rendering_reads_back(runs, data):
    run = data.draw(runs)
    assert dump_run(load_run(render(run, "json", show_values=True))) == dump_run(run)


def test_infinite_measurements_survive(story):
    item = Measurement(name="median_cost", value=math.inf, unit="TWD", n=3, low=-math.inf, high=math.inf)
    run = replace(story, outcomes=(replace(story.outcomes[0], measurements=(item,)),))
    assert load_run(dump_run(run)).outcomes[0].measurements == (item,)
    assert (
        b"null" not in dump_run(replace(run, decision=None, checkpoint=None)).split(b'"measurements"')[1].split(b"]")[0]
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"schema_version": 1}',
        b'{"schema_version": "1.0"}',
        b'{"schema_version": "2.0"}',
    ],
)
def test_what_is_no_run_is_unreadable(content):
    with pytest.raises(Unreadable) as caught:
        load_run(content, where="runs/x.json")
    assert caught.value.where == "runs/x.json"
    assert caught.value.next_step


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_never_escapes_as_another_error(story, at, byte):
    content = bytearray(dump_run(story))
    content[at % len(content)] = byte
    with contextlib.suppress(Unreadable):
        load_run(bytes(content))


def test_unknown_fields_are_read_over(story):
    content = dump_run(story).replace(b'"aborted":', b'"added_later":[1],"aborted":', 1)
    assert load_run(content) == story
