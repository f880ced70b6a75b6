# SPDX-License-Identifier: Apache-2.0
"""A run that the default policy allows, and ways to change it."""

import dataclasses
from datetime import UTC, datetime

from hauberk.assess import SignatureState
from hauberk.core.asset import AssetKind, AssetRef
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Environment, Run

NOW = int(datetime(2030, 1, 15, 12, tzinfo=UTC).timestamp()) * 1_000_000
MODEL = "sha256:" + "a" * 64
SIGNED = SignatureState(present=True, valid=True, signer="release", digest=MODEL)
RATE = Measurement(name="evaded", value=0.1234, unit="rate", n=1000, low=0.10, high=0.15)


def finding(check="HB-E001", key="", severity=Severity.LOW, **more):
    return Finding(
        check=check,
        title="t",
        message="m",
        severity=severity,
        confidence=Confidence.HIGH,
        location=Location(asset="model", key=key),
        remedy="r",
        **more,
    )


def outcome(check="HB-E001", findings=(), status=None, measurements=(RATE,), **more):
    status = status or (Status.FINDINGS if findings else Status.PASSED)
    return Outcome(
        check=check,
        title="t",
        stage="assess",
        status=status,
        findings=tuple(findings),
        measurements=tuple(measurements),
        **more,
    )


def make_run(*outcomes, **changes):
    base = Run(
        id="r1",
        project="p",
        command="hauberk check",
        started_us=NOW - 10_000_000,
        ended_us=NOW - 5_000_000,
        seed=0,
        environment=Environment(hauberk="0.1", python="3.11", platform="linux", cpu="x", threads=1),
        assets=(AssetRef(kind=AssetKind.MODEL, name="m", digest=MODEL, role="model"),),
        outcomes=outcomes or (outcome(),),
        domain_confirmed=True,
    )
    return dataclasses.replace(base, **changes)
