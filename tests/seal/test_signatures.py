# SPDX-License-Identifier: Apache-2.0
"""Keys, signed notes and envelopes, held against the vectors that their specifications publish."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.seal import (
    PublicKey,
    Signer,
    dsse_open,
    dsse_sign,
    dsse_verify,
    ephemeral_signer,
    note_parse,
    note_sign,
    note_verify,
    pae,
    parse_public,
    parse_vkey,
    public_key_id,
)

# The key and the note of the Go project's tests of golang.org/x/mod/sumdb/note (BSD licence), which define the format.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


@pytest.fixture
def peter():
    return Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))


def test_rfc_8032_first_vector():
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Signer("test", Ed25519PrivateKey.from_private_bytes(seed))
    assert signer.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = signer.sign(b"")
    assert signature.hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    assert signer.public.verify(signature, b"")
    assert not signer.public.verify(signature, b"x")


def test_a_note_is_signed_and_read_as_go_does(peter):
    assert peter.public.vkey == PETER_VKEY
    assert note_sign(TEXT, peter) == f"{TEXT}\n{PETER_LINE}"
    keys = [parse_vkey(PETER_VKEY), parse_vkey(ENOCH_VKEY)]
    note = f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}"
    both = note_verify(note, keys)
    assert [key.name for key in both.signers] == ["PeterNeumann", "EnochRoot"]
    one = note_verify(note, keys[:1])
    assert (one.text, one.unknown) == (TEXT, ("EnochRoot",))


def test_a_note_without_a_trusted_key_or_with_a_wrong_signature_is_refused(peter):
    note = f"{TEXT}\n{PETER_LINE}"
    with pytest.raises(IntegrityError):
        note_verify(note, [])
    with pytest.raises(IntegrityError):
        note_verify(note, [parse_vkey(ENOCH_VKEY)])
    with pytest.raises(IntegrityError):
        note_verify(note.replace("answer", "Answer"), [peter.public])
    wrong = ephemeral_signer("EnochRoot")
    with pytest.raises(IntegrityError):  # right name, other key: an unknown key, whoever it says it is
        note_verify(note_sign(TEXT, wrong), [parse_vkey(ENOCH_VKEY)])
    broken = note_sign(TEXT, peter).replace("x08go/Z", "x08go/a")
    with pytest.raises(IntegrityError):  # a wrong signature of a trusted key refuses the note, whoever else signed
        note_verify(f"{broken}{ENOCH_LINE}", [peter.public, parse_vkey(ENOCH_VKEY)])


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{PETER_LINE[:-1]}",
        f"\x01{TEXT}\n{PETER_LINE}",
        f"\udc80{TEXT}\n{PETER_LINE}",
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad Name')}",
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad+Name')}",
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n",
        f"{TEXT}\n{PETER_LINE.replace('—', '-')}",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"{TEXT}\n— PeterNeumann AAAA\n",
        "",
        "\n\n",
        f"\n{PETER_LINE}",
    ],
)
def test_malformed_notes_are_unreadable(note):
    with pytest.raises(Unreadable):
        note_parse(note)


@settings(max_examples=60)
@given(st.integers(0, 400), st.integers(1, 255))
def test_no_flipped_byte_of_a_note_verifies(place, mask):
    content = bytearray(f"{TEXT}\n{PETER_LINE}".encode())
    content[place % len(content)] ^= mask
    try:
        changed = note_verify(content.decode(), [parse_vkey(PETER_VKEY)])
    except (IntegrityError, Unreadable, UnicodeDecodeError):
        return
    raise AssertionError(f"verified: {changed}")


def test_mangled_vkeys_are_refused():
    for i in range(len(PETER_VKEY)):
        for j in range(i + 1, len(PETER_VKEY) + 1):
            if j - i < len(PETER_VKEY):
                with pytest.raises(UsageError):
                    parse_vkey(PETER_VKEY[i:j])
        mangled = PETER_VKEY[:i] + chr(ord(PETER_VKEY[i]) + 1) + PETER_VKEY[i + 1 :]
        with pytest.raises(UsageError):
            parse_vkey(mangled)
    for wrong in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(UsageError):
            parse_vkey(wrong)


def test_public_keys_travel_as_pem_too(peter):
    assert parse_public(peter.public.pem, name="PeterNeumann") == peter.public
    assert parse_public(PETER_VKEY) == peter.public
    assert public_key_id(peter) == public_key_id(peter.public)
    other = generate_private_key(SECP256R1()).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(UsageError, match="Ed25519"):
        parse_public(pem, name="x")
    with pytest.raises(UsageError):
        parse_public("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u00a0b", "x" * 201, "a\u200bb"])
def test_names_that_no_note_can_carry_are_refused(name):
    with pytest.raises(UsageError):
        ephemeral_signer(name)


def test_a_signer_never_shows_its_private_half(peter):
    secret = PETER_SEED.hex()
    assert secret not in repr(peter) + str(vars(PublicKey))
    assert PETER_VKEY in repr(peter)


def test_dsse_pae_is_the_specification_s():
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


@given(st.binary(max_size=60), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_an_envelope_gives_back_what_was_signed(payload, kind):
    signer = ephemeral_signer("alice")
    envelope = dsse_sign(kind, payload, signer)
    assert dsse_verify(envelope, [signer.public]) == payload
    assert dsse_verify(json.dumps(envelope), [signer.public], payload_type=kind) == payload


def test_either_base64_alphabet_is_accepted():
    signer = ephemeral_signer("alice")
    envelope = dsse_sign("t", bytes(range(256)) * 3, signer)
    urlsafe = json.loads(json.dumps(envelope).replace("+", "-").replace("/", "_"))
    assert urlsafe != envelope
    assert dsse_verify(urlsafe, [signer.public]) == bytes(range(256)) * 3


def test_an_envelope_needs_the_right_keys_type_and_number():
    alice, bob, mallory = (ephemeral_signer(name) for name in ("alice", "bob", "mallory"))
    both = dsse_sign("t", b"x", [alice, bob])
    assert [key.name for key in dsse_open(both, [bob.public, alice.public], threshold=2).signers] == ["bob", "alice"]
    with pytest.raises(IntegrityError):
        dsse_open(dsse_sign("t", b"x", [alice, alice]), [alice.public, bob.public], threshold=2)
    with pytest.raises(UsageError):  # one key under two names is one key
        dsse_open(both, [alice.public, PublicKey("again", alice.public.raw)], threshold=2)
    with pytest.raises(UsageError):
        dsse_open(both, [])
    with pytest.raises(IntegrityError):
        dsse_open(both, [mallory.public])
    with pytest.raises(IntegrityError, match="something else"):
        dsse_open(both, [alice.public], payload_type="other")
    forged = dict(dsse_sign("t", b"x", mallory))
    forged["signatures"] = [{"keyid": alice.public.id, "sig": forged["signatures"][0]["sig"]}]
    with pytest.raises(IntegrityError):  # a key id is a hint and decides nothing
        dsse_open(forged, [alice.public])
    with pytest.raises(IntegrityError):
        dsse_open({**both, "payloadType": "t2"}, [alice.public])


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payload":"","payloadType":"t","signatures":[]}',
        b'{"payload":"","payloadType":"t","signatures":[{}]}',
        b'{"payload":"","payloadType":"t","signatures":[1]}',
        b'{"payload":"*","payloadType":"t","signatures":[{"sig":""}]}',
        b'{"payload":1,"payloadType":"t","signatures":[{"sig":""}]}',
    ],
)
def test_malformed_envelopes_are_unreadable(envelope):
    with pytest.raises(Unreadable):
        dsse_open(envelope, [ephemeral_signer("a").public])
