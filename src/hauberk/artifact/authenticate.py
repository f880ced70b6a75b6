# SPDX-License-Identifier: Apache-2.0
"""Who signed a bundle: a trusted key, a key for which a trusted key answers, or a certificate under a trusted root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from hauberk.artifact.bundle import PAYLOAD_TYPE, Bundle
from hauberk.core.errors import IntegrityError, Unreadable, UsageError
from hauberk.seal import ModelKey, TrustedKey, open_regular, pae, vouched_key
from hauberk.seal.digest import read_chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signed.

    Attributes:
        name: name of the trusted key, or subject of the certificate.
        key: `sha256:` id of the trusted key, or of the key in the certificate.
        method: `key` or `certificate`.
    """

    name: str
    key: str
    method: str


def authenticate(
    bundle: Bundle,
    keys: Sequence[TrustedKey],
    *,
    roots: Sequence[x509.Certificate] = (),
    voucher: str = "",
    at: datetime | None = None,
    where: str = "",
) -> Signatory:
    """Say who signed a bundle.

    Args:
        bundle: the bundle.
        keys: the keys that the caller trusts.
        roots: the root certificates that the caller trusts.
        voucher: note in the signed statement by which a trusted key may answer for the one that signed.
        at: moment at which certificates must be valid; None for the first moment of the signer's own.
        where: the signature file, for messages.

    Raises:
        UsageError: there is nothing that is trusted.
        Unreadable: a certificate is none.
        IntegrityError: nobody who is trusted signed these bytes.
    """
    if bundle.chain:
        return _by_certificate(bundle, roots, at, where)
    if not keys:
        raise UsageError("no key is trusted", where=where, next_step="name the signer's public key")
    vouched = vouched_key(voucher, keys)
    own = [(key, key.id) for key in keys if isinstance(key, ModelKey)]
    known = own if vouched is None else [(vouched[0], vouched[1].id), *own]
    meant = [(key, known_as) for key, known_as in known if not bundle.hint or key.hint == bundle.hint]
    for key, known_as in meant:
        if _signed(key, bundle):
            return Signatory(name=key.name, key=known_as, method="key")
    why = "its bytes or its signature were changed" if meant else "none of the trusted keys is the one that it names"
    raise _refused(where, why)


def load_certificates(paths: Sequence[str | Path]) -> tuple[x509.Certificate, ...]:
    """Read certificates from PEM files, each of which may hold several, in their order.

    Raises:
        UsageError: there is no such file, or no certificate in it.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        with open_regular(path) as descriptor:
            content = b"".join(read_chunks(descriptor))
        try:
            found += x509.load_pem_x509_certificates(content)
        except ValueError as error:
            raise UsageError("this file holds no PEM certificate", where=str(path), why=str(error)[:100]) from error
    return tuple(found)


def _signed(key: ModelKey, bundle: Bundle) -> bool:
    """Check the signature, and then the encodings that were signed before version 1.0 of the specification.

    Then the payload stood in the message as Python spells bytes, behind a mis-spelt version, and the hash was SHA-256 for
    every curve.
    """
    if key.verify(bundle.signature, pae(PAYLOAD_TYPE, bundle.payload)):
        return True
    spelt = repr(bundle.payload)
    older = f"DSSEV1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(bundle.payload)} {spelt}".encode()
    return any(key.verify(bundle.signature, older, sha256=plain) for plain in (False, True))


def _by_certificate(bundle: Bundle, roots: Sequence[x509.Certificate], at: datetime | None, where: str) -> Signatory:
    if not roots:
        raise UsageError(
            "this model is signed with a certificate, and no root is trusted",
            where=where,
            next_step="name the root certificate with --root",
        )
    try:
        leaf, *between = [x509.load_der_x509_certificate(one) for one in bundle.chain]
        public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        extensions = leaf.extensions
    except ValueError as error:
        raise Unreadable("this signature holds a broken certificate", where=where, why=str(error)[:100]) from error
    subject = _subject(leaf)
    _refuse_strangers(leaf, between, roots, at or leaf.not_valid_before_utc, where)
    if not _may_sign(extensions):
        raise _refused(where, f"the certificate of {subject} may not sign")
    try:
        key = ModelKey("certificate", public)
    except UsageError as error:
        raise _refused(where, f"the certificate of {subject} holds another kind of key") from error
    if not _signed(key, bundle):
        raise _refused(where, f"the key of {subject} did not sign these bytes")
    return Signatory(name=subject, key=key.id, method="certificate")


def _refuse_strangers(
    leaf: x509.Certificate,
    between: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    where: str,
) -> None:
    issuers = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_issue)
    )
    policy = PolicyBuilder().store(Store(list(roots))).time(at)
    policy = policy.extension_policies(ca_policy=issuers, ee_policy=ExtensionPolicy.permit_all())
    try:
        policy.build_client_verifier().verify(leaf, list(between))
    except VerificationError as error:
        stale = not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc
        why = f"the certificate of {_subject(leaf)} is not valid on {at:%Y-%m-%d}" if stale else str(error)[:160]
        raise _refused(where, why) from error


def _is_authority(policy: Policy, certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    del policy, certificate
    if not extension.ca:
        raise ValueError("an issuer is no authority")


def _may_issue(policy: Policy, certificate: x509.Certificate, extension: x509.KeyUsage | None) -> None:
    del policy, certificate
    if extension is not None and not extension.key_cert_sign:
        raise ValueError("an issuer may not sign certificates")


def _may_sign(extensions: x509.Extensions) -> bool:
    """Whether key usage allows digital signatures, or extended key usage allows signing of code."""
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and value.digital_signature:
            return True
        if isinstance(value, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CODE_SIGNING in value:
            return True
    return False


def _subject(leaf: x509.Certificate) -> str:
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:100] if names else leaf.subject.rfc4514_string()[:100] or "nobody"


def _refused(where: str, why: str) -> IntegrityError:
    return IntegrityError(
        "the signature does not hold",
        where=where,
        why=why,
        next_step="do not use this; ask its signer for the original and for the right public key",
    )
