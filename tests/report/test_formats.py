# SPDX-License-Identifier: Apache-2.0
"""JUnit, Markdown, CSV and GitLab: each read back by a reader of its own kind."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from hauberk.core.errors import UsageError
from hauberk.core.outcome import Status
from hauberk.report import FORMATS, exit_code, render


def cases(run):
    return [case for suite in JUnitXml.fromstring(render(run, "junit")) for case in suite]


def test_junit_is_complete(story):
    document = JUnitXml.fromstring(render(story, "junit"))
    assert [suite.name for suite in document] == ["admit", "assess", "artifact"]
    kinds = [type(result) for case in cases(story) for result in case.result]
    assert kinds.count(Failure) == 3
    assert kinds.count(Error) == 2
    assert kinds.count(Skipped) == 3
    assert (document.tests, document.failures, document.errors, document.skipped) == (10, 3, 2, 3)
    for suite in document:
        assert suite.tests == len(list(suite))
    reasons = [result.message for case in cases(story) for result in case.result if isinstance(result, Skipped)]
    assert "no reference data was declared" in reasons
    assert any("waived by kim until 2027-01-31" in reason for reason in reasons)


@pytest.mark.parametrize("spoil", [{"aborted": True}, {"outcomes": ()}])
def test_junit_is_never_green_by_omission(clean, spoil):
    document = JUnitXml.fromstring(render(replace(clean, **spoil), "junit"))
    assert document.errors == 1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_junit_counts_every_outcome(runs, data):
    run = data.draw(runs)
    found = cases(run)
    wanted = sum(len(item.findings) or 1 for item in run.outcomes)
    wanted += sum(bool(item.findings) and item.status.incomplete for item in run.outcomes)
    assert len(found) == wanted + (run.aborted or not run.outcomes)
    assert sum(any(isinstance(r, Error) for r in case.result) for case in found) == len(run.incomplete) + (
        run.aborted or not run.outcomes
    )


def html_tokens(text):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    flat = []
    for token in parser.parse(text):
        flat += [token, *(token.children or [])]
    return flat


def test_markdown_shows_hostile_text_as_it_is(hostile):
    text = render(hostile, "markdown").decode()
    tokens = html_tokens(text)
    assert not [token for token in tokens if token.type in {"link_open", "image", "html_block", "s_open"}]
    assert {token.content for token in tokens if token.type == "html_inline"} <= {"<!-- -->"}
    assert not re.search(r"(?<!`)@\w", re.sub(r"(`+).+?\1", "", text))
    assert "\x1b" not in text
    shown = "".join(token.content for token in tokens if token.type == "text")
    assert "<script>alert(1)</script>" in shown


def test_markdown_tables_keep_their_width(hostile):
    rows = [
        token
        for token in html_tokens(render(hostile, "markdown").decode())
        if token.type in {"tr_open", "td_open", "tr_close"}
    ]
    widths, current = [], 0
    for token in rows:
        if token.type == "tr_open":
            current = 0
        elif token.type == "td_open":
            current += 1
        else:
            widths.append(current)
    assert set(widths) <= {0, 2, 4}  # header rows hold th; evidence two cells, the table of checks four


def test_markdown_answers_first(story):
    text = render(story, "markdown").decode()
    order = [
        "Is it safe to ship?",
        "What is the worst thing?",
        "What does it cost?",
        "What do I do now?",
        "## Findings",
    ]
    assert [text.index(item) for item in order] == sorted(text.index(item) for item in order)
    assert "TWD 12,845,000" in text
    assert "exit code 1" in text


def sheet(run):
    return list(csv.DictReader(io.StringIO(render(run, "csv").decode(), newline="")))


def test_csv_rows(story):
    rows = sheet(story)
    assert [row["status"] for row in rows] == [
        "finding", "finding", "waived", "finding", "passed", "not_applicable", "passed", "timed_out", "error", "skipped",
    ]  # fmt: skip
    assert rows[0]["loss"] == "12845000.00"
    assert rows[0]["currency"] == "TWD"
    assert rows[1]["known"] == "yes"
    assert "truncated JSON" in rows[8]["message"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_csv_holds_no_formula(runs, data):
    run = data.draw(runs)
    for row in sheet(run):
        for value in row.values():
            assert not value.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"))
            assert "\n" not in value
    assert len(sheet(run)) >= len(run.outcomes)


@pytest.fixture(scope="module")
def gitlab():
    return Draft7Validator(json.loads((Path(__file__).parent / "data/gitlab-sast-15.json").read_text()))


def test_gitlab_follows_its_schema(gitlab, any_run):
    report = json.loads(render(any_run, "gitlab"))
    gitlab.validate(report)
    assert len(report["vulnerabilities"]) == len(list(any_run.findings()))


def test_gitlab_says_what_failed_and_what_was_waived(story):
    report = json.loads(render(story, "gitlab"))
    assert report["scan"]["status"] == "failure"
    fatal = [item["value"] for item in report["scan"]["messages"] if item["level"] == "fatal"]
    assert len(fatal) == 2
    assert any("1 waived" in item["value"] for item in report["scan"]["messages"])
    worst = report["vulnerabilities"][0]
    assert worst["severity"] == "Critical"
    assert [item["value"] for item in worst["identifiers"]][:2] == ["HB-E002", "AML.T0015"]
    assert json.loads(render(replace(story, outcomes=story.outcomes[:2]), "gitlab"))["scan"]["status"] == "success"


def test_unknown_formats_are_usage_errors(story):
    with pytest.raises(UsageError, match="docx") as caught:
        render(story, "docx")
    assert "sarif" in caught.value.next_step


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "html"])
def test_ten_thousand_findings_fit(many, name):
    run = many(10_000, evidence=False)
    content = render(run, name)
    assert content.endswith(b"\n")
    assert len(content) < 40_000_000


def test_every_machine_format_knows_that_it_is_incomplete(clean):
    broken = replace(
        clean,
        outcomes=(*clean.outcomes, replace(clean.outcomes[0], check="HB-D099", status=Status.ERROR, reason="boom")),
        decision=None,
    )
    assert exit_code(broken) == 4
    for name in FORMATS:
        assert "boom" in render(broken, name).decode(), name
