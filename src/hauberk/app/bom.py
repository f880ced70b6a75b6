# SPDX-License-Identifier: Apache-2.0
"""A model's bill of materials from the project's own records: data, assessment, scan, signature, environment."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hauberk.app.attest import moment, run_about, scan_evidence
from hauberk.app.environment import environment
from hauberk.app.project import Project, open_project
from hauberk.artifact import Manifest, load_certificates, make_manifest, signature_path, verify_model
from hauberk.artifact.bom import (
    BomFacts,
    Dataset,
    Metric,
    Signed,
    bom_differences,
    read_bom,
    write_cyclonedx,
    write_spdx,
)
from hauberk.core.errors import HauberkError, IntegrityError, UsageError
from hauberk.core.ports import Clock
from hauberk.core.run import Run
from hauberk.domain import Domain, load_domain
from hauberk.ledger import read_events
from hauberk.model.describe import describe
from hauberk.report import dump_run
from hauberk.seal import Signer, digest_bytes, digest_file

BOM_FORMATS = ("cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0.1")
"""Formats in which a bill is written."""

_MAX_LIMITS = 40


def render_bom(
    path: str | os.PathLike[str],
    *,
    kind: str = "cyclonedx-1.6",
    run: str = "last",
    config: str | os.PathLike[str] = ".",
    signer: Signer | None = None,
    clock: Clock | None = None,
) -> bytes:
    """Return a model's bill of materials; the same records give the same bytes.

    Args:
        path: model file or folder.
        kind: one of `BOM_FORMATS`.
        run: the assessment whose metrics it carries; the newest by default, if there is one.
        config: the project.
        signer: the key that the project trusts as its own; the user's own by default.
        clock: where the time comes from, at which certificates must be valid.

    Raises:
        UsageError: another format.
        IntegrityError: the assessment examined other bytes, or the signature beside the model does not hold.
    """
    if kind not in BOM_FORMATS:
        raise UsageError(f"there is no format {kind!r}", next_step=f"formats: {', '.join(BOM_FORMATS)}")
    project = open_project(config, signer=signer, clock=clock)
    facts = collect_facts(project, Path(path), run)
    return write_spdx(facts) if kind.startswith("spdx") else write_cyclonedx(facts, version=kind[-3:])


def check_bom(bom: str | os.PathLike[str], *, model: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Read a bill of materials, and say in lines what it is.

    Args:
        bom: its file.
        model: the model that it must be about; None to look at the bill alone.

    Raises:
        Unreadable: it is none, or contradicts itself.
        IntegrityError: it is about another model.
    """
    found = read_bom(Path(bom))
    if model is not None:
        manifest = make_manifest(Path(model))
        if found.statements.get("hauberk:digest") != manifest.digest:
            raise IntegrityError(
                "the bill of materials is about another model",
                where=os.fspath(bom),
                why=f"it names {found.statements.get('hauberk:digest') or 'none'}, this is {manifest.digest}",
            )
    return (
        f"{found.format}: {found.model}",
        f"parts: {len(found.parts)}",
        f"subject of the signature: {found.subject or 'not named'}",
    )


def compare_boms(before: str | os.PathLike[str], after: str | os.PathLike[str]) -> tuple[str, ...]:
    """Say what differs between two bills of materials, one line a change.

    Raises:
        UsageError: one is CycloneDX, the other SPDX.
        Unreadable: one of them is none.
    """
    old, new = read_bom(Path(before)), read_bom(Path(after))
    if old.format[:4] != new.format[:4]:
        raise UsageError("two bills of different formats cannot be compared", why=f"{old.format} and {new.format}")
    return tuple(bom_differences(old, new))


def collect_facts(project: Project, path: Path, run: str) -> BomFacts:
    """Gather what the project knows of a model."""
    manifest = make_manifest(path)
    found = run_about(project, path, run) if run != "last" or project.run_ids() else None
    now = (found.ended_us or found.started_us) if found is not None else project.clock.now_us()
    framework, features = _described(path)
    domain = _domain(project)
    here = environment()
    facts = BomFacts(
        manifest=manifest,
        created=moment(now),
        tool=here.hauberk,
        project=project.config.project.name,
        framework=framework,
        positive=project.config.project.positive,
        threshold=f"{project.config.model.threshold:g}",
        inputs=_inputs(project, features, domain),
        datasets=tuple(_datasets(project, domain)),
        training=_training(project, manifest),
        packages=dict(here.packages),
        scan=_scan(path, now),
        signed=_signed(project, path),
    )
    return facts if found is None else _assessed(facts, found)


def _assessed(facts: BomFacts, run: Run) -> BomFacts:
    """Add what an assessment measured, found and rests on."""
    return dataclasses.replace(
        facts,
        tool=run.environment.hauberk,
        threshold=f"{run.threshold:g}" if run.threshold is not None else "",
        metrics=tuple(_metrics(run)),
        limits=tuple(_limits(run))[:_MAX_LIMITS],
        packages=dict(run.environment.packages),
        run=run.id,
        run_digest=digest_bytes(dump_run(run)),
        decision=run.decision.effect.value if run.decision is not None else "",
    )


def _described(path: Path) -> tuple[str, Sequence[str]]:
    """Framework and features, as far as the file says them without running code."""
    try:
        facts = describe(path)
    except HauberkError:
        return "", ()
    return str(facts["framework"] or facts["format"]), tuple(facts["features"])


def _domain(project: Project) -> Domain | None:
    name = project.config.domain.path
    return load_domain(project.path(name)) if name and project.path(name).is_file() else None


def _inputs(project: Project, features: Sequence[str], domain: Domain | None) -> tuple[str, ...]:
    kinds = {column.name: column.kind.value for column in domain.columns} if domain is not None else {}
    named = tuple(features) or project.config.model.features or tuple(kinds)
    return tuple(f"{name} ({kinds[name]})" if name in kinds else name for name in named)


def _datasets(project: Project, domain: Domain | None) -> Iterator[Dataset]:
    data = project.config.data
    personal = any(column.personal for column in domain.columns) if domain is not None else None
    for role, name in (("train", data.train), ("holdout", data.holdout), ("reference", data.reference)):
        if name and project.path(name).is_file():
            digest = digest_file(project.path(name))
            kept = dict(data.provenance)
            yield Dataset(role=role, name=Path(name).name, digest=digest, provenance=kept, personal=personal)


def _metrics(run: Run) -> Iterator[Metric]:
    for outcome in run.outcomes:
        for one in outcome.measurements:
            yield Metric(
                name=f"{outcome.check}.{one.name}",
                value=repr(one.value),
                unit=one.unit,
                slice=one.at,
                low="" if one.low is None else repr(one.low),
                high="" if one.high is None else repr(one.high),
            )


def _limits(run: Run) -> Iterator[str]:
    waived = {each.fingerprint: each for each in run.waived}
    for finding in run.findings(waived=True):
        accepted = waived.get(finding.fingerprint)
        until = f" Accepted by {accepted.owner} until {accepted.expires}." if accepted is not None else ""
        yield f"{finding.check} ({finding.severity.value}): {finding.message}{until}"
    for outcome in run.incomplete:
        yield f"{outcome.check} did not come to its end: {outcome.reason}"
    if not run.domain_confirmed:
        yield "No person has confirmed what a valid record is."


def _training(project: Project, manifest: Manifest) -> dict[str, str]:
    """What the ledger says of the training of this very model."""
    if not (project.state / "ledger.sqlite").exists():
        return {}
    events = [event for _, event in read_events(project.state)]
    told = [event for event in events if event.kind == "model.trained" and event.subject == manifest.digest]
    if not told:
        return {}
    return {"at": moment(told[-1].at_us), **{name: str(value) for name, value in told[-1].payload.items()}}


def _scan(path: Path, now_us: int) -> dict[str, str]:
    files = scan_evidence(path, now_us)["files"]
    assert isinstance(files, list)
    return {str(one["name"]): f"{one['verdict']} ({one['format']})" for one in files if isinstance(one, dict)}


def _signed(project: Project, path: Path) -> Signed | None:
    where = signature_path(path)
    if not where.is_file():
        return None
    roots = load_certificates([str(project.path(name)) for name in project.config.trust.roots])
    now = datetime.fromtimestamp(project.clock.now_us() / 1e6, UTC)
    held = verify_model(path, where, (*project.trusted(), *project.model_keys()), roots=roots, at=now)
    return Signed(name=where.name, digest=digest_file(where), signer=held.signer)
