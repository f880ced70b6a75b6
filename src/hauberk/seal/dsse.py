# SPDX-License-Identifier: Apache-2.0
"""DSSE envelopes (Dead Simple Signing Envelope 1.0): a payload, its type, and signatures over both."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.core.event import Plain
from hauberk.seal.canonical import parse_json
from hauberk.seal.keys import PublicKey, Signer

MAX_SIGNATURES = 64
"""Signatures that an envelope may carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An envelope whose signatures hold.

    Attributes:
        payload: the signed bytes.
        payload_type: how to read them.
        signers: the trusted keys that signed, in the order in which they were given.
    """

    payload: bytes
    payload_type: str
    signers: tuple[PublicKey, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, which is what gets signed.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def dsse_sign(payload_type: str, payload: bytes, signer: Signer | Sequence[Signer]) -> dict[str, Plain]:
    """Return an envelope, ready for `canonical`.

    Args:
        payload_type: media type or URI that says how to read the payload.
        payload: the bytes to sign.
        signer: one key or several.
    """
    signers = [signer] if isinstance(signer, Signer) else list(signer)
    message = pae(payload_type, payload)
    signatures: list[Plain] = [
        {"keyid": one.public.id, "sig": base64.b64encode(one.sign(message)).decode()} for one in signers
    ]
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": signatures,
    }


def dsse_verify(
    envelope: dict[str, Plain] | bytes | str,
    keys: Sequence[PublicKey],
    *,
    payload_type: str | None = None,
    threshold: int = 1,
) -> bytes:
    """Return the payload of an envelope that trusted keys signed; see `dsse_open`."""
    return dsse_open(envelope, keys, payload_type=payload_type, threshold=threshold).payload


def dsse_open(
    envelope: dict[str, Plain] | bytes | str,
    keys: Sequence[PublicKey],
    *,
    payload_type: str | None = None,
    threshold: int = 1,
) -> Opened:
    """Check an envelope. Key ids in it are hints and decide nothing.

    Args:
        envelope: the envelope, parsed or as JSON.
        keys: the keys that the caller trusts; they never come from the envelope.
        payload_type: the only type that the caller accepts; None accepts any.
        threshold: how many different trusted keys must have signed.

    Raises:
        Unreadable: it is no envelope.
        IntegrityError: too few trusted signatures, or another payload type.
        UsageError: a threshold that no set of keys can reach.
    """
    distinct = tuple({key.raw: key for key in keys}.values())
    if not 1 <= threshold <= len(distinct):
        raise UsageError(
            f"{threshold} signatures are wanted of {len(distinct)} trusted keys", next_step="give the keys"
        )
    kind, payload, signatures = _parts(envelope)
    message = pae(kind, payload)
    signers = tuple(key for key in distinct if any(key.verify(signature, message) for signature in signatures))
    if len(signers) < threshold:
        raise IntegrityError(
            "the signature does not hold",
            why=f"{len(signers)} of {threshold} needed trusted keys signed these bytes",
            next_step="do not use this; ask its signer for the original and for the right public key",
        )
    if payload_type is not None and kind != payload_type:
        raise IntegrityError(
            "this was signed as something else", why=f"its type is {kind[:80]!r}, not {payload_type!r}"
        )
    return Opened(payload=payload, payload_type=kind, signers=signers)


def _parts(envelope: dict[str, Plain] | bytes | str) -> tuple[str, bytes, list[bytes]]:
    value = envelope if isinstance(envelope, dict) else parse_json(envelope)
    if not isinstance(value, dict):
        raise Unreadable("this is no DSSE envelope", why="it is not a JSON object")
    kind, payload, listed = value.get("payloadType"), value.get("payload"), value.get("signatures")
    if not isinstance(kind, str) or not isinstance(payload, str) or not isinstance(listed, list):
        raise Unreadable("this is no DSSE envelope", why="payload, payloadType or signatures is missing")
    if not 1 <= len(listed) <= MAX_SIGNATURES:
        raise Unreadable("this is no DSSE envelope", why=f"it carries {len(listed)} signatures")
    signatures: list[bytes] = []
    for entry in listed:
        signature = entry.get("sig") if isinstance(entry, dict) else None
        if not isinstance(signature, str):
            raise Unreadable("this is no DSSE envelope", why="a signature has no sig")
        signatures.append(_decode(signature))
    return kind, _decode(payload), signatures


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("this is no DSSE envelope", why="a field is not base64") from error
