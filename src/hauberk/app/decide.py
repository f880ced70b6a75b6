# SPDX-License-Identifier: Apache-2.0
"""Judge a run by the project's policy, and sign what was decided."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hauberk.app.plugins import known_checks
from hauberk.app.policy import read_policy
from hauberk.app.project import Project, write_atomically
from hauberk.assess import Comparison, SignatureState
from hauberk.core.decision import Decision
from hauberk.core.event import Plain
from hauberk.core.run import Run
from hauberk.registry import Policy, decide, default_policy, facts_of
from hauberk.seal import canonical, digest_bytes, dsse_sign, is_digest, plain

PAYLOAD_TYPE = "application/vnd.hauberk.decision+json"
"""DSSE payload type of a signed decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision and what the ledger keeps of it.

    Attributes:
        decision: the decision.
    """

    decision: Decision

    @property
    def subject(self) -> str:
        """What the ledger calls the asset: its digest; empty for an endpoint, whose bytes nobody here has seen."""
        return self.decision.resource if is_digest(self.decision.resource) else ""

    @property
    def payload(self) -> dict[str, Plain]:
        """What the ledger keeps: the whole decision, in plain values."""
        content = plain(self.decision)
        assert isinstance(content, dict)
        return content

    def sign(self, project: Project, run: Run) -> dict[str, Plain]:
        """Write the decision with the run's checkpoint as a signed envelope to `.hauberk/decisions/RUN.json`.

        Returns:
            The file's name within the state folder, and its digest, for the ledger.
        """
        body = canonical({"decision": self.payload, "run": run.id, "checkpoint": plain(run.checkpoint)})
        envelope = dsse_sign(PAYLOAD_TYPE, body, project.key())
        content = json.dumps(envelope, indent=1, sort_keys=True).encode()
        name = f"decisions/{run.id}.json"
        write_atomically(project.state / name, content, private=True)
        return {name: digest_bytes(content)}


def project_policy(project: Project) -> Policy:
    """Load the project's policy, or the one that ships with Hauberk."""
    section = project.config.policy
    if not section.path:
        return default_policy(section.max_age_days)
    known = [entry.id for entry in known_checks(project.config.plugins.allow)]
    return read_policy(project.path(section.path), max_age_days=section.max_age_days, checks=known)


def judge(
    project: Project, run: Run, *, signature: SignatureState | None, baseline: Comparison | None = None
) -> Judged:
    """Put a run before the project's policy.

    Args:
        project: the project.
        run: the evidence.
        signature: what is known of the model's signature.
        baseline: the comparison with an earlier run; None if there is none.
    """
    now_us = project.clock.now_us()
    facts = facts_of(run, signature=signature, now_us=now_us, baseline=baseline, actor=project.actor)
    return Judged(decision=decide(facts, project_policy(project), now_us))
