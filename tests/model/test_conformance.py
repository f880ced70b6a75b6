# SPDX-License-Identifier: Apache-2.0
"""One law for all adapters: the score is the library's own, whatever the batch, the order or the company of columns."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hauberk.core.errors import HauberkError, UsageError
from hauberk.model import open_model


@pytest.fixture(scope="module")
def model(specimen):
    view = open_model(specimen.source, threads=1, **specimen.options)
    yield view
    view.close()


def test_it_says_what_it_is(model, specimen, tools):
    assert model.framework == specimen.framework
    assert model.features == tuple(tools.features)
    assert model.digest.startswith("sha256:") == isinstance(specimen.source, str)


def test_scores_are_the_librarys_own(model, specimen, tools):
    rows = tools.make_rows(300, seed=7)
    scores = model.scores(rows)
    assert scores.dtype == np.float64
    assert scores.std() > 0.05
    np.testing.assert_allclose(scores, specimen.own(rows), atol=1e-7, rtol=0)


def test_missing_words(model, specimen, tools):
    rows = tools.with_word_gaps(tools.make_rows(200, seed=8), seed=9)
    if specimen.word_gaps:
        np.testing.assert_allclose(model.scores(rows), specimen.own(rows), atol=1e-7, rtol=0)
        return
    with pytest.raises(UsageError, match="'word'"):
        model.scores(rows)


def test_words_that_training_did_not_hold(model, specimen, tools):
    rows = tools.make_rows(200, seed=10, words=("red", "violet", "aaa"))
    if specimen.unseen:
        np.testing.assert_allclose(model.scores(rows), specimen.own(rows), atol=1e-7, rtol=0)
        return
    unseen = int((rows["word"] != "red").sum())
    with pytest.raises(UsageError, match=f"'word'.*not trained on, in {unseen} rows"):
        model.scores(rows)


def test_values_beside_every_threshold(model, specimen, tools):
    """Values at, one double below and above, and one single-precision step around whatever the models split at."""
    around = tools.make_rows(60, seed=11, gaps=False)["amount"].to_numpy()
    single = around.astype(np.float32)
    values = np.concatenate(
        [
            around,
            np.nextafter(around, np.inf),
            np.nextafter(around, -np.inf),
            np.nextafter(single, np.float32(np.inf)).astype(np.float64),
            np.nextafter(single, np.float32(-np.inf)).astype(np.float64),
        ]
    )
    splits = _splits(specimen)
    values = np.concatenate([values, splits, np.nextafter(splits, np.inf), np.nextafter(splits, -np.inf)])
    rows = tools.make_rows(len(values), seed=12, gaps=False).with_columns(amount=pl.Series(values))
    np.testing.assert_allclose(model.scores(rows), specimen.own(rows), atol=1e-7, rtol=0)


def _splits(specimen) -> np.ndarray:
    """The thresholds of a LightGBM text file; other formats give none here."""
    if specimen.framework != "lightgbm":
        return np.empty(0)
    found = re.findall(r"^threshold=(.+)$", Path(specimen.source).read_text(), re.MULTILINE)
    assert found
    return np.array(" ".join(found).split(), dtype=np.float64)


def test_batches_do_not_matter(model, tools):
    rows = tools.make_rows(90, seed=13)
    whole = model.scores(rows)
    parts = np.concatenate([model.scores(rows.slice(at, size)) for at, size in ((0, 1), (1, 40), (41, 49))])
    np.testing.assert_allclose(parts, whole, atol=1e-7, rtol=0)


def test_further_columns_and_their_order_do_not_matter(model, tools):
    rows = tools.make_rows(80, seed=14)
    other = rows.select(reversed(rows.columns)).with_columns(extra=pl.lit("x"), default=pl.lit(1))
    np.testing.assert_array_equal(model.scores(other), model.scores(rows))


def test_repeated_calls_agree_and_rows_stay_as_they_were(model, tools):
    rows = tools.make_rows(80, seed=15)
    before = rows.clone()
    np.testing.assert_array_equal(model.scores(rows), model.scores(rows))
    assert rows.equals(before)


def test_threads_do_not_matter(model, specimen, tools):
    rows = tools.make_rows(80, seed=16)
    two = open_model(specimen.source, threads=2, **specimen.options)
    np.testing.assert_allclose(two.scores(rows), model.scores(rows), atol=1e-9, rtol=0)


def test_the_other_class_is_the_complement(model, specimen, tools):
    rows = tools.make_rows(50, seed=17)
    other = open_model(specimen.source, positive=0, **specimen.options)
    np.testing.assert_allclose(other.scores(rows), 1 - model.scores(rows), atol=1e-6, rtol=0)


def test_an_unknown_event_is_an_error(specimen):
    with pytest.raises(UsageError, match="none of the model's classes is the event 'fraud'"):
        open_model(specimen.source, positive="fraud", **specimen.options)


def test_all_columns_of_the_data_may_be_passed(specimen, tools):
    given = ["id", *reversed(tools.features), "later"]
    assert open_model(specimen.source, features=given).features == tuple(tools.features)
    with pytest.raises(UsageError, match="reads 4 columns, the data has 3; missing: age"):
        open_model(specimen.source, features=["amount", "word", "code"])


def test_one_row_and_types_that_files_bring(model, specimen, tools):
    rows = tools.make_rows(20, seed=18, gaps=False)
    as_read = rows.with_columns(
        pl.col("age").cast(pl.Int16), pl.col("word").cast(pl.Categorical), pl.col("code").cast(pl.UInt8)
    )
    np.testing.assert_allclose(model.scores(as_read), specimen.own(rows), atol=1e-7, rtol=0)
    assert model.scores(rows.head(1)).shape == (1,)


def test_a_wrong_type_is_a_clear_error_never_a_traceback(model, tools):
    rows = tools.make_rows(10, seed=19).with_columns(amount=pl.lit("much"))
    with pytest.raises(HauberkError):
        model.scores(rows)
