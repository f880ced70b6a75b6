# SPDX-License-Identifier: Apache-2.0
"""ECDSA keys for models: what OpenSSF Model Signing v1.0 verifiers can check.

A Hauberk key is Ed25519. Its other half, a P-256 key, follows from it (HKDF-SHA256, reduced as FIPS 186-5 A.2.1 does),
so one secret to guard makes both kinds of signature. A voucher, signed with the Ed25519 key, ties the two together:
whoever trusts the one line of the Ed25519 key needs no second one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from hauberk.core.errors import HauberkError, Unreadable, UsageError
from hauberk.seal.digest import open_regular, read_chunks
from hauberk.seal.keys import PublicKey, Signer, check_name, parse_public
from hauberk.seal.note import note_sign, note_verify

_ECDSA = b"\x02"
_PURPOSE = b"hauberk model key P-256/1"
_VOUCHER = "hauberk model key/1"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class ModelKey:
    """A public ECDSA key on P-256, P-384 or P-521.

    Attributes:
        name: whose key it is.
        der: its SubjectPublicKeyInfo.

    Raises:
        UsageError: bytes that are no such key, or a name that no line of text can carry.
    """

    name: str
    der: bytes
    _key: ec.EllipticCurvePublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        try:
            loaded = load_der_public_key(self.der)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError("these bytes are no public key", where=self.name, why=str(error)[:100]) from error
        if not isinstance(loaded, ec.EllipticCurvePublicKey) or loaded.curve.name not in _HASHES:
            raise UsageError("this is no ECDSA key on P-256, P-384 or P-521", where=self.name)
        object.__setattr__(self, "_key", loaded)

    def verify(self, signature: bytes, message: bytes, *, sha256: bool = False) -> bool:
        """Say whether the private half signed the message.

        Args:
            signature: the signature, in DER.
            message: what was signed.
            sha256: hash with SHA-256 whatever the curve, as signers of the time before v1.0 did.
        """
        algorithm = hashes.SHA256() if sha256 else _HASHES[self._key.curve.name]
        try:
            self._key.verify(signature, message, ec.ECDSA(algorithm))
        except InvalidSignature:
            return False
        return True

    @property
    def pem(self) -> str:
        """The key as PEM SubjectPublicKeyInfo, which other verifiers of models take."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def hint(self) -> str:
        """SHA-256 of the PEM in hexadecimal: how a bundle refers to the key; no proof of anything."""
        return hashlib.sha256(self.pem.encode()).hexdigest()

    @property
    def id(self) -> str:
        """`sha256:` of its SubjectPublicKeyInfo: tells keys apart, whatever they are called."""
        return "sha256:" + hashlib.sha256(self.der).hexdigest()

    @property
    def vkey(self) -> str:
        """The key in one line, `name+hash+base64`, of signature type 2."""
        hashed = hashlib.sha256(self.name.encode() + b"\n" + _ECDSA + self.der).digest()[:4]
        return f"{self.name}+{hashed.hex()}+{base64.b64encode(_ECDSA + self.der).decode()}"


class ModelSigner:
    """The private half of a model key.

    Args:
        name: whose key it is.
        private: the key itself.
        voucher: signed note by which an Ed25519 key answers for it; empty for a key that stands alone.

    Raises:
        UsageError: a curve other than P-256, P-384 and P-521.
    """

    __slots__ = ("_private", "public", "voucher")

    def __init__(self, name: str, private: ec.EllipticCurvePrivateKey, *, voucher: str = "") -> None:
        self._private = private
        self.public = ModelKey(name, private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        self.voucher = voucher

    def sign(self, message: bytes) -> bytes:
        """Return the signature in DER; the same message gives the same bytes (RFC 6979)."""
        algorithm = _HASHES[self._private.curve.name]
        return self._private.sign(message, ec.ECDSA(algorithm, deterministic_signing=True))

    def __repr__(self) -> str:
        """Show the public half alone."""
        return f"ModelSigner({self.public.vkey})"


TrustedKey: TypeAlias = PublicKey | ModelKey
"""A public key whose signature of a model may count: an Ed25519 key by its voucher, an ECDSA key by itself."""


def model_signer(signer: Signer) -> ModelSigner:
    """Return the P-256 half of a Hauberk key, with the voucher that ties it to the Ed25519 half."""
    secret = int.from_bytes(signer.derive(_PURPOSE, 48), "big") % (_ORDER - 1) + 1
    private = ec.derive_private_key(secret, ec.SECP256R1())
    bare = ModelSigner(signer.name, private)
    return ModelSigner(signer.name, private, voucher=note_sign(f"{_VOUCHER}\n{bare.public.vkey}\n", signer))


def vouched_key(voucher: str, keys: Sequence[TrustedKey]) -> tuple[ModelKey, PublicKey] | None:
    """Return the model key for which a trusted Ed25519 key answers, and that key; None if none does."""
    trusted = [key for key in keys if isinstance(key, PublicKey)]
    if not voucher or not trusted:
        return None
    try:
        note = note_verify(voucher, trusted)
        kind, line = note.text.split("\n")[:2]
        key = parse_model_key(line)
    except (HauberkError, ValueError):
        return None
    # The name is the trusted key's own: a voucher cannot speak for somebody else.
    by = note.signers[0]
    return (ModelKey(by.name, key.der), by) if kind == _VOUCHER else None


def parse_model_key(text: str, *, name: str = "") -> ModelKey:
    """Read an ECDSA public key from its line of text, or from PEM, which needs a name beside it.

    Raises:
        UsageError: neither of both, another kind of key, or a line whose hash does not match.
    """
    if "-----BEGIN" in text:
        try:
            loaded = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError("this PEM holds no public key", where=name, why=str(error)[:100]) from error
        return ModelKey(name or "unnamed", loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    called, _, rest = text.strip().partition("+")
    try:
        blob = base64.b64decode(rest.partition("+")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("this is no public key", where=text[:60], why="it must read name+hash+base64") from error
    if blob[:1] != _ECDSA:
        raise UsageError("this is no ECDSA public key", where=text[:60], why="its signature type is not 2")
    key = ModelKey(called, blob[1:])
    if key.vkey != text.strip():
        raise UsageError("this public key was mistyped", where=text[:60], why="its hash does not match its bytes")
    return key


def parse_trusted(text: str, *, name: str = "") -> TrustedKey:
    """Read a public key of either kind, from a line of text or from PEM, which needs a name beside it.

    Raises:
        UsageError: it is neither.
    """
    try:
        return parse_public(text, name=name)
    except UsageError as other:
        try:
            return parse_model_key(text, name=name)
        except UsageError as error:
            # The complaint of the kind that the text claims to be.
            raise (other if "signature type" in error.why else error) from None


def load_model_signer(path: str | Path, *, name: str = "", passphrase: str | None = None) -> ModelSigner:
    """Load an ECDSA private key from a PEM file, to sign models with a key or a certificate made elsewhere.

    Raises:
        UsageError: there is no such file, or the passphrase does not open it.
        Unreadable: it holds no ECDSA private key.
    """
    with open_regular(path) as descriptor:
        content = b"".join(read_chunks(descriptor))
    try:
        private = load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except TypeError as error:
        raise UsageError("this key needs a passphrase, or has none", where=str(path)) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unreadable("this holds no private key", where=str(path), why="it is not PEM, or sealed") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Unreadable("this is not an ECDSA private key", where=str(path))
    return ModelSigner(name or Path(path).stem.replace(" ", "-"), private)
