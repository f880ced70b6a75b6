# SPDX-License-Identifier: Apache-2.0
"""Attest what the project's own records say of a model: scan, assessment, training, exploitability."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from hauberk import __version__
from hauberk.app.project import Project, open_project, write_atomically
from hauberk.artifact import digest_path, make_manifest
from hauberk.artifact.attest import attest, attestation_path
from hauberk.artifact.scan import scan_path
from hauberk.artifact.scan.verdict import worst
from hauberk.core.asset import AssetKind
from hauberk.core.decision import Effect
from hauberk.core.errors import IntegrityError, NothingToExamine
from hauberk.core.event import Event, Plain
from hauberk.core.ports import Clock
from hauberk.core.run import Run
from hauberk.report import dump_run
from hauberk.seal import Signer, digest_bytes, digest_file, model_signer, plain

BUILDER = "urn:hauberk:recorded-by-the-project"
"""Who vouches for a training that Hauberk did not run: nobody but the project that records it."""


def attest_artifact(
    kind: str,
    path: str | os.PathLike[str],
    *,
    run: str = "last",
    out: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] = ".",
    signer: Signer | None = None,
    clock: Clock | None = None,
) -> Path:
    """Write a signed in-toto statement about a model beside it, record it in the ledger, and return its file.

    Args:
        kind: `scan`, `assessment`, `training` or `vex`.
        path: model file or folder.
        run: the assessment, for `assessment` and `vex`; the newest by default.
        out: where it is written; beside the model by default.
        config: the project.
        signer: the key; the user's own by default.
        clock: where the time comes from.

    Raises:
        UsageError: there is no such kind.
        IntegrityError: the assessment examined other bytes.
        NothingToExamine: there is nothing to state.
    """
    project = open_project(config, signer=signer, clock=clock)
    model = Path(path)
    target = Path(out) if out is not None else attestation_path(model, kind)
    manifest = make_manifest(model)
    predicate = _predicate(kind, project, model, run)
    content = attest(manifest, kind, predicate, model_signer(project.key()))
    write_atomically(target, content)
    with project.ledger() as ledger:
        event = Event(
            kind="model.attested",
            at_us=project.clock.now_us(),
            actor=project.actor.name,
            subject=manifest.digest,
            payload={"attestation": kind, "file": digest_bytes(content)},
        )
        ledger.append([event])
    return target


def _predicate(kind: str, project: Project, path: Path, run: str) -> dict[str, Plain]:
    if kind == "scan":
        return scan_evidence(path, project.clock.now_us())
    if kind == "training":
        return _training(project)
    found = run_about(project, path, run)
    return _assessment(found) if kind == "assessment" else _vex(found, project)


def moment(at_us: int) -> str:
    """A time in UTC as RFC 3339 spells it, to the second."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_about(project: Project, path: Path, run: str) -> Run:
    """Return a recorded run, which must have examined this very model.

    Raises:
        IntegrityError: it examined other bytes.
    """
    found = project.load_run(run)
    examined = [asset.digest for asset in found.assets if asset.kind is AssetKind.MODEL]
    here = digest_path(path)
    if here not in examined:
        raise IntegrityError(
            "the run examined another model",
            where=str(path),
            why=f"this is {here}, it examined {', '.join(examined) or 'none'}",
            next_step="run `hauberk check` on it",
        )
    return found


def scan_evidence(path: Path, at_us: int) -> dict[str, Plain]:
    """Scan a model now, and return what was seen: a verdict for every file, and the rules that gave it."""
    verdicts = scan_path(path)
    files: list[Plain] = [
        {
            "name": Path(os.path.relpath(each.path, path)).as_posix() if path.is_dir() else path.name,
            "format": each.format,
            "verdict": each.verdict.value,
            "rules": plain(sorted({found.rule.id for found in each.findings})),
        }
        for each in verdicts
    ]
    overall = worst([each.verdict for each in verdicts]).value
    scanner: dict[str, Plain] = {"uri": "pkg:pypi/hauberk", "version": __version__}
    return {"scanner": scanner, "finishedOn": moment(at_us), "verdict": overall, "files": files}


def _assessment(run: Run) -> dict[str, Plain]:
    """The in-toto test result of a run: which checks passed, found something, or did not come to their end."""
    states: dict[str, list[Plain]] = {}
    for outcome in run.outcomes:
        states.setdefault(outcome.status.value, []).append(outcome.check)
    unfinished: list[Plain] = [outcome.check for outcome in run.incomplete]
    allowed = run.decision is not None and run.decision.effect is Effect.ALLOW
    evidence: dict[str, Plain] = {"name": run.id, "digest": {"sha256": digest_bytes(dump_run(run))[7:]}}
    return {
        "result": "PASSED" if allowed and not unfinished else "FAILED",
        "configuration": [evidence],
        "passedTests": states.get("passed", []),
        "warnedTests": unfinished,
        "failedTests": states.get("findings", []),
        "hauberk": {"decision": plain(run.decision), "decided": run.decision is not None},
    }


def _training(project: Project) -> dict[str, Plain]:
    """SLSA provenance of what the project records of a training: its data by digest, their owner and licence."""
    data = project.config.data
    named = {"train": data.train, "holdout": data.holdout, "reference": data.reference}
    materials: list[Plain] = [
        {"name": role, "uri": name, "digest": {"sha256": digest_file(project.path(name))[7:]}}
        for role, name in named.items()
        if name and project.path(name).is_file()
    ]
    if not materials:
        raise NothingToExamine("the project names no training data", where=f"[data] in {project.file.name}")
    provenance: dict[str, Plain] = dict(sorted(data.provenance.items()))
    return {
        "buildDefinition": {
            "buildType": "urn:hauberk:training:1",
            "externalParameters": {"label": data.label, "provenance": provenance, "seed": project.config.project.seed},
            "resolvedDependencies": materials,
        },
        "runDetails": {"builder": {"id": BUILDER}},
    }


def _vex(run: Run, project: Project) -> dict[str, Plain]:
    """OpenVEX of a run's findings: the model is affected by each, and what is done about it."""
    waived = {each.fingerprint: each for each in run.waived}
    digest = next(asset.digest for asset in run.assets if asset.kind is AssetKind.MODEL)
    product: dict[str, Plain] = {"@id": f"urn:hauberk:model:{digest}", "hashes": {"sha-256": digest[7:]}}
    statements: list[Plain] = []
    for finding in run.findings(waived=True):
        accepted = waived.get(finding.fingerprint)
        action = finding.remedy
        if accepted is not None:
            action = f"accepted by {accepted.owner} until {accepted.expires}: {accepted.reason}"
        statements.append(
            {
                "vulnerability": {"name": finding.check, "aliases": list(finding.threats)},
                "products": [product],
                "status": "affected",
                "status_notes": finding.message,
                "action_statement": action or "see the check's documentation",
            }
        )
    if not statements:
        raise NothingToExamine("the run has no finding to state", where=run.id)
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:hauberk:vex:{run.id}",
        "author": project.key().name,
        "timestamp": moment(run.ended_us or run.started_us),
        "version": 1,
        "statements": statements,
    }
