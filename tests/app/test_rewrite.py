# SPDX-License-Identifier: Apache-2.0
"""Changing values of a project file changes these values and nothing else, comments included."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.app.rewrite import lines_of, with_values
from hauberk.core.errors import ConfigError

FILE = """\
# top
[project]
name = "x"  # [model] in a comment

[model]   # the model
  path = 'old # name.txt'   # ours
threshold=0.34# tight
features = ["a"]

[checks."HB-E001"]
path = "another"
"""

KEYS = st.sampled_from(["path", "threshold", "added"])
VALUES = st.text(max_size=20) | st.floats(0.0, 1.0)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
@settings(max_examples=150, deadline=None)
def test_exactly_these_values_change_and_every_comment_stays(values: dict[str, str | float]) -> None:
    changed = with_values(FILE, "model", values)
    wanted = tomllib.loads(FILE)
    wanted["model"].update(values)
    assert tomllib.loads(changed) == wanted
    for comment in ("# top", "# [model] in a comment", "# the model", "# ours", "# tight"):
        assert comment in changed
    assert tomllib.loads("\n".join(lines_of("model", values)))["model"] == values


def test_a_table_inside_pyproject_is_found() -> None:
    text = '[tool.hauberk.model]\npath = "a"\n\n[tool.other]\npath = "b"\n'
    assert with_values(text, "tool.hauberk.model", {"path": "c"}).count('"c"') == 1
    assert 'path = "b"' in with_values(text, "tool.hauberk.model", {"path": "c"})


@pytest.mark.parametrize(
    "text",
    [
        'model = { path = "a" }\n',
        '[model]\npath = """\na"""\n',
        "[project]\n",
        'note = """\n[model]\npath = "a"\n"""\n',
    ],
)
def test_what_cannot_be_changed_safely_is_refused_with_the_lines_to_write(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_values(text, "model", {"path": "b"})
    assert '[model] / path = "b"' in str(caught.value)
