# SPDX-License-Identifier: Apache-2.0
"""Where private keys live: in the user's configuration folder, never in the project; in CI, in an environment variable.

A key file is PKCS8 PEM, mode 0600, in a folder of mode 0700; beside it lies the public half as one line of text.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hauberk.core.errors import Denied, Unreadable, UsageError
from hauberk.seal.digest import open_regular
from hauberk.seal.keys import PublicKey, Signer, parse_public
from hauberk.seal.model_key import TrustedKey, model_signer, parse_trusted

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}")
_MAX_PEM = 1 << 16


def key_directory() -> Path:
    """Return the folder of the user's keys: `$XDG_CONFIG_HOME/hauberk/keys`, else `~/.config/hauberk/keys`."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    root = Path(configured) if configured and Path(configured).is_absolute() else Path.home() / ".config"
    return root / "hauberk" / "keys"


def create_signer(name: str, directory: str | Path | None = None, passphrase: str | None = None) -> Signer:
    """Make a key and store it as `NAME.pem` (mode 0600), its public half as `NAME.pub`.

    `NAME.model.pub` is the PEM of its P-256 half, for other verifiers of model signatures.

    Raises:
        UsageError: the name is no file name, a key of that name exists, or the folder lies inside a project.
        Denied: the folder is open to other users.
    """
    if not _FILE_NAME.fullmatch(name):
        raise UsageError(f"{name[:80]!r} cannot name a key file", why="letters, digits and . _ @ - only, at most 64")
    folder = Path(directory) if directory is not None else key_directory()
    _refuse_project(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_open(folder.stat(), folder, "folder")
    private = Ed25519PrivateKey.generate()
    how: KeySerializationEncryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    path = folder / f"{name}.pem"
    signer = Signer(name, private, source=str(path))
    _write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how), 0o600)
    halves = {f"{name}.pub": f"{signer.public.vkey}\n", f"{name}.model.pub": model_signer(signer).public.pem}
    for called, text in halves.items():
        with contextlib.suppress(FileNotFoundError):
            (folder / called).unlink()
        _write_new(folder / called, text.encode(), 0o644)
    return signer


def load_signer(name: str | None = None, directory: str | Path | None = None, passphrase: str | None = None) -> Signer:
    """Load a private key: from `HAUBERK_KEY` if that is set and no folder was given, else from the key folder.

    Args:
        name: which key; without it, the only one in the folder. For `HAUBERK_KEY` it is the name that the key signs
            under; without it `HAUBERK_KEY_NAME`, else `ci`.
        directory: the folder; without it the user's own.
        passphrase: of an encrypted key; without it `HAUBERK_KEY_PASSPHRASE`.

    Raises:
        UsageError: no such key, several keys and no name, or a wrong or missing passphrase.
        Denied: the key file is open to other users or lies inside a project.
        Unreadable: the file holds no Ed25519 private key.
    """
    secret = passphrase if passphrase is not None else os.environ.get("HAUBERK_KEY_PASSPHRASE") or None
    pem = os.environ.get("HAUBERK_KEY", "")
    if pem and directory is None:
        chosen = name or os.environ.get("HAUBERK_KEY_NAME") or "ci"
        return _parse(pem.encode(), chosen, "HAUBERK_KEY", secret)
    folder = Path(directory) if directory is not None else key_directory()
    _refuse_project(folder)
    path = folder / f"{_choose(name, folder)}.pem"
    with open_regular(path, follow=False) as descriptor:
        _refuse_open(os.fstat(descriptor), path, "key file")
        content = os.read(descriptor, _MAX_PEM)
    return _parse(content, path.stem, str(path), secret)


def stored_keys(directory: str | Path | None = None) -> tuple[str, ...]:
    """Return the names of the private keys in the folder, sorted."""
    folder = Path(directory) if directory is not None else key_directory()
    return tuple(sorted(path.stem for path in folder.glob("*.pem"))) if folder.is_dir() else ()


def load_public(source: str | Path, *, name: str = "") -> PublicKey:
    """Read a public key from a vkey line, from a file with one, or from a PEM file (whose name becomes the key's).

    Raises:
        UsageError: there is no such file, or it holds no public key.
    """
    text, found = _public_text(source)
    return parse_public(text, name=name or found)


def load_trusted(source: str | Path, *, name: str = "") -> TrustedKey:
    """Read a public key whose signature of a model counts: Ed25519 as `load_public`, or ECDSA as a line or as PEM.

    Raises:
        UsageError: there is no such file, or it holds neither.
    """
    text, found = _public_text(source)
    return parse_trusted(text, name=name or found)


def _public_text(source: str | Path) -> tuple[str, str]:
    """The text of a public key, and the name of the file that it came from."""
    if isinstance(source, str) and (source.count("+") >= 2 or "-----BEGIN" in source):
        return source, ""
    with open_regular(source) as descriptor:
        content = os.read(descriptor, _MAX_PEM)
    try:
        return content.decode(), Path(source).stem
    except UnicodeDecodeError as error:
        raise UsageError("this file holds no public key", where=str(source), why="it is not text") from error


def _choose(name: str | None, folder: Path) -> str:
    known = stored_keys(folder)
    if name is None and len(known) == 1:
        return known[0]
    if name is None and known:
        raise UsageError("there are several keys", where=str(folder), next_step=f"name one of: {', '.join(known)}")
    if name is None or name not in known:
        what = f"there is no key named {name!r}" if name else "there is no key"
        raise UsageError(what, where=str(folder), next_step="create one, or set HAUBERK_KEY to a PKCS8 PEM")
    return name


def _parse(content: bytes, name: str, where: str, passphrase: str | None) -> Signer:
    encrypted = b"ENCRYPTED" in content
    if encrypted and not passphrase:
        raise UsageError("this key needs a passphrase", where=where, next_step="set HAUBERK_KEY_PASSPHRASE")
    try:
        private = load_pem_private_key(content, passphrase.encode() if passphrase and encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise UsageError("the passphrase does not open this key", where=where) from error
        raise Unreadable("this holds no private key", where=where, why="it is not PKCS8 PEM") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Unreadable("this is not an Ed25519 private key", where=where)
    return Signer(name, private, source=where)


def _refuse_open(status: os.stat_result, path: Path, what: str) -> None:
    loose = stat.S_IMODE(status.st_mode) & 0o077
    if loose:
        raise Denied(
            f"this {what} is open to other users",
            where=str(path),
            why=f"its mode is {stat.S_IMODE(status.st_mode):04o}",
            next_step=f"chmod {'700' if what == 'folder' else '600'} {path}",
        )


def _refuse_project(folder: Path) -> None:
    home = Path.home()
    for parent in (folder.absolute(), *folder.absolute().parents):
        if parent == home:
            return
        if (parent / "hauberk.toml").exists() or parent.name == ".hauberk":
            raise Denied(
                "private keys do not belong in a project",
                where=str(folder),
                why="whoever can change the evidence could sign it too",
                next_step=f"use {key_directory()} or the HAUBERK_KEY variable",
            )


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise UsageError("a key of that name exists", where=str(path), next_step="choose another name") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
