# SPDX-License-Identifier: Apache-2.0
"""Read a model's bill of materials, and refuse one that contradicts itself.

This checks what a reader relies on: version, names, digests, references that lead somewhere, one subject. It is no
replacement for the schemas of the formats; what Hauberk writes is held against those in its tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hauberk.artifact.bom.cyclonedx import VERSIONS
from hauberk.artifact.bom.spdx import CONTEXT
from hauberk.artifact.bundle import parse_foreign
from hauberk.core.errors import Unreadable
from hauberk.seal import open_regular
from hauberk.seal.digest import read_chunks

_HEX = re.compile(r"[0-9a-f]{64}")
_LIMIT = 1 << 26
_PARTS = frozenset({"ai_AIPackage", "dataset_DatasetPackage", "software_Package", "software_File"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bom:
    """What a bill says, whatever its format.

    Attributes:
        format: `CycloneDX 1.6`, `CycloneDX 1.7` or `SPDX 3.0.1`.
        model: name of the model.
        parts: name to digest (or version, of a library) of everything that it lists, by kind and name.
        statements: what else it says, by name: the subject of the signature, metrics, the scan.
    """

    format: str
    model: str
    parts: dict[str, str]
    statements: dict[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Digest of the signature's subject, in hexadecimal; empty if the bill names none."""
        return self.statements.get("hauberk:subject.sha256", "")


def read_bom(path: str | Path) -> Bom:
    """Read a bill of materials.

    Raises:
        UsageError: there is no such file.
        Unreadable: it is no bill of a model, or contradicts itself; the error says where.
    """
    with open_regular(path) as descriptor:
        content = b"".join(read_chunks(descriptor))
    if len(content) > _LIMIT:
        raise Unreadable("this bill of materials is too large", where=str(path))
    tree = parse_foreign(content, where=str(path))
    try:
        if tree.get("bomFormat") == "CycloneDX":
            return _cyclonedx(tree)
        if tree.get("@context") == CONTEXT:
            return _spdx(tree)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        why = f"{type(error).__name__}: {str(error)[:120]}"
        raise Unreadable("this bill of materials is malformed", where=str(path), why=why) from error
    raise Unreadable("this is no bill of materials", where=str(path), why="neither CycloneDX nor SPDX 3.0.1")


def _cyclonedx(tree: dict[str, Any]) -> Bom:
    version = tree["specVersion"]
    if version not in VERSIONS:
        raise ValueError(f"version {version!r} is not read")
    model = tree["metadata"]["component"]
    if model["type"] != "machine-learning-model":
        raise ValueError("its subject is no model")
    components = [model, *model.get("components", []), *tree.get("components", [])]
    _refuse_loose(components, tree.get("dependencies", []), model)
    parts = {_called(one["type"], one["name"], one.get("bom-ref", "")): _of_component(one) for one in components}
    if len(parts) != len(components):
        raise ValueError("a component is listed twice")
    statements = {str(one["name"]): str(one["value"]) for one in model.get("properties", [])}
    metrics = model.get("modelCard", {}).get("quantitativeAnalysis", {}).get("performanceMetrics", [])
    for one in metrics:
        bounds = one.get("confidenceInterval", {})
        name = f"{one['type']} {one.get('slice', '')}".strip()
        statements[f"metric {name}"] = _interval(one["value"], bounds.get("lowerBound"), bounds.get("upperBound"))
    return _checked(Bom(format=f"CycloneDX {version}", model=str(model["name"]), parts=parts, statements=statements))


def _refuse_loose(components: list[Any], dependencies: list[Any], model: Any) -> None:
    """Every reference must lead to exactly one component."""
    known = [str(one["bom-ref"]) for one in components if "bom-ref" in one]
    if len(set(known)) != len(known):
        raise ValueError("a bom-ref is used twice")
    wanted = [str(one["ref"]) for one in dependencies]
    wanted += [str(ref) for one in dependencies for ref in one.get("dependsOn", [])]
    datasets = model.get("modelCard", {}).get("modelParameters", {}).get("datasets", [])
    wanted += [str(one["ref"]) for one in datasets if "ref" in one]
    for ref in wanted:
        if ref not in known:
            raise ValueError(f"the reference {ref!r} leads nowhere")


def _of_component(component: dict[str, Any]) -> str:
    for one in component.get("hashes", []):
        if one["alg"] == "SHA-256":
            return _digest(one["content"])
    return str(component.get("version", ""))


def _spdx(tree: dict[str, Any]) -> Bom:
    graph = cast("list[dict[str, Any]]", tree["@graph"])
    models = [one for one in graph if one["type"] == "ai_AIPackage"]
    if len(models) != 1:
        raise ValueError(f"it lists {len(models)} models")
    model = models[0]
    _refuse_loose_elements(graph)
    _refuse_licences(graph, str(model["spdxId"]))
    listed = [one for one in graph if one["type"] in _PARTS]
    parts = {_called(one["type"], one["name"], one["spdxId"].rpartition("#")[2]): _of_element(one) for one in listed}
    if len(parts) != len(listed):
        raise ValueError("a part is listed twice")
    statements = {str(name): str(value) for name, value in json.loads(model.get("comment") or "{}").items()}
    statements |= {f"metric {one['key']}": str(one["value"]) for one in model.get("ai_metric", [])}
    return _checked(Bom(format="SPDX 3.0.1", model=str(model["name"]), parts=parts, statements=statements))


def _called(kind: str, name: str, ref: str) -> str:
    """How a part is known: tables by their role, since two may share a name; all others by name."""
    return f"{kind} {ref} {name}" if ref.startswith("data") else f"{kind} {name}"


def _refuse_loose_elements(graph: list[dict[str, Any]]) -> None:
    known = [str(one["spdxId"]) for one in graph if "spdxId" in one]
    if len(set(known)) != len(known):
        raise ValueError("an spdxId is used twice")
    for ref in _references(graph):
        if ref.startswith("urn:") and ref not in known:
            raise ValueError(f"the reference {ref!r} leads nowhere")


def _references(graph: list[dict[str, Any]]) -> Iterator[str]:
    for one in graph:
        if one["type"] == "Relationship":
            yield str(one["from"])
            yield from map(str, one["to"])
        if one["type"] == "SpdxDocument":
            yield from map(str, [*one["rootElement"], *one["element"]])


def _refuse_licences(graph: list[dict[str, Any]], model: str) -> None:
    for kind in ("hasDeclaredLicense", "hasConcludedLicense"):
        found = [one for one in graph if one.get("relationshipType") == kind and one["from"] == model]
        if len(found) != 1:
            raise ValueError(f"the model has {len(found)} relationships {kind}, not one")


def _of_element(element: dict[str, Any]) -> str:
    for one in element.get("verifiedUsing", []):
        if one["algorithm"] == "sha256":
            return _digest(one["hashValue"])
    return str(element.get("software_packageVersion", ""))


def _digest(text: str) -> str:
    if not _HEX.fullmatch(text):
        raise ValueError(f"{text[:70]!r} is no SHA-256 digest")
    return f"sha256:{text}"


def _interval(value: str, low: str | None, high: str | None) -> str:
    return f"{value} [{low}, {high}]" if low and high else str(value)


def _checked(bom: Bom) -> Bom:
    if bom.subject and not _HEX.fullmatch(bom.subject):
        raise ValueError("the subject of the signature is no digest")
    return bom
