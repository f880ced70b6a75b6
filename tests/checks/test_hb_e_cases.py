# SPDX-License-Identifier: Apache-2.0
"""What the checks on evasion say in cases of their own; that they keep the contract is tested with all checks."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Budget, CheckContext, Money
from hauberk.attack.evasion.specimen import FEATURES, book, exposed, guarded
from hauberk.checks.hb_e001_cheap_evasion import cheap_evasion
from hauberk.checks.hb_e002_labels_suffice import labels_suffice
from hauberk.checks.hb_e003_few_tries import few_tries
from hauberk.checks.hb_e004_free_evasion import EXAMPLES as FREE
from hauberk.checks.hb_e004_free_evasion import free_evasion
from hauberk.core.errors import ConfigError, Incomplete, NothingToExamine, UsageError
from hauberk.core.evidence import View
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.domain import Actor, Cost
from hauberk.model import open_model
from hauberk.table import open_table


def context(situation, **changes):
    from dataclasses import fields

    given = {part.name: getattr(situation, part.name) for part in fields(type(situation))}
    return CheckContext(**{**given, **changes}, rng=np.random.default_rng(0))


def outcome(check, situation, ctx=None, **options):
    ctx = ctx or context(situation)
    found = list(check(ctx, queries=options.pop("queries", 200), **options))
    numbers = {(one.name, one.at): one for one in found if isinstance(one, Measurement)}
    return numbers, [one for one in found if isinstance(one, Finding)], ctx


def scored(score):
    return replace(exposed(), model=open_model(score, features=FEATURES, name="loans"))


def test_the_finding_carries_rates_money_columns_and_cases():
    numbers, (finding,), ctx = outcome(cheap_evasion, exposed())
    rate = numbers["evasion_rate", "any cost"]
    assert rate.low <= rate.value <= rate.high
    assert rate.n == numbers["random_evasion_rate", "any cost"].n
    by_cost = [one.value for (name, at), one in numbers.items() if name == "evasion_rate" and at.startswith("cost")]
    assert by_cost == sorted(by_cost)
    assert by_cost[-1] == rate.value
    assert numbers["median_cost", ""].unit == "EUR"
    assert numbers["median_cost", ""].value <= numbers["random_median_cost", ""].value
    assert [table.view for table in finding.evidence] == [View.STEPS, View.BARS, View.BARS, View.BEFORE_AFTER]
    assert finding.loss is not None
    assert "0.5 x amount" in finding.loss_formula
    assert not finding.inferred
    assert ctx.limits


def test_the_cases_shown_are_the_dearest_and_their_values_are_marked():
    situation = exposed()
    _, (finding,), _ = outcome(cheap_evasion, situation)
    cases = finding.evidence[-1]
    assert cases.holds == (None, None, 1, 1, None, None, None)
    assert {row[1] for row in cases.rows} <= {"income", "months", "employment"}
    assert all(row[2] != row[3] for row in cases.rows)
    assert all(row[4] >= 0.5 > row[5] for row in cases.rows)
    assert len({row[0] for row in cases.rows}) <= 10


def test_loss_is_the_sum_over_evaded_cases_in_minor_units():
    situation = exposed()
    _, (finding,), _ = outcome(cheap_evasion, situation)
    frame = situation.holdout.frame()
    caught = frame.filter((pl.col("default") == 1) & pl.Series(situation.model.scores(frame) >= 0.5))
    assert finding.location.rows == caught.height  # all of them evade
    assert finding.loss == int(np.rint(caught["amount"].to_numpy() * 0.5 * 100).sum())


def test_a_model_that_nobody_can_talk_round_passes_with_its_limits_stated():
    numbers, findings, ctx = outcome(cheap_evasion, guarded())
    assert not findings
    assert numbers["evasion_rate", "any cost"].value == 0.0
    assert numbers["evasion_rate", "any cost"].high > 0.0
    assert any("no proof of robustness" in limit for limit in ctx.limits)


def test_cost_levels_can_be_named():
    numbers, _, _ = outcome(cheap_evasion, exposed(), levels="0, 25, 400")
    assert {at for name, at in numbers if name == "evasion_rate"} == {
        "any cost",
        "cost <= 0",
        "cost <= 25",
        "cost <= 400",
    }
    for text in ("cheap", "-1", "nan"):
        with pytest.raises(UsageError, match="cost levels"):
            outcome(cheap_evasion, exposed(), levels=text)


def test_an_unconfirmed_domain_marks_the_finding():
    situation = exposed()
    guess = replace(situation, domain=replace(situation.domain, confirmed=False))
    _, (finding,), ctx = outcome(cheap_evasion, guess)
    assert finding.inferred
    assert any("inferred" in limit for limit in ctx.limits)


def test_training_rows_stand_in_for_a_holdout_and_that_is_said():
    situation = exposed()
    only = replace(situation, data=situation.holdout, holdout=None)
    numbers, _, ctx = outcome(cheap_evasion, only)
    assert numbers["evasion_rate", "any cost"].n > 0
    assert any("No holdout" in limit for limit in ctx.limits)


def test_without_money_terms_no_loss_is_stated():
    numbers, (finding,), _ = outcome(cheap_evasion, replace(exposed(), money=Money()))
    assert finding.loss is None
    assert finding.loss_formula == ""
    assert ("median_loss", "") not in numbers


def test_an_amount_column_that_is_not_there_is_a_configuration_error():
    with pytest.raises(ConfigError, match="amount at stake"):
        outcome(cheap_evasion, replace(exposed(), money=Money(currency="EUR", amount="sum")))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: replace(s, threshold=1.0), "catches none"),
        (
            lambda s: replace(s, holdout=open_table(s.holdout.frame().with_columns(default=pl.lit(0)), name="x")),
            "no row",
        ),
        (lambda s: scored(lambda rows: np.full(rows.height, 0.8)), "same score"),
        (
            lambda s: replace(
                s,
                domain=replace(s.domain, columns=tuple(replace(c, changed_by=Actor.NOBODY) for c in s.domain.columns)),
            ),
            "can change no column",
        ),
        (
            lambda s: replace(
                s,
                domain=replace(
                    s.domain,
                    columns=tuple(replace(c, low=11, high=12) if c.name == "arrears" else c for c in s.domain.columns),
                ),
            ),
            "refuses all",
        ),
    ],
)
def test_what_cannot_be_examined_is_said_and_never_passed(change, words):
    situation = change(exposed())
    for check in (cheap_evasion, labels_suffice, few_tries, free_evasion):
        with pytest.raises(NothingToExamine, match=words):
            outcome(check, situation)


def test_records_that_the_domain_refuses_are_counted_with_what_they_break():
    situation = exposed()
    frame = situation.holdout.frame()
    late = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit(99)).otherwise(pl.col("arrears"))
    spoilt = open_table(frame.with_columns(arrears=late.cast(frame.schema["arrears"])), name="spoilt")
    _, _, ctx = outcome(cheap_evasion, replace(situation, holdout=spoilt))
    (said,) = [line for line in ctx.limits if "left out" in line]
    assert said.endswith("most of these break arrears.range.")


def test_what_costs_nothing_is_not_nothing_or_less():
    situation = exposed()
    free = tuple(replace(column, cost=Cost()) for column in situation.domain.columns)
    gratis = replace(situation, domain=replace(situation.domain, columns=free))
    for check in (cheap_evasion, labels_suffice):
        _, (finding,), _ = outcome(check, gratis)
        assert "for nothing. " in finding.message
        _, (priced,), _ = outcome(check, situation)
        assert "EUR or less. " in priced.message


def test_a_model_that_changes_its_mind_is_not_assessed():
    rng = np.random.default_rng(0)
    with pytest.raises(Incomplete, match="another score"):
        outcome(cheap_evasion, scored(lambda rows: rng.uniform(0.4, 0.9, rows.height)))


def test_two_checks_share_one_attack_and_each_pays_for_it():
    situation = exposed()
    cache = {}
    _, _, first = outcome(labels_suffice, situation, context(situation, cache=cache))
    size = len(cache)
    numbers, _, second = outcome(few_tries, situation, context(situation, cache=cache))
    assert len(cache) == size
    assert second.budget.spent == first.budget.spent
    alone, _, fresh = outcome(few_tries, situation)
    assert alone == numbers
    assert fresh.budget.spent == second.budget.spent


def test_a_smaller_budget_lowers_the_allowance_of_every_row():
    situation = exposed()
    ctx = context(situation, budget=Budget(limits={"queries": 400}))
    outcome(labels_suffice, situation, ctx)
    assert ctx.budget.spent["queries"] <= 400


def test_tries_are_counted_up_to_the_number_asked_for():
    numbers, findings, _ = outcome(few_tries, exposed(), tries=7)
    counts = [int(at.removeprefix("tries <= ")) for name, at in numbers if name == "rate_within_tries"]
    assert 7 in counts
    values = [numbers["rate_within_tries", f"tries <= {count}"].value for count in sorted(counts)]
    assert values == sorted(values)
    assert findings
    with pytest.raises(UsageError, match="tries"):
        outcome(few_tries, exposed(), tries=0)


def test_a_model_of_labels_alone_is_attacked_by_labels():
    believing = exposed().model

    def decide(rows):
        return (believing.scores(rows) >= 0.5).astype(np.float64)

    situation = scored(decide)
    numbers, (finding,), _ = outcome(labels_suffice, situation)
    assert numbers["label_evasion_rate", "any cost"].value > 0.8
    assert finding.severity.rank >= Severity.MEDIUM.rank


def test_only_evasions_that_cost_nothing_are_free():
    numbers, (finding,), _ = outcome(free_evasion, FREE.bad())
    assert numbers["free_evasion_rate", ""].value == finding.location.rows / numbers["free_evasion_rate", ""].n
    assert all(row[-1] == 0.0 for row in finding.evidence[-1].rows)
    numbers, findings, _ = outcome(free_evasion, exposed())
    assert not findings
    assert numbers["free_evasion_rate", ""].value == 0.0


def test_the_sample_is_bounded_and_does_not_depend_on_row_order():
    situation = exposed()
    turned = replace(situation, holdout=open_table(situation.holdout.frame()[::-1], name="loans"))
    one, _, ctx = outcome(cheap_evasion, situation, rows=5)
    other, _, _ = outcome(cheap_evasion, turned, rows=5)
    assert one == other
    assert one["evasion_rate", "any cost"].n == 5
    assert any("as a sample" in limit for limit in ctx.limits)
    assert book().height > 5
