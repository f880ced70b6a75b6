# SPDX-License-Identifier: Apache-2.0
"""Vacuous, silent and contradictory rules are named as such."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import NothingToExamine
from hauberk.domain import Domain, Rule, validate
from hauberk.domain.expression import Type, parse
from hauberk.domain.expression.spell import spell
from hauberk.domain.review import Standing, review_rules

TYPES = {"a": Type.NUMBER, "b": Type.NUMBER, "f": Type.BOOL, "t": Type.TEXT, "d": Type.DATE}
numbers = st.recursive(
    st.sampled_from(["a", "b", "0", "2.5", "-3", "1e20"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "//", "%"]), parts).map(lambda p: f"({' '.join(p)})"),
        parts.map(lambda p: f"round(abs(-({p})), 2)"),
        st.tuples(parts, parts).map(lambda p: f"greatest({p[0]}, if(f, {p[1]}, NULL))"),
    ),
    max_leaves=5,
)
conditions = st.recursive(
    st.one_of(
        st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), numbers).map(" ".join),
        st.sampled_from(
            ["f", "f IS TRUE", "t = 'x'", "a IN (1, 2)", "a IS NOT NULL", "d > DATE '2024-01-31'", "isnan(a)"]
        ),
    ).map(lambda text: f"({text})"),
    lambda parts: st.one_of(
        parts.map(lambda p: f"(NOT {p})"),
        st.tuples(parts, st.sampled_from(["AND", "OR"]), parts).map(lambda p: f"({' '.join(p)})"),
        st.tuples(parts, parts).map(lambda p: f"implies({p[0]}, {p[1]})"),
    ),
    max_leaves=5,
)

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
    assert found["wrong"].proved
    assert found["wrong"].instead == "implies(a > 0, b > 0)"
    assert found["right"].standing is Standing.IMPLIED  # by a <= b
    assert found["right"].others == ("half",)
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


def test_proofs_name_the_rules_that_contradict_one_another(make_column) -> None:
    found = review(make_column, x="a + b <= 5", y="a >= 4", z="b >= 2", w="a <= b + 9", v="implies(a > 1, a <= b)")
    for name, others in (("x", ("y", "z")), ("y", ("x", "z")), ("z", ("x", "y"))):
        assert found[name].standing is Standing.CONTRADICTORY
        assert found[name].proved
        assert set(found[name].others) == set(others)
    assert found["w"].standing is not Standing.CONTRADICTORY
    assert found["v"].standing is Standing.SOUND


def test_strict_circles_and_alternatives_are_contradictions_too(make_column) -> None:
    circle = review(make_column, x="a < b", y="b < a")
    assert all(item.standing is Standing.CONTRADICTORY and item.proved for item in circle.values())
    split = review(make_column, either="a + b < 2 OR a > b + 4", small="a <= b", large="a + b >= 3")
    assert all(item.standing is Standing.CONTRADICTORY and item.proved for item in split.values())


def test_a_rule_that_is_hard_to_break_is_not_called_vacuous(make_column) -> None:
    """No loose record breaks it by chance; one that was made to does."""
    columns = tuple(make_column(f"x{at}", "numeric", low=0, high=1e6) for at in range(6))
    says = " OR ".join(f"x{at} <= {1e6 - 1 - at} OR x{at} >= {1e6 - 0.5 - at}" for at in range(6))
    domain = Domain(name="r", columns=columns, rules=(Rule(name="hard", says=says),))
    rng = np.random.default_rng(0)
    rows = pl.DataFrame({f"x{at}": rng.uniform(0, 1000, 50) for at in range(6)})
    found = review_rules(domain, rows)[0]
    assert found.loose_broken == 0
    assert found.standing is Standing.SOUND


def test_implied_rules_name_what_implies_them(make_column) -> None:
    found = review(make_column, one="a <= b", two="2 * a <= 2 * b + 1", three="a - b <= 3 OR n > 2")
    assert found["one"].standing is Standing.SOUND
    assert found["two"].standing is Standing.IMPLIED
    assert found["two"].others == ("one",)
    assert found["three"].standing is Standing.IMPLIED


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0 <= a OR 0 < b", "implies(a > 0, b > 0)"),
        ("b > 0 OR a >= 0", "implies(a > 0, b > 0)"),
        ("a <= 10 OR b = 9", "implies(a < 10, b = 9)"),
        ("a >= b + 1", "a <= (b + 1)"),
        ("implies(b >= 1, a >= 8)", "implies(a >= 8, b >= 1)"),
    ],
)
def test_what_was_probably_meant(make_column, said, meant) -> None:
    found = review(make_column, rule=said)["rule"]
    assert found.standing in {Standing.VACUOUS, Standing.BROKEN}
    if said == "a <= 10 OR b = 9":
        assert found.instead == ""  # the data do not keep it
    else:
        assert found.instead == meant


@settings(max_examples=150, deadline=None)
@given(text=conditions)
def test_spelt_expressions_are_read_back_as_they_were(text) -> None:
    node = parse(text, TYPES)
    assert parse(spell(node), TYPES) == node


def test_names_and_texts_are_quoted_where_they_must_be() -> None:
    types = {"my col": Type.NUMBER, "select": Type.NUMBER, 'q"x': Type.NUMBER, "t": Type.TEXT, "d": Type.DATE}
    said = """"my col" > 1 AND "select" <= "q""x" AND t <> 'it''s (' AND d > DATE '2024-02-29' AND t IN ('a', 'b')"""
    node = parse(said, types)
    assert parse(spell(node), types) == node
    for text in ("regexp_like(t, '^a(b|c)$')", "coalesce(t, 'x') = 'y'", "starts_with(t, 'a') OR t IS NULL"):
        assert parse(spell(parse(text, types)), types) == parse(text, types)


def test_unbounded_columns_and_overflow_prove_nothing_wrong(make_column) -> None:
    columns = tuple(make_column(name, "numeric") for name in "xyz")
    rules = (Rule(name="r", says="x - y <= 1e300"), Rule(name="s", says="x + y + z >= -1e308"))
    domain = Domain(name="r", columns=columns, rules=rules)
    rows = pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0], "z": [0.0, 1.0]})
    assert not any(item.proved for item in review_rules(domain, rows))


@settings(max_examples=40, deadline=None)
@given(
    says=st.lists(
        st.sampled_from(
            ["a <= b", "b <= a", "a < b", "a + b = 4", "a + b >= 5", "a > 2", "b < 2", "implies(a > 1, b > 1)", "a <> b",
             "a = 3 OR b = 3", "abs(a - b) <= 1", "greatest(a, b) <= 3", "2 * a - b >= 1", "a >= 0 OR b > 1", "a * b <= 6"]
        ),
        min_size=1, max_size=5, unique=True,
    )
)  # fmt: skip
def test_proofs_agree_with_every_record_of_a_small_domain(make_column, says) -> None:
    """All 25 records of two integers from 0 to 4 are tried: what is proved is true of each."""
    columns = tuple(make_column(name, "integer", low=0, high=4) for name in "ab")
    domain = Domain(
        name="r", columns=columns, rules=tuple(Rule(name=f"r{at}", says=text) for at, text in enumerate(says))
    )
    every = pl.DataFrame({"a": [i // 5 for i in range(25)], "b": [i % 5 for i in range(25)]})
    kept = {key.removeprefix("rule."): ~rows for key, rows in validate(domain, every).broken.items() if "rule" in key}
    data = every.sample(6, seed=len(says))
    for item in review_rules(domain, data):
        mine = kept[item.rule]
        rest = np.logical_and.reduce([kept[name] for name in item.others]) if item.others else np.ones(25, dtype=bool)
        if item.standing is Standing.VACUOUS:
            assert mine.all()
        if item.standing is Standing.CONTRADICTORY:
            assert not (mine & rest).any()
        if item.standing is Standing.IMPLIED:
            assert mine[rest].all()
