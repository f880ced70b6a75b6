# SPDX-License-Identifier: Apache-2.0
"""Bundles that other programs and older releases write, and bundles that are refused."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.artifact import sign_model, verify_model
from hauberk.artifact.bundle import MEDIA_TYPE, PAYLOAD_TYPE, read_bundle, write_bundle
from hauberk.artifact.claim import Claim, Pieces, new_hash, read_claim
from hauberk.core.errors import IntegrityError, Unreadable
from hauberk.seal import ephemeral_signer, model_signer, pae


@pytest.fixture(scope="module")
def key():
    return model_signer(ephemeral_signer("alice"))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "model"
    root.mkdir()
    (root / "a:1:2.bin").write_bytes(b"abcde")
    (root / "é").write_bytes(b"")
    return root


def sha256(content):
    made = new_hash("sha256")
    made.update(content)
    return made.hexdigest()


def resources(folder, shard=0):
    claim = Claim(name="", digests={}, hash_type="sha256", shard=shard)
    for path in sorted(folder.iterdir()):
        pieces = Pieces(claim)
        pieces.update(memoryview(path.read_bytes()))
        yield from ({"algorithm": "sha256", "name": n, "digest": d} for n, d in pieces.digests(path.name))


def statement(folder, *, shard=0, **how):
    listed = list(resources(folder, shard))
    root = sha256(b"".join(bytes.fromhex(one["digest"]) for one in listed))
    serialization = {"method": "shards" if shard else "files", "hash_type": "sha256", "allow_symlinks": False, **how}
    if shard:
        serialization["shard_size"] = shard
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": serialization, "resources": listed},
    }


def put(tmp_path, key, tree, change=lambda bundle: None, message=None, sha=None):
    """Write the bundle of a statement after changing it; `message` gives other bytes to sign."""
    payload = json.dumps(tree, ensure_ascii=False).encode()
    bundle = json.loads(write_bundle(payload, key))
    if message is not None:
        signature = key.sign(message(payload))
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    change(bundle)
    where = tmp_path / "s.sig"
    where.write_text(json.dumps(bundle))
    return where


def test_what_the_specification_leaves_open_is_accepted(folder, key, tmp_path):
    spki = base64.b64encode(key.public.der).decode()

    def older(bundle):
        bundle["verificationMaterial"] = {"publicKey": {"rawBytes": spki, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}}

    def keyid(value):
        def change(bundle):
            bundle["dsseEnvelope"]["signatures"][0]["keyid"] = value

        return change

    ways = [
        older,
        keyid(None),
        keyid("x"),
        lambda bundle: bundle["dsseEnvelope"]["signatures"][0].pop("keyid"),
        lambda bundle: bundle["verificationMaterial"].pop("tlogEntries"),
        lambda bundle: bundle["verificationMaterial"]["publicKey"].update(hint=None),
    ]
    for way in ways:
        assert verify_model(folder, put(tmp_path, key, statement(folder), way), [key.public]).signer == "alice"
    for how in ({}, {"ignore_paths": []}, {"ignore_paths": None}, {"shard": 2}, {"shard": 5}, {"shard": 6}):
        assert verify_model(folder, put(tmp_path, key, statement(folder, **how)), [key.public])


def old_message(payload):
    return f"DSSEV1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} {payload!r}".encode()


def test_the_layout_and_the_encoding_of_the_time_before(folder, key, tmp_path):
    tree = statement(folder)
    subjects = [{"name": one["name"], "digest": {"sha256": one["digest"]}} for one in tree["predicate"]["resources"]]
    old = {"_type": tree["_type"], "subject": subjects, "predicateType": "https://model_signing/Digests/v0.1"}
    for message in (None, old_message):
        where = put(tmp_path, key, old, message=message)
        assert verify_model(folder, where, [key.public]).signer == "alice"
    (folder / "more").write_text("x")
    with pytest.raises(IntegrityError, match="not what was signed"):
        verify_model(folder, where, [key.public])
    stranger = model_signer(ephemeral_signer("mallory"))
    with pytest.raises(IntegrityError, match="does not hold"):
        verify_model(folder, put(tmp_path, stranger, old, message=old_message), [key.public])


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("keyless", lambda b: b["verificationMaterial"].update(certificate={"rawBytes": "AA=="})),
        ("keyless", lambda b: b["verificationMaterial"].update(tlogEntries=[{"logIndex": "1"}])),
        ("exactly one", lambda b: b["dsseEnvelope"]["signatures"].append({"sig": "AA=="})),
        ("exactly one", lambda b: b["dsseEnvelope"].update(signatures=[])),
        ("not of type", lambda b: b.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2")),
        ("not of type", lambda b: b["dsseEnvelope"].update(payloadType="text/plain")),
        ("missing", lambda b: b["dsseEnvelope"].pop("payload")),
        ("base64", lambda b: b["dsseEnvelope"].update(payload="*")),
        ("neither", lambda b: b.update(verificationMaterial={})),
        ("certificates", lambda b: b.update(verificationMaterial={"x509CertificateChain": {"certificates": []}})),
        ("certificates", lambda b: b.update(verificationMaterial={"x509CertificateChain": None})),
    ],
)
def test_bundles_that_are_refused(folder, key, tmp_path, says, change):
    with pytest.raises(Unreadable) as caught:
        verify_model(folder, put(tmp_path, key, statement(folder), change), [key.public])
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["predicate"]["resources"].reverse(),
        lambda t: t["predicate"]["resources"].append(t["predicate"]["resources"][0]),
        lambda t: t["predicate"]["resources"][0].update(algorithm="md5"),
        lambda t: t["predicate"]["resources"][0].update(digest="zz"),
        lambda t: t["predicate"].update(resources=[]),
        lambda t: t["predicate"]["serialization"].update(method="words"),
        lambda t: t["predicate"]["serialization"].update(hash_type="md5"),
        lambda t: t["predicate"].pop("serialization"),
        lambda t: t["subject"].append(t["subject"][0]),
        lambda t: t["subject"][0].update(digest={"sha256": "00" * 32}),
        lambda t: t.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda t: t.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda t: t["predicate"].update(hauberk={}),
        lambda t: t.update(predicate=None),
    ],
)
def test_signed_statements_that_contradict_themselves_are_refused(folder, key, tmp_path, change):
    tree = statement(folder)
    change(tree)
    with pytest.raises(Unreadable):
        verify_model(folder, put(tmp_path, key, tree), [key.public])


def test_a_hint_decides_nothing(folder, key, tmp_path):
    def change(bundle):
        bundle["verificationMaterial"]["publicKey"]["hint"] = "00" * 32

    with pytest.raises(IntegrityError, match="does not hold"):
        verify_model(folder, put(tmp_path, key, statement(folder), change), [key.public])


def test_a_statement_is_no_other_kind_of_message(folder, key, tmp_path):
    where = put(tmp_path, key, statement(folder), message=lambda payload: pae("text/plain", payload))
    with pytest.raises(IntegrityError):
        verify_model(folder, where, [key.public])


@settings(max_examples=60)
@given(st.binary(max_size=40), st.integers(1, 12), st.lists(st.integers(1, 9), max_size=8))
def test_shards_do_not_depend_on_how_bytes_arrive(content, shard, cuts):
    claim = Claim(name="", digests={}, hash_type="blake2b", shard=shard)
    whole, parts = Pieces(claim), Pieces(claim)
    whole.update(memoryview(content))
    rest = memoryview(content)
    for cut in cuts:
        parts.update(rest[:cut])
        rest = rest[cut:]
    parts.update(rest)
    found = dict(whole.digests("a:b"))
    assert found == dict(parts.digests("a:b"))
    assert len(found) == -(-len(content) // shard)
    for name, digest in found.items():
        start, end = map(int, name.rsplit(":", 2)[1:])
        made = new_hash("blake2b")
        made.update(content[start:end])
        assert digest == made.hexdigest()


def test_reading_never_fails_in_another_way(key, folder, tmp_path):
    where = sign_model(folder, ephemeral_signer("alice"), tmp_path / "s")
    content = where.read_bytes()
    for place in range(0, len(content), 3):
        for byte in (0, 0x22, 0x7D):
            broken = bytearray(content)
            broken[place] = byte
            try:
                read_bundle(bytes(broken))
            except Unreadable:
                continue
    for tree in ({}, {"subject": [{}]}, {"subject": [{"name": 1, "digest": {"sha256": 2}}], "predicate": 3}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read_claim(tree)
    assert json.loads(content)["mediaType"] == MEDIA_TYPE
