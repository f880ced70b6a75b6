# SPDX-License-Identifier: Apache-2.0
"""The run as JUnit XML, for the test views of build servers.

A suite is a stage; a finding is a failure; an error or a timeout is an error; what did not apply or was waived is
skipped, with its reason.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from hauberk.core.finding import Finding
from hauberk.core.outcome import Outcome, Status
from hauberk.core.run import Run, Waived
from hauberk.report.numbers import iso, label, measured, money
from hauberk.report.plain import visible
from hauberk.report.verdict import exit_code

_SKIPPED = {Status.NOT_APPLICABLE, Status.SKIPPED}


def render_junit(run: Run) -> bytes:
    """Return the run as one JUnit document."""
    root = ET.Element("testsuites", name=visible(f"hauberk {run.project}"))
    waivers = {item.fingerprint: item for item in run.waived}
    for stage in dict.fromkeys(outcome.stage for outcome in run.outcomes):
        suite = ET.SubElement(root, "testsuite", name=visible(stage) or "check", timestamp=iso(run.started_us, ""))
        _properties(suite, run)
        for outcome in run.outcomes:
            if outcome.stage == stage:
                suite.extend(_cases(run, outcome, waivers))
        _count(suite)
    if run.aborted or not run.outcomes:
        root.append(_empty(run))
    _count(root)
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _properties(suite: ET.Element, run: Run) -> None:
    properties = ET.SubElement(suite, "properties")
    facts = {"run": run.id, "command": run.command, "seed": str(run.seed), "exit_code": str(exit_code(run))}
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=visible(value))


def _cases(run: Run, outcome: Outcome, waivers: dict[str, Waived]) -> Iterator[ET.Element]:
    seconds = run.seconds.get(outcome.check, 0.0)
    if outcome.findings:
        for at, finding in enumerate(outcome.findings):
            case = _case(outcome, _name(finding), 0.0 if at else seconds)
            _fail(case, run, finding, waivers.get(finding.fingerprint))
            yield case
    if outcome.findings and not outcome.status.incomplete:
        return
    case = _case(outcome, outcome.title, seconds)
    if outcome.status.incomplete:
        ET.SubElement(case, "error", type=str(outcome.status), message=visible(outcome.reason))
    elif outcome.status in _SKIPPED:
        ET.SubElement(case, "skipped", type=str(outcome.status), message=visible(outcome.reason))
    elif outcome.status is Status.FINDINGS:
        ET.SubElement(case, "failure", type="finding", message=visible(outcome.title))
    yield case


def _case(outcome: Outcome, name: str, seconds: float) -> ET.Element:
    return ET.Element("testcase", classname=outcome.check, name=visible(name) or outcome.check, time=f"{seconds:.3f}")


def _name(finding: Finding) -> str:
    where = finding.location
    return f"{finding.title} [{'/'.join(part for part in (where.asset, where.column, where.key) if part)}]"


def _fail(case: ET.Element, run: Run, finding: Finding, waiver: Waived | None) -> None:
    if waiver is not None:
        reason = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        ET.SubElement(case, "skipped", type="waived", message=visible(reason))
        return
    failure = ET.SubElement(case, "failure", type=str(finding.severity), message=visible(finding.title))
    lines = [visible(finding.message)]
    lines += [f"{label(item)}: {measured(item)}" for item in finding.measurements]
    if finding.loss is not None:
        lines.append(f"at stake: {money(finding.loss, run.currency)} {visible(finding.loss_formula)}")
    lines += [f"remedy: {visible(finding.remedy)}", f"fingerprint: {finding.fingerprint}"]
    failure.text = "\n".join(lines)


def _empty(run: Run) -> ET.Element:
    """A run that was interrupted or had no check is never an empty, green document."""
    suite = ET.Element("testsuite", name="run", timestamp=iso(run.started_us, ""))
    case = ET.SubElement(suite, "testcase", classname="run", name="The run examined what was planned", time="0.000")
    why = "the run was interrupted" if run.aborted else "no check was planned"
    ET.SubElement(case, "error", type="aborted" if run.aborted else "nothing", message=why)
    _count(suite)
    return suite


def _count(element: ET.Element) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(plural, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
