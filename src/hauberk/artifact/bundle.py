# SPDX-License-Identifier: Apache-2.0
"""A signature file: a Sigstore bundle v0.3 around one DSSE envelope, as OpenSSF Model Signing v1.0 wants it.

What a bundle says of its own key is a hint. Who is trusted comes from the caller; see `hauberk.artifact.authenticate`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hauberk.core.errors import Unreadable
from hauberk.core.event import Plain
from hauberk.seal import ModelSigner, canonical, pae

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""What a bundle calls itself."""

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""How the signed payload is to be read."""

_MAX_CHAIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was read and is not checked yet.

    Attributes:
        payload: the signed bytes.
        signature: the one signature over them.
        hint: SHA-256 of the signer's PEM in hexadecimal; empty in older bundles.
        chain: DER certificates, the signer's first; empty for the key method.
    """

    payload: bytes
    signature: bytes
    hint: str = ""
    chain: tuple[bytes, ...] = ()


def write_bundle(payload: bytes, signer: ModelSigner, *, chain: Sequence[bytes] = ()) -> bytes:
    """Sign an in-toto statement, and return the bundle.

    Args:
        payload: the statement.
        signer: the key.
        chain: DER certificates that name the key's holder, the signer's first; without them the key method is used.
    """
    named: dict[str, Plain] = {"publicKey": {"hint": signer.public.hint}}
    if chain:
        listed: list[Plain] = [{"rawBytes": base64.b64encode(one).decode()} for one in chain]
        named = {"x509CertificateChain": {"certificates": listed}}
    signature = base64.b64encode(signer.sign(pae(PAYLOAD_TYPE, payload))).decode()
    envelope: dict[str, Plain] = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": "", "sig": signature}],
    }
    material: dict[str, Plain] = {**named, "tlogEntries": []}
    return canonical({"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}) + b"\n"


def read_bundle(content: bytes, *, where: str = "") -> Bundle:
    """Take a signature file apart without checking its signature.

    Raises:
        Unreadable: it is no such bundle, or one of a kind that is refused (keyless, several signatures).
    """
    tree = parse_foreign(content, where=where)
    material, envelope = tree.get("verificationMaterial"), tree.get("dsseEnvelope")
    if "payloadType" in tree and "signatures" in tree:
        raise _none(where, "it is a bare DSSE envelope, as Hauberk wrote them before it knew bundles", "sign it again")
    if tree.get("mediaType") != MEDIA_TYPE or not isinstance(material, dict) or not isinstance(envelope, dict):
        raise _none(where, f"it is not of type {MEDIA_TYPE}")
    named = cast("dict[str, Any]", material)
    _refuse_keyless(named, where)
    payload, signature = _envelope(cast("dict[str, Any]", envelope), where)
    if "x509CertificateChain" in named:
        return Bundle(payload=payload, signature=signature, chain=_chain(named["x509CertificateChain"], where))
    key = named.get("publicKey")
    if not isinstance(key, dict):
        raise _none(where, "it names neither a key nor certificates")
    hint = cast("dict[str, Any]", key).get("hint") or ""
    return Bundle(payload=payload, signature=signature, hint=hint if isinstance(hint, str) else "?")


def parse_foreign(content: bytes, *, where: str = "") -> dict[str, Any]:
    """Read a JSON object that somebody else's program wrote; repeated keys and NaN are refused.

    Raises:
        Unreadable: it is not such JSON.
    """
    try:
        value: Any = json.loads(content.decode(), object_pairs_hook=_pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
        raise Unreadable("this is not JSON", where=where, why=why) from error
    if not isinstance(value, dict):
        raise Unreadable("this is no JSON object", where=where)
    return cast("dict[str, Any]", value)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object repeats a key")
    return result


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _refuse_keyless(material: Mapping[str, Any], where: str) -> None:
    if "certificate" in material or material.get("tlogEntries"):
        raise Unreadable(
            "this is a keyless Sigstore signature, which is not supported",
            where=where,
            why="it can only be believed with a pinned root of Fulcio and Rekor, and this installation has none",
            next_step="ask for a signature with a key or a certificate",
        )


def _envelope(envelope: dict[str, Any], where: str) -> tuple[bytes, bytes]:
    payload, listed = envelope.get("payload"), envelope.get("signatures")
    every = _list(listed)
    if len(every) != 1:
        raise _none(where, "it must carry exactly one signature")
    signature = _field(every[0], "sig")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise _none(where, f"what it signs is not of type {PAYLOAD_TYPE}")
    return _decode(payload, where), _decode(signature, where)


def _chain(value: Any, where: str) -> tuple[bytes, ...]:
    every = _list(_field(value, "certificates"))
    if not 1 <= len(every) <= _MAX_CHAIN:
        raise _none(where, f"it must carry 1 to {_MAX_CHAIN} certificates")
    return tuple(_decode(_field(one, "rawBytes"), where) for one in every)


def _list(value: Any) -> list[Any]:
    return [*cast("Iterable[Any]", value)] if isinstance(value, list) else []


def _field(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _decode(text: Any, where: str) -> bytes:
    if not isinstance(text, str) or not text:
        raise _none(where, "a field is missing")
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _none(where, "a field is not base64") from error


def _none(where: str, why: str, next_step: str = "") -> Unreadable:
    return Unreadable("this is no model signature", where=where, why=why, next_step=next_step)
