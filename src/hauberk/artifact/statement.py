# SPDX-License-Identifier: Apache-2.0
"""What a model signature says: an in-toto Statement v1 whose predicate is that of OpenSSF Model Signing v1.0.

`resources`, `serialization` and the subject's digest (SHA-256 over the raw digests of the resources in order) are those
of the specification. What it does not cover stands beside them under `hauberk`, which its verifiers pass over: empty
folders, executable bits, sizes, the files that git keeps at the top, the digest by which the rest of Hauberk knows the
model, and the voucher that ties the key to a name.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from hauberk.artifact.bundle import parse_foreign
from hauberk.artifact.claim import ALONE, Claim, read_claim
from hauberk.artifact.manifest import Entry, Manifest, manifest_of
from hauberk.core.errors import Unreadable, UsageError
from hauberk.core.event import Plain
from hauberk.seal import canonical

STATEMENT = "https://in-toto.io/Statement/v1"
"""Type of the statement."""

PREDICATE = "https://model_signing/signature/v1.0"
"""Type of its predicate."""

OLD_PREDICATE = "https://model_signing/Digests/v0.1"
"""Type of the predicate of the time before; its subjects are the files."""

GIT = (".git", ".gitattributes", ".github", ".gitignore")
"""Names at the top of a folder that the specification's own tools pass over."""


def subject_of(manifest: Manifest) -> dict[str, Plain]:
    """Return the subject by which every statement about a model names it."""
    return {"name": manifest.name, "digest": {"sha256": _root(_parted(manifest)[0])}}


def write_statement(manifest: Manifest, *, voucher: str = "") -> bytes:
    """Return the canonical bytes of the statement about a manifest.

    Raises:
        UsageError: there is nothing in the model but what belongs to git.
    """
    files, beyond = _parted(manifest)
    if not files:
        raise UsageError("there is nothing in this folder but what belongs to git", where=manifest.name)
    resources: list[Plain] = [
        {"algorithm": "sha256", "digest": entry.digest[7:], "name": entry.name if manifest.folder else ALONE}
        for entry in files
    ]
    tops = {entry.name.split("/")[0] for entry in beyond}
    ignored: list[Plain] = [name for name in GIT if name in tops]
    serialization: dict[str, Plain] = {
        "allow_symlinks": False,
        "hash_type": "sha256",
        "ignore_paths": ignored,
        "method": "files",
    }
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [subject_of(manifest)],
            "predicateType": PREDICATE,
            "predicate": {"hauberk": _own(manifest, voucher), "resources": resources, "serialization": serialization},
        }
    )


def _own(manifest: Manifest, voucher: str) -> dict[str, Plain]:
    """What the specification leaves out."""
    every = [entry for entry in manifest.entries if entry.digest]
    return {
        "beyond": [{"digest": entry.digest[7:], "name": entry.name} for entry in _parted(manifest)[1]],
        "digest": manifest.digest,
        "executable": [entry.name for entry in every if entry.executable],
        "folder": manifest.folder,
        "folders": [entry.name for entry in manifest.entries if not entry.digest],
        "sizes": [entry.size for entry in every],
        "voucher": voucher,
    }


def read_statement(payload: bytes, *, where: str = "") -> Manifest | Claim:
    """Read a statement back, and hold its digests against each other.

    Returns:
        All that was signed as a manifest where Hauberk wrote the statement; else what the specification covers.

    Raises:
        Unreadable: it is no such statement.
    """
    try:
        value = parse_foreign(payload, where=where)
        kind, predicate = value["predicateType"], value.get("predicate")
        if value["_type"] != STATEMENT or kind not in {PREDICATE, OLD_PREDICATE}:
            raise Unreadable("this statement is of another type", where=where, why=str(kind)[:100])
        if kind == OLD_PREDICATE or "hauberk" not in cast("dict[str, Any]", predicate):
            return read_claim(value, old=kind == OLD_PREDICATE)
        manifest = _manifest(str(value["subject"][0]["name"]), cast("dict[str, Any]", predicate))
        if write_statement(manifest, voucher=str(cast("Any", predicate)["hauberk"]["voucher"])) != payload:
            raise Unreadable("this statement contradicts itself", where=where, why="its digests do not fit together")
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, UsageError) as error:
        raise Unreadable("this is no statement about a model", where=where, why=str(error)[:100]) from error
    return manifest


def voucher_in(payload: bytes) -> str:
    """Return the voucher that a statement about a model carries, unchecked; empty if there is none."""
    try:
        statement = parse_foreign(payload)
        holder = statement if "hauberk" in statement else statement["predicate"]
        found: Any = holder["hauberk"]["voucher"]
    except (Unreadable, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _manifest(name: str, predicate: dict[str, Any]) -> Manifest:
    own = cast("dict[str, Any]", predicate["hauberk"])
    folder = own["folder"] is True
    executable = set(cast("list[str]", own["executable"]))
    listed = cast("list[dict[str, str]]", [*predicate["resources"], *own["beyond"]])
    found = sorted((one["name"] if folder else name, one["digest"]) for one in listed)
    files = [
        Entry(name=called, digest=f"sha256:{digest}", size=size, executable=called in executable)
        for (called, digest), size in zip(found, cast("list[int]", own["sizes"]), strict=True)
    ]
    folders = [Entry(name=called) for called in cast("list[str]", own["folders"])]
    return manifest_of(name, folder, tuple(sorted(files + folders)))


def _parted(manifest: Manifest) -> tuple[list[Entry], list[Entry]]:
    """The files that the specification covers, and those that git keeps at the top of a folder."""
    every = [entry for entry in manifest.entries if entry.digest]
    beyond = [entry for entry in every if manifest.folder and entry.name.split("/")[0] in GIT]
    return [entry for entry in every if not manifest.folder or entry.name.split("/")[0] not in GIT], beyond


def _root(files: list[Entry]) -> str:
    summed = hashlib.sha256()
    for entry in files:
        summed.update(bytes.fromhex(entry.digest.removeprefix("sha256:")))
    return summed.hexdigest()
