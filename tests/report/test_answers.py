# SPDX-License-Identifier: Apache-2.0
"""The four questions are answered from the run, and never more kindly than it allows."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from hauberk.core.decision import Effect
from hauberk.core.outcome import Status
from hauberk.core.run import Waived
from hauberk.report import Tone, answer, render


def test_a_denial_is_a_no_with_the_reasons_that_deny(story):
    replies = answer(story)
    assert (replies.safe.headline, replies.safe.tone) == ("No", Tone.BAD)
    assert len(replies.safe.sentences) == 2
    assert replies.worst.headline == "A valid record gets past the model for little money"
    assert replies.cost.headline == "TWD 12,845,000"
    assert replies.steps[0].startswith("Find out why these checks did not finish (HB-E003, HB-A001)")
    assert replies.steps[-1] == f"Repeat the run: {story.command}"


def test_checks_that_did_not_end_are_named_and_counted(clean):
    one = replace(clean.outcomes[0], status=Status.ERROR, findings=())
    broken = tuple(replace(one, check=f"HB-E00{at}") for at in range(5))
    replies = answer(replace(clean, outcomes=broken))
    named = ", ".join(outcome.check for outcome in broken[:3])
    assert replies.steps[0].startswith(f"Find out why these checks did not finish ({named} and 2 more);")


def test_an_allow_is_a_yes_with_its_terms(clean):
    replies = answer(clean)
    assert (replies.safe.headline, replies.safe.tone) == ("Yes", Tone.GOOD)
    assert "On condition: watch the scores from the first day" in replies.safe.sentences
    assert replies.worst.headline == "Nothing found"
    assert replies.steps == ("Ship it, and let it be watched.",)


@pytest.mark.parametrize("status", [Status.ERROR, Status.TIMED_OUT])
def test_an_allow_with_a_gap_is_no_plain_yes(clean, status):
    run = replace(clean, outcomes=(*clean.outcomes, replace(clean.outcomes[0], status=status)))
    replies = answer(run)
    assert replies.safe.headline == "Allowed, but incomplete"
    assert (replies.worst.headline, replies.worst.tone) == ("Unknown", Tone.UNKNOWN)
    assert replies.cost.tone is Tone.UNKNOWN


def test_nothing_examined_is_never_good(empty):
    for run in (empty, replace(empty, aborted=True)):
        replies = answer(run)
        assert replies.safe.headline == "Not decided"
        assert {replies.safe.tone, replies.worst.tone, replies.cost.tone} == {Tone.UNKNOWN}


def test_where_no_check_applied_nobody_is_told_to_ship(clean):
    idle = replace(clean, outcomes=(replace(clean.outcomes[0], status=Status.NOT_APPLICABLE, findings=()),))
    replies = answer(idle)
    assert replies.safe.headline == "Allowed, but incomplete"
    assert replies.steps == ("Find out why no check applies: the reasons stand in the table of checks.",)


def test_an_allow_of_nothing_is_no_plain_yes(clean, empty):
    allowed = replace(empty, decision=replace(clean.decision, effect=Effect.ALLOW))
    assert answer(allowed).safe.tone is Tone.UNKNOWN


def test_without_a_gate_nobody_has_said_yes(story):
    replies = answer(replace(story, decision=None))
    assert replies.safe.headline == "Not decided"
    assert "1 critical, 1 high, 1 low" in replies.safe.sentences[0]
    assert "Ask the gate for a decision." in replies.steps


def test_amounts_are_not_added_up(story, parts):
    two = replace(story.outcomes[5], findings=(parts["evasion"](), replace(parts["data"](), loss=100)))
    replies = answer(replace(story, outcomes=(two,)))
    assert replies.cost.headline == "TWD 12,845,000"
    assert "not added up" in replies.cost.sentences[-1]


def test_no_money_terms_are_named_as_missing(story, parts):
    run = replace(story, currency="", outcomes=(replace(story.outcomes[1], findings=(parts["data"](),)),))
    assert "Declare [money] in hauberk.toml" in " ".join(answer(run).cost.sentences)


@pytest.mark.parametrize("name", ["text", "html", "markdown", "sarif", "gitlab"])
def test_a_narrowed_run_says_so(story, name):
    content = render(replace(story, selected=("HB-E",)), name, **({"width": 200} if name == "text" else {}))
    assert "narrowed to HB-E" in html.unescape(content.decode())


@pytest.mark.parametrize("name", ["html", "markdown", "json"])
def test_the_checkpoint_leaves_with_the_report(story, name):
    note = story.checkpoint.note
    content = render(story, name).decode()
    assert (note if name != "json" else note.replace("\n", "\\n")) in html.unescape(content)


def test_what_is_waived_is_said_beside_a_yes_and_is_not_nothing(clean, story):
    first, *rest = clean.outcomes
    found = next(item for outcome in story.outcomes for item in outcome.findings)
    waived = Waived(fingerprint=found.fingerprint, reason="r", owner="o", expires="2031-01-01")
    outcome = replace(first, status=Status.FINDINGS, findings=(found,))
    replies = answer(replace(clean, outcomes=(outcome, *rest), waived=(waived,)))
    said = f"1 finding is waived (1 {found.severity}), the worst: {found.title}"
    assert replies.safe.headline == "Yes"
    assert said in replies.safe.sentences
    assert (replies.worst.headline, replies.worst.tone) == ("Nothing but what was waived", Tone.UNKNOWN)
    assert replies.worst.sentences == (said,)
