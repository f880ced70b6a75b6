# SPDX-License-Identifier: Apache-2.0
"""HB-D026 on rules as people write them, on data with gaps, and on the demo's own domain."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hauberk.app import demo
from hauberk.assess import CheckContext, Situation
from hauberk.checks.hb_d026_idle_rule import idle_rule
from hauberk.core.finding import Confidence, Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.data.specimen import situation, specimen_domain
from hauberk.domain import Rule, load_domain
from hauberk.table import open_table, run_scans


def run(where: Situation) -> tuple[list[Finding], dict[str, float], CheckContext]:
    given = {part.name: getattr(where, part.name) for part in fields(Situation)}
    ctx = CheckContext(**given, rng=np.random.default_rng(0))
    assert where.data is not None
    records = run_scans(where.data, {"HB-D026": idle_rule(ctx)})["HB-D026"]
    assert isinstance(records, list)
    found = [item for item in records if isinstance(item, Finding)]
    return found, {item.name: item.value for item in records if isinstance(item, Measurement)}, ctx


def with_rules(*rules: Rule, **changes) -> Situation:
    return situation(domain=replace(specimen_domain(), rules=rules), **changes)


def test_six_vacuous_rules_are_all_found_and_what_was_meant_is_named() -> None:
    """As a published table writes them: `0 <= a OR 0 < b` where `a > 0 implies b > 0` was meant."""
    pairs = [("income", "amount"), ("amount", "income"), ("income", "months")]
    slips = [Rule(name=f"slip{at}", says=f"0 <= {a} OR 0 < {b}") for at, (a, b) in enumerate(pairs)]
    slips += [Rule(name=f"slip{at + 3}", says=f"{b} > 0 OR {a} >= 0") for at, (a, b) in enumerate(pairs)]
    found, counts, _ = run(with_rules(*slips, Rule(name="good", says="amount <= 4 * income")))
    assert {item.location.key for item in found} == {f"rule.slip{at}" for at in range(6)}
    assert all(item.severity is Severity.MEDIUM and item.confidence is Confidence.HIGH for item in found)
    assert counts["vacuous_rules"] == 6
    assert "implies(income > 0, amount > 0)" in found[0].remedy or "forbid" in found[0].remedy


def test_rules_that_no_record_keeps_together_name_one_another() -> None:
    rules = (Rule(name="low", says="amount <= income / 4"), Rule(name="high", says="amount >= income + 1"))
    found, counts, _ = run(with_rules(*rules))
    assert {item.location.key for item in found} == {"rule.low", "rule.high"}
    assert all(item.severity is Severity.HIGH for item in found)
    assert "high" in found[0].message
    assert counts["contradictory_rules"] == 2


def test_a_mirrored_comparison_is_suggested_where_most_records_break_it() -> None:
    found, _, _ = run(with_rules(Rule(name="mirrored", says="amount >= 4 * income")))
    assert [item.location.key for item in found] == ["rule.mirrored"]
    assert "amount <= (4 * income)" in found[0].remedy


def test_rules_over_absent_columns_are_named_as_a_limit() -> None:
    where = with_rules(Rule(name="affordable", says="amount <= 4 * income"))
    assert where.data is not None
    less = replace(where, data=open_table(where.data.frame().drop("income"), name="loans"))
    found, _, ctx = run(less)
    assert not found
    assert any("Not tried" in limit and "affordable" in limit for limit in ctx.limits)


def test_a_rule_that_is_null_on_every_row_says_nothing() -> None:
    domain = specimen_domain()
    columns = tuple(replace(column, nullable=True) if column.name == "months" else column for column in domain.columns)
    empty = situation(lambda frame: frame.with_columns(months=pl.lit(None, dtype=pl.Int64)))
    where = replace(empty, domain=replace(domain, columns=columns, rules=(Rule(name="term", says="months >= 7"),)))
    found, _, _ = run(where)
    assert [(item.location.key, item.severity) for item in found] == [("rule.term", Severity.LOW)]


def test_the_demo_s_own_rules_are_sound() -> None:
    folder = Path(str(demo.__file__)).parent
    domain = load_domain(folder / "domain.toml")
    table = open_table(folder / "credit.parquet")
    found, counts, _ = run(replace(situation(), data=table, domain=domain, label="default"))
    assert not found
    assert counts["vacuous_rules"] == counts["contradictory_rules"] == 0


@pytest.mark.parametrize("rows", [1, 2])
def test_a_few_rows_are_enough(rows) -> None:
    found, _, _ = run(situation(lambda frame: frame.head(rows)))
    assert not any(item.severity is Severity.HIGH for item in found)
