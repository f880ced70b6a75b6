# SPDX-License-Identifier: Apache-2.0
"""The self-check's parts: what must never be called robust, and what must not be called masked."""

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Budget, CheckContext, Situation
from hauberk.attack.evasion.cases import choose_cases
from hauberk.attack.evasion.result import Method, Result
from hauberk.attack.evasion.specimen import FEATURES, exposed, guarded
from hauberk.attack.evasion.symptoms import Reading, Symptom, signs
from hauberk.attack.evasion.symptoms_adaptive import StandIn, steady
from hauberk.attack.evasion.symptoms_attacks import Bouts, compared
from hauberk.attack.evasion.symptoms_examine import examine
from hauberk.attack.evasion.symptoms_shape import _CELLS, _is_even
from hauberk.checks.hb_e006_masked_answers import masked_answers
from hauberk.core.check import Need
from hauberk.core.errors import NothingToExamine
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.model import open_model
from hauberk.table import open_table


def context(situation, **more):
    given = {part.name: getattr(situation, part.name) for part in fields(Situation)}
    return CheckContext(**{**given, **more}, rng=np.random.default_rng(0))


def scored(score, situation=None):
    return replace(situation or exposed(), model=open_model(score, features=FEATURES, name="loans"))


def found(situation, **more):
    return examine(context(situation, **more), rows=12, queries=120, seed=0)


def test_a_constant_model_is_nothing_to_examine():
    with pytest.raises(NothingToExamine, match="same score"):
        found(scored(lambda rows: np.full(rows.height, 0.8)))
    with pytest.raises(NothingToExamine, match="catches none"):
        found(scored(lambda rows: np.full(rows.height, 0.2) + 1e-3 * rows["arrears"].to_numpy()))


def test_a_model_that_declines_everybody_is_masked_whatever_its_scores_say():
    believing = exposed().model
    examined = found(scored(lambda rows: 0.6 + 0.3 * believing.scores(rows)))
    assert examined.signs[0] is Symptom.ONE_SIDED


def test_a_sample_of_events_alone_shows_no_strength():
    situation = exposed()
    events = situation.holdout.frame().filter(pl.col("default") == 1)
    caught = events.filter(pl.Series(situation.model.scores(events) >= 0.5))
    only = replace(situation, holdout=open_table(caught, name="loans"))
    believing = situation.model
    harsh = scored(lambda rows: np.maximum(believing.scores(rows), 0.51), only)
    assert Symptom.ONE_SIDED in found(harsh).signs
    assert found(only).signs == []  # some records near these are let through, so that the sample tells something


def test_a_strong_and_honest_model_is_not_masked():
    examined = found(guarded())
    assert examined.signs == []
    unbounded = next(one for one in examined.readings if one.symptom is Symptom.BLOCKED)
    assert unbounded.rate.value == 1.0
    assert not examined.variants[0].result.evaded.any()


def test_coarse_answers_hide_nothing_where_the_trees_lie_open():
    believing = exposed().model
    coarse = scored(lambda rows: np.rint(believing.scores(rows) * 8) / 8)
    assert found(coarse).signs == [Symptom.COARSE]
    open_book = replace(coarse.model, capabilities=coarse.model.capabilities | {Need.TREES})
    assert found(replace(coarse, model=open_book)).signs == []


def attacked(cost):
    cost = np.asarray(cost, dtype=np.float64)
    n = cost.size
    return Result(
        method=Method.SCORES, allowance=1, rows=np.arange(n), cost=cost, witness=np.zeros((n, 5)),
        queries=np.ones(n, dtype=np.int64), first=np.isfinite(cost).astype(np.int64),
    )  # fmt: skip


def held(**bouts):
    cases = choose_cases(context(exposed()), rows=12)
    given = {name: attacked(np.full(12, 10.0)) for name in ("brief", "scores", "labels", "random")}
    done = Bouts(cases=cases, **{**given, **{name: attacked(cost) for name, cost in bouts.items()}})
    return {one.symptom for one in compared(done) if one.masked}


def test_a_stronger_attack_that_finds_less_is_a_sign():
    assert held() == set()
    assert held(brief=[9.9] * 12) == set()  # about as dear is as good
    assert held(brief=[5.0] * 4 + [20.0] * 8) == {Symptom.WEAKER}
    assert held(scores=[np.inf] * 6 + [10.0] * 6) == {Symptom.WEAKER, Symptom.MISLEADING}


def test_losing_to_decisions_alone_is_a_sign_unless_as_many_rows_say_the_opposite():
    assert held(labels=[5.0] * 6 + [11.0] * 6, random=[np.inf] * 12) == set()
    assert held(labels=[5.0] * 11 + [20.0]) == {Symptom.MISLEADING}
    assert held(random=[5.0] * 11 + [20.0]) == {Symptom.MISLEADING}


def test_steps_are_even_only_where_the_data_are_finer():
    values = np.linspace(0.0, 1_000.0, 5_000)
    even = np.arange(40, _CELLS, 64)
    assert _is_even(even, values)
    assert _is_even(even[[0, 1, 2, 4, 5, 8, 9, 11, 12]], values)  # a step may be missing
    assert not _is_even(even, np.linspace(0.0, 1_000.0, 17))  # the data's own grid
    assert not _is_even(np.arange(500, 509), values)  # nine steps in one place
    assert not _is_even(np.arange(_CELLS), values)  # smooth


def test_uneven_steps_are_hardly_ever_taken_for_even_ones():
    rng = np.random.default_rng(0)
    values = np.linspace(0.0, 1_000.0, 5_000)
    taken = sum(_is_even(np.unique(rng.integers(0, _CELLS, rng.integers(8, 60))), values) for _ in range(150))
    assert taken <= 1


def test_remembered_answers_stay_the_same_and_are_averages():
    rng = np.random.default_rng(0)
    noisy = open_model(lambda rows: 0.5 + 0.1 * rng.standard_normal(rows.height), features=FEATURES, name="noisy")
    calm = steady(noisy, 64)
    rows = exposed().holdout.frame()
    first = calm.scores(rows)
    assert np.array_equal(first, calm.scores(rows))
    assert np.array_equal(first[::-1], calm.scores(rows[::-1]))
    assert np.abs(first - 0.5).max() < 0.1
    twice = pl.concat([rows[:3], rows[:3]])
    assert np.array_equal(calm.scores(twice)[:3], calm.scores(twice)[3:])


def test_the_stand_in_is_smooth_and_knows_which_side_a_record_is_on():
    situation = exposed()
    cases = choose_cases(context(situation), rows=12)
    ground = cases.problem.ground
    frame = situation.holdout.frame()
    points = ground.encode(frame)
    caught = (situation.model.scores(frame) >= 0.5).astype(np.float64)
    smooth = StandIn.of(ground, points, caught, np.random.default_rng(0))
    scores = smooth(frame)
    assert np.unique(scores).size == frame.height
    assert ((scores >= 0.5) == (caught > 0)).mean() > 0.9


def test_each_symptom_is_a_finding_and_the_adapted_figure_stands_beside():
    believing = exposed().model
    ctx = context(scored(lambda rows: np.rint(believing.scores(rows) * 8) / 8))
    out = list(masked_answers(ctx, rows=12, queries=120))
    (finding,) = [one for one in out if isinstance(one, Finding)]
    numbers = {(one.name, one.at): one for one in out if isinstance(one, Measurement)}
    assert finding.location.key == Symptom.COARSE.value
    assert numbers["adaptive_evasion_rate", "decisions alone"].value == 1.0
    assert numbers["plain_evasion_rate", "scores"].n == 12
    attacks, tests = finding.evidence
    assert [row[-1] for row in tests.rows].count("masked") == 1
    assert any("adapted" in row[0] for row in attacks.rows)


def test_a_sound_model_shows_every_test_and_no_finding():
    ctx = context(guarded())
    out = list(masked_answers(ctx, rows=12, queries=120))
    assert all(isinstance(one, Measurement) for one in out)
    (tests,) = ctx.evidence
    assert {row[-1] for row in tests.rows} == {"sound"}
    assert ctx.limits


def test_signs_come_in_the_order_of_what_explains_the_others():
    readings = [
        Reading(symptom=symptom, name="x", test="", sound="", masked=True)
        for symptom in (Symptom.FRAGILE, Symptom.COARSE, Symptom.RANDOM)
    ]
    assert signs(readings) == [Symptom.RANDOM, Symptom.COARSE, Symptom.FRAGILE]


def test_the_account_is_kept():
    ctx = context(exposed(), budget=Budget())
    examine(ctx, rows=12, queries=120, seed=0)
    assert ctx.budget.spent["queries"] > 12 * 120
    assert ctx.budget.spent["rows"] == exposed().holdout.height
