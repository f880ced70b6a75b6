# SPDX-License-Identifier: Apache-2.0
"""The domain file: what is written is read back equal, and mistakes are named with a suggestion."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import ConfigError, Unreadable, UsageError
from hauberk.domain import (
    Actor,
    Column,
    Cost,
    Direction,
    Domain,
    Group,
    Kind,
    Rule,
    dumps_domain,
    load_domain,
    loads_domain,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
costs = st.builds(Cost, **{name: st.floats(0, 1e12) for name in Cost.__slots__})
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.one_of(st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8), texts.filter(bool))
choices = st.one_of(
    st.lists(texts, min_size=1, max_size=5, unique=True),
    st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=5, unique=True),
    st.lists(finite, min_size=1, max_size=5, unique=True),
).map(tuple)


@st.composite
def columns(draw, name: str) -> Column:
    kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.ONE_HOT]))
    fields: dict[str, object] = {}
    if kind in {Kind.NUMERIC, Kind.INTEGER, Kind.STEP, Kind.DATE}:
        whole = st.integers(-700_000, 700_000).map(float)
        spans = {
            Kind.NUMERIC: finite,
            Kind.STEP: finite,
            Kind.INTEGER: whole,
            Kind.DATE: st.floats(-719_162, 2_932_896),
        }
        ends = sorted(draw(st.tuples(spans[kind], spans[kind])))
        fields |= {"low": draw(st.sampled_from([None, ends[0]])), "high": draw(st.sampled_from([None, ends[1]]))}
    if kind is Kind.STEP:
        fields["step"] = draw(st.floats(1e-9, 1e9))
    if kind is Kind.CATEGORY:
        fields["choices"] = draw(choices)
    if kind in {Kind.TEXT, Kind.IDENTIFIER}:
        fields |= {
            "pattern": draw(st.sampled_from(["", r"^\d+$", "'\"\\."])),
            "max_length": draw(st.sampled_from([None, 0, 9])),
        }
    else:
        fields |= {
            "changed_by": draw(st.sampled_from(Actor)),
            "direction": draw(st.sampled_from(Direction)),
            "cost": draw(costs),
        }
    fields["nan"] = kind is Kind.NUMERIC and draw(st.booleans())
    for flag in ("nullable", "personal"):
        fields[flag] = draw(st.booleans())
    return Column(name=name, kind=kind, unit=draw(texts), note=draw(texts), tolerance=draw(st.floats(0, 1)), **fields)


@st.composite
def domains(draw) -> Domain:
    found = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    parts = [draw(columns(name)) for name in found]
    free = [name for name in ("g_1", "g 2", "base", "sum") if name not in found]
    groups: tuple[Group, ...] = ()
    rules: tuple[Rule, ...] = ()
    if len(free) == 4:
        parts += [Column(name=name, kind=Kind.ONE_HOT, changed_by=draw(st.sampled_from(Actor))) for name in free[:2]]
        parts += [Column(name="base", kind=Kind.NUMERIC), Column(name="sum", kind=Kind.NUMERIC, derived='base + "g 2"')]
        groups = (Group(name="g", columns=("g_1", "g 2"), empty=draw(st.booleans())),)
        rules = (Rule(name="r.1", says="base <> 2 OR sum IS NULL", because=draw(texts)),)
    return Domain(
        name=draw(texts),
        confirmed=draw(st.booleans()),
        currency=draw(st.sampled_from(["", "EUR"])),
        hour=draw(st.floats(0, 1e6)),
        columns=tuple(parts),
        groups=groups,
        rules=rules,
    )


@settings(max_examples=100, deadline=None)
@given(domains(), texts)
def test_reading_undoes_writing(domain: Domain, comment: str) -> None:
    why = {
        domain.columns[0].name: (comment, "second line\nwith a break"),
        "rule.r.1": (comment,),
        "group.g": (comment,),
    }
    again = loads_domain(dumps_domain(domain, why))
    assert again == domain
    assert again.digest == domain.digest
    assert dumps_domain(again) == dumps_domain(domain)


def test_the_digest_sees_every_field() -> None:
    base = Domain(name="x", columns=(Column(name="a", kind=Kind.NUMERIC),))
    other = Domain(name="x", columns=(Column(name="a", kind=Kind.NUMERIC, personal=True),))
    assert base.digest != other.digest
    assert base.digest.startswith("sha256:")
    zeros = [Column(name="a", kind=Kind.NUMERIC, low=zero, cost=Cost(fixed=zero)) for zero in (0, 0.0, -0.0)]
    assert len({Domain(name="x", columns=(column,)).digest for column in zeros}) == 1
    ones = [Column(name="a", kind=Kind.CATEGORY, choices=choices) for choices in ((1, 2), (1.0, 2.0))]
    assert len({Domain(name="x", columns=(column,)).digest for column in ones}) == 1


WRONG = {
    'nam = "x"': ("the key 'nam' is unknown", "did you mean 'name'"),
    'name = "x"\n[column.a]\nkind = "numeric"\nchangedby = "nobody"': ("unknown", "did you mean 'changed_by'"),
    'name = "x"\n[column.a]\nkind = "numeric"\ncost = { fix = 1 }': ("unknown", "did you mean 'fixed'"),
    'name = "x"\n[rule.r]\nsay = "a"': ("unknown", "did you mean 'says'"),
    'name = "x"\n[column.a]\nkind = "numbr"': ("does not fit", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nlow = true': ("a number is needed", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nlow = 2020-01-01': ("a number is needed", ""),
    'name = "x"\n[column.a]\nkind = "date"\nlow = 3': ("a date such as", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nlow = nan': ("must be finite", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nlow = 3\nhigh = 2': ("is above high", ""),
    'name = "x"\n[column.a]\nkind = "integer"\nlow = 0.5': ("must be integers", ""),
    'name = "x"\n[column.a]\nkind = "category"': ("needs its choices", ""),
    'name = "x"\n[column.a]\nkind = "category"\nchoices = [1, "a"]': ("all texts, all numbers", ""),
    'name = "x"\n[column.a]\nkind = "category"\nchoices = ["a", "a"]': ("named twice", ""),
    'name = "x"\n[column.a]\nkind = "category"\nchoices = [9007199254740993]': ("fit a double", ""),
    'name = "x"\n[column.a]\nkind = "category"\nchoices = [inf]': ("fit a double", ""),
    'name = "x"\n[column.a]\nkind = "step"': ("needs its step", ""),
    'name = "x"\n[column.a]\nkind = "step"\nstep = -1': ("above 0", ""),
    'name = "x"\n[column.a]\nkind = "text"\nchanged_by = "merchant"': ("never attacked", ""),
    'name = "x"\n[column.a]\nkind = "text"\npattern = "(a+)+"': ("run for ever", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nderived = "b"': ("no column 'b'", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nderived = "a > 1"': ("a number is needed", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nderived = "a + 1"': ("need one another", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\nderived = "1"': ("reads no column", ""),
    'name = "x"\n[column.a]\nkind = "one_hot"': ("must be in a group", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\n[group.g]\ncolumns = ["a", "b"]': ("must be of kind one_hot", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\ncost = { fixed = -1 }': ("0 or more", ""),
    'name = "x"\nhour = -3': ("0 or more", ""),
    'name = "x"\n[column.a]\nkind = "numeric"\n[rule."a b"]\nsays = "a > 1"': ("cannot name a rule", ""),
    'name = "x"\n[column.""]\nkind = "numeric"': ("has no name", ""),
    'name = "x"\ncolumn = 3': ("does not fit", ""),
    "name = ": ("not valid TOML", ""),
    "a = " + "[" * 3000: ("not valid TOML", ""),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[-30:])
def test_mistakes_are_named(text: str) -> None:
    what, hint = WRONG[text]
    with pytest.raises(ConfigError) as caught:
        loads_domain(text, where="domain.toml")
    assert what in caught.value.what
    assert hint in caught.value.next_step
    assert caught.value.where.startswith("domain.toml")


def test_files_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_domain(tmp_path / "none.toml")
    with pytest.raises(Unreadable):
        load_domain(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    with pytest.raises(Unreadable):
        load_domain(tmp_path / "latin.toml")
    (tmp_path / "good.toml").write_text('name = "x"\n[column.a]\nkind = "boolean"\n')
    assert load_domain(tmp_path / "good.toml").column("a").choices == (False, True)


def test_the_documented_example_loads() -> None:
    from hauberk.domain import read

    text = (read.__doc__ or "").split("```toml")[1].split("```")[0]
    extra = '[column.debt]\nkind = "numeric"\n[column.region_north]\nkind = "one_hot"\n'
    extra += '[column.region_south]\nkind = "one_hot"\n'
    domain = loads_domain(text + extra)
    assert domain.column("income").cost.effort == 2
    with pytest.raises(ConfigError, match="no column 'incme'") as caught:
        domain.column("incme")
    assert caught.value.next_step == "did you mean 'income'?"
