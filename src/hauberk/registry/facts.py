# SPDX-License-Identifier: Apache-2.0
"""The facts that a policy judges, drawn from a run: counts, rates as whole numbers, states. Nothing else decides."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from hauberk.assess.baseline import Comparison
from hauberk.assess.waive import is_expired
from hauberk.core.asset import AssetKind, SignatureState
from hauberk.core.finding import Finding, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Status
from hauberk.core.principal import Principal
from hauberk.core.run import Run, Waived
from hauberk.registry.effort import effort_of
from hauberk.registry.sentence import Fact
from hauberk.seal import canonical, digest_bytes, plain

PPM = 1_000_000
"""Parts per million: how a rate becomes a whole number."""

_EXPIRED = "HB-G001"
"""The check that finds the waivers which had run out when the run began; those that ran out since are counted beside."""

_MOST = 2**53 - 1
_DAY_US = 86_400_000_000
_EXACT = frozenset({"count", "rows", "queries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is put before a policy.

    Attributes:
        action: what is asked for.
        resource: digest of the asset it is asked for; its name where it has no digest.
        actor: who asks.
        run: id of the run that is the evidence.
        evidence_us: when the evidence was complete, in UTC microseconds; 0 if it never was.
        waivers_us: until when the waivers that hide a finding hold, in UTC microseconds; None if none hides one.
        context: every attribute of `Evidence` in the schema but `age_days`, which depends on when the decision is made.
        measured: measurements as whole numbers: rates in parts per million with `_low` and `_high`, counts as they are,
            anything else in thousandths under a name that ends in `_milli`.
        named: fingerprints behind a count of findings, by its name in `context`.
    """

    action: str = "release"
    resource: str = ""
    actor: Principal = field(default_factory=lambda: Principal(name="unverified"))
    run: str = ""
    evidence_us: int = 0
    waivers_us: int | None = None
    context: dict[str, Fact] = field(default_factory=dict)
    measured: dict[str, int] = field(default_factory=dict)
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """`sha256:` of the canonical facts: the same facts give the same decision."""
        return digest_bytes(canonical(plain(self)))


def facts_of(
    run: Run,
    *,
    signature: SignatureState | None,
    now_us: int,
    baseline: Comparison | None = None,
    actor: Principal | None = None,
) -> Facts:
    """Draw the facts from a run.

    Args:
        run: the evidence.
        signature: what is known of the model's signature; None counts as absent, and so does one of another model.
        now_us: UTC microseconds; a waiver that has run out by then hides nothing.
        baseline: the comparison with an earlier run; where it is None, the fingerprints that the run itself records as
            known still tell what is new.
        actor: who asks.
    """
    holding = {item.fingerprint: item for item in run.waived if not is_expired(item, now_us)}
    open_, hidden = _split(run, holding)
    named = _named(open_, hidden, set(baseline.known if baseline is not None else run.baseline))
    return Facts(
        resource=_resource(run),
        actor=actor or Principal(name="unverified"),
        run=run.id,
        evidence_us=0 if run.aborted else run.ended_us,
        waivers_us=_until(hidden, holding),
        context={
            **_findings(open_, named),
            "expired_waivers": sum(found.check == _EXPIRED for found in open_) + len(run.waived) - len(holding),
            "domain_confirmed": run.domain_confirmed,
            "aborted": run.aborted,
            "narrowed": bool(run.selected),
            "has_model": not {asset.kind for asset in run.assets}.isdisjoint({AssetKind.MODEL, AssetKind.ENDPOINT}),
            **_checks(run),
            **effort_of(run),
            **_signature(signature or SignatureState(), _model(run)),
            **_compared(baseline),
            "baseline": baseline is not None or bool(run.baseline),
        },
        measured=dict(sorted(_measured(run).items())),
        named=named,
    )


def _split(run: Run, holding: Container[str]) -> tuple[list[Finding], list[Finding]]:
    findings = list(run.findings(waived=True))
    hidden = [found for found in findings if found.fingerprint in holding]
    return [found for found in findings if found.fingerprint not in holding], hidden


def _until(hidden: list[Finding], holding: Mapping[str, Waived]) -> int | None:
    return min((_end_of_day(holding[found.fingerprint].expires) for found in hidden), default=None)


def _findings(open_: list[Finding], named: Mapping[str, tuple[str, ...]]) -> dict[str, Fact]:
    losses = [found.loss or 0 for found in open_]
    return {
        **{name: len(prints) for name, prints in named.items()},
        "loss": min(max(losses, default=0), _MOST),
        "open_checks": tuple(sorted({found.check for found in open_})),
    }


def _named(open_: list[Finding], hidden: list[Finding], known: Container[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[Finding]] = {}
    for severity in Severity:
        groups[severity.value] = [found for found in open_ if found.severity is severity]
        groups[f"new_{severity.value}"] = [found for found in groups[severity.value] if found.fingerprint not in known]
    groups["inferred"] = [found for found in open_ if found.inferred]
    groups["waived"] = hidden
    groups["waived_critical"] = [found for found in hidden if found.severity is Severity.CRITICAL]
    return {name: tuple(sorted(found.fingerprint for found in group)) for name, group in sorted(groups.items())}


def _checks(run: Run) -> dict[str, Fact]:
    ran = tuple(item.check for item in run.outcomes if item.status in {Status.PASSED, Status.FINDINGS})
    return {
        "planned": len(run.outcomes),
        "ran": len(ran),
        "ran_checks": tuple(sorted(ran)),
        "errors": run.count(Status.ERROR),
        "timeouts": run.count(Status.TIMED_OUT),
        "incomplete": len(run.incomplete),
        "not_applicable": run.count(Status.NOT_APPLICABLE),
        "skipped": run.count(Status.SKIPPED),
    }


def _signature(signature: SignatureState, model: str) -> dict[str, Fact]:
    """What is known of the signature; one that vouches for other bytes than the run examined is not valid here."""
    return {
        "signature_present": signature.present,
        "signature_valid": signature.present and signature.valid and bool(model) and signature.digest == model,
        "signer": signature.signer,
    }


def _model(run: Run) -> str:
    return next((asset.digest for asset in run.assets if asset.kind is AssetKind.MODEL), "")


def _compared(baseline: Comparison | None) -> dict[str, Fact]:
    return {
        "worsened": len(baseline.worsened) if baseline is not None else 0,
        "lost_checks": len(baseline.lost) if baseline is not None else 0,
        "incomparable": len(baseline.incomparable) if baseline is not None else 0,
    }


def _resource(run: Run) -> str:
    order = (AssetKind.MODEL, AssetKind.ENDPOINT, AssetKind.DATASET)
    for kind in order:
        for asset in run.assets:
            if asset.kind is kind:
                return asset.digest or asset.name
    return run.project


def _measured(run: Run) -> dict[str, int]:
    """Every measurement by its tag; two that would share a tag have none, so that a rule that asks for it denies."""
    found: dict[str, list[int]] = {}
    for outcome in run.outcomes:
        for one in outcome.measurements:
            for name, value in _numbers(tag(outcome.check, one), one):
                found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def tag(check: str, measurement: Measurement) -> str:
    """Return the name by which a policy knows a measurement.

    Example:
        >>> tag("HB-E001", Measurement(name="evaded", value=3, unit="count", n=9, at="cost <= 100"))
        'hb_e001_evaded_cost_100'
    """
    return re.sub(r"[^a-z0-9]+", "_", f"{check}_{measurement.name}_{measurement.at}".lower()).strip("_")


def _numbers(name: str, one: Measurement) -> Iterator[tuple[str, int]]:
    if one.unit == "rate":
        yield name, _whole(one.value * PPM)
        yield f"{name}_low", _whole((one.low or 0.0) * PPM)
        yield f"{name}_high", _whole((1.0 if one.high is None else one.high) * PPM)
    elif one.unit in _EXACT:
        yield name, _whole(one.value)
    else:
        yield f"{name}_milli", _whole(one.value * 1000)


def _whole(value: float) -> int:
    return round(max(-_MOST, min(_MOST, value)))


def _end_of_day(day: str) -> int:
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC)
    return int(begin.timestamp()) * 1_000_000 + _DAY_US - 1  # no day comes after the last one of the calendar
