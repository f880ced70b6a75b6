# SPDX-License-Identifier: Apache-2.0
"""ECDSA keys for models, and the voucher that ties one to an Ed25519 key."""

import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hauberk.core.errors import Unreadable, UsageError
from hauberk.seal import (
    ModelKey,
    Signer,
    create_signer,
    ephemeral_signer,
    load_model_signer,
    load_signer,
    load_trusted,
    model_signer,
    note_sign,
    parse_model_key,
    parse_trusted,
    vouched_key,
)


@pytest.fixture
def alice():
    return Signer("alice", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_the_p256_half_is_always_the_same(alice):
    key = model_signer(alice)
    # Made by hand with HKDF-SHA256 (RFC 5869) of the standard library, from the seed above.
    block = hashlib.sha256
    assert key.public.id == model_signer(alice).public.id == by_hand(bytes(range(32)), block)
    assert key.public.id != model_signer(ephemeral_signer("alice")).public.id
    assert key.sign(b"x") == key.sign(b"x")
    assert key.public.verify(key.sign(b"x"), b"x")
    assert not key.public.verify(key.sign(b"x"), b"y")
    assert str(bytes(range(32)).hex()) not in repr(key)


def by_hand(seed, block):
    import hmac

    extracted = hmac.digest(bytes(32), seed, "sha256")
    info = b"hauberk model key P-256/1"
    first = hmac.digest(extracted, info + b"\x01", "sha256")
    second = hmac.digest(extracted, first + info + b"\x02", "sha256")
    order = 2**256 - 2**224 + 2**192 - 89188191075325690597107910205041859247
    secret = int.from_bytes((first + second)[:48], "big") % (order - 1) + 1
    public = ec.derive_private_key(secret, ec.SECP256R1()).public_key()
    return "sha256:" + block(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def test_a_voucher_speaks_for_its_own_key_alone(alice):
    key = model_signer(alice)
    assert vouched_key(key.voucher, [alice.public]) == (key.public, alice.public)
    mallory = ephemeral_signer("alice")
    assert vouched_key(key.voucher, [mallory.public]) is None
    assert vouched_key("", [alice.public]) is None
    assert vouched_key(key.voucher, [key.public]) is None, "an ECDSA key vouches for nothing"
    other = note_sign(f"something else\n{model_signer(mallory).public.vkey}\n", alice)
    assert vouched_key(other, [alice.public]) is None, "another note by the same key is no voucher"
    for line in ("", "x", "alice+00000000+AA=="):
        assert vouched_key(note_sign(f"hauberk model key/1\n{line}\n", alice), [alice.public]) is None
    stolen = key.voucher.replace("alice+", "bob+", 1)
    assert vouched_key(stolen, [alice.public]) is None


def test_lines_and_pem(alice, tmp_path):
    key = model_signer(alice).public
    assert parse_model_key(key.vkey) == parse_trusted(key.vkey) == parse_trusted(key.pem, name="alice") == key
    assert parse_trusted(alice.public.vkey) == parse_trusted(alice.public.pem, name="alice") == alice.public
    (tmp_path / "alice.pub").write_text(key.pem)
    assert load_trusted(tmp_path / "alice.pub") == key
    assert hashlib.sha256(key.pem.encode()).hexdigest() == key.hint
    for place in range(len(key.vkey)):
        mangled = key.vkey[:place] + chr(ord(key.vkey[place]) + 1) + key.vkey[place + 1 :]
        with pytest.raises(UsageError):
            parse_trusted(mangled)
    wrong = rsa.generate_private_key(65537, 2048).public_key()
    with pytest.raises(UsageError, match="no ECDSA key"):
        parse_trusted(wrong.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), name="x")
    odd = ec.generate_private_key(ec.SECP256K1()).public_key()
    with pytest.raises(UsageError, match="P-256"):
        ModelKey("x", odd.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_openssl_agrees(curve, tmp_path):
    private = ec.generate_private_key(curve)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "release.pem").write_bytes(pem)
    signer = load_model_signer(tmp_path / "release.pem")
    assert signer.public.name == "release"
    (tmp_path / "pub").write_text(signer.public.pem)
    (tmp_path / "m").write_bytes(b"message")
    (tmp_path / "s").write_bytes(signer.sign(b"message"))
    kind = {256: "-sha256", 384: "-sha384", 521: "-sha512"}[curve.key_size]
    command = ["openssl", "dgst", kind, "-verify", tmp_path / "pub", "-signature", tmp_path / "s", tmp_path / "m"]
    assert subprocess.run(command, capture_output=True, timeout=20, text=True).stdout.strip() == "Verified OK"


def test_private_keys_that_are_none(tmp_path, alice):
    private = ec.generate_private_key(ec.SECP256R1())
    sealed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "k.pem").write_bytes(sealed)
    with pytest.raises(UsageError, match="passphrase"):
        load_model_signer(tmp_path / "k.pem")
    with pytest.raises(Unreadable):
        load_model_signer(tmp_path / "k.pem", passphrase="wrong")
    assert load_model_signer(tmp_path / "k.pem", passphrase="secret")
    edwards = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", edwards):
        (tmp_path / "k.pem").write_bytes(content)
        with pytest.raises(Unreadable):
            load_model_signer(tmp_path / "k.pem")


def test_a_new_key_leaves_both_public_halves(tmp_path, monkeypatch):
    monkeypatch.delenv("HAUBERK_KEY", raising=False)
    made = create_signer("alice", tmp_path / "keys")
    again = load_signer("alice", tmp_path / "keys")
    assert model_signer(again).public == model_signer(made).public
    assert load_trusted(tmp_path / "keys" / "alice.model.pub", name="alice") == model_signer(made).public
    assert load_trusted(tmp_path / "keys" / "alice.pub") == made.public
