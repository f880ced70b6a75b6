# SPDX-License-Identifier: Apache-2.0
"""A checkpoint is found in whatever left the machine: its text, a run's JSON, an HTML page."""

from __future__ import annotations

import html
import json

import pytest

from hauberk.app.embedded import embedded_checkpoint

NOTE = "hauberk/loans\n3\nq1nAUiM0jAK4hm2IWnmoVYAGPxP0AUKIOuZN0Kt5a3w=\n\n\u2014 ann EjRWeAAAAAA=\n"


def test_the_note_itself() -> None:
    assert embedded_checkpoint(NOTE) == NOTE


@pytest.mark.parametrize("wrap", [lambda run: run, lambda run: {"run": run}])
def test_the_json_of_a_run(wrap) -> None:
    assert embedded_checkpoint(json.dumps(wrap({"checkpoint": {"note": NOTE}}))) == NOTE


def test_a_page() -> None:
    page = f"<html><body><pre>{html.escape(NOTE)}</pre></body></html>"
    assert embedded_checkpoint(page) == NOTE


@pytest.mark.parametrize("text", ["", "{}", "{not json", "plain words", json.dumps({"checkpoint": None}), "[1]"])
def test_nothing_is_found_where_nothing_is(text: str) -> None:
    assert embedded_checkpoint(text) == ""
