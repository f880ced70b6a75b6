# SPDX-License-Identifier: Apache-2.0
"""Waves change nothing of what is found, and who watches sees it grow; narrowed attackers reach less."""

from dataclasses import fields, replace

import numpy as np
import pytest

from hauberk.assess import Budget, CheckContext, Situation
from hauberk.attack.evasion import waves
from hauberk.attack.evasion.actors import as_seen_by
from hauberk.attack.evasion.assessment import assess_evasion
from hauberk.attack.evasion.attack import attack
from hauberk.attack.evasion.cases import choose_cases
from hauberk.attack.evasion.result import Method
from hauberk.attack.evasion.specimen import exposed
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.domain import Actor


def context(situation, **more):
    given = {part.name: getattr(situation, part.name) for part in fields(Situation)}
    return CheckContext(**{**given, **more}, rng=np.random.default_rng(0))


@pytest.mark.parametrize("method", [Method.SCORES, Method.LABELS, Method.RANDOM])
def test_waves_change_nothing_but_who_is_told(monkeypatch, method):
    cases = choose_cases(context(exposed()), rows=14)

    def strike(rows):
        return attack(cases.problem, rows, Budget(), np.random.default_rng(3), method=method, queries=80)

    whole = strike(np.arange(cases.n))
    monkeypatch.setattr(waves, "WAVE", 5)
    told = []
    parted = waves.in_waves(strike, cases.n, told.append)
    assert [found.rows.size for found in told] == [5, 10, 14]
    for name in ("rows", "cost", "witness", "queries", "first", "unknown", "lower"):
        assert np.array_equal(getattr(whole, name), getattr(parted, name), equal_nan=name == "witness"), name


def test_a_check_tells_rows_done_share_and_median_cost(monkeypatch):
    monkeypatch.setattr(waves, "WAVE", 5)
    told = []
    found = assess_evasion(context(exposed(), tell=told.append), method=Method.SCORES, rows=12, queries=80)
    assert [(one.part, one.done, one.total) for one in told] == [
        ("scores", 5, 12),
        ("scores", 10, 12),
        ("scores", 12, 12),
    ]
    rate, cost = told[-1].measurements
    assert (rate.value, rate.n) == (found.evaded.mean(), 12)
    assert cost.unit == "EUR"
    assert cost.low <= cost.value <= cost.high


def test_attackers_can_be_narrowed_and_that_is_said():
    situation = exposed()
    mixed = replace(
        situation.domain,
        columns=tuple(
            replace(c, changed_by=Actor.MERCHANT) if c.name == "income" else c for c in situation.domain.columns
        ),
    )
    ctx = context(replace(situation, domain=mixed))
    assert as_seen_by(ctx, "") is ctx
    alone = as_seen_by(ctx, "merchant")
    assert alone.domain.changeable_by() == ("income",)
    assert alone.budget is ctx.budget
    assert ctx.limits == ["Only what these can change was attacked: merchant."]
    with pytest.raises(NothingToExamine, match="can change no column"):
        choose_cases(as_seen_by(ctx, "insider"), rows=5)
    with pytest.raises(UsageError, match="'burglar' is no kind of attacker"):
        as_seen_by(ctx, "applicant, burglar")
