# SPDX-License-Identifier: Apache-2.0
"""A model's bill of materials as CycloneDX JSON, versions 1.6 and 1.7."""

from __future__ import annotations

import json
from typing import Any

from hauberk.artifact.bom.facts import BomFacts, Dataset, Metric
from hauberk.core.errors import UsageError

VERSIONS = ("1.6", "1.7")
"""Versions of the format that are written and read."""


def write_cyclonedx(facts: BomFacts, *, version: str = "1.6") -> bytes:
    """Return the bill as JSON; the same facts give the same bytes.

    Raises:
        UsageError: another version.
    """
    if version not in VERSIONS:
        raise UsageError(f"CycloneDX {version} is not written", next_step=f"versions: {', '.join(VERSIONS)}")
    tool = {"type": "application", "name": "hauberk", "version": facts.tool}
    libraries = [_library(name, number) for name, number in sorted(facts.packages.items())]
    tables = [_table(one) for one in facts.datasets]
    needed = [one["bom-ref"] for one in (*tables, *libraries)]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{facts.serial}",
        "version": 1,
        "metadata": {"timestamp": facts.created, "tools": {"components": [tool]}, "component": _model(facts)},
        "components": [*tables, *libraries],
        "dependencies": [{"ref": "model", "dependsOn": needed}, *({"ref": ref} for ref in needed)],
    }
    return json.dumps(bill, indent=2, ensure_ascii=False).encode() + b"\n"


def _model(facts: BomFacts) -> dict[str, Any]:
    files = [
        {"type": "file", "bom-ref": f"file:{entry.name}", "name": entry.name, "hashes": _hashes(entry.digest)}
        for entry in facts.manifest.entries
        if entry.digest
    ]
    model: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": facts.manifest.name,
        "version": facts.manifest.digest[7:19],
        "group": facts.project,
        "modelCard": _card(facts),
        "components": files,
        "properties": [{"name": name, "value": text} for name, text in facts.statements.items()],
    }
    if not facts.manifest.folder:
        model["hashes"] = _hashes(facts.manifest.digest)
    if facts.signed is not None:
        comment = f"OpenSSF Model Signing v1.0, subject sha256 {facts.subject}, by {facts.signed.signer}"
        signature = {"type": "digital-signature", "url": facts.signed.name, "comment": comment}
        model["externalReferences"] = [signature | {"hashes": _hashes(facts.signed.digest)}]
    return model


def _card(facts: BomFacts) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "approach": {"type": "supervised"},
        "task": facts.task,
        "inputs": [{"format": text} for text in facts.inputs],
        "outputs": [{"format": f"score: probability of {facts.positive or 'the event'}"}],
        "datasets": [{"ref": f"data:{one.role}"} for one in facts.datasets],
    }
    if facts.framework:
        parameters["architectureFamily"] = facts.framework
    card: dict[str, Any] = {"modelParameters": parameters}
    if facts.metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": [_metric(one) for one in facts.metrics]}
    if facts.limits:
        card["considerations"] = {"technicalLimitations": list(facts.limits)}
    return card


def _metric(metric: Metric) -> dict[str, Any]:
    found: dict[str, Any] = {"type": f"{metric.name} ({metric.unit})", "value": metric.value}
    if metric.slice:
        found["slice"] = metric.slice
    if metric.low and metric.high:
        found["confidenceInterval"] = {"lowerBound": metric.low, "upperBound": metric.high}
    return found


def _table(dataset: Dataset) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "dataset", "name": dataset.name}
    owner, licence = dataset.provenance.get("owner", ""), dataset.provenance.get("licence", "")
    if owner:
        inner["governance"] = {"owners": [{"organization": {"name": owner}}]}
    if dataset.personal is not None:
        inner["sensitiveData"] = ["personal"] if dataset.personal else ["none declared"]
    described = "; ".join(f"{name}: {text}" for name, text in sorted(dataset.provenance.items()))
    if described:
        inner["description"] = described
    component: dict[str, Any] = {
        "type": "data",
        "bom-ref": f"data:{dataset.role}",
        "name": dataset.name,
        "hashes": _hashes(dataset.digest),
        "data": [inner],
        "properties": [{"name": "hauberk:role", "value": dataset.role}],
    }
    if licence:
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def _library(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]
