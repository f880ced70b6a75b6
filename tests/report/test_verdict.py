# SPDX-License-Identifier: Apache-2.0
"""The exit code: the first that applies of 5, 1, 4, 3, 0, whatever the format."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.core.decision import Effect
from hauberk.core.outcome import Status
from hauberk.report import exit_code, render


def with_(run, statuses, effect=None, aborted=False):
    decision = None if effect is None else replace(run.decision, effect=effect)
    outcomes = tuple(replace(run.outcomes[0], status=status) for status in statuses)
    return replace(run, outcomes=outcomes, decision=decision, aborted=aborted)


@pytest.mark.parametrize(
    ("statuses", "effect", "aborted", "code"),
    [
        ([Status.PASSED], Effect.ALLOW, False, 0),
        ([Status.FINDINGS], Effect.ALLOW, False, 0),
        ([Status.PASSED], None, False, 0),
        ([Status.FINDINGS], Effect.DENY, False, 1),
        ([Status.ERROR], Effect.DENY, False, 1),
        ([], Effect.DENY, True, 1),
        ([Status.PASSED, Status.ERROR], Effect.ALLOW, False, 4),
        ([Status.TIMED_OUT], None, False, 4),
        ([Status.PASSED], None, True, 4),
        ([], None, True, 4),
        ([], None, False, 3),
        ([Status.SKIPPED, Status.NOT_APPLICABLE], Effect.ALLOW, False, 3),
    ],
)
def test_precedence(story, statuses, effect, aborted, code):
    run = with_(story, statuses, effect, aborted)
    assert exit_code(run) == code
    assert exit_code(run, integrity=True) == 5


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_format_says_the_same(runs, data):
    run = data.draw(runs)
    code = exit_code(run)
    assert json.loads(render(run, "json"))["exit_code"] == code
    assert f"exit code {code}:" in render(run, "text", width=200).decode()
