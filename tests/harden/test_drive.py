# SPDX-License-Identifier: Apache-2.0
"""The whole way: chosen on rows of its own, judged by attacks of its own, and the holdout has no part in either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hauberk.assess import Situation
from hauberk.attack.evasion import Method
from hauberk.core.errors import NothingToExamine, UsageError
from hauberk.core.outcome import Status
from hauberk.domain import Actor
from hauberk.harden import Case, Effort, Hardening, case_of, harden, outcome_of, strategies_of
from hauberk.harden.drive import REPORTING
from hauberk.model import open_model
from hauberk.table import open_table


def tables_of(outcome) -> list:
    """The tables of an outcome and of its findings."""
    return [*outcome.evidence, *(item for finding in outcome.findings for item in finding.evidence)]


@pytest.fixture(scope="module")
def done(situation: Situation, shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, Hardening]:
    """One hardening that several tests look at."""
    case = case_of(situation, shipped.read_bytes(), 3)
    effort = replace(EFFORT, reported_on=150)
    folder = tmp_path_factory.mktemp("harden")
    names = ["interaction", "augment", "retrain", "robust", "threshold"]
    return case, harden(case, strategies_of(names), folder=folder, effort=effort, allowance=0.05, seed=3)


EFFORT = Effort(
    rounds=2, trained_on=120, training_queries=40, neighbours=2, chosen_on=60, choosing_queries=60,
    reported_on=80, reporting_queries=80, visits=500, fits=6,
)  # fmt: skip


def test_a_fix_is_chosen_and_fewer_get_through_on_rows_it_never_saw(done: tuple[Case, Hardening]) -> None:
    _, found = done
    assert found.hardened is not None
    before, after = (each.through(found.purse) for each in (found.hardened.before, found.hardened.after))
    assert after.value <= before.value / 2
    assert after.high < before.low
    assert found.hardened.good
    assert found.hardened.candidate.strategy != "threshold"


def test_the_report_uses_kinds_of_attack_that_nothing_was_trained_on(done: tuple[Case, Hardening]) -> None:
    _, found = done
    assert {Method.LABELS, Method.RANDOM, Method.TREES} <= set(REPORTING)
    assert set(found.hardened.after.methods) == set(REPORTING)
    proven = found.hardened.after.proven(found.purse)
    passed = found.hardened.after.through(found.purse)
    assert proven.hits + passed.hits <= passed.n  # what is proven safe is never among what got through


def test_alerts_stay_where_they_were(done: tuple[Case, Hardening]) -> None:
    _, found = done
    before, after = found.hardened.before.alerts, found.hardened.after.alerts
    assert abs(before.value - after.value) < 0.05
    for item in found.tried:
        if item.figures is not None and not item.moves_threshold:
            assert abs(item.figures.alerts.value - found.shipped.alerts.value) < 0.01


def test_the_outcome_tells_everything_with_intervals(done: tuple[Case, Hardening]) -> None:
    case, found = done
    outcome = outcome_of(found, case, {}, 3)
    names = {(one.name, one.at.partition(",")[0]) for one in outcome.measurements}
    for name in ("evasion_rate", "caught_under_attack", "caught", "alerts", "auc", "median_cost"):
        assert {(name, "before"), (name, "after")} <= names
    lost = next(one for one in outcome.measurements if one.name == "auc_lost")
    assert lost.low < lost.value < lost.high
    titles = [item.title for item in tables_of(outcome)]
    assert sum("although each attacker spends as much" in title for title in titles) == 2
    through = found.hardened.after.found.evaded.any()
    assert outcome.status is (Status.FINDINGS if through else Status.PASSED)
    strategies = tables_of(outcome)[0]
    assert {row[0].split(" ")[0] for row in strategies.rows} >= {"retrained", "interaction", "augment", "threshold"}
    assert sum("(chosen)" in str(row[0]) for row in strategies.rows) == 1


def test_the_holdout_decides_nothing_but_the_report(
    situation: Situation, shipped: Path, tmp_path: Path, tiny: Effort
) -> None:
    made = []
    table = situation.holdout.frame()
    flipped = table.with_columns((1 - pl.col("default")).cast(pl.Int8).alias("default"))
    for frame in (table, flipped):
        case = case_of(replace(situation, holdout=open_table(frame, name="holdout")), shipped.read_bytes(), 3)
        folder = tmp_path / str(len(made))
        folder.mkdir()
        kinds = strategies_of(["interaction", "robust"])
        made.append(harden(case, kinds, folder=folder, effort=tiny, purse=60.0, allowance=0.3, seed=3))
    first, second = (one.hardened for one in made)
    assert first.candidate.content == second.candidate.content
    assert first.threshold == second.threshold
    assert first.lost != second.lost


def test_the_same_seed_gives_the_same_and_another_does_not(case: Case, tmp_path: Path, tiny: Effort) -> None:
    kinds = strategies_of(["robust"])

    def once(seed: int) -> Hardening:
        return harden(case, kinds, folder=tmp_path, effort=tiny, purse=60.0, allowance=0.3, seed=seed)

    one, two, other = once(3), once(3), once(4)
    assert one.hardened.candidate.content == two.hardened.candidate.content
    assert np.array_equal(one.hardened.after.cost, two.hardened.after.cost)
    assert one.hardened.threshold != other.hardened.threshold  # found on other rows


def test_a_model_that_reads_nothing_changeable_counts_as_closed_and_nothing_is_attacked(
    case: Case, tmp_path: Path, tiny: Effort
) -> None:
    kinds = strategies_of(["features"])
    found = harden(case, kinds, folder=tmp_path, effort=tiny, purse=60.0, allowance=0.5, seed=3)
    done = found.hardened
    assert done.after.closed
    assert not set(done.candidate.features) & {"income", "savings", "job"}
    assert done.after.through(60.0).hits == 0
    assert done.after.proven(60.0).hits == done.after.recall.hits
    assert done.after.held(60.0)[0] == pytest.approx(done.after.recall.value)
    outcome = outcome_of(found, case, {}, 3)
    assert outcome.status is Status.PASSED


def test_without_a_holdout_a_part_of_the_training_rows_is_kept_and_that_is_said(
    situation: Situation, shipped: Path
) -> None:
    case = case_of(replace(situation, holdout=None), shipped.read_bytes(), 3)
    assert case.train.height + case.holdout.height == situation.data.height
    assert any("There is no holdout" in note for note in case.notes)


def test_a_model_of_another_kind_is_replaced_and_that_is_said(
    situation: Situation, tmp_path: Path, tiny: Effort
) -> None:
    def score(frame: pl.DataFrame) -> np.ndarray:
        margin = 0.7 * frame["arrears"].to_numpy() - 0.03 * frame["income"].to_numpy()
        return 1.0 / (1.0 + np.exp(-margin))

    model = open_model(score, features=("income", "arrears"), name="scorecard")
    case = case_of(replace(situation, model=model), b"", 3)
    found = harden(case, strategies_of(["robust"]), folder=tmp_path, effort=tiny, purse=60.0, allowance=0.3, seed=3)
    assert "scorecard has no file here" in found.recipe
    assert "a LightGBM model replaces it" in found.recipe
    assert found.hardened.candidate.features == ("income", "arrears")


def test_an_xgboost_model_is_hardened_into_an_xgboost_file(
    situation: Situation, tables: tuple[pl.DataFrame, pl.DataFrame], tmp_path: Path, tiny: Effort
) -> None:
    xgboost = pytest.importorskip("xgboost")
    names = list(situation.model.features)
    rows = tables[0].select(names).to_numpy().astype(float)
    data = xgboost.DMatrix(rows, tables[0]["default"].to_numpy(), feature_names=names)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "eta": 0.2, "nthread": 1}, data, 30)
    path = tmp_path / "model.ubj"
    booster.save_model(path)
    case = case_of(replace(situation, model=open_model(path, threads=1)), path.read_bytes(), 3)
    found = harden(case, strategies_of(["robust"]), folder=tmp_path, effort=tiny, purse=60.0, allowance=0.3, seed=3)
    assert "as many trees and levels as model.ubj" in found.recipe
    assert found.hardened.candidate.suffix == ".json"
    reopened = xgboost.Booster()
    reopened.load_model(bytearray(found.hardened.candidate.content))
    assert reopened.feature_names == names


@pytest.mark.parametrize("role", ["data", "model", "domain"])
def test_what_was_not_declared_is_named(situation: Situation, role: str) -> None:
    with pytest.raises(UsageError):
        case_of(replace(situation, **{role: None}), b"", 0)


def test_one_class_is_refused(situation: Situation) -> None:
    ones = situation.data.frame().with_columns(pl.lit(1).alias("default"))
    with pytest.raises(NothingToExamine, match="20 of each"):
        case_of(replace(situation, data=open_table(ones, name="train")), b"", 0)


def test_a_domain_in_which_nobody_can_change_anything_is_refused(situation: Situation) -> None:
    frozen = replace(
        situation.domain,
        columns=tuple(replace(column, changed_by=Actor.NOBODY) for column in situation.domain.columns),
    )
    with pytest.raises(NothingToExamine, match="nothing to harden against"):
        case_of(replace(situation, domain=frozen), b"", 0)


def test_no_fix_is_chosen_where_none_is_allowed_and_the_record_says_what_still_gets_through(
    case: Case, tmp_path: Path, tiny: Effort
) -> None:
    kinds = strategies_of(["monotone", "features"])
    found = harden(case, kinds, folder=tmp_path, effort=tiny, purse=40.0, allowance=0.0, seed=3)
    assert found.hardened is None or found.hardened.candidate is not None
    outcome = outcome_of(found, case, {}, 3)
    assert tables_of(outcome)[0].rows
    if found.hardened is None:
        assert "the model catches get through" in outcome.findings[0].title
