# SPDX-License-Identifier: Apache-2.0
"""Vacuous, silent and contradictory rules are named as such."""

from __future__ import annotations

import polars as pl
import pytest

from hauberk.core.errors import NothingToExamine
from hauberk.domain import Domain, Rule, Standing, review_rules

ROWS = pl.DataFrame({"a": [0, 1, 5, 3], "b": [0, 2, 9, 4], "n": [None, None, None, 1.0]})


def review(make_column, **rules):
    columns = (
        make_column("a", "integer", low=0, high=10),
        make_column("b", "integer", low=0, high=10),
        make_column("n", "numeric", low=0, high=10, nullable=True),
    )
    domain = Domain(name="r", columns=columns, rules=tuple(Rule(name=name, says=says) for name, says in rules.items()))
    return {item.rule: item for item in review_rules(domain, ROWS)}


def test_a_vacuous_disjunction_is_found(make_column) -> None:
    """`a > 0 implies b > 0`, written as `0 <= a or 0 < b`, lets a = 5, b = 0 pass: nothing breaks it."""
    found = review(make_column, wrong="0 <= a OR 0 < b", right="implies(a > 0, b > 0)", half="a >= 0 AND a <= b")
    assert found["wrong"].standing is Standing.VACUOUS
    assert "alternative 1 of 2" in found["wrong"].sentence
    assert found["right"].standing is Standing.SOUND
    assert found["right"].loose_broken > 0
    assert found["half"].standing is Standing.SOUND
    assert "condition 1 of 2" in found["half"].sentence


def test_broken_silent_and_contradictory_rules(make_column) -> None:
    found = review(make_column, some="a < 5", quiet="n > 0.5", never="a > 20", low="a + b < 30 AND b < 2", high="b > 8")
    assert (found["some"].standing, found["some"].broken) == (Standing.BROKEN, 1)
    assert (found["quiet"].standing, found["quiet"].silent) == (Standing.SILENT, 3)
    assert found["never"].standing is Standing.CONTRADICTORY
    assert found["low"].standing is Standing.CONTRADICTORY
    assert "high" in found["low"].sentence


def test_a_rule_without_its_columns_is_untested_and_no_rows_are_refused(make_column) -> None:
    domain = Domain(
        name="r",
        columns=(make_column("a", "integer"), make_column("z", "integer")),
        rules=(Rule(name="az", says="a < z"),),
    )
    assert review_rules(domain, ROWS)[0].standing is Standing.UNTESTED
    with pytest.raises(NothingToExamine):
        review_rules(domain, ROWS.clear())
