# SPDX-License-Identifier: Apache-2.0
"""The published schema is the generated one, and everything that is rendered as JSON follows it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hauberk.report import dump_run, render
from hauberk.report.schema import published_schema


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(published_schema())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_published_schema_is_the_generated_one():
    done = subprocess.run([sys.executable, "-m", "hauberk.report.schema"], capture_output=True, timeout=60, check=True)
    assert done.stdout == published_schema()


def test_renderings_follow_it(validator, any_run):
    for content in (render(any_run, "json"), render(any_run, "json", show_values=True), dump_run(any_run)):
        validator.validate(json.loads(content))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_rendering_follows_it(validator, runs, data):
    validator.validate(json.loads(render(data.draw(runs), "json")))


def test_it_refuses_what_is_no_run(validator, story):
    document = json.loads(render(story, "json"))
    for spoil in ({"outcomes": None}, {"seed": "1"}, {"exit_code": 2}, {"assets": [{"kind": "pet"}]}):
        assert list(validator.iter_errors({**document, **spoil})), spoil
    del document["schema_version"]
    assert list(validator.iter_errors(document))


def test_the_document_is_harmless_on_a_terminal(hostile):
    text = render(hostile, "json").decode()
    assert not [character for character in text if ord(character) < 0x20 and character != "\n"]
    assert not {"\x7f", "\x9b", "\x85", "\u202e", "\u2066", "\u200b", "\ufeff"} & set(text)
    assert json.loads(text)["notes"][2].startswith("\x1b[2J")


def test_findings_carry_their_fingerprint(story):
    document = json.loads(render(story, "json"))
    found = [item["fingerprint"] for outcome in document["outcomes"] for item in outcome["findings"]]
    assert sorted(found) == sorted(item.fingerprint for item in story.findings(waived=True))
    assert document["schema_version"] == "1.0"
    assert json.loads(render(replace(story, decision=None), "json"))["decision"] is None
