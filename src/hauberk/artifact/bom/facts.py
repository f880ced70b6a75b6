# SPDX-License-Identifier: Apache-2.0
"""What a bill of materials of a model says, before it is put into a format."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from hauberk.artifact.manifest import Manifest
from hauberk.artifact.statement import subject_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A table that the model was made or tested with.

    Attributes:
        role: `train`, `holdout` or `reference`.
        name: its file's name.
        digest: `sha256:` of its bytes.
        provenance: what is recorded of its origin: `owner`, `licence`, `origin`, `collected`.
        personal: whether it holds personal values, as far as the domain says; None where there is no domain.
    """

    role: str
    name: str
    digest: str
    provenance: dict[str, str] = field(default_factory=dict)
    personal: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A measured number, as text, so that no format rounds it.

    Attributes:
        name: check and measurement, such as `HB-E001.evaded`.
        value: the number.
        unit: its unit.
        slice: what part it belongs to; empty for all.
        low: lower end of its interval; empty for an exact number.
        high: upper end of its interval; empty for an exact number.
    """

    name: str
    value: str
    unit: str
    slice: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The signature beside the model, which holds.

    Attributes:
        name: its file's name.
        digest: `sha256:` of that file.
        signer: who signed.
    """

    name: str
    digest: str
    signer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BomFacts:
    """All that is known of a model.

    Attributes:
        manifest: its files.
        created: when the newest of these facts was recorded, as RFC 3339.
        tool: version of Hauberk.
        project: name of the project.
        framework: library whose format the model has; empty if unknown.
        task: what it does.
        positive: what the event is.
        threshold: score from which on the business acts; empty if there is none.
        inputs: its features, with their kind where it is declared.
        datasets: the tables behind it.
        metrics: measured numbers of the newest assessment.
        limits: what the assessment found wrong and could not see.
        training: how it was trained, as far as it is recorded.
        packages: name to version of the libraries that the results rest on.
        scan: verdict of the scan of its files, by file.
        run: id of the assessment; empty if there is none.
        run_digest: `sha256:` of the assessment's record.
        decision: what the gate said; empty if it was not asked.
        signed: the signature; None if there is none.
    """

    manifest: Manifest
    created: str
    tool: str
    project: str
    framework: str = ""
    task: str = "binary classification"
    positive: str = ""
    threshold: str = ""
    inputs: tuple[str, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    metrics: tuple[Metric, ...] = ()
    limits: tuple[str, ...] = ()
    training: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    scan: dict[str, str] = field(default_factory=dict)
    run: str = ""
    run_digest: str = ""
    decision: str = ""
    signed: Signed | None = None

    @property
    def subject(self) -> str:
        """Digest of the subject of the model's signature, in hexadecimal."""
        digest = subject_of(self.manifest)["digest"]
        assert isinstance(digest, dict)
        return str(digest["sha256"])

    @property
    def serial(self) -> str:
        """A name for this bill: the same facts have the same."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hauberk:{self.manifest.digest}:{self.run}:{self.created}"))

    @property
    def statements(self) -> dict[str, str]:
        """What no format has a field of its own for, by name; what is empty is left out."""
        found = {
            "hauberk:subject.sha256": self.subject,
            "hauberk:digest": self.manifest.digest,
            "hauberk:run": self.run,
            "hauberk:run.digest": self.run_digest,
            "hauberk:decision": self.decision,
            "hauberk:threshold": self.threshold,
            "hauberk:positive": self.positive,
            **{f"hauberk:training.{name}": text for name, text in sorted(self.training.items())},
            **{f"hauberk:scan.{name}": verdict for name, verdict in sorted(self.scan.items())},
        }
        if self.signed is not None:
            found |= {"hauberk:signature.digest": self.signed.digest, "hauberk:signature.signer": self.signed.signer}
        return {name: text for name, text in found.items() if text}
