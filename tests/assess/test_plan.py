# SPDX-License-Identifier: Apache-2.0
"""Plans: selection, parameters, needs and seeds."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.assess import Selection, Situation, missing_needs, plan
from hauberk.assess.params import merged_params
from hauberk.assess.seed import check_seed, generator
from hauberk.core.check import Need, Stage
from hauberk.core.entry import Entry, entry_of
from hauberk.core.errors import ConfigError, Incomplete
from hauberk.core.outcome import Status
from hauberk.core.run import Waived


def ids(planned):
    return [item.entry.id for item in planned.checks]


def test_everything_in_order_of_id_by_default(entries, situation):
    made = plan(entries("finds", "counts", "passes"), situation)
    assert ids(made) == ["TEST-A001", "TEST-A002", "TEST-D001"]
    assert made.to_run == made.checks


def test_beginnings_of_ids_select_whatever_their_case(entries, situation):
    some = entries("finds", "counts", "passes")
    assert ids(plan(some, situation, Selection(select=("test-d", "TEST-A002")))) == ["TEST-A002", "TEST-D001"]


def test_ignored_checks_stay_in_the_plan_as_skipped(entries, situation):
    made = plan(entries("finds", "passes"), situation, Selection(ignore=("TEST-A002",)))
    assert [item.verdict for item in made.checks] == [None, Status.SKIPPED]
    assert "TEST-A002" in made.checks[1].reason


def test_stages_narrow_the_plan(entries, situation):
    made = plan(entries("finds", "counts"), situation, Selection(stages=(Stage.ADMIT,)))
    assert ids(made) == ["TEST-D001"]


def test_a_missing_need_is_decided_before_the_call(entries, situation):
    (item,) = plan(entries("needs_scores"), situation).checks
    assert (item.verdict, item.reason) == (Status.NOT_APPLICABLE, "no model was given")


@pytest.mark.parametrize("key", ["select", "ignore"])
def test_a_pattern_without_a_check_is_refused_with_a_suggestion(entries, situation, key):
    with pytest.raises(ConfigError) as caught:
        plan(entries("finds"), situation, Selection(**{key: ("TEST-A020",)}))
    assert key in caught.value.where
    assert "TEST-A002" in caught.value.next_step


def test_an_empty_pattern_matches_nothing(entries, situation):
    with pytest.raises(ConfigError):
        plan(entries("finds"), situation, Selection(ignore=("",)))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"cuont": 3}, "did you mean 'count'?"),
        ({"count": "3"}, "whole number"),
        ({"count": True}, "whole number"),
        ({"count": 1.5}, "whole number"),
        ({"count": None}, "whole number"),
        ({"flag": 1}, "true or false"),
        ({"rate": "0.5"}, "a number"),
        ({"rate": True}, "a number"),
        ({"name": 1}, "a text"),
        ({"names": "abc"}, "list of texts"),
        ({"names": [1]}, "list of texts"),
        ({"any_": {}}, "text, number"),
    ],
)
def test_parameters_are_held_to_the_schema(entries, situation, params, said):
    with pytest.raises(ConfigError) as caught:
        plan(entries("tunable"), situation, Selection(params={"TEST-A031": params}))
    assert said in str(caught.value)
    assert "TEST-A031" in caught.value.where


def test_parameters_of_a_check_that_is_not_selected_are_checked_too(entries, situation):
    with pytest.raises(ConfigError):
        plan(entries("tunable", "finds"), situation, Selection(select=("TEST-A002",), params={"TEST-A031": {"x": 1}}))
    with pytest.raises(ConfigError, match="no check 'TEST-A099'"):
        plan(entries("finds"), situation, Selection(params={"TEST-A099": {}}))


def test_good_parameters_are_merged_with_the_defaults(entries):
    (entry,) = entries("tunable")
    merged = merged_params(entry, {"rate": 1, "names": ("b", "c"), "any_": "x", "flag": True})
    assert merged == {"flag": True, "rate": 1.0, "count": 3, "name": "x", "names": ["b", "c"], "any_": "x"}
    assert type(merged["rate"]) is float
    assert entry.params["flag"] is False


def test_two_checks_with_one_id_are_refused(entries, situation):
    first, second = entries("finds", "passes")
    with pytest.raises(ConfigError, match="two checks"):
        plan([first, Entry(**{**vars_of(second), "id": first.id})], situation)


def vars_of(entry):
    return {name: getattr(entry, name) for name in Entry.__slots__}


def test_a_negative_seed_is_refused(entries, situation):
    with pytest.raises(ConfigError):
        plan(entries("finds"), situation, seed=-1)


def test_each_need_has_a_reason_in_an_empty_situation():
    assert set(missing_needs(Situation())) == set(Need)
    assert all(missing_needs(Situation()).values())


def test_needs_that_are_met_are_absent(situation):
    waiver = Waived(fingerprint="0" * 32, reason="r", owner="o", expires="2030-01-01")
    met = Situation(
        data=situation.data,
        reference=situation.data,
        label="y",
        time="x",
        groups=("x",),
        provenance={"owner": "ada"},
        waivers=(waiver,),
    )
    left = {Need.DOMAIN, Need.MODEL, Need.SCORES, Need.LABELS, Need.TREES, Need.GRADIENTS, Need.SIGNATURE}
    assert set(missing_needs(met)) == left
    assert Need.LABEL in missing_needs(Situation(data=situation.data, label="absent"))


@given(st.integers(0, 2**63), st.text(max_size=20), st.text(max_size=20))
def test_seeds_differ_by_check_and_stay_exact_in_json(seed, one, other):
    assert 0 <= check_seed(seed, one) < 2**53
    assert (check_seed(seed, one) == check_seed(seed, other)) == (one == other)
    assert generator(check_seed(seed, one)).random() == generator(check_seed(seed, one)).random()


def test_seeds_do_not_depend_on_the_hash_seed_of_python():
    code = "from hauberk.assess.seed import check_seed; print(check_seed(7, 'HB-D001'))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    }  # fmt: skip
    assert seen == {f"{check_seed(7, 'HB-D001')}\n"}


def test_an_entry_loads_its_check_and_nothing_else(entries):
    (entry,) = entries("finds")
    assert entry_of(entry.load()) == entry
    for change in ({"module": "no_such_module"}, {"function": "absent"}, {"function": "finding"}, {"id": "TEST-A001"}):
        with pytest.raises(Incomplete, match="cannot be loaded"):
            Entry(**{**vars_of(entry), **change}).load()


def test_defaults_that_no_configuration_can_state_are_refused(samples):
    spec = samples.finds.__hauberk__
    for bad in ({"a": 1}, [1], object()):
        with pytest.raises(TypeError):
            entry_of(type(spec)(**{**{n: getattr(spec, n) for n in type(spec).__slots__}, "params": {"p": bad}}))
