# SPDX-License-Identifier: Apache-2.0
"""Digest, sign and verify a model file or folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hauberk.app.config import find_config
from hauberk.app.project import Project, open_project
from hauberk.artifact import Signature, digest_path, load_certificates, sign_model, signed_digest, verify_model
from hauberk.artifact.attest import read_attestations
from hauberk.core.errors import ConfigError, UsageError
from hauberk.core.event import Event
from hauberk.seal import ModelKey, PublicKey, Signer, load_model_signer, load_public, load_trusted, model_signer


def digest_artifact(path: str | os.PathLike[str]) -> str:
    """Return the `sha256:` digest of a model file or folder; nothing is executed."""
    return digest_path(Path(path))


def sign_artifact(
    path: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    private_key: str | os.PathLike[str] | None = None,
    certificates: Sequence[str] = (),
    config: str | os.PathLike[str] = ".",
    signer: Signer | None = None,
) -> Path:
    """Sign a model as OpenSSF Model Signing v1.0 says, record it in the project's ledger, and return the signature file.

    Args:
        path: model file or folder.
        out: where the signature is written; beside the model by default.
        private_key: ECDSA private key, as a PEM file, to sign with instead of the P-256 half of the user's own;
            `HAUBERK_KEY_PASSPHRASE` opens it.
        certificates: PEM files with the certificate of that key and of its issuers.
        config: the project.
        signer: the key; the user's own by default. It signs the ledger in any case.

    Raises:
        UsageError: certificates without their private key.
    """
    if certificates and private_key is None:
        raise UsageError("a certificate needs its private key", next_step="name it with --private-key")
    project = open_project(config, signer=signer)
    secret = os.environ.get("HAUBERK_KEY_PASSPHRASE") or None
    key = (
        model_signer(project.key())
        if private_key is None
        else load_model_signer(os.fspath(private_key), passphrase=secret)
    )
    chain = load_certificates(certificates)
    written = sign_model(Path(path), key, Path(out) if out is not None else None, chain=chain)
    own = project.key().public.vkey if private_key is None else key.public.vkey
    with project.ledger() as ledger:
        event = Event(
            kind="model.signed",
            at_us=project.clock.now_us(),
            actor=project.actor.name,
            subject=signed_digest(written),
            payload={"key": own},
        )
        ledger.append([event])
    return written


def verify_artifact(
    path: str | os.PathLike[str],
    *,
    signature: str | os.PathLike[str] | None = None,
    keys: Sequence[str] = (),
    roots: Sequence[str] = (),
    at: datetime | None = None,
    pass_over: bool = False,
    config: str | os.PathLike[str] = ".",
) -> Signature:
    """Verify a model against its signature file, Hauberk's own or any bundle of OpenSSF Model Signing.

    Args:
        path: model file or folder.
        signature: the signature file; the one beside the model by default.
        keys: trusted public keys, as text or files; the project's and the user's own by default.
        roots: PEM files with trusted root certificates; the project's by default.
        at: moment at which certificates must be valid; now by default.
        pass_over: accept files that somebody else's signature passes over, such as those of git, and name them.
        config: the project whose keys count.

    Raises:
        IntegrityError: one byte is not what was signed, nobody who is trusted signed it, or an attestation beside the
            model does not hold.
    """
    where = Path(signature) if signature is not None else None
    moment = at or datetime.now(UTC)
    if keys or roots:
        trusted = tuple(load_trusted(text) for text in keys)
        found = load_certificates(roots)
    else:
        project = _project(config)
        trusted = (*project.trusted(), *project.model_keys())
        found = load_certificates([str(project.path(name)) for name in project.config.trust.roots])
    held = verify_model(Path(path), where, trusted, roots=found, at=moment, pass_over=pass_over)
    stated = read_attestations(Path(path), held.manifest, trusted, roots=found, at=moment)
    return dataclasses.replace(held, attestations=tuple(f"{one.kind} by {one.signer}" for one in stated))


def model_key(*, config: str | os.PathLike[str] = ".") -> ModelKey:
    """Return the public P-256 half of the project's key, which other verifiers of model signatures take as PEM."""
    return model_signer(open_project(config).key()).public


def trusted_keys(keys: Sequence[str], config: str | os.PathLike[str]) -> tuple[PublicKey, ...]:
    """The keys that were named; without any, those of the project, or the user's own where there is no project."""
    if keys:
        return tuple(load_public(text) for text in keys)
    return _project(config).trusted()


def _project(config: str | os.PathLike[str]) -> Project:
    try:
        find_config(Path(config))
    except ConfigError as error:
        raise ConfigError(
            "there is no project here, and no key was named", where=str(config), next_step="name one with --key"
        ) from error
    return open_project(config)
