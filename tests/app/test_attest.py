# SPDX-License-Identifier: Apache-2.0
"""Attestations from a project's own records, and what is refused about them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

import hauberk
from hauberk.app.artifact import sign_artifact, verify_artifact
from hauberk.app.attest import attest_artifact
from hauberk.core.errors import IntegrityError, UsageError


def statement(path: Path) -> dict:
    return json.loads(base64.b64decode(json.loads(path.read_bytes())["dsseEnvelope"]["payload"]))


def test_every_kind_is_about_the_signature_s_subject(project: Path) -> None:
    hauberk.check(project, select=["HB-D", "HB-A"])
    model = project / "model.txt"
    signature = sign_artifact(model)
    files = {kind: attest_artifact(kind, model) for kind in ("scan", "assessment", "training", "vex")}
    subject = statement(signature)["subject"]
    assert all(statement(path)["subject"] == subject for path in files.values())
    scan = statement(files["scan"])["predicate"]
    assert (scan["verdict"], scan["files"][0]["name"]) == ("clean", "model.txt")
    training = statement(files["training"])["predicate"]["buildDefinition"]
    assert {one["name"] for one in training["resolvedDependencies"]} == {"train", "holdout"}
    assert training["externalParameters"]["provenance"]["licence"] == "CC0"
    tested = statement(files["assessment"])["predicate"]
    assert tested["result"] in {"PASSED", "FAILED"}
    assert "HB-A001" in tested["failedTests"], "the model was not signed when it was assessed"
    vex = statement(files["vex"])["predicate"]
    assert all(one["status"] == "affected" and one["action_statement"] for one in vex["statements"])
    found = verify_artifact(model)
    assert [phrase.split()[0] for phrase in found.attestations] == ["assessment", "scan", "training", "vex"]


def test_what_does_not_hold_is_refused(project: Path) -> None:
    model = project / "model.txt"
    sign_artifact(model)
    where = attest_artifact("scan", model)
    content = json.loads(where.read_bytes())
    changed = base64.b64decode(content["dsseEnvelope"]["payload"]).replace(b'"clean"', b'"CLEAN"')
    content["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
    kept = where.read_bytes()
    where.write_text(json.dumps(content))
    with pytest.raises(IntegrityError, match="attestation does not hold"):
        verify_artifact(model)
    where.write_bytes(kept)
    model.write_bytes(model.read_bytes() + b"\n")
    sign_artifact(model)
    with pytest.raises(IntegrityError, match="about something else"):
        verify_artifact(model)
    where.unlink()
    assert verify_artifact(model).attestations == ()
    with pytest.raises(UsageError, match="no attestation of kind"):
        attest_artifact("praise", model)


def test_a_run_about_another_model_attests_nothing(project: Path) -> None:
    hauberk.check(project, select=["HB-A"])
    model = project / "model.txt"
    model.write_bytes(model.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="examined another model"):
        attest_artifact("assessment", model)
