# SPDX-License-Identifier: Apache-2.0
"""The run as one HTML page: no script, no request, readable without either, in light, in dark and on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hauberk.catalog import Threat, find_threat
from hauberk.core.finding import Finding, Severity
from hauberk.core.outcome import Status
from hauberk.core.run import Run, Waived
from hauberk.report import numbers
from hauberk.report.answers import answer, notices, tally
from hauberk.report.evasion import brief
from hauberk.report.exhibit import Exhibit, Hanging
from hauberk.report.plain import visible
from hauberk.report.verdict import MEANING, exit_code

MAX_FINDINGS = 200
"""Findings that are written out; the rest are counted by check."""

_OPEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A finding as the page shows it.

    Attributes:
        at: its number on the page, from 1.
        finding: the finding itself.
        place: asset and column.
        money: its amount, in words; empty without one.
        state: `new`, `known` or empty.
        exhibits: its evidence, drawn.
        opened: true if it is shown unfolded.
    """

    at: int
    finding: Finding
    place: str
    money: str
    state: str
    exhibits: tuple[Exhibit, ...]
    opened: bool


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hauberk.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    filters: dict[str, Callable[..., Any]] = {
        "cell": numbers.cell,
        "duration": numbers.duration,
        "interval": numbers.interval,
        "label": numbers.label,
        "prose": _prose,
        "quantity": numbers.quantity,
        "when": numbers.when,
        "words": _words,
    }
    environment.filters.update(filters)
    return environment


def _finalize(value: Any) -> Any:
    """Spell out hidden characters in everything that the template prints; escaping follows."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _words(value: str) -> str:
    return value.replace("_", " ")


def _prose(value: str) -> Markup:
    """Return a sentence with what stands between backticks set as code."""
    parts = visible(value).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is a backtick
        return escape(visible(value))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def render_html(run: Run) -> bytes:
    """Return the run as one HTML page in UTF-8."""
    found = list(run.findings())
    hanging = Hanging()
    code = exit_code(run)
    page = _environment().get_template("report.html.jinja")
    text = page.render(
        run=run,
        count=numbers.count,
        answers=answer(run),
        evasion=brief(run),
        hang=hanging.show,
        notices=notices(run),
        code=code,
        meaning=MEANING[code],
        cards=[_card(run, finding, at, hanging) for at, finding in enumerate(found[:MAX_FINDINGS], 1)],
        total=len(found),
        tally=tally(found),
        rest=sorted(Counter(item.check for item in found[MAX_FINDINGS:]).items()),
        severities=[(severity, sum(item.severity is severity for item in found)) for severity in reversed(Severity)],
        statuses=_statuses(run),
        waived=_waived(run),
        threats=_threats(found[:MAX_FINDINGS]),
        extra=[(outcome, [hanging.show(item) for item in outcome.evidence]) for outcome in run.outcomes],
        took=numbers.duration(max(run.ended_us - run.started_us, 0) / 1e6) if run.ended_us else "",
    )
    return text.encode("utf-8", "backslashreplace")


def _statuses(run: Run) -> list[tuple[str, int, str]]:
    """Return what became of the planned checks: words, how many, and a name for the style sheet."""
    incomplete = run.count(Status.ERROR) + run.count(Status.TIMED_OUT)
    return [
        ("passed", run.count(Status.PASSED), "good"),
        ("with findings", run.count(Status.FINDINGS), "bad"),
        ("incomplete", incomplete, "unknown"),
        ("not applicable", run.count(Status.NOT_APPLICABLE), "quiet"),
        ("skipped", run.count(Status.SKIPPED), "quiet"),
    ]


def _waived(run: Run) -> list[tuple[Waived, Finding]]:
    waivers = {item.fingerprint: item for item in run.waived}
    return [(waivers[item.fingerprint], item) for item in run.findings(waived=True) if item.fingerprint in waivers]


def _card(run: Run, finding: Finding, at: int, hanging: Hanging) -> Card:
    where = finding.location
    known = finding.fingerprint in run.baseline
    return Card(
        at=at,
        finding=finding,
        place=" / ".join(part for part in (where.asset, where.column, where.key) if part),
        money=numbers.money(finding.loss, run.currency) if finding.loss is not None else "",
        state=("known" if known else "new") if run.baseline else "",
        exhibits=tuple(hanging.show(item) for item in finding.evidence),
        opened=at <= _OPEN,
    )


def _threats(found: list[Finding]) -> list[Threat]:
    """Return the threats that the findings on the page name and the catalogue holds, in the order of their ids."""
    named = sorted({identifier for finding in found for identifier in finding.threats})
    return [known for known in map(find_threat, named) if known is not None]
