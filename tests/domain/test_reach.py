# SPDX-License-Identifier: Apache-2.0
"""Interval analysis never leaves out what can happen; alternatives say what the condition says; slopes are slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.domain.expression import Call, Literal, Node, Span, Truth, Type, evaluate, parse, reach, to_numpy
from hauberk.domain.expression.formula import Alternatives, Comparison, alternatives
from hauberk.domain.expression.slope import to_slopes

TYPES = {"a": Type.NUMBER, "b": Type.NUMBER, "n": Type.NUMBER, "f": Type.BOOL, "t": Type.TEXT}

numbers = st.recursive(
    st.sampled_from(["a", "b", "n", "0", "1", "2.5", "-3", "10"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "//"]), parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(st.sampled_from(["abs", "floor", "ceil", "round", "sqrt"]), parts).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["greatest", "least", "coalesce"]), parts, parts).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(parts, parts).map(lambda p: f"if(f, {p[0]}, {p[1]})"),
        st.tuples(parts, parts).map(lambda p: f"({p[0]} % {p[1]})"),
    ),
    max_leaves=6,
)  # fmt: skip
atoms = st.one_of(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), numbers).map(" ".join),
    st.sampled_from(["f", "n IS NULL", "t = 'x'", "a IN (1, 2)", "f IS TRUE", "isnan(a)"]),
)
conditions = st.recursive(
    atoms.map(lambda text: f"({text})"),
    lambda parts: st.one_of(
        parts.map(lambda p: f"(NOT {p})"),
        st.tuples(parts, st.sampled_from(["AND", "OR"]), parts).map(lambda p: f"({' '.join(p)})"),
        st.tuples(parts, parts).map(lambda p: f"implies({p[0]}, {p[1]})"),
        st.tuples(parts, parts, parts).map(lambda p: f"if({p[0]}, {p[1]}, {p[2]})"),
    ),
    max_leaves=4,
)
finite = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 7.0, 10.0, 1e9, -1e9])
ends = st.tuples(finite, finite).map(sorted)


@settings(max_examples=250, deadline=None)
@given(spans=st.tuples(ends, ends, ends), text=st.one_of(numbers, conditions), seed=st.integers(0, 2**32 - 1))
def test_what_happens_is_within_reach(spans, text, seed) -> None:
    node = parse(text, TYPES)
    rng = np.random.default_rng(seed)
    columns = {name: Span(*span, null=name == "n") for name, span in zip("abn", spans, strict=True)}
    found = reach(node, {**columns, "f": Truth(null=False)})
    for _ in range(12):
        row = {name: _within(rng, *span) for name, span in zip("abn", spans, strict=True)}
        row |= {"f": bool(rng.integers(2)), "t": rng.choice(["x", "y", None])}
        if rng.random() < 0.3:
            row["n"] = None
        _assert_within(evaluate(node, row), found)


def _within(rng: np.random.Generator, low: float, high: float) -> float:
    value = float(rng.choice([low, high, (low + high) / 2, rng.uniform(low, high), min(max(0.0, low), high)]))
    return -value if value == 0.0 and rng.random() < 0.5 else value


def _assert_within(value, found) -> None:
    if value is None:
        assert found.null
    elif isinstance(found, Truth):
        assert found.true if value else found.false
    elif math.isnan(value):
        assert found.nan
    else:
        assert found.low <= value <= found.high


@pytest.mark.parametrize(
    ("text", "false"),
    [
        ("0 <= a OR 0 < b", False),
        ("implies(a > 0, b > 0)", True),
        ("a <= 9", False),
        ("a < 9", True),
        ("greatest(a, b) >= least(a, b) - 9", False),
        ("a * b <= 81 AND a + b >= 0", False),
        ("b / (a + 1) <= 9", False),
        ("if(a > 100, b > 100, TRUE)", False),
        ("n >= 0", False),
        ("coalesce(n, 10) >= 0", False),
    ],
)
def test_rules_that_can_never_be_false_are_seen(text, false) -> None:
    columns = {"a": Span(0, 9), "b": Span(0, 9), "n": Span(0, 9, null=True)}
    found = reach(parse(text, TYPES), columns)
    assert isinstance(found, Truth)
    assert found.false is false


def _holds(ways: Alternatives, row) -> bool:
    return any(all(_atom_holds(atom, row) for atom in way) for way in ways)


def _atom_holds(atom, row) -> bool:
    if isinstance(atom, Comparison):
        node: Node = Call(atom.op, (atom.value, Literal(0.0, Type.NUMBER)), Type.BOOL)
        return evaluate(node, row) is not False
    value = evaluate(atom.node, row)
    return value is None or value is atom.wanted


@settings(max_examples=250, deadline=None)
@given(text=conditions, seed=st.integers(0, 2**32 - 1))
def test_alternatives_say_what_the_condition_says(text, seed) -> None:
    """On rows without NaN, with NULL as holding; differences that cancel in doubles cancel in both."""
    node = parse(text, TYPES)
    rng = np.random.default_rng(seed)
    ways = alternatives(node)
    against = alternatives(node, wanted=False)
    for _ in range(10):
        row = {name: float(rng.choice([0.0, 1.0, 2.0, -1.0, 5.0, 10.0])) for name in "abn"}
        row |= {"f": bool(rng.integers(2)), "t": rng.choice(["x", "y", None])}
        if rng.random() < 0.3:
            row["n"] = None
        value = evaluate(node, row)
        if _touches_nan(node, row):
            continue
        assert _holds(ways, row) is (value is not False)
        assert _holds(against, row) is (value is not True)


def _touches_nan(node: Node, row) -> bool:
    if not isinstance(node, Call):
        return False
    value = evaluate(node, row)
    odd = isinstance(value, float) and not math.isfinite(value)
    # CASE sees TRUE alone, so that a NULL condition is no condition
    unsure = node.op == "case" and any(evaluate(part, row) is None for part in node.args[:-1:2])
    # one NULL makes the extreme NULL, while the comparisons that it is split into see their own parts
    unsure = unsure or (node.op in {"greatest", "least"} and value is None)
    return odd or unsure or any(_touches_nan(part, row) for part in node.args)


def test_ratios_are_multiplied_out_where_the_sign_is_known() -> None:
    node = parse("a / b <= 3", TYPES)
    way = alternatives(node, sign=lambda _: 1)[0][0]
    assert isinstance(way, Comparison)
    assert evaluate(way.value, {"a": 10.0, "b": 2.0}) == 4.0
    turned = alternatives(node, sign=lambda _: -1)[0][0]
    assert isinstance(turned, Comparison)
    assert evaluate(turned.value, {"a": 10.0, "b": -2.0}) == -16.0
    assert evaluate(alternatives(node)[0][0].value, {"a": 10.0, "b": 2.0}) == 2.0


@settings(max_examples=200, deadline=None)
@given(text=numbers, seed=st.integers(0, 10_000))
def test_slopes_are_slopes(text, seed) -> None:
    """Against differences, away from kinks and steps."""
    if any(word in text for word in ("floor", "ceil", "round", "sign", "//", "%")):
        return
    node = parse(text, TYPES)
    rng = np.random.default_rng(seed)
    at = {name: rng.uniform(-5, 5, 20) for name in "abn"}
    fixed = {"f": (rng.random(20) < 0.5, None)}
    run, program = to_slopes(node, {}), to_numpy(node, {})
    with np.errstate(all="ignore"):
        (value, mask), slopes = run({name: (values, None) for name, values in at.items()} | fixed)
        plain, plain_mask = program({name: (values, None) for name, values in at.items()} | fixed)
        assert np.array_equal(np.broadcast_to(value, (20,)), np.broadcast_to(plain, (20,)), equal_nan=True)
        assert (mask is None) == (plain_mask is None)
        for name in "abn":
            sides = [
                np.broadcast_to(program({k: (v + step * (k == name), None) for k, v in at.items()} | fixed)[0], (20,))
                for step in (-1e-6, 0.0, 1e-6)
            ]
            before, after = (sides[1] - sides[0]) / 1e-6, (sides[2] - sides[1]) / 1e-6
            smooth = np.isclose(before, after, rtol=1e-3, atol=1e-3) & (np.abs(after) < 1e4)
            slope = np.broadcast_to(slopes.get(name, 0.0), (20,))
            assert np.allclose(slope[smooth], after[smooth], rtol=1e-2, atol=1e-2)
