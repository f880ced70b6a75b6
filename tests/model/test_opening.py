# SPDX-License-Identifier: Apache-2.0
"""Files that are no models, and what a file is by its content."""

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.artifact import digest_path
from hauberk.core.check import Need
from hauberk.core.errors import HauberkError, Unreadable, UsageError
from hauberk.model import describe, open_model, ubjson
from hauberk.model.adapters.onnx_wire import read_facts
from hauberk.model.recognise import Format, recognise

FILES = Path(__file__).parent / "files"
EXPECTED = json.loads((FILES / "expected.json").read_text())


def test_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match="no such model file"):
        open_model(tmp_path / "none")


def test_a_directory(tmp_path):
    with pytest.raises(Unreadable, match="directory is not a model file"):
        open_model(tmp_path)


def test_an_empty_file(tmp_path):
    (tmp_path / "m").touch()
    with pytest.raises(Unreadable, match="empty"):
        open_model(tmp_path / "m")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "m").write_bytes(b"x")
    (tmp_path / "m").chmod(0)
    with pytest.raises(Unreadable, match="cannot be read"):
        open_model(tmp_path / "m")


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"x")
    return buffer.getvalue()


OTHERS = [
    (b"hello world", Format.UNKNOWN),
    (b"\x00" * 100, Format.UNKNOWN),
    (b"a,b\n1,2\n", Format.UNKNOWN),
    (b'{"a": 1}', Format.UNKNOWN),
    (b"PAR1" + b"\x00" * 20, Format.UNKNOWN),
    (b"\x89HDF\r\n\x1a\nrest", Format.HDF5),
    (b"\x93NUMPY\x01\x00", Format.NUMPY),
    (zipped("config.json"), Format.ZIP),
    (b"\x1f\x8bnot gzip at all", Format.UNKNOWN),
    (b"\x78\x9cgarbage", Format.UNKNOWN),
]


@pytest.mark.parametrize(("content", "kind"), OTHERS)
def test_other_files_are_named_and_refused(tmp_path, content, kind):
    assert recognise(content) is kind
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=f"not a model file that Hauberk opens: {kind}") as caught:
        open_model(path)
    assert "not at the extension" in caught.value.why
    with pytest.raises(Unreadable):
        describe(path)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"tree\nversion=v4\n", b"CBM1", b"{L", b"\x08\x08\x12", b"{"]))
def test_arbitrary_bytes_end_in_an_error_of_ours(tmp_path_factory, content, prefix):
    path = tmp_path_factory.getbasetemp() / "arbitrary"
    path.write_bytes(prefix + content)
    with pytest.raises(HauberkError):
        open_model(path)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost-json", "xgboost-ubj", "catboost-cbm", "catboost-json", "onnx"])
def test_description_without_running_anything(species, tools, name):
    specimen = species(name)
    facts = describe(specimen.source)
    assert facts["framework"] == specimen.framework
    assert facts["features"] == tuple(tools.features)
    assert facts["digest"] == digest_path(specimen.source) == open_model(specimen.source).digest
    assert facts["problem"] == ""
    assert not facts["runs_code"]


def test_a_description_says_why_a_model_cannot_be_asked(tmp_path):
    facts = describe(FILES / "forest_tensor.onnx")
    assert facts["format"] == "ONNX"
    assert facts["features"] == ()
    assert "reads 2 columns and carries no names" in facts["problem"]


@pytest.mark.parametrize("name", sorted(EXPECTED["scores"]))
def test_onnx_as_the_real_converter_writes_it(name):
    rows = pl.DataFrame(EXPECTED["rows"])
    event = "bad" if name.startswith("words") else 1
    names = None if name == "columns" else ["a", "b"]
    model = open_model(FILES / f"{name}.onnx", features=names, positive=event)
    np.testing.assert_allclose(model.scores(rows), EXPECTED["scores"][name], atol=5e-7)
    assert model.capabilities == {Need.SCORES, Need.LABELS}
    with pytest.raises(UsageError, match="none of the model's classes is the event"):
        open_model(FILES / f"{name}.onnx", features=names, positive="other").scores(rows)


def test_onnx_says_which_values_its_inputs_cannot_hold(species, tools):
    model = open_model(species("onnx").source)
    rows = tools.make_rows(20, seed=1)
    with pytest.raises(UsageError, match="'code' as whole numbers, and 2 values"):
        model.scores(rows.with_columns(code=pl.when(pl.int_range(20) < 2).then(None).otherwise(pl.col("code"))))
    with pytest.raises(UsageError, match="'word' as words"):
        model.scores(rows.with_columns(word=pl.lit(0.5)))


def test_onnx_names_from_its_metadata(tmp_path):
    model = onnx.load(FILES / "forest_tensor.onnx")
    onnx.helper.set_model_props(model, {"feature_names": '["b", "a"]'})
    (tmp_path / "m").write_bytes(model.SerializeToString())
    assert open_model(tmp_path / "m").features == ("b", "a")


def test_onnx_with_weights_elsewhere_is_refused(tmp_path):
    model = onnx.load(FILES / "columns.onnx")
    tensor = onnx.helper.make_tensor("far", onnx.TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    model.graph.initializer.append(tensor)
    content = model.SerializeToString()
    assert read_facts(content).external
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(Unreadable, match="cannot be opened as one") as caught:
        open_model(tmp_path / "m")
    assert "another file" in caught.value.why


LABELS = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5, unique=True)


@settings(max_examples=60, deadline=None)
@given(LABELS | st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5, unique=True))
def test_class_labels_are_read_as_onnx_writes_them(labels):
    name = "classlabels_strings" if isinstance(labels[0], str) else "classlabels_int64s"
    node = onnx.helper.make_node("TreeEnsembleClassifier", ["x"], ["y"], domain="ai.onnx.ml", **{name: labels})
    graph = onnx.helper.make_graph([node], "g", [], [])
    assert read_facts(onnx.helper.make_model(graph).SerializeToString()).labels == tuple(labels)


def spell(value):
    """Write UBJSON, the plain way; the reader has to take what XGBoost writes as well."""
    if value is None:
        return b"Z"
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"L" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"S" + spell(len(value.encode())) + value.encode()
    if isinstance(value, list):
        return b"[" + b"".join(map(spell, value)) + b"]"
    return b"{" + b"".join(spell(key)[1:] + spell(item) for key, item in value.items()) + b"}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(JSON, st.data())
def test_ubjson_round_trip_and_every_truncation(value, data):
    content = spell(value)
    assert ubjson.loads(content) == value
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ubjson.UbjsonError):
        ubjson.loads(content[:cut])


def test_ubjson_is_what_xgboost_writes(species):
    binary = ubjson.loads(Path(species("xgboost-ubj").source).read_bytes())
    text = json.loads(Path(species("xgboost-json").source).read_text())
    plain = json.loads(json.dumps(binary, default=lambda array: array.tolist()))
    trees = lambda document: document["learner"]["gradient_booster"]["model"]["trees"]
    assert plain.keys() == text.keys()
    assert [tree["left_children"] for tree in trees(plain)] == [tree["left_children"] for tree in trees(text)]
    splits = [np.float32(trees(document)[0]["split_conditions"]) for document in (plain, text)]
    np.testing.assert_array_equal(*splits)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"[$U#L" + struct.pack(">q", 2**62), b"[$U#i\xff", b"[$Ui\x01", b"?"]
)
def test_hostile_ubjson_ends_quickly(content):
    with pytest.raises(ubjson.UbjsonError):
        ubjson.loads(content)
