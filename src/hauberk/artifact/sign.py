# SPDX-License-Identifier: Apache-2.0
"""Sign a model and verify it: an OpenSSF Model Signing v1.0 bundle beside the model, over a list of every file.

The keys and root certificates that are trusted always come from the caller, never from the model or its signature file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hauberk.artifact.authenticate import authenticate
from hauberk.artifact.bundle import read_bundle, write_bundle
from hauberk.artifact.claim import Claim, Pieces, differences, uncovered
from hauberk.artifact.compare import compare
from hauberk.artifact.manifest import Manifest, make_manifest
from hauberk.artifact.statement import read_statement, voucher_in, write_statement
from hauberk.core.errors import HauberkError, IntegrityError, Unreadable, UsageError
from hauberk.seal import ModelSigner, Signer, TrustedKey, model_signer, open_regular

SUFFIX = ".sig.json"
"""What the name of a signature file adds to the model's name."""

MAX_SIGNATURE = 1 << 28
"""Bytes that a signature file may have."""

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that holds over the very bytes that were read.

    Attributes:
        signer: name of the trusted key, or subject of the certificate.
        key: `sha256:` id of the trusted key, or of the key in the certificate.
        digest: digest of the model, as `digest_path` gives it.
        manifest: every file of the model.
        path: the signature file.
        method: `key` or `certificate`.
        uncovered: what the signature says nothing of, in phrases; nothing where Hauberk signed.
        attestations: what else trusted keys state of the model, as `KIND by SIGNER`, where that was looked for.
    """

    signer: str
    key: str
    digest: str
    manifest: Manifest
    path: Path
    method: str = "key"
    uncovered: tuple[str, ...] = ()
    attestations: tuple[str, ...] = ()


def signature_path(path: str | Path) -> Path:
    """Return where the signature of a model lies: beside it, `NAME.sig.json`."""
    model = Path(path).absolute()
    return model.with_name(model.name + SUFFIX)


def sign_model(
    path: str | Path,
    signer: Signer | ModelSigner,
    out: str | Path | None = None,
    *,
    chain: Sequence[x509.Certificate] = (),
) -> Path:
    """Sign a model, file or folder, and return the path of the signature file.

    The digest of what was signed is that of `signed_digest`; the model is read once.

    Args:
        path: the model.
        signer: the key; of a Hauberk key its P-256 half signs.
        out: the signature file; without it, beside the model. It is replaced if it exists.
        chain: certificates for the signer's key, its own first; the bundle then names its signer by certificate.

    Raises:
        UsageError: there is no model, the signature would lie inside the folder that it covers, or the first
            certificate is for another key.
        Unreadable: something in it has no honest digest.
    """
    target = Path(out).absolute() if out is not None else signature_path(path)
    if Path(path).resolve() in target.parent.resolve().parents or Path(path).resolve() == target.parent.resolve():
        raise UsageError("a signature cannot lie inside the folder that it covers", where=str(target))
    key = model_signer(signer) if isinstance(signer, Signer) else signer
    ders = certificates_for(key, chain)
    replace_file(target, write_bundle(write_statement(make_manifest(path), voucher=key.voucher), key, chain=ders))
    return target


def signed_digest(signature: str | Path) -> str:
    """Return the digest of the model in a signature file that Hauberk just wrote; nothing is checked.

    Raises:
        Unreadable: it is none of Hauberk's own.
    """
    where = Path(signature)
    signed = read_statement(read_bundle(_read(where), where=str(where)).payload, where=str(where))
    if isinstance(signed, Claim):
        raise Unreadable("this signature does not name the model's digest", where=str(where))
    return signed.digest


def verify_model(
    path: str | Path,
    signature: str | Path | None,
    keys: Sequence[TrustedKey],
    *,
    roots: Sequence[x509.Certificate] = (),
    at: datetime | None = None,
    pass_over: bool = False,
) -> Signature:
    """Verify a model against its signature file and the keys that the caller trusts.

    Args:
        path: the model.
        signature: the signature file; None for the one beside the model.
        keys: the trusted public keys.
        roots: the trusted root certificates.
        at: moment at which a certificate must be valid; None for the first moment of the signer's own.
        pass_over: accept files that somebody else's signature passes over, such as those of git, and name them.

    Raises:
        UsageError: no model, no signature file, or nothing that is trusted.
        Unreadable: the signature file is none, or of a kind that is refused.
        IntegrityError: nobody trusted signed it, or the model is not what was signed; the error names the files.
    """
    where = Path(signature) if signature is not None else signature_path(path)
    bundle = read_bundle(_read(where), where=str(where))
    voucher = voucher_in(bundle.payload)
    who = authenticate(bundle, keys, roots=roots, voucher=voucher, at=at, where=str(where))
    signed = read_statement(bundle.payload, where=str(where))
    if isinstance(signed, Claim):
        found, changes, beyond = _hold(signed, Path(path), where, pass_over)
    else:
        found, beyond = _examine(path, None), []
        changes = compare(signed, found)
    _refuse(changes, path)
    return Signature(
        signer=who.name,
        key=who.key,
        digest=found.digest,
        manifest=found,
        path=where,
        method=who.method,
        uncovered=tuple(beyond),
    )


def certificates_for(key: ModelSigner, chain: Sequence[x509.Certificate]) -> list[bytes]:
    """Return certificates as DER, after checking that the first is for the key.

    Raises:
        UsageError: it is for another one.
    """
    if chain:
        public = chain[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public != key.public.der:
            raise UsageError("the certificate is for another key", where=chain[0].subject.rfc4514_string()[:100])
    return [one.public_bytes(Encoding.DER) for one in chain]


def _examine(path: str | Path, pieces: dict[str, Pieces] | None, claim: Claim | None = None) -> Manifest:
    def also(name: str) -> Pieces | None:
        if claim is None or pieces is None:
            return None
        return pieces.setdefault(name, Pieces(claim))

    try:
        return make_manifest(path, also=also)
    except Unreadable as error:
        raise IntegrityError(f"the model is not what was signed: {error.what}", where=error.where) from error


def _hold(claim: Claim, path: Path, where: Path, pass_over: bool) -> tuple[Manifest, list[str], list[str]]:
    """Hold what lies there against somebody else's claim: the model without its signature, changes, what is not covered."""
    pieces: dict[str, Pieces] = {}
    found = _examine(path, pieces, claim)
    passed, phrases = uncovered(claim, found)
    own = where.resolve()
    inside = own.relative_to(path.resolve()).as_posix() if own.is_relative_to(path.resolve()) and found.folder else ""
    if inside in passed:  # the specification lets a signature lie in the folder that it covers
        passed.remove(inside)
        kept = tuple(entry for entry in found.entries if entry.name != inside)
        found = Manifest(name=found.name, folder=found.folder, entries=kept)
    changes = differences(claim, found, pieces)
    if passed and not pass_over:
        changes += [f"{name!r} is outside the signature" for name in passed]
    return found, changes, [*(f"the file {name!r}" for name in passed), *phrases]


def _refuse(changes: Sequence[str], path: str | Path) -> None:
    if not changes:
        return
    shown = "; ".join(changes[:_SHOWN])
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    raise IntegrityError(
        "the model is not what was signed",
        where=str(path),
        why=shown + more,
        next_step="do not load it; restore what was signed, or assess and sign what is there now",
    )


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as descriptor:
            if os.fstat(descriptor).st_size > MAX_SIGNATURE:
                raise Unreadable("this signature file is too large", where=str(path))
            with os.fdopen(os.dup(descriptor), "rb") as stream:
                return stream.read(MAX_SIGNATURE)
    except UsageError as error:
        raise UsageError(
            "there is no signature file", where=str(path), next_step="sign the model, or name its signature file"
        ) from error


def replace_file(target: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> HauberkError:
    return UsageError("the signature cannot be written", where=str(target), why=os.strerror(error.errno or 0))
