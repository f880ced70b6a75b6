# SPDX-License-Identifier: Apache-2.0
"""Ed25519 keys: the private half signs, the public half has a name and one line of text (`vkey`) to pass around."""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from hauberk.core.errors import UsageError

_ED25519 = b"\x01"


def check_name(name: str) -> str:
    """Return a key's name if a signed note can carry it.

    Raises:
        UsageError: it is empty, too long, or holds spaces, control characters or a plus sign.
    """
    bad = [mark for mark in name if mark == "+" or mark.isspace() or unicodedata.category(mark) in {"Cc", "Cs", "Cf"}]
    if not name or bad or len(name) > 200:
        raise UsageError(
            f"{name[:80]!r} cannot name a key",
            why="a name has 1 to 200 characters, and no spaces, control characters or plus signs",
        )
    return name


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key.

    Attributes:
        name: whose key it is.
        raw: the 32 bytes of the key (RFC 8032).

    Raises:
        UsageError: a name that no signed note can carry, or bytes that are no key.
    """

    name: str
    raw: bytes
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        try:
            object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.raw))
        except ValueError as error:
            raise UsageError("these bytes are no Ed25519 public key", where=self.name, why=str(error)) from error

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether the signature over the message was made with the private half."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @property
    def hash(self) -> bytes:
        """The four bytes by which a C2SP signed note refers to it; no proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    @property
    def id(self) -> str:
        """`sha256:` of its SubjectPublicKeyInfo: tells keys apart, whatever they are called."""
        spki = self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "sha256:" + hashlib.sha256(spki).hexdigest()

    @property
    def vkey(self) -> str:
        """The key in one line, as Go's `sumdb/note` spells it: `name+hash+base64`."""
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    @property
    def pem(self) -> str:
        """The key as PEM SubjectPublicKeyInfo; the name is not in it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Signer:
    """The private half of a key.

    Args:
        name: whose key it is.
        private: the key itself.
        source: where it came from, for messages: a path, `HAUBERK_KEY` or `throw-away`.
    """

    __slots__ = ("_private", "public", "source")

    def __init__(self, name: str, private: Ed25519PrivateKey, *, source: str = "") -> None:
        self._private = private
        self.public = PublicKey(name, private.public_key().public_bytes_raw())
        self.source = source

    @property
    def name(self) -> str:
        """Whose key it is."""
        return self.public.name

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature over a message; the same message gives the same bytes."""
        return self._private.sign(message)

    def derive(self, purpose: bytes, length: int) -> bytes:
        """Return secret bytes for one purpose that only the holder of this key can make (HKDF-SHA256, RFC 5869)."""
        return HKDF(SHA256(), length, salt=None, info=purpose).derive(self._private.private_bytes_raw())

    def __repr__(self) -> str:
        """Show the public half alone."""
        return f"Signer({self.public.vkey})"


def public_key_id(key: PublicKey | Signer) -> str:
    """Return `sha256:` of the key's SubjectPublicKeyInfo."""
    return key.public.id if isinstance(key, Signer) else key.id


def ephemeral_signer(name: str) -> Signer:
    """Return a throw-away key that lives in memory alone. What it signs can be checked, but not believed later."""
    return Signer(name, Ed25519PrivateKey.generate(), source="throw-away")


def parse_vkey(text: str) -> PublicKey:
    """Read a key from its one line of text.

    Raises:
        UsageError: it is malformed, of another algorithm, or its hash does not match.
    """
    name, _, rest = text.strip().partition("+")
    hashed, _, encoded = rest.partition("+")
    try:
        blob = base64.b64decode(encoded, validate=True)
        wanted = bytes.fromhex(hashed)
    except (binascii.Error, ValueError) as error:
        raise UsageError("this is no public key", where=text[:60], why="it must read name+hash+base64") from error
    if blob[:1] != _ED25519 or len(blob) != 33 or base64.b64encode(blob).decode() != encoded or len(hashed) != 8:
        raise UsageError("this is no Ed25519 public key", where=text[:60], why="only signature type 1 is known")
    key = PublicKey(name, blob[1:])
    if key.hash != wanted or hashed != wanted.hex():
        raise UsageError("this public key was mistyped", where=text[:60], why="its hash does not match its bytes")
    return key


def parse_public(text: str, *, name: str = "") -> PublicKey:
    """Read a public key from a vkey line or from PEM, which needs a name beside it.

    Raises:
        UsageError: neither of both, or PEM of another kind of key.
    """
    if "-----BEGIN" not in text:
        return parse_vkey(text)
    try:
        loaded = load_pem_public_key(text.encode())
    except ValueError as error:
        raise UsageError("this PEM holds no public key", where=name, why=str(error)) from error
    if not isinstance(loaded, Ed25519PublicKey):
        raise UsageError(
            "this is not an Ed25519 key", where=name, next_step="create one with hauberk.seal.create_signer"
        )
    return PublicKey(name or "unnamed", loaded.public_bytes_raw())
