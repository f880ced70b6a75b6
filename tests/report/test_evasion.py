# SPDX-License-Identifier: Apache-2.0
"""What a run says of evasion for the one who answers for the losses: five questions, and the attacks side by side."""

import dataclasses
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from hauberk.core.evidence import Evidence, View
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Environment, Run, Waived
from hauberk.report import render
from hauberk.report.chart import draw, specify
from hauberk.report.evasion import brief

CURRENCY = "TWD"
CHROMIUM = Path("/usr/bin/chromium")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def share(name, value, at="any cost", n=200):
    return Measurement(
        name=name, value=value, unit="rate", n=n, low=max(value - 0.05, 0), high=min(value + 0.05, 1), at=at
    )


def price(name, value, n=150):
    return Measurement(name=name, value=value, unit=CURRENCY, n=n, low=value * 0.9, high=value * 1.2)


def finding(check, title, *, evidence=(), loss=None):
    return Finding(
        check=check, title=title, message="It does.", severity=Severity.HIGH, confidence=Confidence.HIGH,
        location=Location(asset="model", key=title), remedy="Mend it.", evidence=tuple(evidence), loss=loss,
        loss_formula="loss = 0.45 x limit TWD" if loss else "",
    )  # fmt: skip


def outcome(check, measurements=(), findings=(), status=None):
    status = status or (Status.FINDINGS if findings else Status.PASSED)
    return Outcome(
        check=check, title=check, stage="assess", status=status, reason="it broke" if status.incomplete else "",
        findings=tuple(findings), measurements=tuple(measurements),
    )  # fmt: skip


COLUMNS = Evidence(
    title="Columns",
    columns=("column", "share", "low", "high"),
    rows=(("pay_1", 0.66, 0.6, 0.7), ("bill", 0.4, 0.3, 0.5)),
    view=View.BARS,
)
SCORES = outcome(
    "HB-E001",
    [
        share("evasion_rate", 0.9),
        share("evasion_rate", 0.0, at="cost <= 0"),
        share("evasion_rate", 0.4, at="cost <= 100"),
        share("evasion_rate", 0.9, at="cost <= 1e+06"),
        share("random_evasion_rate", 0.5),
        price("median_cost", 1_000),
        price("random_median_cost", 3_000),
    ],
    [finding("HB-E001", "90 % get through", evidence=[COLUMNS], loss=12_345_00)],
)
LABELS = outcome("HB-E002", [share("label_evasion_rate", 0.88), price("label_median_cost", 1_200)])
TREES = outcome(
    "HB-E005",
    [
        share("found_through_rate", 0.9, at="cost <= 100", n=40),
        share("exact_rate", 0.8, at="", n=40),
        price("median_price_found", 990, n=36),
        price("median_price_proven", 900, n=40),
        Measurement(name="mean_found_over_proven", value=1.04, unit="ratio", n=36),
    ],
)
SOUND = outcome("HB-E006", [share("unsteady_rate", 0.0, at="")])
MASKED = outcome("HB-E006", [], [finding("HB-E006", "The model gives very few different scores")])


def a_run(*outcomes, **changes):
    run = Run(
        id="20300101T000000Z-abc", project="credit", command="hauberk check", started_us=1, ended_us=2, seed=0,
        environment=Environment(hauberk="0", python="3", platform="linux", cpu="x", threads=1), assets=(),
        outcomes=outcomes, currency=CURRENCY, threshold=0.3,
    )  # fmt: skip
    return dataclasses.replace(run, **changes)


def answers(*outcomes, **changes):
    return {item.question: item for item in brief(a_run(*outcomes, **changes)).answered}


def test_a_run_without_attacks_says_nothing_of_evasion():
    assert brief(a_run(outcome("HB-D001", [share("x", 0.1)]))) is None
    assert brief(a_run(outcome("HB-E001", status=Status.ERROR))) is None
    assert b'id="evasion"' not in render(a_run(outcome("HB-D001")), "html")


def test_the_questions_are_answered_from_the_attacks():
    said = answers(SCORES, LABELS, TREES, SOUND)
    assert [item.headline for item in said.values()] == [
        "90.0 %",
        "TWD 12,345",
        "pay_1, bill",
        "900 TWD to 990 TWD",
        "Decisions alone",
        "No sign against it",
    ]
    everything = " ".join(sentence for item in said.values() for sentence in item.sentences)
    assert "For nothing at all: 0 % (0 % to 5.0 %, n = 200)." in everything
    assert "loss = 0.45 x limit TWD" in everything
    assert "1.04 times" in everything


def test_an_attack_that_did_not_run_leaves_its_question_out():
    said = answers(LABELS)
    assert "How close is that to the best an attacker can do?" not in said
    assert "What must the attacker know?" not in said
    assert said["Can these figures be trusted?"].headline == "Not known"


def test_masked_figures_are_said_to_be_masked_unless_the_finding_was_waived():
    masked = brief(a_run(SCORES, MASKED))
    assert masked.masked == ("The model gives very few different scores",)
    assert masked.answered[-1].headline == "No: they are masked"
    page = render(a_run(SCORES, MASKED), "html").decode()
    assert "These figures are masked." in page
    (found,) = MASKED.findings
    waiver = Waived(fingerprint=found.fingerprint, reason="r", owner="o", expires="2999-01-01")
    assert brief(a_run(SCORES, MASKED, waived=(waiver,))).masked == ()


def test_a_reader_of_any_human_format_sees_the_mask_before_any_number():
    run = a_run(SCORES, MASKED)
    for format_ in ("text", "markdown", "html"):
        page = render(run, format_).decode()
        assert 0 < page.index("figures are masked") < page.index("90.0 %"), format_
    for format_ in ("text", "markdown"):
        page = " ".join(render(run, format_).decode().split())
        assert "Can it be evaded?" in page
        assert "nothing: chance" in page
    assert "figures are masked" not in render(a_run(SCORES, SOUND), "text").decode()


def test_what_the_attacker_must_know_stands_side_by_side_most_knowledge_first():
    ladder, shares, costs = brief(a_run(SCORES, LABELS, TREES, SOUND)).exhibits
    assert [row[0] for row in ladder.rows] == ["0 TWD", "100 TWD", "1,000,000 TWD"]
    names = ["the model itself", "scores of his tries", "decisions alone", "nothing: chance"]
    assert [row[0] for row in shares.rows] == names
    assert [(row[1], row[4]) for row in shares.rows] == [(0.9, 40), (0.9, 200), (0.88, 200), (0.5, 200)]
    assert [row[0] for row in costs.rows] == names
    assert costs.columns[1] == "median cost (TWD)"
    for table in (ladder, shares, costs):
        assert draw(table).startswith("<svg")


@pytest.mark.parametrize("knows", ["scores", "chance"])
def test_the_least_knowledge_that_does_as_well_is_named(knows):
    others = [item for item in SCORES.measurements if item.name != "random_evasion_rate"]
    chance = share("random_evasion_rate", 0.9 if knows == "chance" else 0.1)
    weak = outcome("HB-E002", [share("label_evasion_rate", 0.2)])
    said = answers(outcome("HB-E001", [*others, chance]), weak)
    least = {"scores": "Scores of his tries", "chance": "Nothing at all"}[knows]
    assert said["What must the attacker know?"].headline == least


def bracket(*rows):
    return Evidence(
        title="Bracket",
        columns=("cost at most (TWD)", "share found", "found", "not ruled out"),
        rows=rows,
        view=View.STEPS,
    )


def test_both_edges_of_a_bracket_are_named_and_the_upper_one_is_dashed():
    picture = draw(bracket((0.0, 0.0, 0.0, 0.5), (100.0, 0.4, 0.4, 0.9), (500.0, 1.0, 1.0, 1.0)))
    assert ">found<" in picture
    assert ">not ruled out<" in picture
    assert 'stroke-dasharray="4,3"' in picture
    assert ">100%<" in picture


def test_a_bracket_that_has_closed_has_no_room_for_names_and_an_interval_needs_none():
    closed = draw(bracket((0.0, 0.0, 0.0, 0.0), (100.0, 0.4, 0.4, 0.4)))
    assert ">found<" not in closed
    interval = dataclasses.replace(
        bracket((0, 0.1, 0.0, 0.5), (9, 0.4, 0.1, 0.9)), columns=("x", "share", "low", "high")
    )
    assert len(specify(interval)["layer"]) == 2


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_the_page_has_no_barrier(tmp_path, scheme, width):
    if not CHROMIUM.exists():
        assert os.environ.get("CI") != "true", "Chromium is not installed: run `make services`"
        pytest.skip("Chromium is not installed: run `make services`")
    file = tmp_path / "report.html"
    file.write_bytes(render(a_run(SCORES, LABELS, TREES, MASKED), "html"))
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto(file.as_uri())
        assert Axe().run(page, options=RULES).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#evasion + p.notice").is_visible()
        chromium.close()


def test_the_names_of_a_narrow_bracket_stand_beside_it():
    rows = [(x, x / 1_000, x / 1_000, min(x / 1_000 + 0.08, 1.0)) for x in range(0, 1_001, 50)]
    layers = specify(bracket(*((float(x), y, low, high) for x, y, low, high in rows)))["layer"]
    sides = {
        layer["encoding"]["text"]["value"]: layer["mark"]["align"]
        for layer in layers
        if layer["mark"]["type"] == "text"
    }
    assert sides == {"found": "left", "not ruled out": "right"}
