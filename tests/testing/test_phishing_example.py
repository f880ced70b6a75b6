# SPDX-License-Identifier: Apache-2.0
"""The example with the packaged phishing detector: links that serve their maker, and the story where the peer is at hand."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import numpy as np
import pytest

from hauberk.domain import Space, load_domain, validate

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "phishing_url"
PEER = ROOT / ".benchmarks" / "peers" / "fraudurl"


@pytest.fixture(scope="module")
def links() -> ModuleType:
    """The example's module of links; the folder is no package."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        return importlib.import_module("links")
    finally:
        sys.path.remove(str(EXAMPLE))


@pytest.fixture(scope="module")
def story(links: ModuleType) -> ModuleType:
    """The example's module of the story."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        return importlib.import_module("story")
    finally:
        sys.path.remove(str(EXAMPLE))


def test_made_links_are_valid_serve_their_maker_and_lead_nowhere(links):
    frame = links.make_links(200, 1)
    assert validate(load_domain(EXAMPLE / "domain.toml"), frame.select(links.FEATURES)).valid.all()
    for parts in frame.iter_rows(named=True):
        link = links.write_link(parts)
        assert links.complaints(link, parts) == []
        assert urlsplit(link).hostname.rpartition(".")[2] in {"test", "example"}
    assert frame["phishing"].mean() == 0.5


def test_whatever_the_domain_allows_serves_its_maker(links):
    """Any valid neighbour of any link is a link to the same domain, with the lure and the mark in it."""
    frame = links.make_links(60, 2)
    space = Space(load_domain(EXAMPLE / "domain.toml"), links.FEATURES, frame)
    origin = space.encode(frame)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(4):  # some steps away from where it began
        origin = space.sample(origin, rng, 1)[:, 0]
        for parts, begin in zip(space.decode(origin).iter_rows(named=True), frame.iter_rows(named=True), strict=True):
            link = links.write_link(parts)
            assert links.complaints(link, parts) == []
            assert all(parts[name] == begin[name] for name in ("host", "lure", "mark"))
            seen.add(link)
    assert len(seen) > 200


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda link, parts: link.replace(parts["host"], "elsewhere.test"), "another domain"),
        (lambda link, parts: link.replace(parts["lure"], "nobody"), "the name that the victim trusts is gone"),
        (lambda link, parts: link.replace("//", "//someone@"), "no web address"),
        (lambda link, parts: link + "#here", "quoting"),
        (lambda link, parts: link + "&more=" + "x" * 200, "too long"),
        (lambda link, parts: link.replace("://", "://-"), "no host name"),
        (lambda link, parts: link.replace(links_mark(parts), "0"), "cannot be told apart"),
    ],
)
def test_each_complaint_finds_its_link(links, change, complaint):
    for parts in links.make_links(20, 3).iter_rows(named=True):
        said = links.complaints(change(links.write_link(parts), {**parts, "written": links}), parts)
        assert any(complaint in sentence for sentence in said), said


def links_mark(parts):
    return parts["written"].written_mark(parts["mark"], parts["mark_form"])


@pytest.mark.skipif(
    not (PEER / "complete").exists(),
    reason="fraudurl is not installed for benchmarks; `python benchmarks/evasion_trees.py --only phishing_url` does that",
)
def test_the_story_holds_on_the_packaged_detector(story):
    """Every evasion is proved inside `tell`; here: many get through, and few edits are as few as any."""
    victim = story.Victim(PEER / "bin" / "python")
    try:
        told = story.tell(victim, links=12, queries=60, seed=0)
        text = story.report(told, victim)
    finally:
        victim.close()
    assert told.caught.height == 12
    least = np.minimum(told.exact, story.EXHAUSTIVE + 1)
    assert (told.reviewed.cost >= least).all(), "the attack found fewer edits than there are"
    assert told.reviewed.evaded.mean() > 0.5
    assert "no longer FRAUD" in text
