# SPDX-License-Identifier: Apache-2.0
"""The pytest plug-in: the fixtures `assert_robust` and `hauberk_project`, and a section of rates in the summary.

Every pytest that starts beside an installed Hauberk loads this file, so it imports nothing heavy; numpy and the models
are loaded by the first test that asks for a fixture. Without such a test the plug-in does and prints nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from hauberk import testing
from hauberk.core.errors import HauberkError

if TYPE_CHECKING:
    from hauberk.testing.project import ProjectUnderTest
    from hauberk.testing.robustness import Robustness

_FACTS = pytest.StashKey[list[dict[str, Any]]]()
_ATTRIBUTE = "hauberk_robustness"
"""Attribute of a test report that carries the figures; reports travel between the processes of pytest-xdist as JSON."""

_MARK = "hauberk_config(path): the project that the fixture hauberk_project opens"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--hauberk-seed` and the settings `hauberk_config` and `hauberk_junit`."""
    group = parser.getgroup("hauberk", "robustness of models (Hauberk)")
    group.addoption(
        "--hauberk-seed",
        type=int,
        default=None,
        metavar="N",
        help="seed of the attacks of the fixture assert_robust, where a test names none",
    )
    parser.addini("hauberk_config", "project that the fixture hauberk_project opens", default=".")
    parser.addini("hauberk_junit", "write rates and intervals as properties into JUnit XML", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARK)


@pytest.fixture
def hauberk_project(request: pytest.FixtureRequest) -> Iterator[ProjectUnderTest]:
    """The project of the test's marker `hauberk_config`, or of the setting of that name: model, rows, labels, domain."""
    marker = request.node.get_closest_marker("hauberk_config")
    name = str(marker.args[0]) if marker is not None and marker.args else str(request.config.getini("hauberk_config"))
    try:
        project: ProjectUnderTest = testing.open_project_under_test(_place(request.config, name))
    except HauberkError as error:
        pytest.fail(str(error), pytrace=False)
    yield project
    project.close()


@pytest.fixture
def assert_robust(request: pytest.FixtureRequest) -> Callable[..., Robustness]:
    """`hauberk.testing.assert_robust`; it also takes a `hauberk_project` in the place of model, X, y and domain.

    What it finds is shown in the summary at the end, whether the test passes or not.
    """
    facts = request.node.stash.setdefault(_FACTS, [])
    chosen = request.config.getoption("--hauberk-seed")

    def run(*what: Any, **terms: Any) -> Robustness:
        __tracebackhide__ = True
        given = _expanded(what, terms)
        terms.setdefault("seed", 0 if chosen is None else chosen)
        try:
            found: Robustness = testing.assert_robust(*given, **terms)
        except testing.NotRobust as error:
            facts.append({**error.found.facts(), "outcome": "not robust"})
            raise
        except testing.RobustnessUnknown:
            facts.append({"outcome": "unknown"})
            raise
        facts.append({**found.facts(), "outcome": "within the limit"})
        return found

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report of a test carry what its attacks found."""
    report = yield
    facts = item.stash.get(_FACTS, None)
    if call.when == "call" and facts:
        setattr(report, _ATTRIBUTE, facts)
        if item.config.getini("hauberk_junit"):
            # the writer of JUnit XML reads them from the report of the teardown, which is made from the item
            item.user_properties += [("hauberk", json.dumps(each, sort_keys=True)) for each in facts]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each attack of the session: rate, n, interval, and what was allowed."""
    lines = [
        f"{report.nodeid}: {_line(facts)}"
        for report in _reports(terminalreporter)
        for facts in cast("list[dict[str, Any]]", getattr(report, _ATTRIBUTE))
    ]
    if not lines:
        return
    terminalreporter.section("Hauberk: events that get through")
    for line in lines:
        terminalreporter.write_line(line)
    terminalreporter.write_line("Not evaded means: not evaded within the budget of the attack. It is no proof.")


def _reports(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    everything = [report for reports in reporter.stats.values() for report in reports]
    return sorted((report for report in everything if hasattr(report, _ATTRIBUTE)), key=lambda report: report.nodeid)


def _line(facts: dict[str, Any]) -> str:
    if "n" not in facts:
        return "unknown"
    low, high, allowed = (f"{100 * facts[name]:.3g}" for name in ("low", "high", "max_evasion"))
    purse = "any cost" if facts["at_cost"] == "any" else f"cost <= {facts['at_cost']:g} {facts['currency']}".rstrip()
    return (
        f"{facts['outcome']}: {facts['evaded']} of {facts['n']} evaded ({low} to {high} %; allowed {allowed} %) "
        f"at {purse}, {facts['queries']} queries by {facts['by']}, seed {facts['seed']}"
    )


def _expanded(what: tuple[Any, ...], terms: dict[str, Any]) -> tuple[Any, ...]:
    """Model, rows, labels and domain of a project, and its threshold, where a project was given."""
    if len(what) == 1 and isinstance(what[0], testing.ProjectUnderTest):
        terms.setdefault("threshold", what[0].threshold)
        return what[0].parts
    return what


def _place(config: pytest.Config, name: str) -> Path:
    """The project's file or folder; a relative path starts where pytest's own configuration lies."""
    return config.rootpath / name
