# SPDX-License-Identifier: Apache-2.0
"""A manifest as an in-toto Statement v1 whose predicate has the shape of OpenSSF Model Signing v1.0.

`resources` and `serialization` are those of the specification, and so is the subject's digest (SHA-256 over the raw
digests of the resources in order). What the specification does not cover stands beside them under `hauberk`: empty
folders, executable bits, sizes, and the digest by which the rest of Hauberk knows the model.
"""

from __future__ import annotations

import hashlib
from typing import cast

from hauberk.artifact.manifest import Entry, Manifest, manifest_of
from hauberk.core.errors import Unreadable, UsageError
from hauberk.core.event import Plain
from hauberk.seal import canonical, parse_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""How the signed payload is to be read."""

STATEMENT = "https://in-toto.io/Statement/v1"
"""Type of the statement."""

PREDICATE = "https://model_signing/signature/v1.0"
"""Type of its predicate."""


def write_statement(manifest: Manifest) -> bytes:
    """Return the canonical bytes of the statement about a manifest."""
    files = [entry for entry in manifest.entries if entry.digest]
    resources: list[Plain] = [
        {"algorithm": "sha256", "digest": entry.digest.removeprefix("sha256:"), "name": entry.name} for entry in files
    ]
    own: dict[str, Plain] = {
        "digest": manifest.digest,
        "executable": [entry.name for entry in files if entry.executable],
        "folder": manifest.folder,
        "folders": [entry.name for entry in manifest.entries if not entry.digest],
        "sizes": [entry.size for entry in files],
    }
    serialization: dict[str, Plain] = {
        "allow_symlinks": False,
        "hash_type": "sha256",
        "ignore_paths": [],
        "method": "files",
    }
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [{"name": manifest.name, "digest": {"sha256": _root(files)}}],
            "predicateType": PREDICATE,
            "predicate": {"hauberk": own, "resources": resources, "serialization": serialization},
        }
    )


def read_statement(payload: bytes, *, where: str = "") -> Manifest:
    """Read a statement back, and hold its digests against each other.

    Raises:
        Unreadable: it is no such statement.
    """
    try:
        value = cast("dict[str, Plain]", parse_json(payload, where=where))
        if (value["_type"], value["predicateType"]) != (STATEMENT, PREDICATE):
            raise Unreadable("this statement is of another type", where=where, why=str(value["predicateType"])[:100])
        subject = cast("list[dict[str, Plain]]", value["subject"])
        manifest = _manifest(str(subject[0]["name"]), cast("dict[str, Plain]", value["predicate"]))
    except (KeyError, TypeError, IndexError, ValueError, UsageError) as error:
        raise Unreadable("this is no statement about a model", where=where, why=str(error)[:100]) from error
    if write_statement(manifest) != payload:
        raise Unreadable("this statement contradicts itself", where=where, why="its digests do not fit together")
    return manifest


def _manifest(name: str, predicate: dict[str, Plain]) -> Manifest:
    own = cast("dict[str, Plain]", predicate["hauberk"])
    executable = set(cast("list[str]", own["executable"]))
    sizes = cast("list[int]", own["sizes"])
    resources = cast("list[dict[str, str]]", predicate["resources"])
    files = [
        Entry(
            name=resource["name"],
            digest=f"sha256:{resource['digest']}",
            size=size,
            executable=resource["name"] in executable,
        )
        for resource, size in zip(resources, sizes, strict=True)
    ]
    folders = [Entry(name=folder) for folder in cast("list[str]", own["folders"])]
    return manifest_of(name, own["folder"] is True, tuple(sorted(files + folders)))


def _root(files: list[Entry]) -> str:
    summed = hashlib.sha256()
    for entry in files:
        summed.update(bytes.fromhex(entry.digest.removeprefix("sha256:")))
    return summed.hexdigest()
