# SPDX-License-Identifier: Apache-2.0
"""Attestations: further in-toto statements about the same subject as a model's signature, signed with the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from cryptography import x509

from hauberk.artifact.authenticate import authenticate
from hauberk.artifact.bundle import parse_foreign, read_bundle, write_bundle
from hauberk.artifact.manifest import Manifest
from hauberk.artifact.statement import STATEMENT, subject_of, voucher_in
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.core.event import Plain
from hauberk.seal import ModelSigner, TrustedKey, canonical, open_regular
from hauberk.seal.digest import read_chunks

KINDS = MappingProxyType(
    {
        "scan": "urn:hauberk:attestation:scan:1",
        "assessment": "https://in-toto.io/attestation/test-result/v0.1",
        "training": "https://slsa.dev/provenance/v1",
        "vex": "https://openvex.dev/ns/v0.2.0",
    }
)
"""Kinds of attestation, each with the type of its predicate."""

_SUFFIX = ".att.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """An attestation that holds.

    Attributes:
        kind: one of `KINDS`, or the type of the predicate.
        signer: name of the trusted key.
        path: its file.
        predicate: what it says.
    """

    kind: str
    signer: str
    path: Path
    predicate: dict[str, Any]


def attestation_path(model: str | Path, kind: str) -> Path:
    """Return where an attestation lies: beside the model, `NAME.KIND.att.json`.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no attestation of kind {kind!r}", next_step=f"kinds: {', '.join(KINDS)}")
    path = Path(model).absolute()
    return path.with_name(f"{path.name}.{kind}{_SUFFIX}")


def attest(manifest: Manifest, kind: str, predicate: dict[str, Plain], key: ModelSigner) -> bytes:
    """Return the signed bundle of an attestation about a model."""
    statement: dict[str, Plain] = {
        "_type": STATEMENT,
        "subject": [subject_of(manifest)],
        "predicateType": KINDS[kind],
        "predicate": predicate,
        "hauberk": {"voucher": key.voucher},
    }
    return write_bundle(canonical(statement), key)


def read_attestations(
    model: str | Path,
    manifest: Manifest,
    keys: Sequence[TrustedKey],
    *,
    roots: Sequence[x509.Certificate] = (),
    at: datetime | None = None,
) -> Iterator[Attestation]:
    """Check every attestation that lies beside a model, and yield what it says.

    Raises:
        Unreadable: one is none.
        IntegrityError: one is about other bytes, or nobody trusted signed it.
    """
    path = Path(model).absolute()
    names = sorted(each.name for each in path.parent.iterdir() if each.name.endswith(_SUFFIX))
    for name in names:
        if name.startswith(f"{path.name}.") and "." not in name[len(path.name) + 1 : -len(_SUFFIX)]:
            yield _read(path.with_name(name), manifest, keys, roots, at)


def _read(
    where: Path, manifest: Manifest, keys: Sequence[TrustedKey], roots: Sequence[x509.Certificate], at: datetime | None
) -> Attestation:
    with open_regular(where) as descriptor:
        bundle = read_bundle(b"".join(read_chunks(descriptor)), where=str(where))
    voucher = voucher_in(bundle.payload)
    try:
        who = authenticate(bundle, keys, roots=roots, voucher=voucher, at=at, where=str(where))
    except IntegrityError as error:
        raise IntegrityError("an attestation does not hold", where=str(where), why=error.why) from error
    statement = parse_foreign(bundle.payload, where=str(where))
    predicate: Any = statement.get("predicate")
    if statement.get("_type") != STATEMENT or _digests(statement) != _digests({"subject": [subject_of(manifest)]}):
        raise IntegrityError(
            "an attestation is about something else",
            where=str(where),
            why="its subject is not that of this model",
            next_step="attest again, or remove it",
        )
    named = {uri: kind for kind, uri in KINDS.items()}
    kind = str(statement.get("predicateType"))
    content = cast("dict[str, Any]", predicate) if isinstance(predicate, dict) else {}
    return Attestation(kind=named.get(kind, kind), signer=who.name, path=where, predicate=content)


def _digests(statement: dict[str, Any]) -> object:
    try:
        return [one["digest"] for one in statement["subject"]]
    except (KeyError, TypeError) as error:
        raise IntegrityError("an attestation names no subject") from error
