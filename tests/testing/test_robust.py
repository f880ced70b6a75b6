# SPDX-License-Identifier: Apache-2.0
"""`assert_robust`: what passes, what fails and how it says so, and the many ways in which nothing can be said."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from hauberk.attack.evasion.specimen import FEATURES, book, declared
from hauberk.core.errors import HauberkError, UsageError
from hauberk.domain import Actor, dumps_domain
from hauberk.model import open_model
from hauberk.stats.interval import rate_interval
from hauberk.testing import NotRobust, Robustness, RobustnessUnknown, assert_robust
from hauberk.testing.robustness import records_needed
from hauberk.testing.told import percent

LOANS = book(400).filter(pl.col("amount") <= pl.col("income") * pl.col("months"))
QUICK = {"rows": 40, "queries": 60, "features": FEATURES}


def believes(rows: pl.DataFrame) -> np.ndarray:
    """Scores by what the applicant says of his income."""
    return 1 / (1 + np.exp((rows["income"].to_numpy() - 4_000) / 300))


def wary(rows: pl.DataFrame) -> np.ndarray:
    """Scores by arrears alone, which nobody can change."""
    return 1 / (1 + np.exp(2.5 - rows["arrears"].to_numpy()))


def failure(kind=NotRobust, model=believes, rows=LOANS, labels="default", domain=None, **terms):
    """What `assert_robust` raises."""
    with pytest.raises(kind) as caught:
        assert_robust(model, rows, labels, domain or declared(), **{**QUICK, "max_evasion": 0.1, **terms})
    return caught.value


# --- what passes


def test_a_model_that_decides_by_what_nobody_can_change_passes():
    found = assert_robust(wary, LOANS, "default", declared(), **{**QUICK, "rows": 60}, max_evasion=0.1)
    assert isinstance(found, Robustness)
    assert (found.evaded, found.n) == (0, 60)
    assert found.high == rate_interval(0, 60)[1] <= 0.1
    assert any("no proof of robustness" in sentence for sentence in found.limits)


def test_a_small_purse_keeps_evasions_out_and_a_larger_one_does_not():
    poor = assert_robust(believes, LOANS, "default", declared(), **QUICK, max_evasion=0.2, at_cost=0.0)
    rich = failure(at_cost=200.0).found
    assert poor.evaded == 0 < rich.evaded
    assert "at a cost of at most 200 EUR" in str(failure(at_cost=200.0))


@pytest.mark.parametrize("by", ["scores", "labels", "random"])
def test_the_same_seed_gives_the_same_result(by):
    assert failure(by=by, seed=5).found == failure(by=by, seed=5).found


def test_the_upper_end_decides_and_not_the_rate():
    """With 40 records and none evaded the interval ends at 8.8 %: 9 % passes, 8 % does not, and says what would."""
    assert assert_robust(wary, LOANS, "default", declared(), **QUICK, max_evasion=0.09).evaded == 0
    error = failure(model=wary, max_evasion=0.08)
    assert "not enough to tell" in str(error)
    assert error.found.needed == 45
    assert "takes 45 attacked events (rows=45)" in str(error)
    enough = {**QUICK, "rows": 45}
    assert assert_robust(wary, LOANS, "default", declared(), **enough, max_evasion=0.08).n == 45


def test_it_says_where_the_rows_do_not_hold_enough_caught_events():
    error = failure(model=wary, rows=LOANS[:120], max_evasion=0.01)
    assert re.search(r"takes 368 attacked events \(rows=368\), and X has \d\d that the model catches", str(error))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(1, 300), st.floats(0.001, 0.9))
def test_the_number_that_is_needed_is_enough_and_one_less_is_not(hits, n, allowed):
    rate = min(hits, n) / n
    needed = records_needed(rate, allowed)
    if needed is None:
        reachable = rate_interval(math.ceil(rate * 1_000_000 - 1e-9), 1_000_000)[1] <= allowed
        assert rate >= allowed or not reachable
        return
    assert rate_interval(math.ceil(rate * needed - 1e-9), needed)[1] <= allowed
    assert needed == 1 or rate_interval(math.ceil(rate * (needed - 1) - 1e-9), needed - 1)[1] > allowed


@given(st.floats(0.0, 1.0))
def test_a_share_reads_as_none_or_all_only_where_it_is(share):
    text = percent(share)
    assert (text == "0 %") == (share == 0.0)
    assert text != "100 %" or share > 0.9994


# --- what a failure says


def test_a_failure_shows_all_that_is_needed_to_judge_it():
    text = str(failure(seed=3))
    for part in (
        r"^\d+ % of the attacked events get through",
        r"rate +\d+ of 40 = \d+ %, 95 % interval \d+ % to \d+ %",
        r"allowed +upper end of the interval at most 10 %",
        r"columns +income \(100 %\)",
        r"one record +income: \d+ -> \d+",
        r"score 0\.\d+ -> 0\.[0-4]\d* \(threshold 0\.5\), for [\d.]+ EUR",
        r"budget +60 queries a record, seeing the score of each try, and as many at random beside it; 40 of \d+ caught",
        r"--hauberk-seed 3\n",
        r"hauberk\.testing\.assert_robust\(model, X, 'default', domain, max_evasion=0\.1, rows=40, queries=60, seed=3",
    ):
        assert re.search(part, text, flags=re.MULTILINE), f"{part}\n{text}"


def test_what_was_not_evaded_is_not_called_robust():
    text = str(failure(at_cost=20.0))
    assert "were not evaded within this budget, which is no proof for them" in text
    assert not re.search(r"(?<!not )\brobust\b", text.replace("assert_robust", ""))


def test_personal_values_are_masked():
    def job_decides(rows):
        return np.where(rows["employment"].to_numpy() == "none", 0.9, 0.1)

    text = str(failure(model=job_decides))
    assert "employment: ••• -> ••• changed" in text
    assert "part" not in text
    assert "full" not in text


def test_the_call_in_the_message_runs_again(tmp_path: Path):
    """With paths for everything the printed call is complete."""
    frame = LOANS.with_columns(pl.col("employment").replace_strict({"none": 0, "part": 1, "full": 2}))
    frame.write_parquet(tmp_path / "loans.parquet")
    names = [name for name in frame.columns if name != "default"]
    data = lightgbm.Dataset(frame.select(names).to_numpy(), frame["default"].to_numpy(), feature_name=names)
    settings_ = {"objective": "binary", "verbosity": -1, "num_leaves": 7, "num_threads": 1}
    lightgbm.train(settings_, data, num_boost_round=20).save_model(tmp_path / "model.txt")
    text = dumps_domain(declared()).replace('["none", "part", "full"]', "[0, 1, 2]")
    (tmp_path / "domain.toml").write_text(text)
    places = [tmp_path / name for name in ("model.txt", "loans.parquet", "domain.toml")]
    with pytest.raises(NotRobust) as caught:
        assert_robust(places[0], str(places[1]), "default", places[2], max_evasion=0.1, rows=20, queries=60, seed=4)
    call = str(caught.value).splitlines()[-1].strip()
    assert call.startswith("hauberk.testing.assert_robust(")
    with pytest.raises(NotRobust) as again:
        eval(call, {"hauberk": __import__("hauberk.testing")})
    assert again.value.found == caught.value.found


@pytest.fixture(scope="module")
def trees():
    """A booster on the loans, with the employment as a number."""
    frame = LOANS.with_columns(pl.col("employment").replace_strict({"none": 0, "part": 1, "full": 2}))
    names = [name for name in frame.columns if name != "default"]
    data = lightgbm.Dataset(frame.select(names).to_numpy(), frame["default"].to_numpy(), feature_name=names)
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_leaves": 7, "num_threads": 1}, data, 20)
    return booster, frame, dumps_domain(declared()).replace('["none", "part", "full"]', "[0, 1, 2]")


@pytest.mark.parametrize("by", ["trees", "transfer", "labels"])
def test_the_budget_says_what_the_attacker_has(by, trees):
    booster, frame, domain = trees
    terms = {"rows": 15, "queries": 60, "max_evasion": 0.01, "by": by}
    with pytest.raises(NotRobust) as caught:
        assert_robust(booster, frame, "default", domain, **terms)
    words = {"trees": "reading the model's trees", "transfer": "with a copy trained", "labels": "decisions alone"}[by]
    assert words in str(caught.value)


def test_an_attacker_who_needs_trees_says_so_where_there_are_none():
    assert "trees" in str(failure(RobustnessUnknown, by="trees"))


# --- what it takes


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "parquet", "csv"])
def test_rows_and_labels_of_every_kind_give_the_same(kind, tmp_path: Path):
    rows, labels = LOANS.drop("default"), LOANS["default"]
    expected = failure(rows=rows, labels=labels).found
    LOANS.drop("default").write_parquet(tmp_path / "X.parquet")
    pl.DataFrame({"y": labels}).write_parquet(tmp_path / "y.parquet")
    LOANS.drop("default").write_csv(tmp_path / "X.csv")
    pl.DataFrame({"y": labels}).write_csv(tmp_path / "y.csv")
    given_ = {
        "polars": (rows, labels),
        "lazy": (rows.lazy(), labels.to_list()),
        "pandas": (pd.DataFrame(rows.to_dict(as_series=False)), pd.Series(labels.to_list())),
        "arrow": (rows.to_arrow(), pa.array(labels.to_list())),
        "parquet": (tmp_path / "X.parquet", tmp_path / "y.parquet"),
        "csv": (str(tmp_path / "X.csv"), str(tmp_path / "y.csv")),
    }[kind]
    found = failure(rows=given_[0], labels=given_[1]).found
    assert (found.evaded, found.n, found.example) == (expected.evaded, expected.n, expected.example)


def test_an_estimator_on_arrays_with_labels_in_words():
    names = ("income", "arrears")
    domain = declared()
    domain = type(domain)(
        name="d",
        confirmed=True,
        currency="EUR",
        columns=tuple(column for column in domain.columns if column.name in names),
    )
    X = LOANS.select(names).to_numpy().astype(float)
    y = np.where(LOANS["default"].to_numpy() == 1, "bad", "good")
    model = LogisticRegression().fit(X / [1_000, 1], y)
    scaled = open_model(lambda rows: model.predict_proba(rows.to_numpy() / [1_000, 1])[:, 0], features=names)
    direct = LogisticRegression().fit(X, y)
    for each in (scaled, direct):
        with pytest.raises(AssertionError, match=r"get through|not enough to tell"):
            assert_robust(each, X, y, domain, max_evasion=0.02, rows=20, queries=40, threshold=0.3, positive="bad")


@pytest.mark.parametrize("kind", ["text", "path", "object"])
def test_a_domain_of_every_kind_gives_the_same(kind, tmp_path: Path):
    (tmp_path / "domain.toml").write_text(dumps_domain(declared()))
    domain = {"text": dumps_domain(declared()), "path": str(tmp_path / "domain.toml"), "object": declared()}[kind]
    assert failure(domain=domain).found.evaded == failure().found.evaded


# --- what never passes


def fixed(domain):
    """The domain with every column out of the attacker's reach."""
    columns = tuple(replace_actor(column, Actor.NOBODY) for column in domain.columns)
    return type(domain)(name="d", confirmed=True, columns=columns, rules=domain.rules)


def replace_actor(column, actor):
    return replace(column, changed_by=actor)


def raises_on_some(rows):
    if (rows["arrears"] > 3).any():
        raise ValueError("arrears above 3 were never seen")
    return wary(rows)


def random_answers():
    rng = np.random.default_rng(0)
    return lambda rows: rng.random(rows.height)


UNKNOWN = {
    "a constant model that catches everything": ({"model": lambda rows: np.full(rows.height, 0.7)}, "catches every one"),
    "a constant model that catches nothing": ({"model": lambda rows: np.full(rows.height, 0.2)}, "catches none|same score"),
    "a model that catches no event": ({"model": lambda rows: 0.4 * believes(rows)}, "catches none"),
    "a model that lets nobody through": ({"model": lambda rows: 0.5 + 0.5 * believes(rows)}, "catches every one"),
    "one class: no event": ({"labels": np.zeros(LOANS.height)}, "all 398 labels say no event|labels say no event"),
    "one class: events alone": ({"labels": np.ones(LOANS.height)}, "labels say the event"),
    "scores that are NaN": ({"model": lambda rows: np.full(rows.height, np.nan)}, "NaN or infinity"),
    "scores above 1": ({"model": lambda rows: 5.0 * believes(rows)}, "outside 0 to 1"),
    "scores of another length": ({"model": lambda rows: believes(rows)[:-1]}, "returned shape"),
    "words instead of scores": ({"model": lambda rows: rows["employment"]}, "no score for any event|not return numbers"),
    "a model that raises on some rows": ({"model": raises_on_some}, r"no score for \d+ of \d+ events"),
    "a model that answers at random": ({"model": random_answers()}, "another score when it was asked again"),
    "no column that can be changed": ({"domain": fixed(declared())}, "can change no column"),
    "labels of another length": ({"labels": [0, 1]}, "rows and y has 2"),
    "missing labels": ({"labels": [None, *LOANS["default"].to_list()[1:]]}, "labels are missing"),
    "no rows": ({"rows": LOANS.clear()}, "no rows"),
    "no such file": ({"rows": "nowhere.parquet"}, "no such file"),
    "no such model": ({"model": "nowhere.txt"}, "no such model file"),
    "a number for a domain": ({"domain": 7}, "is no domain"),
    "text that is no domain": ({"domain": "[column.x]\nkind = 'nonsense'\n"}, "."),
    "a domain without a feature": ({"domain": "name = 'd'\n[column.income]\nkind = 'integer'\n"}, "has no column"),
    "an array of another width": ({"rows": np.zeros((5, 2)), "labels": [0, 1, 0, 1, 0]}, "does not have the domain's"),
    "an object that is no model": ({"model": object()}, "not a model"),
    "a domain that refuses every record": (
        {"domain": dumps_domain(declared()).replace("low = 500", "low = 8999", 1)}, "domain refuses all",
    ),
    "a domain that nobody has confirmed": (
        {"model": wary, "domain": dumps_domain(declared()).replace("confirmed = true", "confirmed = false")},
        "nobody has confirmed the domain",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_cannot_be_told_is_no_pass(case):
    changes, expected = UNKNOWN[case]
    error = failure(RobustnessUnknown, max_evasion=0.2, **changes)
    assert str(error).startswith("robustness is unknown, which is no pass: ")
    assert re.search(expected, str(error)), str(error)
    assert "run it again" in str(error)
    assert isinstance(error.cause, HauberkError)


def test_an_unconfirmed_domain_does_not_hide_an_evasion():
    text = dumps_domain(declared()).replace("confirmed = true", "confirmed = false")
    assert failure(NotRobust, domain=text).found.evaded > 0


def saturated(rows):
    """Believes the income, and answers 1 for nearly everybody whom it catches, so that no step shows the way out."""
    return 1 / (1 + np.exp((rows["income"].to_numpy() - 4_500) / 5))


def in_steps(rows):
    """Decides by the amount, which nobody can change here, and tells its score in sixteenths."""
    return np.rint(16 / (1 + np.exp((9_000 - rows["amount"].to_numpy()) / 3_000))) / 16


def test_answers_that_mislead_an_attack_do_not_pass():
    error = failure(RobustnessUnknown, model=in_steps, max_evasion=0.2)
    assert "the result is masked: coarse answers" in str(error)


def test_answers_that_mislead_do_not_hide_an_evasion():
    assert failure(NotRobust, model=saturated, by="labels").found.evaded > 0


def test_decisions_alone_are_no_coarse_answers_to_somebody_who_sees_decisions_alone():
    found = assert_robust(
        lambda rows: wary(rows) >= 0.5, LOANS, "default", declared(), **QUICK, max_evasion=0.2, by="labels"
    )
    assert found.evaded == 0


def fails_off_the_beaten_track(rows):
    if (rows["months"] < 6 + 3 * (rows["income"] % 2)).any():
        raise ValueError("such a loan was never seen")
    return wary(rows)


def test_an_attack_that_some_records_did_not_survive_is_no_pass():
    error = failure(RobustnessUnknown, model=fails_off_the_beaten_track, max_evasion=0.2)
    assert "some events could not be examined" in str(error)


def test_what_was_found_counts_although_the_model_failed_elsewhere():
    def both(rows):
        fails_off_the_beaten_track(rows)
        return believes(rows)

    assert failure(NotRobust, model=both).found.evaded > 0


@pytest.mark.parametrize(
    "terms",
    [
        {"max_evasion": 0.0},
        {"max_evasion": 1.0},
        {"max_evasion": math.nan},
        {"at_cost": -1.0},
        {"at_cost": math.nan},
        {"threshold": 0.0},
        {"rows": 0},
        {"queries": 0},
        {"by": "magic"},
    ],
)
def test_terms_that_make_no_test_are_refused(terms):
    with pytest.raises(UsageError):
        assert_robust(believes, LOANS, "default", declared(), **{**QUICK, "max_evasion": 0.1, **terms})
