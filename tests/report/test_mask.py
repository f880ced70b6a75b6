# SPDX-License-Identifier: Apache-2.0
"""Values of personal columns leave in no format, unless they were asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hauberk.core.evidence import Evidence, View
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Status
from hauberk.report import FORMATS, render
from hauberk.report.mask import CHANGED, MASK, mask_evidence, mask_run


def evidence(holds, rows=((1, "age", 34, 35), (1, "city", "Ulm", "Ulm")), view=View.TABLE):
    return Evidence(title="t", columns=("case", "column", "before", "after"), rows=rows, holds=holds, view=view)


def test_by_column_name():
    masked = mask_evidence(evidence((None, None, "age", None)), {"age"})
    assert [row[2] for row in masked.rows] == [MASK, MASK]
    assert mask_evidence(evidence((None, None, "city", None)), {"age"}) == evidence((None, None, "city", None))


def test_by_the_row_that_names_it():
    masked = mask_evidence(evidence((None, None, 1, 1)), {"age"})
    assert masked.rows == ((1, "age", MASK, MASK), (1, "city", "Ulm", "Ulm"))


def test_that_a_record_changed_is_no_secret():
    rows = ((1, "age", 34, 35), (1, "age", 34, 34))
    masked = mask_evidence(evidence((None, None, 1, 1), rows, View.BEFORE_AFTER), {"age"})
    assert [row[3] for row in masked.rows] == [CHANGED, MASK]


@pytest.mark.parametrize("owner", [4, -1, 99])
def test_an_owner_out_of_reach_masks(story, owner):
    spoilt = evidence((None, None, None, owner))
    assert [row[3] for row in mask_evidence(spoilt, set()).rows] == [MASK, MASK]
    run = replace(story, personal=(), outcomes=(replace(story.outcomes[0], evidence=(spoilt,)),))
    assert mask_run(run).outcomes[0].evidence[0].rows[0][3] == MASK


def test_nulls_are_values():
    masked = mask_evidence(evidence((None, None, "x", "x"), ((1, "x", None, None),)), {"x"})
    assert masked.rows == ((1, "x", MASK, MASK),)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_them_out(story, hostile, name):
    for run, secrets in ((story, (b"A123456789", b"F131104093", b"48218", b"48,218")), (hostile, (b"SECRET-",))):
        assert not [secret for secret in secrets if secret in render(run, name)]


@pytest.mark.parametrize("name", ["text", "json", "html", "markdown"])
def test_on_request_they_show(hostile, name):
    assert b"SECRET-" in render(hostile, name, show_values=True)


def test_other_columns_stay(story):
    masked = mask_run(story)
    cases = masked.outcomes[5].findings[0].evidence[0].rows
    assert cases[0] == (1, "pay_0", 2, 1, 0.0)
    assert cases[1][2:4] == (MASK, CHANGED)
    assert mask_run(replace(story, personal=())) == replace(story, personal=())


def test_groups_of_a_personal_column_are_numbered_and_the_same_everywhere(clean, story):
    def rates(*groups):
        return tuple(
            Measurement(name="event_rate", value=0.5, unit="rate", n=9, low=0.2, high=0.8, at=at) for at in groups
        )

    found = replace(next(story.findings()), measurements=rates("faith = b"), evidence=())
    outcome = replace(
        clean.outcomes[0],
        measurements=rates("faith = a", "faith = b", "region = a", "cost <= 5"),
        status=Status.FINDINGS,
        findings=(found,),
    )
    run = replace(clean, outcomes=(outcome,), personal=("faith",))
    masked = mask_run(run).outcomes[0]
    assert [item.at for item in masked.measurements] == [
        f"faith = {MASK} 1",
        f"faith = {MASK} 2",
        "region = a",
        "cost <= 5",
    ]
    assert [item.at for item in masked.findings[0].measurements] == [f"faith = {MASK} 2"]
    assert masked.findings[0].fingerprint == found.fingerprint
    for form in FORMATS:
        assert b"faith = a" not in render(run, form)
    assert b"faith = a" in render(run, "json", show_values=True)
