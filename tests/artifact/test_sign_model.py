# SPDX-License-Identifier: Apache-2.0
"""Digests, manifests and signatures of real model files and folders."""

import contextlib
import json
import os
import socket
import tempfile
import unicodedata
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.artifact import digest_path, make_manifest, sign_model, signature_path, verify_model
from hauberk.artifact.bundle import read_bundle, write_bundle
from hauberk.artifact.statement import read_statement, write_statement
from hauberk.core.errors import IntegrityError, NothingToExamine, Unreadable, UsageError
from hauberk.seal import canonical, digest_bytes, dsse_sign, ephemeral_signer, model_signer

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def alice():
    return ephemeral_signer("alice")


@pytest.fixture(scope="module")
def booster(tmp_path_factory):
    """A real LightGBM model file."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 4))
    data = lightgbm.Dataset(table, (table[:, 0] > 0).astype(int))
    model = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, num_boost_round=3)
    return model.model_to_string().encode()


@pytest.fixture
def model(tmp_path, booster):
    path = tmp_path / "model.txt"
    path.write_bytes(booster)
    return path


@pytest.fixture
def folder(tmp_path, booster):
    root = tmp_path / "folder"
    (root / "weights" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "model.txt").write_bytes(booster)
    (root / "config.json").write_text("{}")
    (root / "weights" / "deep" / "a.bin").write_bytes(bytes(1000))
    (root / "weights" / "b.bin").write_bytes(b"b")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    return root


def refused(path, key, signature=None):
    with pytest.raises(IntegrityError) as caught:
        verify_model(path, signature, [key.public])
    return str(caught.value)


def test_a_file_signed_and_verified(model, alice, booster):
    where = sign_model(model, alice)
    assert where == signature_path(model) == model.with_name("model.txt.sig.json")
    found = verify_model(model, None, [alice.public])
    assert (found.signer, found.key, found.digest) == ("alice", alice.public.id, digest_bytes(booster))
    assert digest_path(model) == digest_bytes(booster)
    before = where.read_bytes()
    sign_model(model, alice)
    assert where.read_bytes() == before, "the same model, key and name give the same bytes"


def test_every_changed_byte_of_a_file_is_refused(model, alice, booster):
    sign_model(model, alice)
    for place in (0, 1, len(booster) // 2, len(booster) - 1):
        content = bytearray(booster)
        content[place] ^= 1
        model.write_bytes(content)
        assert "the content of 'model.txt' was changed" in refused(model, alice)
    model.write_bytes(booster + b"\n")
    assert f"({len(booster)} bytes before, {len(booster) + 1} now)" in refused(model, alice)
    model.write_bytes(booster)
    assert verify_model(model, None, [alice.public])
    model.chmod(0o755)
    assert "executable" in refused(model, alice)


def test_a_folder_signed_and_verified(folder, alice):
    where = sign_model(folder, alice)
    assert where == folder.with_name("folder.sig.json")
    found = verify_model(folder, where, [alice.public])
    assert found.digest == digest_path(folder) == make_manifest(folder).digest
    assert [entry.name for entry in found.manifest.entries] == [
        "config.json",
        "empty",
        "model.txt",
        "run.sh",
        "weights/b.bin",
        "weights/deep/a.bin",
    ]
    moved = folder.rename(folder.with_name("elsewhere"))
    assert verify_model(moved, where, [alice.public]).digest == found.digest


@pytest.mark.parametrize(
    ("do", "says"),
    [
        (lambda root: (root / "config.json").write_text("[]"), "the content of 'config.json' was changed"),
        (lambda root: (root / "config.json").unlink(), "'config.json' is missing"),
        (lambda root: (root / "extra").write_text(""), "'extra' was added"),
        (lambda root: (root / ".hidden").write_text(""), "'.hidden' was added"),
        (lambda root: ((root / ".git").mkdir(), (root / ".git" / "hook").write_text("")), "'.git/hook' was added"),
        (lambda root: (root / "weights" / "b.bin").rename(root / "weights" / "c.bin"), "'weights/b.bin' was renamed"),
        (lambda root: (root / "config.json").rename(root / "Config.json"), "renamed to 'Config.json'"),
        (lambda root: (root / "more").mkdir(), "'more' was added"),
        (lambda root: (root / "empty").rmdir(), "'empty' is missing"),
        (lambda root: (root / "run.sh").chmod(0o644), "'run.sh' was made not executable"),
        (lambda root: (root / "config.json").chmod(0o755), "'config.json' was made executable"),
        (lambda root: (root / "empty" / "x\ny").write_text(""), r"'empty/x\ny' was added"),
        (lambda root: (root / "link").symlink_to("config.json"), "symbolic link"),
        (lambda root: os.mkfifo(root / "pipe"), "not a regular file"),
        (lambda root: (root / "Model.txt").write_text(""), "one on another file system"),
    ],
)
def test_whatever_changed_in_a_folder_is_named(folder, alice, do, says):
    sign_model(folder, alice)
    do(folder)
    message = refused(folder, alice)
    assert says in message
    assert len(message.splitlines()) <= 5


def test_a_single_file_under_another_name_is_refused(model, alice):
    where = sign_model(model, alice)
    other = model.rename(model.with_name("model.pkl"))
    assert "'model.txt' was renamed to 'model.pkl'" in refused(other, alice, where)
    other.write_bytes(b"x")
    message = refused(other, alice, where)
    assert "was changed" in message
    assert "renamed" in message


def test_a_file_is_no_folder(folder, model, alice):
    where = sign_model(model, alice)
    assert "a file was signed, this is a folder" in refused(folder, alice, where)
    where = sign_model(folder, alice)
    assert "a folder was signed, this is a file" in refused(model, alice, where)


def test_keys_come_from_outside(model, alice):
    mallory = ephemeral_signer("alice")
    where = sign_model(model, mallory)
    assert "does not hold" in refused(model, alice)
    with pytest.raises(UsageError):
        verify_model(model, where, [])
    payload = read_bundle(where.read_bytes()).payload
    where.write_bytes(write_bundle(payload, model_signer(alice)))
    assert "does not hold" in refused(model, alice), "mallory's voucher names mallory's key"
    where.write_bytes(canonical(dsse_sign("application/vnd.in-toto+json", payload, alice)))
    with pytest.raises(Unreadable, match="no model signature") as caught:
        verify_model(model, where, [alice.public])
    assert caught.value.next_step == "sign it again"


@QUICK
@given(st.integers(0, 5000), st.integers(1, 255))
def test_no_flipped_byte_of_the_signature_file_passes_as_another_model(folder, alice, place, mask):
    """Whatever is flipped, the file is refused, or it still says the very same thing (whitespace, a hint)."""
    where = sign_model(folder, alice)
    digest = digest_path(folder)
    content = bytearray(where.read_bytes())
    content[place % len(content)] ^= mask
    where.write_bytes(content)
    with contextlib.suppress(IntegrityError, Unreadable):
        assert verify_model(folder, where, [alice.public]).digest == digest


def test_signature_files_that_are_none(model, alice, tmp_path):
    with pytest.raises(UsageError, match="no signature file"):
        verify_model(model, None, [alice.public])
    for content in (b"", b"{}", b"\x00", json.dumps({"payload": ""}).encode()):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(Unreadable):
            verify_model(model, tmp_path / "bad", [alice.public])
    with pytest.raises(Unreadable):
        verify_model(model, tmp_path, [alice.public])
    sign_model(model, alice)
    with pytest.raises(UsageError, match="no such file"):
        verify_model(tmp_path / "none", signature_path(model), [alice.public])


@pytest.mark.parametrize("field", ["beyond", "digest", "executable", "folder", "folders", "sizes"])
def test_a_signed_statement_that_contradicts_itself_is_refused(folder, alice, field, tmp_path):
    payload = json.loads(write_statement(make_manifest(folder)))
    payload["predicate"]["hauberk"][field] = {
        "beyond": [{"digest": "00", "name": "x"}],
        "digest": digest_bytes(b"x"),
        "executable": ["nothing"],
        "folder": False,
        "folders": ["z", "a"],
        "sizes": [1],
    }[field]
    key = model_signer(alice)
    (tmp_path / "s").write_bytes(write_bundle(canonical(payload), key))
    with pytest.raises(Unreadable):
        verify_model(folder, tmp_path / "s", [key.public])


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"_type":"x","predicateType":"y"}', b"1", b"null"])
def test_what_is_no_statement(payload):
    with pytest.raises(Unreadable):
        read_statement(payload)


def test_the_statement_has_the_shape_of_the_model_signing_specification(folder):
    statement = json.loads(write_statement(make_manifest(folder)))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    resources = statement["predicate"]["resources"]
    assert [entry["name"] for entry in resources] == sorted(entry["name"] for entry in resources)
    assert {entry["algorithm"] for entry in resources} == {"sha256"}
    joined = b"".join(bytes.fromhex(entry["digest"]) for entry in resources)
    assert statement["subject"] == [{"name": "folder", "digest": {"sha256": digest_bytes(joined)[7:]}}]
    assert statement["predicate"]["serialization"]["method"] == "files"
    assert read_statement(write_statement(make_manifest(folder))) == make_manifest(folder)


NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\x00"), min_size=1, max_size=6).filter(
    lambda name: name not in {".", ".."} and len(name.encode()) < 200
)


@QUICK
@given(st.dictionaries(NAME, st.binary(max_size=9), min_size=1, max_size=5), st.randoms())
def test_the_digest_depends_on_content_alone_and_on_all_of_it(tmp_path, files, chance):
    folded = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) for name in files}
    if len(folded) < len(files):
        return
    digests = []
    for turn in range(2):
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        items = list(files.items())
        chance.shuffle(items)
        for name, content in items:
            (root / name).write_bytes(content)
        digests.append(digest_path(root))
        assert read_statement(write_statement(make_manifest(root))).digest == digests[0]
        if turn:
            (root / items[0][0]).write_bytes(items[0][1] + b"x")
            assert digest_path(root) != digests[0]
    assert digests[0] == digests[1]


def test_one_spelling_of_a_name_on_every_file_system(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / form).mkdir()
        (tmp_path / form / unicodedata.normalize(form, "modèle")).write_bytes(b"x")
    assert digest_path(tmp_path / "NFC") == digest_path(tmp_path / "NFD")
    (tmp_path / "NFC" / unicodedata.normalize("NFD", "modèle")).write_bytes(b"y")
    with pytest.raises(Unreadable, match="another file system"):
        digest_path(tmp_path / "NFC")


def test_the_boundary_between_name_and_content_cannot_be_moved(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        root.mkdir()
    (one / "a\nb").write_bytes(b"c")
    (two / "a").write_bytes(b"\nbc")
    assert digest_path(one) != digest_path(two)


def test_what_has_no_honest_digest_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        digest_path(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToExamine):
        digest_path(tmp_path / "empty")
    root = tmp_path / "root"
    root.mkdir()
    (root / "x").write_text("x")
    (root / "x").chmod(0o4755)
    with pytest.raises(Unreadable, match="set-uid"):
        digest_path(root)
    (root / "x").chmod(0o644)
    name = os.fsencode(root) + b"/\xff"
    os.close(os.open(name, os.O_CREAT))
    with pytest.raises(Unreadable, match="UTF-8") as caught:
        digest_path(root)
    str(caught.value).encode()
    Path(os.fsdecode(name)).unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s"))
        with pytest.raises(Unreadable):
            digest_path(root)
    (root / "s").unlink()
    deep = root
    for _ in range(70):
        deep = deep / "d"
    deep.mkdir(parents=True)
    with pytest.raises(Unreadable, match="deeper"):
        digest_path(root)


def test_a_signature_never_lies_inside_what_it_covers(folder, model, alice, tmp_path):
    for inside in (folder / "s.json", folder / "weights" / "s.json"):
        with pytest.raises(UsageError, match="inside"):
            sign_model(folder, alice, inside)
    with pytest.raises(UsageError, match="cannot be written"):
        sign_model(model, alice, tmp_path / "none" / "s.json")
    assert sign_model(model, alice, tmp_path / "s.json") == tmp_path / "s.json"
    assert verify_model(model, tmp_path / "s.json", [alice.public])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
