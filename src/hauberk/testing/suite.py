# SPDX-License-Identifier: Apache-2.0
"""The conformance suite: what every check has to keep, made into tests from its declaration and its examples.

```python
import pytest
from hauberk.testing import conformance
from acme_checks.country import impossible_country

@pytest.mark.parametrize("case", conformance(impossible_country), ids=str)
def test_it_keeps_the_contract(case):
    case.run()
```
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import polars as pl

from hauberk.assess import Situation, result_bytes
from hauberk.core.check import CheckSpec, Examples, Need, Order, Stage, spec_of
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Environment, Run
from hauberk.report import dump_run, load_run
from hauberk.testing.trial import Trial, contents, shuffled, without

_DIGITS = 9
"""Significant digits that a number keeps when rows come in another order; sums of floats differ in the last ones."""

_SHORTEST = 4
"""Characters from which on a record value in a message is no coincidence."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of the suite.

    Attributes:
        name: what it tests.
        run: the test; it raises AssertionError with the reason.
    """

    name: str
    run: Callable[[], None]

    def __str__(self) -> str:
        return self.name


def conformance(function: Callable[..., Any], *, examples: Examples | None = None) -> list[Case]:
    """Return the suite for one check.

    Args:
        function: the check.
        examples: its examples; `EXAMPLES` of its module by default.

    Raises:
        TypeError: the function is no check, or there are no examples.
    """
    spec = spec_of(function)
    found = examples or getattr(sys.modules.get(function.__module__), "EXAMPLES", None)
    if not isinstance(found, Examples):
        raise TypeError(f"{spec.id}: its module has no EXAMPLES = Examples(bad=..., clean=...)")
    subject = _Subject(spec, found)
    return [Case(name, partial(case, subject)) for name, case in _cases(spec)]


def check_check(function: Callable[..., Any], *, examples: Examples | None = None) -> None:
    """Run the whole suite for one check.

    Raises:
        TypeError: see `conformance`.
        AssertionError: it names every case that failed, and why.
    """
    problems: list[str] = []
    for case in conformance(function, examples=examples):
        try:
            case.run()
        except AssertionError as error:
            problems.append(f"{case.name}: {error}")
    if problems:
        raise AssertionError(f"{spec_of(function).id} breaks its contract:\n" + "\n".join(problems))


@dataclass(frozen=True)
class _Subject:
    """The check under test, with its examples; what it makes of the bad one is worked out once."""

    spec: CheckSpec
    examples: Examples

    @property
    def trial(self) -> Trial:
        return Trial(spec=self.spec)

    @cached_property
    def outcome(self) -> Outcome:
        return self.trial.run(self.examples.bad())


_Test = Callable[[_Subject], None]


def _cases(spec: CheckSpec) -> Iterator[tuple[str, _Test]]:
    yield "it is documented", _documented
    yield "the bad example fires", _fires
    yield "the clean example stays silent", _silent
    yield "the same seed gives the same bytes", _repeats
    yield "the inputs stay as they were", _leaves_inputs
    yield "it needs what it declares and nothing else", _needs
    yield "its budget is kept", _keeps_budget
    yield "no record value stands in a message", _discreet
    yield "its findings survive being written and read", _survives
    if spec.order is Order.IRRELEVANT:
        yield "the order of rows does not matter", _ignores_order
    if spec.order is Order.IRRELEVANT and spec.stage is Stage.ADMIT:
        yield "the size of batches does not matter", _ignores_batches


def _documented(subject: _Subject) -> None:
    words = subject.spec.doc.lower().split()
    text = " ".join(words)
    assert len(words) >= 40, f"its docstring is its page, and has {len(words)} words"
    for topic in ("remedy", "false alarm"):
        assert topic in text, f"its page says nothing of: {topic}"


def _fires(subject: _Subject) -> None:
    outcome = subject.outcome
    assert outcome.status is Status.FINDINGS, f"it ended as {outcome.status.value} {outcome.reason}"
    for finding in outcome.findings:
        assert all((finding.title, finding.message, finding.remedy)), "a finding lacks title, message or remedy"


def _silent(subject: _Subject) -> None:
    outcome = subject.trial.run(subject.examples.clean())
    titles = "; ".join(finding.title for finding in outcome.findings)
    assert outcome.status is Status.PASSED, f"it ended as {outcome.status.value} {outcome.reason}{titles}"


def _repeats(subject: _Subject) -> None:
    again = subject.trial.run(subject.examples.bad())
    assert result_bytes(again) == result_bytes(subject.outcome), "two runs with one seed gave different bytes"


def _leaves_inputs(subject: _Subject) -> None:
    situation = subject.examples.bad()
    before, domain = contents(situation), repr(situation.domain)
    subject.trial.run(situation)
    for name, frame in contents(situation).items():
        assert frame.equals(before[name]), f"it changed the table {name}"
    assert repr(situation.domain) == domain, "it changed the domain"


def _needs(subject: _Subject) -> None:
    situation = subject.examples.bad()
    for need in subject.spec.needs:
        item = subject.trial.planned(without(situation, (need,)))
        assert item.verdict is Status.NOT_APPLICABLE, f"it would run without {need.value}"
    model = {Need.MODEL, Need.SCORES, Need.LABELS, Need.TREES, Need.GRADIENTS}
    undeclared = set(Need) - set(subject.spec.needs) - (model if model & set(subject.spec.needs) else set[Need]())
    bare = without(situation, tuple(sorted(undeclared)))
    outcome = subject.trial.run(bare)
    assert outcome.status is not Status.ERROR, f"without what it does not declare it fails: {outcome.reason}"


def _keeps_budget(subject: _Subject) -> None:
    work = subject.outcome.work
    for kind, spent in work.items():
        limit = spent // 2
        outcome = Trial(spec=subject.spec, limits={kind: limit}).run(subject.examples.bad())
        kept = outcome.work.get(kind, 0) <= limit or kind == "rows"
        assert outcome.status.incomplete or kept, f"with {limit} {kind} to spend it spent {outcome.work.get(kind)}"


def _discreet(subject: _Subject) -> None:
    situation = subject.examples.bad()
    texts = list(_texts(subject.outcome))
    for column, value in _secrets(situation):
        for text in texts:
            assert value not in text, f"a value of {column} stands in: {text}"


def _texts(outcome: Outcome) -> Iterator[str]:
    yield outcome.reason
    yield from outcome.limits
    yield from (f"{one.name} {one.at}" for one in outcome.measurements)
    for table in (*outcome.evidence, *(table for finding in outcome.findings for table in finding.evidence)):
        yield f"{table.title} {table.note}"
    for finding in outcome.findings:
        yield from (finding.title, finding.message, finding.remedy, finding.location.key, finding.loss_formula)


def _secrets(situation: Situation) -> Iterator[tuple[str, str]]:
    """Values that may not be told: those of personal columns, and of texts that nearly tell rows apart."""
    personal = set[str](situation.domain.personal) if situation.domain is not None else set[str]()
    for frame in contents(situation).values():
        for name in frame.columns:
            texts = frame[name].drop_nulls().cast(pl.String).unique(maintain_order=True)
            telling = frame.schema[name] == pl.String and 2 * texts.len() > frame.height
            told = texts.filter(texts.str.len_chars() >= _SHORTEST) if name in personal or telling else texts.clear()
            yield from ((name, value) for value in told)


def _survives(subject: _Subject) -> None:
    outcome = subject.outcome
    environment = Environment(hauberk="0", python="3", platform="test", cpu="test", threads=1)
    run = Run(
        id="r", project="p", command="c", started_us=0, ended_us=1, seed=0, environment=environment, assets=(),
        outcomes=(outcome,),
    )  # fmt: skip
    assert load_run(dump_run(run)) == run, "a run with this outcome reads back as another one"


def _ignores_order(subject: _Subject) -> None:
    expected = _essence(subject.outcome)
    found = _essence(subject.trial.run(shuffled(subject.examples.bad())))
    assert found == expected, _difference(expected, found)


def _ignores_batches(subject: _Subject) -> None:
    expected = _essence(subject.outcome)
    for rows in (7, 64):
        found = _essence(Trial(spec=subject.spec, rows=rows).run(subject.examples.bad()))
        assert found == expected, f"with {rows} rows a batch: {_difference(expected, found)}"


def _essence(outcome: Outcome) -> tuple[object, ...]:
    """What may not change when rows come in another order: all but evidence, row numbers and the last digits."""
    findings = tuple(_plain_finding(finding) for finding in outcome.findings)
    return (outcome.status, outcome.reason, findings, tuple(_rounded(one) for one in outcome.measurements))


def _plain_finding(finding: Finding) -> Finding:
    return replace(
        finding,
        evidence=(),
        location=replace(finding.location, sample=()),
        measurements=tuple(_rounded(one) for one in finding.measurements),
    )


def _rounded(one: Measurement) -> Measurement:
    def cut(value: float) -> float:
        return float(f"{value:.{_DIGITS}g}")

    low, high = (None if end is None else cut(end) for end in (one.low, one.high))
    return replace(one, value=cut(one.value), low=low, high=high)


def _difference(expected: tuple[object, ...], found: tuple[object, ...]) -> str:
    first = next((pair for pair in zip(expected, found, strict=True) if pair[0] != pair[1]), (expected, found))
    return f"{first[0]} became {first[1]}"
