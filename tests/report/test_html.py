# SPDX-License-Identifier: Apache-2.0
"""The HTML page in a real browser: no script, no request, no barrier, in light, in dark, at 320 pixels and on paper."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from hauberk.report import render

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ALL_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
WIDE, DARK, NARROW, DARK_NARROW = ("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)
VIEWS = [
    *(("story", view) for view in (WIDE, DARK, NARROW, DARK_NARROW)),
    *(("hostile", view) for view in (WIDE, DARK_NARROW)),
    *(("clean", view) for view in (DARK, NARROW)),
    ("empty", WIDE),
]


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        message = "Chromium is not installed: run `make services`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a run's page; `.requests` holds every address that was asked for."""
    pages = []

    def opener(run, scheme="light", width=1280, script=True):
        file = tmp_path / "report.html"
        file.write_bytes(render(run, "html"))
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(file.as_uri())
        pages.append(context)
        return page

    yield opener
    for context in pages:
        context.close()


class Outline(HTMLParser):
    """Collects tags, ids, attributes and the visible text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.attributes, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize(("name", "view"), VIEWS)
def test_no_barrier_and_no_request(opened, request, name, view):
    scheme, width = view
    page = opened(request.getfixturevalue(name), scheme, width)
    results = Axe().run(page, options=ALL_RULES)
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in results.response["violations"]] == []
    assert len(page.requests) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_can_fail(opened, story, tmp_path):
    page = opened(story)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert Axe().run(page, options=ALL_RULES).response["violations"]


def test_the_first_screen_answers_the_four_questions(opened, story):
    page = opened(story)
    for text in (
        "Is it safe to ship?",
        "The evasion rate at TWD 5,000 is at least 35.4 %, and policy allows at most 10 %.",
        "What is the worst thing?",
        "TWD 12,845,000",
        "What do I do now?",
        "Repeat the run",
    ):
        box = page.locator("#answers").get_by_text(text).first.bounding_box()
        assert box["y"] + box["height"] <= 800, text


def test_everything_is_there_without_javascript(opened, story):
    page = opened(story, script=False)
    text = page.locator("body").inner_text()
    for wanted in (
        "No",
        "A valid record gets past the model",
        "no reference data was declared",
        "ignored in hauberk.toml",
        "lower bound",
        "hauberk check --project . --seed 20261123",
        "agreed with the data protection officer",
        "sha256:" + "77aa" * 16,
        "card-default Az3grlgtzPICa5OS8",
        "lightgbm 4.6.0",
        "91,233",
    ):
        assert wanted in text, wanted


def test_paper_shows_what_is_folded(opened, many):
    page = opened(many(12))
    page.emulate_media(media="print")
    folded = page.locator("details.finding:not([open]) .body").first
    assert folded.bounding_box()["height"] > 50
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_changed_cells_are_marked(story):
    text = render(story, "html").decode()
    assert '<tr class="changed"><th scope="row">pay_0</th><td><span class="cell-was">2</span></td>' in text
    assert re.search(r'<tr class="changed"><th scope="row">bill_amt1</th>.*?••• changed', text)
    assert '<tr class="same"><th scope="row">age</th>' in text


def test_it_stays_small(many):
    page = render(many(200, 12), "html")
    assert len(page) <= 400_000
    assert page.count(b"<svg") >= 12
    assert page.count(b'<details class="finding"') == 200
    assert len(render(many(10_000, 40), "html")) <= 700_000


def test_hostile_text_stays_text(hostile, clean):
    outline = Outline(render(hostile, "html").decode())
    assert set(outline.tags) <= set(Outline(render(clean, "html").decode()).tags) | {
        "svg", "title", "g", "line", "text", "path", "rect", "details", "summary", "h4", "b", "i", "br", "span", "code",
    }  # fmt: skip
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & set(outline.tags)
    assert not [name for name in outline.attributes if name.startswith("on") or name in {"src", "srcset"}]
    shown = "".join(outline.text)
    assert "<script>alert(1)</script>" in shown
    assert "\\x1b[2J" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)


def test_ids_are_unique_even_for_equal_charts(many, story):
    for run in (many(40, 20), story):
        ids = Outline(render(run, "html").decode()).ids
        assert len(ids) == len(set(ids))


def test_links_are_few_and_known(hostile):
    links = set(re.findall(r'href="([^"]*)"', render(hostile, "html").decode()))
    assert all(
        link.startswith(
            ("#", "https://atlas.mitre.org/", "https://owasp.org/", "https://cwe.mitre.org/", "https://doi.org/")
        )
        for link in links
    )


def test_the_policy_of_the_page_forbids_everything_else(story):
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in render(story, "html").decode().replace(
        "&#39;", "'"
    )
