# SPDX-License-Identifier: Apache-2.0
"""Model signatures in both directions with `model_signing`, the reference of the OpenSSF, in an environment of its own."""

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hauberk.artifact import load_certificates, make_manifest, sign_model, subject_of, verify_model
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.seal import ephemeral_signer, load_model_signer, load_trusted, model_signer

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 1, 1, tzinfo=UTC)
CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}


@pytest.fixture(scope="session")
def peer():
    """Ask the peer: a list of jobs in one process, one answer each. Its environment is made once and kept."""
    spec = importlib.util.spec_from_file_location("hauberk_benchmark_harness", ROOT / "benchmarks" / "harness.py")
    harness = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = harness
    spec.loader.exec_module(harness)
    try:
        python = harness.peer_python("model-signing")
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"model_signing cannot be installed here: {error}")

    def ask(*jobs):
        script = Path(__file__).with_name("model_signing_peer.py")
        done = subprocess.run(
            [python, script], input=json.dumps(jobs, default=str), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Keys on three curves, and certificates under a root and an intermediate authority."""
    root = tmp_path_factory.mktemp("keys")
    for name, curve in CURVES.items():
        key = ec.generate_private_key(curve)
        write_key(root / name, key)
    authority, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = certify("Root", authority, "Root", authority, ca=True)
    ia = certify("Middle", middle, "Root", authority, ca=True)
    own = certify("release@bank.example", leaf, "Middle", middle)
    write_key(root / "leaf", leaf)
    for name, one in {"ca": ca, "ia": ia, "own": own}.items():
        (root / f"{name}.crt").write_bytes(one.public_bytes(Encoding.PEM))
    return root


def write_key(path, key):
    path.with_suffix(".pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.with_suffix(".pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def certify(name, key, issuer, by, *, ca=False, days=3650, usage=True, code=False, digital=True):
    def called(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = x509.CertificateBuilder().subject_name(called(name)).issuer_name(called(issuer))
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(START).not_valid_after(START + timedelta(days=days))
    made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    if usage:
        bits = dict.fromkeys(
            ("key_encipherment", "content_commitment", "data_encipherment", "key_agreement", "crl_sign"), False
        )
        usages = x509.KeyUsage(
            digital_signature=digital and not ca, key_cert_sign=ca, encipher_only=False, decipher_only=False, **bits
        )
        made = made.add_extension(usages, critical=True)
    if code:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    return made.sign(by, hashes.SHA256())


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "model"
    (root / "weights").mkdir(parents=True)
    (root / "config.json").write_text("{}")
    (root / "weights" / "a-b.bin").write_bytes(bytes(range(256)) * 20)
    (root / "weights" / "a").mkdir()
    (root / "weights" / "a" / "c.bin").write_bytes(b"c")
    (root / "blank.txt").touch()
    return root


def changed(folder):
    """Copies of a folder that were each tampered with in one way."""
    ways = {
        "flipped": lambda root: (root / "weights" / "a-b.bin").write_bytes(bytes(range(256)) * 19 + bytes(256)),
        "added": lambda root: (root / "weights" / "more.bin").write_bytes(b"x"),
        "missing": lambda root: (root / "config.json").unlink(),
        "renamed": lambda root: (root / "config.json").rename(root / "settings.json"),
        "link": lambda root: (root / "link").symlink_to("config.json"),
    }
    for name, way in ways.items():
        copy = folder.with_name(f"{folder.name}-{name}")
        shutil.copytree(folder, copy)
        way(copy)
        yield copy


def refuses(path, signature, keys, says="", **more):
    with pytest.raises(IntegrityError) as caught:
        verify_model(path, signature, keys, **more)
    assert says in str(caught.value)


def test_the_peer_verifies_ours_with_a_key_and_refuses_what_was_changed(peer, folder, tmp_path):
    alice, mallory = ephemeral_signer("alice"), ephemeral_signer("mallory")
    (tmp_path / "alice.pub").write_text(model_signer(alice).public.pem)
    (tmp_path / "mallory.pub").write_text(model_signer(mallory).public.pem)
    whole = sign_model(folder, alice)
    alone = sign_model(folder / "config.json", alice, tmp_path / "alone.sig")
    tampered = list(changed(folder))
    other = folder.with_name("other.json")
    other.write_text("[]")
    jobs = [(folder, whole), (folder / "config.json", alone), *((one, whole) for one in tampered), (other, alone)]
    said = peer(
        *({"do": "verify", "model": m, "signature": s, "key": tmp_path / "alice.pub"} for m, s in jobs),
        {"do": "verify", "model": folder, "signature": whole, "key": tmp_path / "mallory.pub"},
    )
    assert said[:2] == ["ok", "ok"]
    assert all(one.startswith("ValueError") for one in said[2:]), said
    assert "Key mismatch" in said[-1]


@pytest.mark.parametrize("kind", [{}, {"hash": "blake2"}, {"shard": 1000}, {"shard": 1000, "hash": "blake2"}])
def test_we_verify_the_peer_s_and_refuse_what_was_changed(peer, store, folder, tmp_path, kind):
    key = load_trusted(store / "p256.pub")
    job = {"do": "sign", "key": store / "p256.pem", **kind}
    whole, alone = tmp_path / "whole.sig", tmp_path / "alone.sig"
    file = folder / "weights" / "a-b.bin"
    assert peer({**job, "model": folder, "signature": whole}, {**job, "model": file, "signature": alone}) == ["ok"] * 2
    found = verify_model(folder, whole, [key])
    assert (found.signer, found.method, found.digest) == ("p256", "key", make_manifest(folder).digest)
    assert found.uncovered == (("the empty file 'blank.txt'",) if "shard" in kind else ())
    assert verify_model(file, alone, [key]).digest == make_manifest(file).digest
    for says, copy in zip(
        ["'weights/a-b.bin' was changed", "added", "missing", "", "link"], changed(folder), strict=True
    ):
        refuses(copy, whole, [key], says)
    refuses(folder / "config.json", alone, [key], "was changed")
    stranger = model_signer(ephemeral_signer("x")).public
    refuses(folder, whole, [stranger, ephemeral_signer("y").public], "does not hold")


def test_the_other_curves_and_blake3(peer, store, folder, tmp_path):
    jobs = [{"key": store / f"{curve}.pem", "signature": tmp_path / curve} for curve in ("p384", "p521")]
    jobs.append({"key": store / "p256.pem", "signature": tmp_path / "b3", "hash": "blake3"})
    assert peer(*({"do": "sign", "model": folder, **job} for job in jobs)) == ["ok"] * 3
    ours = [sign_model(folder, load_model_signer(store / f"{c}.pem"), tmp_path / f"our-{c}") for c in CURVES]
    keys = [store / f"{curve}.pub" for curve in CURVES]
    said = peer(*({"do": "verify", "model": folder, "signature": s, "key": k} for s, k in zip(ours, keys, strict=True)))
    assert said == ["ok"] * 3
    for curve in ("p384", "p521"):
        assert verify_model(folder, tmp_path / curve, [load_trusted(store / f"{curve}.pub")]).signer == curve
    if importlib.util.find_spec("blake3") is None:
        with pytest.raises(Exception, match="blake3") as caught:
            verify_model(folder, tmp_path / "b3", [load_trusted(store / "p256.pub")])
        assert "pip install blake3" in caught.value.next_step
    else:
        assert verify_model(folder, tmp_path / "b3", [load_trusted(store / "p256.pub")])


def test_certificates_both_ways(peer, store, folder, tmp_path):
    theirs, ours = tmp_path / "theirs.sig", tmp_path / "ours.sig"
    named = {"key": store / "leaf.pem", "certificate": store / "own.crt", "chain": [store / "ia.crt"]}
    assert peer({"do": "sign", "model": folder, "signature": theirs, **named}) == ["ok"]
    roots = load_certificates([store / "ca.crt"])
    now = START + timedelta(days=200)
    found = verify_model(folder, theirs, [], roots=roots, at=now)
    assert (found.signer, found.method) == ("release@bank.example", "certificate")
    chain = load_certificates([store / "own.crt", store / "ia.crt"])
    sign_model(folder, load_model_signer(store / "leaf.pem"), ours, chain=chain)
    assert verify_model(folder, ours, [], roots=roots, at=now).signer == "release@bank.example"
    copies = list(changed(folder))
    jobs = [(folder, store / "ca.crt"), (folder, store / "own.crt"), *((one, store / "ca.crt") for one in copies)]
    said = peer(*({"do": "verify", "model": m, "signature": ours, "root": r} for m, r in jobs))
    assert said[0] == "ok"
    assert "ok" not in said[2:]
    for copy in copies:
        refuses(copy, theirs, [], roots=roots, at=now)
    refuses(folder, theirs, [], "is not valid on 2040", roots=roots, at=datetime(2040, 1, 1, tzinfo=UTC))
    with pytest.raises(UsageError, match="no root is trusted"):
        verify_model(folder, theirs, [load_trusted(store / "leaf.pub")])
    with pytest.raises(UsageError, match="another key"):
        sign_model(folder, load_model_signer(store / "p256.pem"), ours, chain=chain)


def test_certificates_that_prove_nothing(store, folder, tmp_path):
    root, stranger, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    trusted = certify("Root", root, "Root", root, ca=True)
    impostor = certify("Root", stranger, "Root", stranger, ca=True)
    write_key(tmp_path / "leaf", leaf)
    signer = load_model_signer(tmp_path / "leaf.pem")
    plain = certify("plain", stranger, "Root", root)
    cases = {
        "may not sign": [certify("x", leaf, "Root", root, digital=False)],
        "does not hold": [certify("x", leaf, "Root", stranger), impostor],
        "not valid on": [certify("x", leaf, "Root", root, days=1)],
        "authority": [
            certify("x", leaf, "plain", stranger),
            plain,
        ],  # a certificate of the trusted root is no authority
    }
    now = START + timedelta(days=200)
    for says, chain in cases.items():
        where = sign_model(folder, signer, tmp_path / "s", chain=chain)
        refuses(folder, where, [], "" if says == "authority" else says, roots=[trusted], at=now)
    code = certify("x", leaf, "Root", root, usage=False, code=True)
    where = sign_model(folder, signer, tmp_path / "s", chain=[code])
    assert verify_model(folder, where, [], roots=[trusted], at=now).signer == "x"
    bundle = json.loads(where.read_bytes())
    other = sign_model(folder, load_model_signer(store / "p256.pem"), tmp_path / "o")
    bundle["dsseEnvelope"] = json.loads(other.read_bytes())["dsseEnvelope"]
    where.write_text(json.dumps(bundle))
    refuses(folder, where, [], "did not sign", roots=[trusted], at=now)


def test_what_the_specification_leaves_out_is_refused_or_named(peer, store, folder, tmp_path):
    theirs = folder / "model.sig"
    job = {"do": "sign", "model": folder, "signature": theirs, "key": store / "p256.pem", "ignore": ["model.sig"]}
    assert peer(job) == ["ok"]
    key = load_trusted(store / "p256.pub")
    assert verify_model(folder, theirs, [key]).uncovered == ()
    (folder / ".git").mkdir()
    (folder / ".git" / "hook").write_text("#!/bin/sh")
    (folder / "hollow").mkdir()
    (folder / "config.json").chmod(0o755)
    assert peer({**job, "do": "verify", "key": store / "p256.pub"}) == ["ok"], "the peer passes all of this"
    refuses(folder, theirs, [key], "'.git/hook' is outside the signature")
    found = verify_model(folder, theirs, [key], pass_over=True)
    named = {"the file '.git/hook'", "the empty folder 'hollow'", "the executable bit of 'config.json'"}
    assert set(found.uncovered) == named
    alice = ephemeral_signer("alice")
    ours = sign_model(folder, alice, tmp_path / "ours")
    (tmp_path / "alice.pub").write_text(model_signer(alice).public.pem)
    verify = {"do": "verify", "model": folder, "signature": ours, "key": tmp_path / "alice.pub"}
    assert peer(verify) == ["ok"], "the peer passes over what git keeps"
    assert verify_model(folder, ours, [alice.public]).uncovered == ()
    (folder / ".git" / "hook").write_text("#!/bin/bash")
    assert peer(verify) == ["ok"]
    refuses(folder, ours, [alice.public], "the content of '.git/hook' was changed")


def test_the_subject_is_the_peer_s(peer, store, folder, tmp_path):
    """Unless a folder is called as another name begins: it sorts by the parts of a path, the specification by its text."""
    shutil.rmtree(folder / "weights" / "a")
    where = tmp_path / "s"
    assert peer({"do": "sign", "model": folder, "signature": where, "key": store / "p256.pem"}) == ["ok"]
    payload = json.loads(base64.b64decode(json.loads(where.read_bytes())["dsseEnvelope"]["payload"]))
    assert payload["subject"] == [subject_of(make_manifest(folder))]
