# SPDX-License-Identifier: Apache-2.0
"""Synthetic runs: one that tells a believable story, one made of hostile text, one of ten thousand findings."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from hauberk.core.asset import AssetKind, AssetRef
from hauberk.core.decision import Decision, Effect, Reason
from hauberk.core.event import Checkpoint
from hauberk.core.evidence import Evidence, View
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Better, Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Environment, Run, Waived

T0 = 1_795_000_000_000_000
NOTE = (
    "card-default.hauberk\n128\nwP/uAMD/7gDA/+4AwP/uAMD/7gDA/+4AwP/uAMD/7gA=\n\n"
    "— card-default Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE\n"
)
SHA = "sha256:" + "ab12" * 16

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    '=HYPERLINK("http://evil.example","pay")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "[invoice](http://evil.example) ![x](http://evil.example/p.png)",
    "line one\nline two\r\n| broken | table |",
    "abc\u202egnp.exe\u202c\u2066\u200b\ufeff",
    "]]></failure><x a='1'>&amp;",
    "www.evil.example https://evil.example @admin #1 ~~gone~~ `code` $x$ ``",
    "\x9b31mred\x85\x00\x7f",
    "lone end",
    "{{ 7 * 7 }} {% raw %}",
    "日本語の列名" * 8,
    "",
)


def rate(name, value, n, low, high, at="", better=Better.LOWER):
    return Measurement(name=name, value=value, unit="rate", n=n, low=low, high=high, at=at, better=better)


def before_after(cases=10):
    rows = []
    for case in range(1, cases + 1):
        rows += [
            (case, "pay_0", 2, 1, 0.0),
            (case, "bill_amt1", 48_211 + 7 * case, 31_900 + 11 * case, 16_311.0),
            (case, "pay_amt2", 0, 2_000 + 100 * case, 2000.0),
            (case, "age", 34 + case, 34 + case, 0.0),
        ]
    return Evidence(
        title="Ten cheapest ways through, record by record",
        columns=("case", "column", "before", "after", "cost (TWD)"),
        rows=tuple(rows),
        view=View.BEFORE_AFTER,
        holds=(None, None, 1, 1, None),
        note="Each case is a real client whom the model caught; the changed record is valid and is let through.",
    )


def curve(title="Evasion rate by what the attacker may spend", view=View.STEPS, points=9, top=0.62):
    rows = []
    for at in range(points):
        value = top * (1 - math.exp(-at / 2.5))
        rows.append((at * 1000, round(value, 4), round(max(value - 0.05, 0), 4), round(value + 0.05, 4)))
    return Evidence(
        title=title,
        columns=("cost per record (TWD)", "evasion rate", "low", "high"),
        rows=tuple(rows),
        view=view,
        note="The band is the 95 % interval.",
    )


def bars():
    rows = (
        ("pay_0", 0.71, 0.66, 0.76),
        ("bill_amt1", 0.48, 0.43, 0.53),
        ("pay_amt2", 0.22, 0.18, 0.26),
        ("limit_bal", 0.0, 0.0, 0.01),
    )
    return Evidence(
        title="Which columns carry the evasion",
        columns=("column", "share of evasions that change it", "low", "high"),
        rows=rows,
        view=View.BARS,
    )


def evasion_finding():
    return Finding(
        check="HB-E002",
        title="A valid record gets past the model for little money",
        message="Of 500 defaulters whom the model catches, 198 can be changed within the declared purse so that "
        "they are let through. Every changed record obeys the domain and was scored again on the model as shipped.",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="scores"),
        remedy="Retrain with `hauberk harden`, or check pay_0 against the bank's own ledger.",
        measurements=(
            rate("evasion_rate", 0.396, 500, 0.354, 0.4395, at="cost <= 5000"),
            rate("random_floor", 0.05, 500, 0.0341, 0.0728, at="cost <= 5000"),
            Measurement(name="median_cost", value=1820.0, unit="TWD", n=198, low=1640.0, high=2055.0),
            Measurement(name="queries", value=91_233, unit="queries", n=500),
        ),
        evidence=(before_after(), curve(), bars()),
        threats=("AML.T0015", "AML.T0043", "ML01:2023", "NISTAML.022"),
        loss=1_284_500_000,
        loss_formula="198 evaded cases x 45 % of limit_bal, mean TWD 64,873.74 a case",
        inferred=True,
    )


def data_finding(severity=Severity.HIGH, column="pay_6", key="range"):
    return Finding(
        check="HB-D004",
        title="Values outside the declared range",
        message="69 of 24,000 rows hold a repayment status that the domain does not allow. A model that learns "
        "from them learns from records that cannot exist.",
        severity=severity,
        confidence=Confidence.HIGH,
        location=Location(asset="train", column=column, key=key, rows=69, sample=(14, 201, 4711)),
        remedy="Quarantine the rows with `hauberk data quarantine`, or widen the range in domain.toml if they are real",
        measurements=(Measurement(name="rows_outside", value=69, unit="rows", n=24_000, better=Better.LOWER),),
        evidence=(
            Evidence(
                title="Values outside the range",
                columns=("value", "rows"),
                rows=((-3, 41), (9, 28)),
                holds=(column, None),
            ),
        ),
        threats=("AML.T0020", "ML02:2023"),
    )


def personal_finding():
    return Finding(
        check="HB-D017",
        title="A column looks like personal data",
        message="The column carries national identity numbers with valid check digits, and no rule says that it may.",
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        location=Location(asset="train", column="id_number", rows=24_000),
        remedy="Drop the column before training, or declare it personal in domain.toml.",
        measurements=(rate("valid_check_digits", 0.998, 24_000, 0.9973, 0.9985),),
        evidence=(
            Evidence(
                title="Examples",
                columns=("row", "value"),
                rows=((1, "A123456789"), (2, "F131104093")),
                holds=(None, "id_number"),
            ),
        ),
        threats=("AML.T0024",),
    )


def outcomes():
    return (
        Outcome(
            check="HB-D001",
            title="Schema differs from the declaration",
            stage="admit",
            status=Status.PASSED,
            work={"rows": 24_000},
        ),
        Outcome(
            check="HB-D004",
            title="Values outside the declared range",
            stage="admit",
            status=Status.FINDINGS,
            findings=(data_finding(), data_finding(Severity.LOW, "education", "choices")),
        ),
        Outcome(
            check="HB-D017",
            title="A column looks like personal data",
            stage="admit",
            status=Status.FINDINGS,
            findings=(personal_finding(),),
        ),
        Outcome(
            check="HB-D019",
            title="Distribution differs from the reference",
            stage="admit",
            status=Status.NOT_APPLICABLE,
            reason="no reference data was declared",
        ),
        Outcome(
            check="HB-E001",
            title="Scores are masked",
            stage="assess",
            status=Status.PASSED,
            measurements=(rate("distinct_scores", 0.93, 6_000, 0.92, 0.94, better=Better.HIGHER),),
            limits=("Rounding finer than 1e-9 is not seen.",),
        ),
        Outcome(
            check="HB-E002",
            title="A valid record gets past the model",
            stage="assess",
            status=Status.FINDINGS,
            seed=7,
            findings=(evasion_finding(),),
            work={"queries": 91_233},
            params={"budget": 500, "threshold": 0.5, "only": ["pay_0"]},
            limits=(
                "A smarter attacker may find cheaper ways; the rate is a lower bound.",
                "Attackers who collude across several records are not tried.",
            ),
        ),
        Outcome(
            check="HB-E003",
            title="One column flips the decision",
            stage="assess",
            status=Status.TIMED_OUT,
            reason="stopped after 60 s; 310 of 500 records were tried",
        ),
        Outcome(
            check="HB-A001",
            title="The model's signature does not hold",
            stage="artifact",
            status=Status.ERROR,
            reason="model.sig cannot be read: truncated JSON",
        ),
        Outcome(
            check="HB-A002",
            title="Code in the artefact",
            stage="artifact",
            status=Status.SKIPPED,
            reason="ignored in hauberk.toml",
        ),
    )


def story():
    fingerprint = personal_finding().fingerprint
    evasion = evasion_finding().fingerprint
    return Run(
        id="2026-11-23T140509Z-7f3a",
        project="card-default",
        command="hauberk check --project . --seed 20261123",
        started_us=T0,
        ended_us=T0 + 41_300_000,
        seed=20_261_123,
        currency="TWD",
        positive="default",
        environment=Environment(
            hauberk="0.1.0",
            python="3.11.7",
            platform="Linux x86-64",
            cpu="GenuineIntel 6/143",
            threads=2,
            packages={"numpy": "2.3.5", "polars": "1.35.2", "lightgbm": "4.6.0"},
        ),
        assets=(
            AssetRef(kind=AssetKind.DATASET, name="credit-train", digest=SHA, role="train", uri="data/train.parquet"),
            AssetRef(
                kind=AssetKind.DATASET,
                name="credit-holdout",
                digest="sha256:" + "09fe" * 16,
                role="holdout",
                uri="data/hold out.parquet",
            ),
            AssetRef(
                kind=AssetKind.MODEL, name="scorecard", digest="sha256:" + "77aa" * 16, role="model", uri="model.txt"
            ),
            AssetRef(
                kind=AssetKind.DOMAIN, name="credit", digest="sha256:" + "5c0d" * 16, role="domain", uri="domain.toml"
            ),
        ),
        outcomes=outcomes(),
        seconds={"HB-D001": 0.21, "HB-E002": 28.4, "HB-E003": 60.0},
        waived=(
            Waived(
                fingerprint=fingerprint,
                reason="agreed with the data protection officer",
                owner="kim",
                expires="2027-01-31",
            ),
        ),
        baseline=(data_finding().fingerprint,),
        personal=("bill_amt1", "pay_amt2", "id_number"),
        decision=Decision(
            effect=Effect.DENY,
            action="release",
            resource="sha256:" + "77aa" * 16,
            reasons=(
                Reason(
                    rule="evasion-bound",
                    effect=Effect.DENY,
                    findings=(evasion,),
                    sentence="The evasion rate at TWD 5,000 is at least 35.4 %, and policy allows at most 10 %.",
                ),
                Reason(rule="complete", effect=Effect.DENY, sentence="2 planned checks did not run to the end."),
                Reason(
                    rule="data-quality",
                    effect=Effect.ALLOW,
                    sentence="Fewer than 1 % of training rows break the domain.",
                ),
            ),
            policy="sha256:" + "be" * 32,
            inputs="sha256:" + "1f" * 32,
            at_us=T0 + 41_000_000,
        ),
        checkpoint=Checkpoint(
            origin="card-default.hauberk",
            size=128,
            root="c0ffee00" * 8,
            note=NOTE,
        ),
        notes=("The domain was inferred from the data and no person has confirmed it.",),
    )


def hostile():
    found = tuple(
        Finding(
            check="HB-D004",
            title=text,
            message=text,
            severity=list(Severity)[at % 5],
            confidence=Confidence.LOW,
            location=Location(asset=text, column=text, key=f"{at}{text}", rows=at),
            remedy=text,
            evidence=(
                Evidence(
                    title=text,
                    columns=(text, "secret"),
                    rows=((text, f"SECRET-{at}"), (math.inf, f"SECRET-{at}")),
                    holds=(None, "name\x1b"),
                    note=text,
                ),
                Evidence(title=text, columns=(text, text), rows=((text, 1.5), (text + "2", 2.5)), view=View.BARS),
            ),
            measurements=(Measurement(name="x", value=1.0, unit=text, n=1, at=text),),
            threats=(text, "AML.T0015"),
            loss=at,
            loss_formula=text,
        )
        for at, text in enumerate(HOSTILE)
    )
    base = story()
    return replace(
        base,
        id=HOSTILE[0],
        project=HOSTILE[1],
        command=HOSTILE[2],
        currency="",
        positive=HOSTILE[3],
        personal=("name\x1b",),
        notes=HOSTILE,
        assets=tuple(
            AssetRef(kind=AssetKind.DATASET, name=text, digest=SHA, role=text, uri=f"\ud800{text}") for text in HOSTILE
        ),
        outcomes=(
            Outcome(
                check="HB-D004",
                title=HOSTILE[0],
                stage=HOSTILE[1],
                status=Status.FINDINGS,
                findings=found,
                limits=HOSTILE,
                params={HOSTILE[0]: HOSTILE[3]},
            ),
            Outcome(
                check="HB-D005",
                title=HOSTILE[2],
                stage=HOSTILE[8],
                status=Status.ERROR,
                reason=HOSTILE[5] + HOSTILE[8] + HOSTILE[2],
            ),
            Outcome(check="HB-D006", title=HOSTILE[3], stage="", status=Status.SKIPPED, reason=HOSTILE[7]),
        ),
        waived=(Waived(fingerprint=found[0].fingerprint, reason=HOSTILE[2], owner=HOSTILE[3], expires=HOSTILE[5]),),
        baseline=(),
        decision=replace(
            base.decision, reasons=tuple(Reason(rule=text, effect=Effect.DENY, sentence=text) for text in HOSTILE)
        ),
        checkpoint=replace(base.checkpoint, origin=HOSTILE[2], note=HOSTILE[0] + HOSTILE[2]),
        environment=replace(base.environment, packages={HOSTILE[0]: HOSTILE[2]}),
    )


def many(findings=10_000, charts=0, evidence=True):
    found = []
    for at in range(findings):
        item = data_finding(list(Severity)[at % 5], f"column_{at % 97}", f"rule_{at}")
        extra = (curve(f"Curve {at}", (View.LINE, View.STEPS)[at % 2], 40),) if at < charts else ()
        item = replace(item, evidence=((*item.evidence, *extra) if evidence else ()))
        if at < charts:
            item = replace(item, severity=Severity.CRITICAL)
        found.append(item)
    outcome = Outcome(
        check="HB-D004",
        title="Values outside the declared range",
        stage="admit",
        status=Status.FINDINGS,
        findings=tuple(found),
    )
    return replace(story(), outcomes=(outcome, *outcomes()[2:]), waived=())


def empty():
    return replace(
        story(),
        outcomes=(),
        waived=(),
        baseline=(),
        decision=None,
        checkpoint=None,
        notes=(),
        seconds={},
        assets=(),
        personal=(),
    )


def clean():
    decision = replace(
        story().decision,
        effect=Effect.ALLOW,
        reasons=(
            Reason(
                rule="evasion-bound",
                effect=Effect.ALLOW,
                sentence="The evasion rate is at most 4.1 %, and policy allows 10 %.",
            ),
        ),
        obligations=("watch the scores from the first day",),
        expires_us=T0 + 30 * 86_400_000_000,
    )
    kept = tuple(item for item in outcomes() if item.status in {Status.PASSED, Status.NOT_APPLICABLE})
    return replace(story(), outcomes=kept, waived=(), baseline=(), decision=decision, domain_confirmed=True, notes=())


STORIES = {"story": story, "hostile": hostile, "empty": empty, "clean": clean}


@pytest.fixture(params=sorted(STORIES))
def any_run(request):
    return STORIES[request.param]()


@pytest.fixture(name="story", scope="session")
def _story():
    return story()


@pytest.fixture(name="hostile", scope="session")
def _hostile():
    return hostile()


@pytest.fixture(name="empty", scope="session")
def _empty():
    return empty()


@pytest.fixture(name="clean", scope="session")
def _clean():
    return clean()


@pytest.fixture(name="many", scope="session")
def _many():
    return many


@pytest.fixture(name="parts", scope="session")
def _parts():
    """Builders of single records, for tests that need a run of their own."""
    return {
        "evasion": evasion_finding,
        "data": data_finding,
        "curve": curve,
        "before_after": before_after,
        "hostile": HOSTILE,
    }


def _texts():
    return st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8))


def _encodable():
    """Text without lone surrogates: no file format of a table can name a column so."""
    return _texts().map(lambda text: text.encode("utf-8", "ignore").decode())


def _evidence():
    cell = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        _texts(),
    )
    owner = st.one_of(st.none(), _texts(), st.integers(0, 1))
    return st.builds(
        Evidence,
        title=_texts(),
        columns=st.tuples(_texts(), _texts()),
        rows=st.lists(st.tuples(cell, cell), max_size=4).map(tuple),
        view=st.sampled_from(View),
        holds=st.one_of(st.just(()), st.tuples(owner, owner)),
        note=_texts(),
    )


def _measurements():
    number = st.floats(allow_nan=False)
    return st.builds(
        Measurement,
        name=_texts(),
        value=number,
        unit=st.sampled_from(("count", "TWD", "rows")),
        n=st.integers(0, 10**9),
        low=st.one_of(st.none(), number),
        high=st.one_of(st.none(), number),
        better=st.sampled_from(Better),
        at=_texts(),
    )


def _findings():
    where = st.builds(
        Location,
        asset=_encodable(),
        column=_encodable(),
        key=_encodable(),
        rows=st.one_of(st.none(), st.integers(0, 10**9)),
        sample=st.lists(st.integers(0, 10**6), max_size=3).map(tuple),
    )
    return st.builds(
        Finding,
        check=st.sampled_from(("HB-D001", "HB-E002")),
        title=_texts(),
        message=_texts(),
        severity=st.sampled_from(Severity),
        confidence=st.sampled_from(Confidence),
        location=where,
        remedy=_texts(),
        measurements=st.lists(_measurements(), max_size=2).map(tuple),
        evidence=st.lists(_evidence(), max_size=2).map(tuple),
        threats=st.lists(_texts(), max_size=2).map(tuple),
        loss=st.one_of(st.none(), st.integers(0, 10**12)),
        loss_formula=_texts(),
        inferred=st.booleans(),
    )


@pytest.fixture(scope="session")
def runs():
    """A strategy over runs of every kind."""
    outcome = st.builds(
        Outcome,
        check=st.sampled_from(("HB-D001", "HB-E002", "HB-A003")),
        title=_texts(),
        stage=st.sampled_from(("admit", "assess", "")),
        status=st.sampled_from(Status),
        reason=_texts(),
        findings=st.lists(_findings(), max_size=3).map(tuple),
        measurements=st.lists(_measurements(), max_size=2).map(tuple),
        evidence=st.lists(_evidence(), max_size=1).map(tuple),
        limits=st.lists(_texts(), max_size=2).map(tuple),
        work=st.dictionaries(st.just("rows"), st.integers(0, 10**9)),
        params=st.dictionaries(
            _texts(),
            st.one_of(_texts(), st.integers(-5, 5), st.booleans(), st.none(), st.lists(_texts(), max_size=2)),
            max_size=2,
        ),
    )
    decision = st.one_of(
        st.none(), st.sampled_from(Effect).map(lambda effect: replace(story().decision, effect=effect))
    )
    return st.builds(
        lambda kept, said, aborted, personal, currency: replace(
            story(),
            outcomes=kept,
            decision=said,
            aborted=aborted,
            personal=personal,
            currency=currency,
            waived=(),
            baseline=(),
        ),
        st.lists(outcome, max_size=4).map(tuple),
        decision,
        st.booleans(),
        st.lists(_texts(), max_size=2).map(tuple),
        st.sampled_from(("", "EUR", "JPY", "TWD")),
    )
