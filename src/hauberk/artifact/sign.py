# SPDX-License-Identifier: Apache-2.0
"""Sign a model and verify it: a DSSE envelope beside the model, over a statement that lists every file.

The keys that are trusted always come from the caller, never from the model or its signature file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hauberk.artifact.manifest import Entry, Manifest, make_manifest
from hauberk.artifact.statement import PAYLOAD_TYPE, read_statement, write_statement
from hauberk.core.errors import HauberkError, IntegrityError, Unreadable, UsageError
from hauberk.seal import PublicKey, Signer, canonical, dsse_open, dsse_sign, open_regular

SUFFIX = ".sig.json"
"""What the name of a signature file adds to the model's name."""

MAX_SIGNATURE = 1 << 28
"""Bytes that a signature file may have."""

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that holds over the very bytes that were read.

    Attributes:
        signer: name of the trusted key.
        key: `sha256:` id of that key.
        digest: digest of the model, as `digest_path` gives it.
        manifest: every file of the model.
        path: the signature file.
    """

    signer: str
    key: str
    digest: str
    manifest: Manifest
    path: Path


def signature_path(path: str | Path) -> Path:
    """Return where the signature of a model lies: beside it, `NAME.sig.json`."""
    model = Path(path).absolute()
    return model.with_name(model.name + SUFFIX)


def sign_model(path: str | Path, signer: Signer, out: str | Path | None = None) -> Path:
    """Sign a model, file or folder, and return the path of the signature file.

    Args:
        path: the model.
        signer: the key.
        out: the signature file; without it, beside the model. It is replaced if it exists.

    Raises:
        UsageError: there is no model, or the signature would lie inside the folder that it covers.
        Unreadable: something in it has no honest digest.
    """
    target = Path(out).absolute() if out is not None else signature_path(path)
    if Path(path).resolve() in target.parent.resolve().parents or Path(path).resolve() == target.parent.resolve():
        raise UsageError("a signature cannot lie inside the folder that it covers", where=str(target))
    envelope = dsse_sign(PAYLOAD_TYPE, write_statement(make_manifest(path)), signer)
    _replace(target, canonical(envelope) + b"\n")
    return target


def verify_model(path: str | Path, signature: str | Path | None, keys: Sequence[PublicKey]) -> Signature:
    """Verify a model against its signature file and the keys that the caller trusts.

    Args:
        path: the model.
        signature: the signature file; None for the one beside the model.
        keys: the trusted public keys.

    Raises:
        UsageError: no model, no signature file, or no keys.
        Unreadable: the signature file is none.
        IntegrityError: no trusted key signed it, or the model is not what was signed; the error names the files.
    """
    where = Path(signature) if signature is not None else signature_path(path)
    opened = dsse_open(_read(where), keys, payload_type=PAYLOAD_TYPE)
    signed = read_statement(opened.payload, where=str(where))
    try:
        found = make_manifest(path)
    except Unreadable as error:
        raise IntegrityError(f"the model is not what was signed: {error.what}", where=error.where) from error
    differences = compare(signed, found)
    if differences:
        shown = "; ".join(differences[:_SHOWN])
        more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise IntegrityError(
            "the model is not what was signed",
            where=str(path),
            why=shown + more,
            next_step="do not load it; restore what was signed, or assess and sign what is there now",
        )
    key = opened.signers[0]
    return Signature(signer=key.name, key=key.id, digest=found.digest, manifest=found, path=where)


def compare(signed: Manifest, found: Manifest) -> list[str]:
    """Name what differs between a signed manifest and what lies there now, one phrase a difference."""
    if signed.folder != found.folder:
        return ["a folder was signed, this is a file" if signed.folder else "a file was signed, this is a folder"]
    before = {entry.name: entry for entry in signed.entries}
    now = {entry.name: entry for entry in found.entries}
    if not signed.folder and before.keys() != now.keys():
        # One file alone: that its content changed matters more than that it has another name too.
        return [*_changes(signed.entries[0], found.entries[0]), f"{signed.name!r} was renamed to {found.name!r}"]
    changed = _changed(before, now)
    missing, added = sorted(before.keys() - now.keys()), sorted(now.keys() - before.keys())
    twins = _twins([before[name] for name in missing], [now[name] for name in added])
    return [*changed, *_comings(missing, added, twins)]


def _changed(before: dict[str, Entry], now: dict[str, Entry]) -> list[str]:
    return [phrase for name in sorted(before.keys() & now.keys()) for phrase in _changes(before[name], now[name])]


def _comings(missing: list[str], added: list[str], twins: dict[str, str]) -> list[str]:
    renamed = [f"{old!r} was renamed to {new!r}" for old, new in twins.items()]
    gone = [f"{name!r} is missing" for name in missing if name not in twins]
    come = [f"{name!r} was added" for name in added if name not in twins.values()]
    return renamed + gone + come


def _twins(missing: list[Entry], added: list[Entry]) -> dict[str, str]:
    """Pair the files that are gone with those that appeared with the same content."""
    homes: dict[str, list[str]] = {}
    for entry in added:
        homes.setdefault(entry.digest, []).append(entry.name)
    return {entry.name: homes[entry.digest].pop(0) for entry in missing if entry.digest and homes.get(entry.digest)}


def _changes(before: Entry, now: Entry) -> list[str]:
    if before.digest != now.digest:
        size = f" ({before.size} bytes before, {now.size} now)" if before.size != now.size else ""
        return [f"the content of {now.name!r} was changed{size}"]
    if before.executable != now.executable:
        return [f"{now.name!r} was made {'executable' if now.executable else 'not executable'}"]
    return []


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


def _replace(target: Path, content: bytes) -> None:
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
