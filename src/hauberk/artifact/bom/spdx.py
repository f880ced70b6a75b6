# SPDX-License-Identifier: Apache-2.0
"""A model's bill of materials as SPDX 3.0.1 (JSON-LD), with the AI and Dataset profiles."""

from __future__ import annotations

import json
from typing import Any

from hauberk.artifact.bom.facts import BomFacts, Dataset, Metric

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
"""Names of the format's terms."""

_NO_LICENCE = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
_MADE = "_:made"
_RELATION = {"train": "trainedOn", "holdout": "testedOn", "reference": "hasRequirement"}


def write_spdx(facts: BomFacts) -> bytes:
    """Return the bill as JSON-LD; the same facts give the same bytes."""
    graph = _Graph(facts)
    model = graph.model()
    for dataset in facts.datasets:
        graph.dataset(model, dataset)
    for name, version in sorted(facts.packages.items()):
        graph.package(model, name, version)
    return (
        json.dumps({"@context": CONTEXT, "@graph": graph.closed(model)}, indent=2, ensure_ascii=False).encode() + b"\n"
    )


class _Graph:
    """Elements as they are added, each with an id of its own."""

    def __init__(self, facts: BomFacts) -> None:
        self.facts = facts
        self.root = f"urn:uuid:{facts.serial}"
        self.elements: list[dict[str, Any]] = []
        self.agent = self.add("Agent", "agent", name=facts.project)

    def add(self, kind: str, key: str, **fields: Any) -> str:
        """Add an element and return its id; empty fields are left out."""
        name = f"{self.root}#{key}"
        kept = {field: value for field, value in fields.items() if value not in ("", [], None)}
        self.elements.append({"type": kind, "spdxId": name, "creationInfo": _MADE, **kept})
        return name

    def relate(self, start: str, kind: str, ends: list[str]) -> None:
        """Add a relationship."""
        number = sum(each["type"] == "Relationship" for each in self.elements)
        self.add("Relationship", f"relation-{number}", **{"from": start, "relationshipType": kind, "to": ends})

    def model(self) -> str:
        """Add the model and its files."""
        facts = self.facts
        training = "; ".join(f"{name}: {text}" for name, text in sorted(facts.training.items()))
        model = self.add(
            "ai_AIPackage",
            "model",
            name=facts.manifest.name,
            comment=json.dumps(facts.statements, ensure_ascii=False),
            verifiedUsing=[_hash(facts.manifest.digest)] if not facts.manifest.folder else [],
            suppliedBy=self.agent,
            builtTime=facts.created,
            releaseTime=facts.created,
            software_packageVersion=facts.manifest.digest[7:19],
            software_downloadLocation=f"urn:hauberk:model:{facts.manifest.digest}",
            software_primaryPurpose="model",
            ai_typeOfModel=[text for text in (facts.framework, facts.task) if text],
            ai_informationAboutTraining=training,
            ai_informationAboutApplication=f"scores rows; the event is {facts.positive or 'unnamed'}",
            ai_limitation=" ".join(facts.limits),
            ai_metric=[_metric(one) for one in facts.metrics],
            ai_metricDecisionThreshold=[_entry("score", facts.threshold)] if facts.threshold else [],
            ai_useSensitivePersonalInformation=_personal([one.personal for one in facts.datasets]),
        )
        self._files(model)
        self._licences(model, "")
        return model

    def _files(self, model: str) -> None:
        """Add the model's files, and the signature over them."""
        facts = self.facts
        files = [
            self.add("software_File", f"file-{number}", name=entry.name, verifiedUsing=[_hash(entry.digest)])
            for number, entry in enumerate(facts.manifest.entries)
            if entry.digest
        ]
        self.relate(model, "contains", files)
        if facts.signed is not None:
            digest = [_hash(facts.signed.digest)]
            note = f"OpenSSF Model Signing v1.0, subject sha256 {facts.subject}, by {facts.signed.signer}"
            signed = self.add("software_File", "signature", name=facts.signed.name, verifiedUsing=digest, comment=note)
            self.relate(model, "hasEvidence", [signed])

    def dataset(self, model: str, dataset: Dataset) -> None:
        """Add a table, its licence and its part in the model."""
        origin = dataset.provenance
        name = self.add(
            "dataset_DatasetPackage",
            f"data-{dataset.role}",
            name=dataset.name,
            description="; ".join(f"{key}: {text}" for key, text in sorted(origin.items())),
            verifiedUsing=[_hash(dataset.digest)],
            originatedBy=[self.add("Agent", f"owner-{dataset.role}", name=origin["owner"])]
            if origin.get("owner")
            else [],
            software_primaryPurpose="data",
            software_downloadLocation=f"urn:hauberk:data:{dataset.digest}",
            dataset_datasetType=["structured"],
            dataset_hasSensitivePersonalInformation=_personal([dataset.personal]),
        )
        self._licences(name, origin.get("licence", ""))
        self.relate(model, _RELATION.get(dataset.role, "other"), [name])

    def package(self, model: str, name: str, version: str) -> None:
        """Add a library that the results rest on."""
        purl = f"pkg:pypi/{name}@{version}"
        found = self.add(
            "software_Package", f"package-{name}", name=name, software_packageVersion=version, software_packageUrl=purl
        )
        self.relate(model, "dependsOn", [found])

    def _licences(self, element: str, licence: str) -> None:
        declared = _NO_LICENCE
        if licence:
            key = f"{element.rpartition('#')[2]}-licence"
            declared = self.add("simplelicensing_SimpleLicensingText", key, simplelicensing_licenseText=licence)
        self.relate(element, "hasDeclaredLicense", [declared])
        self.relate(element, "hasConcludedLicense", [_NO_LICENCE])

    def closed(self, model: str) -> list[dict[str, Any]]:
        """The graph with its creation and its document."""
        made = {
            "type": "CreationInfo",
            "@id": _MADE,
            "specVersion": "3.0.1",
            "created": self.facts.created,
            "createdBy": [self.agent],
            "comment": f"written by hauberk {self.facts.tool}",
        }
        listed = [each["spdxId"] for each in self.elements]
        profiles = ["core", "software", "ai", "dataset", "simpleLicensing", "expandedLicensing"]
        document = {
            "type": "SpdxDocument",
            "spdxId": f"{self.root}#document",
            "creationInfo": _MADE,
            "name": f"{self.facts.project}: {self.facts.manifest.name}",
            "rootElement": [model],
            "element": listed,
            "profileConformance": profiles,
        }
        return [made, document, *self.elements]


def _hash(digest: str) -> dict[str, str]:
    return {"type": "Hash", "algorithm": "sha256", "hashValue": digest.removeprefix("sha256:")}


def _entry(key: str, value: str) -> dict[str, str]:
    return {"type": "DictionaryEntry", "key": key, "value": value}


def _metric(metric: Metric) -> dict[str, str]:
    value = f"{metric.value} [{metric.low}, {metric.high}]" if metric.low and metric.high else metric.value
    return _entry(f"{metric.name} ({metric.unit}) {metric.slice}".strip(), value)


def _personal(known: list[bool | None]) -> str:
    if any(known):
        return "yes"
    return "no" if known and None not in known else "noAssertion"
