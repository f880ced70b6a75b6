# SPDX-License-Identifier: Apache-2.0
"""The four questions of a reader in a hurry, answered once and shown in every human format.

Is it safe to ship? What is the worst thing? What does it cost? What do I do now?
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hauberk.core.decision import Decision, Effect
from hauberk.core.finding import Finding, Severity
from hauberk.core.outcome import Status
from hauberk.core.run import Run
from hauberk.report.evasion import masked_by
from hauberk.report.numbers import count, money, when

_STEPS = 3


class Tone(StrEnum):
    """How an answer sounds. It is always said in words too."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    Attributes:
        headline: the answer in a few words.
        tone: how it sounds.
        sentences: what stands behind it.
    """

    headline: str
    tone: Tone
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to the four questions.

    Attributes:
        safe: is it safe to ship?
        worst: what is the worst thing?
        cost: what does it cost?
        steps: what do I do now, first things first.
    """

    safe: Answer
    worst: Answer
    cost: Answer
    steps: tuple[str, ...]


def answer(run: Run) -> Answers:
    """Answer the four questions from a run."""
    found = list(run.findings())
    return Answers(safe=_safe(run, found), worst=_worst(run, found), cost=_cost(run, found), steps=_steps(run, found))


def notices(run: Run) -> tuple[str, ...]:
    """Return what a reader must see before any number: masked figures, the run's own notes, that it was narrowed."""
    masked = [f"The evasion figures are masked: {title[:1].lower()}{title[1:]}." for title in masked_by(run)]
    own = (*masked, *(note for note in run.notes if note))
    if not run.selected:
        return own
    return (*own, f"The run was narrowed to {', '.join(run.selected)}: no other check was planned.")


def tally(found: list[Finding]) -> str:
    """Return how many findings there are of each severity, such as `1 critical, 2 high`."""
    counts = [(sum(item.severity is severity for item in found), severity) for severity in reversed(Severity)]
    return ", ".join(f"{n:,} {severity}" for n, severity in counts if n)


def _safe(run: Run, found: list[Finding]) -> Answer:
    gaps = _gaps(run)
    if run.decision is None:
        return Answer(headline="Not decided", tone=Tone.UNKNOWN, sentences=(_why_undecided(run, found), *gaps))
    spoken = run.decision.effect
    sentences = tuple(reason.sentence for reason in run.decision.reasons if reason.effect is spoken)
    if spoken is not Effect.ALLOW:
        return Answer(headline="No", tone=Tone.BAD, sentences=sentences or ("No rule allows it.",))
    terms = (*_terms(run.decision), *sentences, *_hidden(run))
    if gaps:
        return Answer(headline="Allowed, but incomplete", tone=Tone.UNKNOWN, sentences=(*gaps, *terms))
    return Answer(headline="Yes", tone=Tone.GOOD, sentences=terms)


def _why_undecided(run: Run, found: list[Finding]) -> str:
    if run.aborted:
        return "The run was interrupted before it could be judged."
    if found:
        return f"No policy was asked. {_stand(found)}"
    return "No policy was asked, so nobody has said yes."


def _stand(found: list[Finding]) -> str:
    return f"{count(len(found), 'finding stands', 'findings stand')}: {tally(found)}."


def _hidden(run: Run) -> tuple[str, ...]:
    """What waivers hide: whoever reads yes has to know of it."""
    open_ = {item.fingerprint for item in run.findings()}
    hidden = [item for item in run.findings(waived=True) if item.fingerprint not in open_]
    if not hidden:
        return ()
    said = count(len(hidden), "finding is waived", "findings are waived")
    return (f"{said} ({tally(hidden)}), the worst: {hidden[0].title}",)


def _gaps(run: Run) -> tuple[str, ...]:
    gaps: list[str] = []
    if run.aborted and run.decision is not None:
        gaps.append("The run was interrupted.")
    if run.incomplete:
        gaps.append(f"{count(len(run.incomplete), 'planned check')} did not run to the end: {_incomplete(run)}.")
    if not run.outcomes:
        gaps.append("No check was planned.")
    elif not _examined(run):
        gaps.append("No check ran, so nothing was examined.")
    return tuple(gaps)


def _examined(run: Run) -> int:
    return run.count(Status.PASSED) + run.count(Status.FINDINGS)


def _terms(decision: Decision) -> tuple[str, ...]:
    until = f" until {when(decision.expires_us)}" if decision.expires_us is not None else ""
    terms = f"Policy allows it ({decision.action}){until}."
    return (terms, *(f"On condition: {obligation}" for obligation in decision.obligations))


def _worst(run: Run, found: list[Finding]) -> Answer:
    if found:
        first = found[0]
        sentences = [first.message]
        if first.inferred:
            sentences.append("It rests on an inferred domain that no person has confirmed.")
        return Answer(headline=first.title, tone=Tone.BAD, sentences=tuple(sentences))
    ran = _examined(run)
    if run.incomplete or run.aborted or not ran:
        return Answer(
            headline="Unknown",
            tone=Tone.UNKNOWN,
            sentences=(f"{count(ran, 'check')} ran to the end and found nothing; what did not run may hide worse.",),
        )
    hidden = _hidden(run)
    if hidden:
        return Answer(headline="Nothing but what was waived", tone=Tone.UNKNOWN, sentences=hidden)
    return Answer(
        headline="Nothing found",
        tone=Tone.GOOD,
        sentences=(f"{count(ran, 'check')} ran to the end. What they cannot see stands under the limits.",),
    )


def _cost(run: Run, found: list[Finding]) -> Answer:
    priced = sorted((item for item in found if item.loss), key=lambda item: (-(item.loss or 0), item.fingerprint))
    if not priced:
        return _no_cost(run, found)
    first = priced[0]
    sentences = [f"At stake in: {first.title}"]
    if first.loss_formula:
        sentences.append(f"Computed as: {first.loss_formula}")
    if len(priced) > 1:
        others = count(len(priced) - 1, "further finding states an amount", "further findings state amounts")
        sentences.append(f"{others}; they may overlap, so they are not added up.")
    return Answer(headline=money(first.loss or 0, run.currency), tone=Tone.BAD, sentences=tuple(sentences))


def _no_cost(run: Run, found: list[Finding]) -> Answer:
    if not found:
        open_ended = run.incomplete or run.aborted or not _examined(run)
        why = "There is no finding that could cost money."
        return Answer(headline="No amount", tone=Tone.UNKNOWN if open_ended else Tone.GOOD, sentences=(why,))
    hint = () if run.currency else ("Declare [money] in hauberk.toml to see amounts.",)
    return Answer(headline="No amount stated", tone=Tone.UNKNOWN, sentences=("No finding states an amount.", *hint))


def _steps(run: Run, found: list[Finding]) -> tuple[str, ...]:
    steps = [*_unfinished(run), *list(dict.fromkeys(item.remedy for item in found if item.remedy))[:_STEPS]]
    if not run.domain_confirmed and run.outcomes:
        steps.append("Have a person review and confirm the domain: until then every attack rests on a guess.")
    if run.decision is None:
        steps.append("Ask the gate for a decision.")
    elif run.decision.effect is Effect.ALLOW and not steps:
        steps.append("Ship it, and let it be watched.")
    if found or run.incomplete or run.aborted:
        steps.append(f"Repeat the run: {run.command}")
    return tuple(steps)


def _unfinished(run: Run) -> list[str]:
    if not run.incomplete:
        idle = run.outcomes and not _examined(run)
        return ["Find out why no check applies: the reasons stand in the table of checks."] if idle else []
    return [
        f"Find out why these checks did not finish ({_incomplete(run)}); their reasons stand in the table of checks."
    ]


def _incomplete(run: Run) -> str:
    """The first checks that did not end, and how many more there are."""
    names = ", ".join(outcome.check for outcome in run.incomplete[:_STEPS])
    more = len(run.incomplete) - _STEPS
    return f"{names} and {more:,} more" if more > 0 else names
