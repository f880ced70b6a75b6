# SPDX-License-Identifier: Apache-2.0
"""Materials: paths, frames and texts become a situation, and what cannot says why."""

import pickle

import lightgbm
import numpy as np
import polars as pl
import pytest

from hauberk.assess import Materials, SignatureState, Situation, open_situation, pinned
from hauberk.core.errors import ConfigError, IntegrityError, Unreadable, UsageError
from hauberk.domain import Column, Domain, Kind, dumps_domain
from hauberk.seal import digest_bytes


def test_nothing_gives_an_empty_situation():
    assert open_situation(Materials()) == Situation()


def test_everything_is_opened(parquet, frame):
    domain = Domain(name="d", columns=(Column(name="x", kind=Kind.NUMERIC),))
    materials = Materials(
        data=parquet,
        holdout=frame,
        reference=str(parquet),
        label="y",
        groups=("x",),
        domain=dumps_domain(domain),
        model=lambda rows: rows["x"].fill_null(0.0).to_numpy() / 10.0,
        model_name="m",
        features=("x",),
        threshold=0.3,
        provenance={"owner": "ada"},
        signature=SignatureState(present=True),
        now_us=7,
    )
    situation = open_situation(materials)
    assert (situation.data.name, situation.holdout.name, situation.reference.height) == ("rows", "holdout", 3)
    assert situation.domain == domain
    assert situation.model.scores(frame).tolist() == [0.1, 0.0, 0.3]
    assert (situation.threshold, situation.now_us, situation.provenance) == (0.3, 7, {"owner": "ada"})


def test_materials_cross_a_process_border(parquet, frame):
    materials = Materials(data=str(parquet), holdout=frame, label="y")
    again = pickle.loads(pickle.dumps(materials))
    assert open_situation(again).holdout.frame().equals(frame)


@pytest.mark.parametrize(
    ("change", "where"), [({"label": "z"}, "label"), ({"time": "z"}, "time"), ({"groups": ("x", "z")}, "groups")]
)
def test_a_column_that_no_table_holds_is_refused(parquet, change, where):
    with pytest.raises(UsageError) as caught:
        open_situation(Materials(data=parquet, **change))
    assert where in caught.value.where
    assert caught.value.why == "the columns are x, y"


def test_a_wide_table_is_not_listed_whole(tmp_path):
    path = tmp_path / "wide.parquet"
    pl.DataFrame({f"column_{number}": [1] for number in range(100)}).write_parquet(path)
    with pytest.raises(UsageError) as caught:
        open_situation(Materials(data=path, label="column_1O0"))
    assert caught.value.why.endswith("column_11, …")
    assert "did you mean" in caught.value.next_step


def test_what_cannot_be_opened_says_so(tmp_path, parquet):
    with pytest.raises(UsageError):
        open_situation(Materials(data=tmp_path / "absent.parquet"))
    parquet.write_bytes(parquet.read_bytes()[:40])
    with pytest.raises(Unreadable):
        open_situation(Materials(data=parquet))
    with pytest.raises(ConfigError):
        open_situation(Materials(domain="this is no TOML ["))


def test_other_bytes_than_those_pinned_are_refused(parquet, frame):
    materials = pinned(Materials(data=parquet, label="y"), open_situation(Materials(data=parquet, label="y")))
    assert open_situation(materials).data.digest == materials.digests["train"]
    frame.reverse().write_parquet(parquet)
    with pytest.raises(IntegrityError, match="the train was exchanged"):
        open_situation(materials)


def test_a_model_that_is_not_the_one_signed_is_refused(tmp_path, parquet):
    model = tmp_path / "model.txt"
    train_lightgbm(model)
    signed = SignatureState(present=True, valid=True, signer="s", digest=digest_bytes(model.read_bytes()))
    materials = Materials(data=parquet, model=model, label="y", signature=signed)
    assert open_situation(materials).model.digest == signed.digest
    model.write_bytes(model.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="the model was exchanged"):
        open_situation(materials)


def train_lightgbm(path):
    rows = np.arange(40.0).reshape(-1, 1)
    params = {"objective": "binary", "verbose": -1, "min_data_in_leaf": 1, "num_threads": 1}
    data = lightgbm.Dataset(rows, (rows[:, 0] > 20).astype(int), feature_name=["x"])
    lightgbm.train(params, data, 2).save_model(str(path))
