# SPDX-License-Identifier: Apache-2.0
"""From a project file to what the engine opens: paths, texts and terms."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hauberk.app.project import Project
from hauberk.artifact import digest_path, load_certificates, signature_path, verify_model
from hauberk.assess import Materials, Money, SignatureState, parse_waivers
from hauberk.catalog import minor_digits
from hauberk.core.errors import HauberkError, UsageError
from hauberk.domain import dumps_domain, infer_domain
from hauberk.seal import PublicKey
from hauberk.table import open_table


def is_address(text: str) -> bool:
    """True for an http(s) address."""
    return text.startswith(("http://", "https://"))


def project_materials(project: Project, *, now_us: int, keys: tuple[PublicKey, ...] = ()) -> Materials:
    """Collect what a run looks at.

    Args:
        project: the project.
        now_us: start of the run.
        keys: keys whose signature of the model counts.

    Raises:
        UsageError: a declared file does not exist.
        ConfigError: a waiver's day is not a date.
    """
    config = project.config
    domain, domain_path = _domain_text(project)
    return Materials(
        data=_existing(project, config.data.train, "[data] train"),
        holdout=_existing(project, config.data.holdout, "[data] holdout"),
        reference=_existing(project, config.data.reference, "[data] reference"),
        label=config.data.label,
        time=config.data.time,
        groups=config.data.groups,
        domain=domain,
        domain_path=domain_path,
        model=model_source(project),
        model_name=Path(config.model.path).name,
        features=config.model.features or None,
        trust=config.model.trust,
        positive=config.model.positive,
        token_env=config.model.token_env,
        model_timeout_s=config.model.timeout_s,
        threshold=config.model.threshold,
        money=_money(project),
        provenance=dict(config.data.provenance),
        signature=signature_state(project, keys),
        waivers=parse_waivers(project.config.waiver, project.file.name),
        now_us=now_us,
    )


def model_source(project: Project) -> Path | str | None:
    """The model as a path or an address; None if the project names none."""
    path = project.config.model.path
    return path if is_address(path) else _existing(project, path, "[model] path")


def signature_state(project: Project, keys: tuple[PublicKey, ...]) -> SignatureState | None:
    """Verify the signature that lies beside the model; None if there is no file to sign."""
    source = model_source(project)
    if not isinstance(source, Path):
        return None
    signature = signature_path(source)
    if not signature.is_file():
        return SignatureState(problem="there is no signature file beside the model")
    try:
        roots = load_certificates([str(project.path(name)) for name in project.config.trust.roots])
        now = datetime.fromtimestamp(project.clock.now_us() / 1e6, UTC)
        verified = verify_model(source, signature, (*keys, *project.model_keys()), roots=roots, at=now)
    except HauberkError as error:
        return SignatureState(present=True, problem=error.what)
    return SignatureState(present=True, valid=True, signer=verified.signer, digest=verified.digest)


def model_digest(project: Project) -> str:
    """Digest of the model's bytes; empty for an endpoint or where there is none."""
    source = model_source(project)
    return digest_path(source) if isinstance(source, Path) else ""


def _existing(project: Project, name: str, key: str) -> Path | None:
    if not name:
        return None
    path = project.path(name)
    if not path.exists():
        raise UsageError(
            f"{name} does not exist",
            where=f"{key} in {project.file.name}",
            next_step="correct the path in the project file",
        )
    return path


def _domain_text(project: Project) -> tuple[str, str]:
    """The declared domain, or the one inferred from the training data, which nobody has confirmed."""
    name = project.config.domain.path
    if name:
        path = _existing(project, name, "[domain] path")
        assert path is not None
        return path.read_text(encoding="utf-8"), str(path)
    train = _existing(project, project.config.data.train, "[data] train")
    if train is None:
        return "", ""
    label = project.config.data.label
    proposal = infer_domain(open_table(train), exclude=(label,) if label else (), name=project.config.project.name)
    return dumps_domain(proposal.domain), "the inferred domain"


def _money(project: Project) -> Money:
    terms = project.config.money
    return Money(
        currency=project.config.project.currency,
        amount=terms.amount,
        share=terms.share,
        flat=terms.flat,
        digits=minor_digits(project.config.project.currency),
    )
