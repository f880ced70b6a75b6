# SPDX-License-Identifier: Apache-2.0
"""What a run says of evasion, put together for the one who answers for the losses: five questions and their answers.

The attacks are checks of their own, each with its own figures; what they say side by side stands in no single one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hauberk.core.evidence import Cell, Evidence, View
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run
from hauberk.report.numbers import interval, money, number, quantity, rate

_COST = "cost <= "
_ANY = "any cost"
_BY_SCORES, _BY_LABELS, _BY_TREES, _SELF_CHECK, _BY_COPY = "HB-E001", "HB-E002", "HB-E005", "HB-E006", "HB-E007"

_KNOWS = (
    ("the model itself", _BY_TREES, "found_through_rate", "median_price_found"),
    ("scores of his tries", _BY_SCORES, "evasion_rate", "median_cost"),
    ("decisions alone", _BY_LABELS, "label_evasion_rate", "label_median_cost"),
    ("a copy of the model", _BY_COPY, "transfer_rate", "transfer_median_cost"),
    ("nothing: chance", _BY_SCORES, "random_evasion_rate", "random_median_cost"),
)
"""What an attacker may have; the check, and its measurements of share and median cost. Most knowledge first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question and its answer.

    Attributes:
        question: as a fraud manager would ask it.
        headline: the answer in a few words.
        sentences: what stands behind it.
    """

    question: str
    headline: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a run says of evasion.

    Attributes:
        masked: titles of the findings that mask its figures; empty if the self-check found the answers sound.
        answered: the questions that the run can answer.
        exhibits: tables that put the attacks side by side.
    """

    masked: tuple[str, ...]
    answered: tuple[Answered, ...]
    exhibits: tuple[Evidence, ...]


def brief(run: Run) -> Brief | None:
    """Put together what a run says of evasion; None where no attack measured anything."""
    known = _Known.of(run)
    parts = [_share(known), _stake(run, known), _columns(known), _closeness(known), _knowledge(known), _trust(known)]
    answered = tuple(part for part in parts if part is not None)
    if not known.measured:
        return None
    return Brief(masked=masked_by(run), answered=answered, exhibits=tuple(_side_by_side(known)))


def masked_by(run: Run) -> tuple[str, ...]:
    """Titles of the open findings that say why the run's evasion figures prove nothing; empty if there are none."""
    return tuple(found.title for found in run.findings() if found.check == _SELF_CHECK)


@dataclass(frozen=True, slots=True)
class _Known:
    """The outcomes of the attacks, and what they measured, by check, name and level."""

    outcomes: dict[str, Outcome]
    measured: dict[tuple[str, str, str], Measurement]
    waived: frozenset[str]

    @classmethod
    def of(cls, run: Run) -> _Known:
        ran = [one for one in run.outcomes if one.check.startswith("HB-E") and one.status is not Status.SKIPPED]
        measured = {
            (one.check, item.name, item.at): item
            for one in ran if one.status in {Status.PASSED, Status.FINDINGS}
            for item in one.measurements
        }  # fmt: skip
        return cls({one.check: one for one in ran}, measured, frozenset(item.fingerprint for item in run.waived))

    def findings(self, check: str) -> list[Finding]:
        """The open findings of a check."""
        found = self.outcomes[check].findings if check in self.outcomes else ()
        return [item for item in found if item.fingerprint not in self.waived]

    def one(self, check: str, name: str, at: str = "") -> Measurement | None:
        """One measurement; None if it was not made."""
        return self.measured.get((check, name, at))

    def by_cost(self, check: str, name: str) -> list[tuple[float, Measurement]]:
        """The measurements of a share at costs, cheapest first."""
        found = [
            (float(at.removeprefix(_COST)), item)
            for (of, called, at), item in self.measured.items()
            if (of, called) == (check, name) and at.startswith(_COST)
        ]
        return sorted(found, key=lambda pair: pair[0])

    def reached(self, check: str, name: str) -> Measurement | None:
        """The share at any cost: as measured, or at the highest cost that was measured."""
        levels = self.by_cost(check, name)
        return self.one(check, name, _ANY) or (levels[-1][1] if levels else None)


def _with_interval(item: Measurement) -> str:
    return f"{quantity(item.value, item.unit)} ({interval(item)}, n = {item.n:,})"


def _share(known: _Known) -> Answered | None:
    best = next((item for item in _reached(known) if item is not None), None)
    if best is None:
        return None
    free = known.one(_BY_SCORES, "evasion_rate", f"{_COST}0")
    sentences = [f"Of the events that the model catches today, {_with_interval(best)} get through at some cost."]
    if free is not None:
        sentences.append(f"For nothing at all: {_with_interval(free)}.")
    return Answered(
        question="What share of what we catch could get through?", headline=rate(best.value), sentences=tuple(sentences)
    )


def _reached(known: _Known) -> Iterable[Measurement | None]:
    return (known.reached(check, share) for _, check, share, _ in (_KNOWS[1], _KNOWS[2], _KNOWS[0], _KNOWS[3]))


def _stake(run: Run, known: _Known) -> Answered | None:
    priced = [
        item for check in (_BY_SCORES, _BY_LABELS, _BY_TREES, _BY_COPY) for item in known.findings(check) if item.loss
    ]
    if not priced:
        return None
    first = priced[0]
    return Answered(
        question="What is at stake?",
        headline=money(first.loss or 0, run.currency),
        sentences=(
            f"Computed as: {first.loss_formula}.",
            "It is the sum over the records that were attacked, a sample.",
        ),
    )


def _columns(known: _Known) -> Answered | None:
    tables = [item for found in known.findings(_BY_SCORES) for item in found.evidence if item.view is View.BARS]
    if not tables or not tables[0].rows:
        return None
    named = [f"{row[0]} ({rate(float(row[1] or 0))})" for row in tables[0].rows[:3]]
    return Answered(
        question="Which columns carry it?",
        headline=", ".join(str(row[0]) for row in tables[0].rows[:3]),
        sentences=(f"Share of the cheapest evasions that change them: {', '.join(named)}.",),
    )


def _closeness(known: _Known) -> Answered | None:
    found, proven = known.one(_BY_TREES, "median_price_found"), known.one(_BY_TREES, "median_price_proven")
    exact, ratio = known.one(_BY_TREES, "exact_rate"), known.one(_BY_TREES, "mean_found_over_proven")
    if exact is None:
        return None
    sentences: list[str] = []
    headline = f"{rate(exact.value)} are exact"
    if found is not None and proven is not None:
        low, high = quantity(proven.value, proven.unit), quantity(found.value, found.unit)
        headline = f"Exactly {high}" if low == high else f"{low} to {high}"
        sentences.append(
            f"The median price, from both sides: half of {found.n:,} records get through for {high} or less, with a record "
            f"in hand; for half of them it is proven that nothing below {low} is enough."
        )
    sentences.append(f"For {_with_interval(exact)} of the records the cheapest way through is known exactly.")
    if ratio is not None:
        sentences.append(
            f"Where something is proven, the price found is {quantity(ratio.value, '')} times that on average."
        )
    return Answered(
        question="How close is that to the best an attacker can do?", headline=headline, sentences=tuple(sentences)
    )


def _knowledge(known: _Known) -> Answered | None:
    shares = {name: known.reached(check, share) for name, check, share, _ in _KNOWS}
    has = {name: item for name, item in shares.items() if item is not None}
    if len(has) < 2:
        return None
    top = max(item.value for item in has.values())
    least = next(name for name in reversed(list(has)) if (has[name].high or 0.0) >= top)
    words = {"nothing: chance": "nothing at all", "a copy of the model": "answers to records of his own"}
    asked = known.one(_BY_LABELS, "label_queries_needed")
    sentences = ["It is the least of what was tried that gets as many through, within the intervals."]
    if asked is not None:
        sentences.append(
            f"By decisions alone, half of the evasions were found within {quantity(asked.value, '')} tries."
        )
    return Answered(
        question="What must the attacker know?",
        headline=words.get(least, least).capitalize(),
        sentences=tuple(sentences),
    )


def _trust(known: _Known) -> Answered | None:
    if _SELF_CHECK not in known.outcomes or known.outcomes[_SELF_CHECK].status not in {Status.PASSED, Status.FINDINGS}:
        return Answered(
            question="Can these figures be trusted?",
            headline="Not known",
            sentences=("The self-check, which looks for answers that mislead an attack, did not run to its end.",),
        )
    signs = known.findings(_SELF_CHECK)
    if signs:
        return Answered(
            question="Can these figures be trusted?",
            headline="No: they are masked",
            sentences=tuple(f"{found.title}." for found in signs),
        )
    return Answered(
        question="Can these figures be trusted?",
        headline="No sign against it",
        sentences=("The self-check found no sign that the model's answers mislead an attack.",),
    )


def _ladder(known: _Known) -> Iterable[Evidence]:
    """The share that gets through at each cost, as bars."""
    by_scores = known.by_cost(_BY_SCORES, "evasion_rate")
    levels = by_scores or known.by_cost(_BY_TREES, "found_through_rate")
    median = known.one(_BY_SCORES, "median_cost") or known.one(_BY_TREES, "median_price_found")
    unit = median.unit if median is not None else ""
    rows: list[tuple[Cell, ...]] = [
        (f"{number(level)} {unit}".strip(), item.value, item.low, item.high, item.n) for level, item in levels
    ]
    if len(rows) > 1:
        yield Evidence(
            title="Share of what is caught that gets through, by what the attacker pays",
            columns=("cost at most", "share that gets through", "low", "high", "records"),
            rows=tuple(rows),
            view=View.BARS,
            note="By the cheapest valid record found for each; low and high are the ends of the exact 95 % interval.",
        )


def _side_by_side(known: _Known) -> Iterable[Evidence]:
    yield from _ladder(known)
    shares: list[tuple[Cell, ...]] = []
    costs: list[tuple[Cell, ...]] = []
    unit = ""
    for name, check, share, cost in _KNOWS:
        reached, median = known.reached(check, share), known.one(check, cost)
        if reached is not None:
            shares.append((name, reached.value, reached.low, reached.high, reached.n, check))
        if reached is not None and median is not None:
            unit = median.unit
            costs.append((name, median.value, median.low, median.high, median.n, check))
    if len(shares) > 1:
        yield Evidence(
            title="What the attacker must know: share that gets through",
            columns=("attacker has", "share that gets through", "low", "high", "records", "check"),
            rows=tuple(shares),
            view=View.BARS,
            note="Each attack on a sample of caught events, at its own budget; low and high are the ends of the exact 95 % "
            "interval.",
        )
    if len(costs) > 1:
        yield Evidence(
            title="What the attacker must know: median cost of getting through",
            columns=("attacker has", f"median cost ({unit})", "low", "high", "evasions", "check"),
            rows=tuple(costs),
            view=View.BARS,
            note="Over those that get through; low and high are the ends of a 95 % interval of the median.",
        )
