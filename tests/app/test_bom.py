# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a real project, linked by digest with the signature, and never about another model."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import hauberk
from hauberk.app.artifact import sign_artifact
from hauberk.app.bom import check_bom, compare_boms, render_bom
from hauberk.core.errors import IntegrityError, UsageError
from hauberk.seal import digest_file


def model_of(content: bytes) -> dict:
    return json.loads(content)["metadata"]["component"]


def test_it_is_filled_from_the_records_and_linked_with_the_signature(project: Path) -> None:
    model = project / "model.txt"
    signature = sign_artifact(model)
    run = hauberk.check(project, select=["HB-D", "HB-A"])
    content = render_bom(model)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    assert render_bom(model) == content, "the same records give the same bytes"
    told = {one["name"]: one["value"] for one in model_of(content)["properties"]}
    statement = json.loads(base64.b64decode(json.loads(signature.read_bytes())["dsseEnvelope"]["payload"]))
    assert told["hauberk:subject.sha256"] == statement["subject"][0]["digest"]["sha256"]
    assert told["hauberk:signature.digest"] == digest_file(signature)
    assert told["hauberk:digest"] == digest_file(model)
    assert told["hauberk:run"] == run.id
    assert told["hauberk:scan.model.txt"].startswith("clean")
    tables = {one["name"]: one for one in json.loads(content)["components"] if one["type"] == "data"}
    assert tables["train.parquet"]["hashes"][0]["content"] == digest_file(project / "train.parquet")[7:]
    assert tables["train.parquet"]["data"][0]["governance"]["owners"][0]["organization"]["name"] == "tests"
    card = model_of(content)["modelCard"]
    assert {one["format"] for one in card["modelParameters"]["inputs"]} >= {"income (integer)", "region (category)"}
    measured = [one for outcome in run.outcomes for one in outcome.measurements]
    assert len(card["quantitativeAnalysis"]["performanceMetrics"]) == len(measured) > 0


def test_check_and_diff(project: Path) -> None:
    model = project / "model.txt"
    (project / "one.json").write_bytes(render_bom(model))
    assert check_bom("one.json", model=model)[0] == "CycloneDX 1.6: model.txt"
    sign_artifact(model)
    (project / "two.json").write_bytes(render_bom(model, kind="cyclonedx-1.7"))
    said = compare_boms("one.json", "two.json")
    assert any(line.startswith("new: hauberk:signature.signer") for line in said)
    (project / "three.json").write_bytes(render_bom(model, kind="spdx-3.0.1"))
    assert check_bom("three.json", model=model)[0] == "SPDX 3.0.1: model.txt"
    with pytest.raises(UsageError, match="different formats"):
        compare_boms("one.json", "three.json")
    with pytest.raises(UsageError, match="no format"):
        render_bom(model, kind="spdx-2.3")


def test_it_is_never_about_another_model(project: Path) -> None:
    model = project / "model.txt"
    hauberk.check(project, select=["HB-A"])
    (project / "bill.json").write_bytes(render_bom(model))
    model.write_bytes(model.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="examined another model"):
        render_bom(model)
    with pytest.raises(IntegrityError, match="another model"):
        check_bom("bill.json", model=model)


def test_a_signature_that_does_not_hold_is_no_evidence(project: Path) -> None:
    model = project / "model.txt"
    sign_artifact(model)
    model.write_bytes(model.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="not what was signed"):
        render_bom(model)
