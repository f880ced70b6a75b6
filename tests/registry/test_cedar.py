# SPDX-License-Identifier: Apache-2.0
"""Policies: what is refused when they are loaded, with line and next step, and what the shipped one holds."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_runs import NOW, RATE, SIGNED, finding, make_run, outcome

from hauberk.core.decision import Effect
from hauberk.core.errors import ConfigError
from hauberk.core.finding import Severity
from hauberk.registry import default_policy_text, facts_of, parse_policy, schema_text
from hauberk.registry.facts import tag
from hauberk.registry.sentence import filled, places
from hauberk.registry.statement import statements

GOOD = '@id("a") @sentence("{ran} checks ran")\npermit (principal, action, resource)\nwhen { context.ran > 0 };'


def rule(condition="context.ran > 0", annotations='@id("a") @sentence("s")', effect="permit"):
    return f"{annotations}\n{effect} (principal, action, resource)\nwhen {{ {condition} }};"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("garbage", 1, "not Cedar: garbage"),
        (GOOD + "\n\npermit (principal", 5, "not Cedar"),
        (
            GOOD + "\n// a ; comment\n" + rule("context.critcal > 0", '@id("b") @sentence("s")'),
            5,
            "did you mean 'critical'",
        ),
        (rule('context.ran > "a"'), 1, "expected Long but saw String"),
        (rule('resource.getTag("hb_e001_evaded") > 1'), 1, "safety of access to tag"),
        (rule().replace("action,", 'action == Action::"relese",'), 1, "unrecognized action"),
        (rule(annotations='@id("a")'), 1, "no @sentence"),
        (rule(annotations='@sentence("a")'), 1, "no @id"),
        (rule(annotations='@id("") @sentence("a")'), 1, "no @id"),
        (GOOD + "\n" + GOOD, 4, "two rules have the id 'a'"),
        (rule(annotations='@id("a") @sentence("{critcal}")'), 1, "did you mean 'critical'"),
        (rule(annotations='@id("a") @sentence("{ran")'), 1, "a brace stands alone"),
        (rule(annotations='@id("a") @sentence("{ran:x}")'), 1, "neither {name} nor"),
        (rule('context.ran_checks.contains("HB-E901")'), 1, "did you mean 'HB-E001'"),
    ],
)
def test_a_bad_policy_says_where_and_what(text, line, said):
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, where="p.cedar", checks={"HB-E001", "HB-D001"})
    assert said in str(caught.value)
    assert caught.value.where == f"p.cedar, line {line}"


def test_templates_and_impossible_ages_are_refused():
    template = '@id("a") @sentence("s") permit (principal == ?principal, action, resource);'
    with pytest.raises(ConfigError, match="templates"):
        parse_policy(template)
    with pytest.raises(ConfigError, match="-1 days"):
        parse_policy(GOOD, max_age_days=-1)


def test_an_empty_policy_loads_and_denies(judge):
    decision = judge(make_run(), policy=parse_policy("// nothing yet\n"))
    assert [reason.sentence for reason in decision.reasons] == ["no rule allows it"]


def test_the_digest_covers_everything_that_decides():
    digests = {parse_policy(GOOD).digest, parse_policy(GOOD + " ").digest, parse_policy(GOOD, max_age_days=7).digest}
    assert len(digests) == 3


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=60)
    | st.from_regex(r'(permit|forbid|@id\("a"\)|[(){};=?"/. \n]|principal|when){0,12}', fullmatch=True)
)
def test_garbage_is_a_configuration_error_or_a_policy_and_nothing_else(text):
    with contextlib.suppress(ConfigError):
        assert parse_policy(text).rules is not None


@settings(max_examples=100)
@given(st.lists(st.sampled_from(['"a;b"', '"\\";"', "// x;\n", "word", "\n", " ", "/"]), max_size=12))
def test_statements_end_at_semicolons_that_stand_outside_strings_and_comments(pieces):
    text = "".join(f"{piece} " for piece in pieces) + ";"
    (only,) = statements(text)
    assert only.text.endswith(";")
    first = next(number for number, line in enumerate(re.sub(r"// x;", "", text).split("\n"), 1) if line.strip())
    assert only.line == first


def test_every_fact_of_the_schema_is_drawn_and_no_other():
    names = set(re.findall(r"(?m)^  ([a-z_]+): (?:Long|Bool|String|Set<String>),$", schema_text())) - {"verified"}
    context = facts_of(make_run(), signature=SIGNED, now_us=NOW).context
    assert set(context) | {"age_days"} == names


def test_the_shipped_policy_explains_each_rule():
    sources = list(statements(default_policy_text()))
    assert len(sources) == len(parse_policy(default_policy_text()).rules) >= 8
    assert max(map(len, default_policy_text().splitlines())) <= 130


def test_facts_count_what_the_run_holds():
    run = make_run(
        outcome(
            findings=[
                finding(key="1", severity=Severity.HIGH, loss=900, inferred=True),
                finding(key="2", severity=Severity.LOW, loss=2**60),
            ],
            measurements=[RATE],
        )
    )
    facts = facts_of(run, signature=None, now_us=NOW)
    assert facts.measured == {"hb_e001_evaded": 123_400, "hb_e001_evaded_low": 100_000, "hb_e001_evaded_high": 150_000}
    assert (facts.context["high"], facts.context["new_low"], facts.context["inferred"]) == (1, 1, 1)
    assert facts.context["loss"] == 2**53 - 1
    assert facts.context["open_checks"] == ("HB-E001",)
    assert facts.named["high"] == (run.outcomes[0].findings[0].fingerprint,)


def test_two_measurements_of_one_tag_have_none():
    one = type(RATE)(name="cost", value=2.5, unit="EUR", n=3, at="<= 10")
    other = type(RATE)(name="cost", value=1, unit="EUR", n=3, at="10")
    huge = type(RATE)(name="queries", value=float("inf"), unit="queries", n=3)
    assert tag("HB-E001", one) == tag("HB-E001", other) == "hb_e001_cost_10"
    facts = facts_of(make_run(outcome(measurements=[one, other, huge])), signature=None, now_us=NOW)
    assert facts.measured == {"hb_e001_queries": 2**53 - 1}
    facts = facts_of(make_run(outcome(measurements=[one])), signature=None, now_us=NOW)
    assert facts.measured == {"hb_e001_cost_10_milli": 2500}


def test_sentences_are_filled_from_facts():
    facts = {"a": 1, "b": 2, "rate": 1_500, "yes": True, "none": (), "some": ("x", "y"), "text": "t"}
    said = filled("{a:is|are} {b:is|are} {rate:percent} {yes} {none} {some} {text} {absent}", facts)
    assert said == "1 is 2 are 0.15 % yes none x, y t unknown"
    assert [place.name for place in places("{a} {b:x|y}")] == ["a", "b"]


def test_a_default_policy_of_one_s_own_starts_from_the_shipped_text(judge):
    policy = parse_policy(default_policy_text().replace("context.high > 0", "context.high > 1"))
    run = make_run(outcome(findings=[finding(severity=Severity.HIGH)]))
    assert judge(run).effect is Effect.DENY
    assert judge(run, policy=policy).effect is Effect.ALLOW


@pytest.mark.parametrize("blank", ["\x1f", "\x1c"])
def test_a_blank_that_is_none_to_the_engine_is_a_configuration_error(blank):
    with pytest.raises(ConfigError, match="is not Cedar"):
        parse_policy(blank)


@pytest.mark.parametrize(
    "condition",
    ["(" * 5000 + "true" + ")" * 5000, "{a: " * 2000 + "1" + "}" * 2000 + " == 1", " || ".join(["context.ran > 0"] * 900),
     "if true then " * 700 + "true" + " else true" * 700, " + ".join(["1"] * 4000) + " > 0",
     " || ".join(["context.ran > 0"] * 20_000)],
    ids=["brackets", "records", "or", "if", "sum", "long"],
)  # fmt: skip
def test_a_rule_that_would_overflow_the_engine_s_stack_is_a_configuration_error(condition):
    with pytest.raises(ConfigError, match=r"too large|evaluated"):
        parse_policy(f'@id("x")\n@sentence("ok")\npermit (principal, action, resource) when {{ {condition} }};')
