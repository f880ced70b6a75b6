# SPDX-License-Identifier: Apache-2.0
"""Digest, sign and verify a model file or folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hauberk.app.config import find_config
from hauberk.app.project import Project, open_project
from hauberk.artifact import Signature, digest_path, sign_model, verify_model
from hauberk.core.errors import ConfigError
from hauberk.core.event import Event
from hauberk.seal import PublicKey, Signer, load_public


def digest_artifact(path: str | os.PathLike[str]) -> str:
    """Return the `sha256:` digest of a model file or folder; nothing is executed."""
    return digest_path(Path(path))


def sign_artifact(
    path: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] = ".",
    signer: Signer | None = None,
) -> Path:
    """Sign a model, record it in the project's ledger, and return the signature file.

    Args:
        path: model file or folder.
        out: where the signature is written; beside the model by default.
        config: the project.
        signer: the key; the user's own by default.
    """
    project = open_project(config, signer=signer)
    written = sign_model(Path(path), project.key(), Path(out) if out is not None else None)
    payload_key = project.key().public.vkey
    with project.ledger() as ledger:
        event = Event(
            kind="model.signed",
            at_us=project.clock.now_us(),
            actor=project.actor.name,
            subject=digest_path(Path(path)),
            payload={"key": payload_key},
        )
        ledger.append([event])
    return written


def verify_artifact(
    path: str | os.PathLike[str],
    *,
    signature: str | os.PathLike[str] | None = None,
    keys: Sequence[str] = (),
    config: str | os.PathLike[str] = ".",
) -> Signature:
    """Verify a model against its signature file.

    Args:
        path: model file or folder.
        signature: the signature file; the one beside the model by default.
        keys: trusted public keys, as text or files; the project's and the user's own by default.
        config: the project whose keys count.

    Raises:
        IntegrityError: one byte is not what was signed, or no trusted key signed it.
    """
    where = Path(signature) if signature is not None else None
    return verify_model(Path(path), where, trusted_keys(keys, config))


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
