# SPDX-License-Identifier: Apache-2.0
"""SARIF that follows the OASIS schema and GitHub's limits, with nothing null and nothing hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from hauberk.core.outcome import Status
from hauberk.report import render


@pytest.fixture(scope="module")
def validator():
    return Draft4Validator(json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text()))


def run_of(run, **options):
    return json.loads(render(run, "sarif", **options))["runs"][0]


def nulls(node):
    if isinstance(node, dict):
        return any(nulls(value) for value in node.values())
    return any(nulls(item) for item in node) if isinstance(node, list) else node is None


def test_the_schema_holds(validator, any_run):
    log = json.loads(render(any_run, "sarif"))
    assert not [error.message for error in validator.iter_errors(log)]
    assert not nulls(log)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_schema_holds_for_any_run(validator, runs, data):
    log = json.loads(render(data.draw(runs), "sarif"))
    assert not [error.message for error in validator.iter_errors(log)]
    assert not nulls(log)


def test_the_schema_can_fail(validator, story):
    log = json.loads(render(story, "sarif"))
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert list(validator.iter_errors(log))


def test_results_carry_what_code_scanning_needs(story):
    run = run_of(story)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert len(result["partialFingerprints"]["hauberk/v1"]) == 32
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][location["index"]]["location"]["uri"] == location["uri"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith("**")
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
    assert "helpUri" not in json.dumps(run)
    assert len({rule["id"] for rule in rules}) == len(rules) == len(story.outcomes)


def test_worst_first_with_remedy_and_digest(story):
    run = run_of(story)
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning", "note"]
    worst = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "HB-E002")
    assert worst["properties"]["security-severity"] == "9.5"
    assert "AML.T0015" in worst["properties"]["tags"]
    assert "hauberk harden" in worst["help"]["text"]
    assert "lower bound" in worst["help"]["markdown"]
    assert run["artifacts"][0]["hashes"] == {"sha-256": "ab12" * 16}
    assert run["artifacts"][1]["location"]["uri"] == "data/hold%20out.parquet"


def test_waived_known_and_incomplete_are_said(story):
    run = run_of(story)
    waived = [result for result in run["results"] if result["suppressions"]]
    assert [result["ruleId"] for result in waived] == ["HB-D017"]
    assert "kim" in waived[0]["suppressions"][0]["justification"]
    states = {result["partialFingerprints"]["hauberk/v1"]: result["baselineState"] for result in run["results"]}
    assert states[story.baseline[0]] == "unchanged"
    assert sorted(states.values()).count("new") == 3
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    errors = [note for note in invocation["toolExecutionNotifications"] if note["level"] == "error"]
    assert {note["associatedRule"]["id"] for note in errors} == {"HB-E003", "HB-A001"}


def test_a_clean_run_succeeds_and_states_no_baseline(clean):
    run = run_of(clean)
    assert run["invocations"][0]["executionSuccessful"] is True
    assert run["results"] == []
    assert run_of(replace(clean, aborted=True))["invocations"][0]["executionSuccessful"] is False


def test_ten_thousand_findings(validator, many):
    log = json.loads(render(many(10_000, evidence=False), "sarif"))
    results = log["runs"][0]["results"]
    assert len(results) == 10_002
    log["runs"][0]["results"] = results[:200]
    assert not list(validator.iter_errors(log))
    assert len({result["partialFingerprints"]["hauberk/v1"] for result in results}) == len(results)


def test_what_exceeds_the_limit_is_counted(story, many):
    outcome = many(1).outcomes[0]
    crowd = tuple(
        replace(outcome.findings[0], location=replace(outcome.findings[0].location, key=str(at)))
        for at in range(25_010)
    )
    run = run_of(replace(story, outcomes=(replace(outcome, findings=crowd),)))
    assert len(run["results"]) == 25_000
    assert any(
        "10 of 25,010" in note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]
    )


def test_hostile_text_makes_no_link(hostile):
    text = render(hostile, "sarif").decode()
    assert "](http" not in json.loads(text)["runs"][0]["results"][0]["message"]["text"]
    assert "\x1b" not in text
    assert "](http" not in "".join(result["message"]["text"] for result in run_of(hostile)["results"])


def test_tags_stay_under_the_limit(story, parts):
    crowded = replace(parts["evasion"](), threats=tuple(f"AML.T00{at:02d}" for at in range(60)))
    outcome = replace(story.outcomes[5], findings=(crowded,), status=Status.FINDINGS)
    rule = run_of(replace(story, outcomes=(outcome,)))["tool"]["driver"]["rules"][0]
    assert len(rule["properties"]["tags"]) == 10
