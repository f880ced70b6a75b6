# SPDX-License-Identifier: Apache-2.0
"""Record values of personal columns leave a run only on request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from hauberk.core.evidence import Cell, Evidence, View
from hauberk.core.finding import Finding
from hauberk.core.measurement import Measurement
from hauberk.core.outcome import Outcome
from hauberk.core.run import Run

_AFTER = 3  # case, column, before, after

MASK = "•••"
"""What stands in the place of a masked value. Nulls are masked too: that a value is missing is a value."""

CHANGED = f"{MASK} changed"
"""What stands in the place of a masked value of a before-and-after view that differs from the one before."""


def mask_run(run: Run) -> Run:
    """Return the run with the values of its personal columns masked in all evidence and measurements.

    A cell whose owner cannot be told, because the evidence points outside its own row, is masked as well.
    """
    personal = frozenset(run.personal)
    if not personal and not any(_points(item) for outcome in run.outcomes for item in _evidence(outcome)):
        return run
    return replace(run, outcomes=tuple(_outcome(outcome, personal) for outcome in run.outcomes))


def is_masked(cell: Cell) -> bool:
    """True if the cell stands in the place of a masked value."""
    return cell in {MASK, CHANGED}


def _evidence(outcome: Outcome) -> list[Evidence]:
    return [*outcome.evidence, *(item for finding in outcome.findings for item in finding.evidence)]


def _points(evidence: Evidence) -> bool:
    return any(isinstance(owner, int) for owner in evidence.holds)


def _outcome(outcome: Outcome, personal: Collection[str]) -> Outcome:
    groups = _groups(outcome, personal)
    return replace(
        outcome,
        findings=tuple(_finding(finding, personal, groups) for finding in outcome.findings),
        measurements=_measurements(outcome.measurements, groups),
        evidence=tuple(mask_evidence(item, personal) for item in outcome.evidence),
    )


def _groups(outcome: Outcome, personal: Collection[str]) -> dict[str, str]:
    """What stands in the place of `column = value`, to which a measurement of a group belongs: a number for each value."""
    told = [*outcome.measurements, *(item for finding in outcome.findings for item in finding.measurements)]
    places = [(item.at, column) for item in told for column in sorted(personal) if item.at.startswith(f"{column} = ")]
    columns = dict(places)
    return {at: f"{column} = {MASK} {number}" for number, (at, column) in enumerate(columns.items(), 1)}


def _measurements(items: Iterable[Measurement], groups: Mapping[str, str]) -> tuple[Measurement, ...]:
    return tuple(replace(item, at=groups[item.at]) if item.at in groups else item for item in items)


def _finding(finding: Finding, personal: Collection[str], groups: Mapping[str, str]) -> Finding:
    return replace(
        finding,
        evidence=tuple(mask_evidence(item, personal) for item in finding.evidence),
        measurements=_measurements(finding.measurements, groups),
    )


def mask_evidence(evidence: Evidence, personal: Collection[str]) -> Evidence:
    """Return the evidence with each cell masked that holds a value of one of the `personal` columns."""
    if not any(owner is not None for owner in evidence.holds):
        return evidence
    hides = tuple(_hider(owner, personal) for owner in evidence.holds)
    pairs = evidence.view is View.BEFORE_AFTER
    rows = tuple(
        tuple(
            _mask(row, at, pairs=pairs) if hide(row) else cell
            for at, (cell, hide) in enumerate(zip(row, hides, strict=True))
        )
        for row in evidence.rows
    )
    return replace(evidence, rows=rows)


def _mask(row: tuple[Cell, ...], at: int, *, pairs: bool) -> str:
    """Return what stands in the place of a cell: which column was changed is no secret, to what is one."""
    return CHANGED if pairs and at == _AFTER and row[at - 1] != row[at] else MASK


def _hider(owner: str | int | None, personal: Collection[str]) -> Callable[[tuple[Cell, ...]], bool]:
    """Return the function that says of a row whether the cell of a column with this owner is to be masked."""
    if owner is None:
        return lambda row: False  # noqa: ARG005 - the row does not matter where no record value stands
    if isinstance(owner, str):
        hidden = owner in personal
        return lambda row: hidden  # noqa: ARG005 - one owner for the whole column
    return lambda row: not 0 <= owner < len(row) or str(row[owner]) in personal
