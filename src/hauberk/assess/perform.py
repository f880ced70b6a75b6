# SPDX-License-Identifier: Apache-2.0
"""Run one task here and now: every check of it ends in exactly one outcome, whatever it does."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hauberk.assess.budget import Budget, TimedOut
from hauberk.assess.collect import collected
from hauberk.assess.context import CheckContext, Situation
from hauberk.assess.plan import Planned
from hauberk.assess.seed import generator
from hauberk.assess.standing import Standing, Told, nobody
from hauberk.assess.task import Reply, Task
from hauberk.core.check import CheckSpec
from hauberk.core.errors import HauberkError, NothingToExamine, OverBudget
from hauberk.core.outcome import Outcome, Status
from hauberk.table import BLOCK_ROWS, Scan, run_scans

_LIST = re.compile(r"\[[^\[\]]*\]")
_LONGEST = 200
_NO_DATA = NothingToExamine("no training data was given")


def perform(
    task: Task,
    situation: Situation,
    cache: dict[str, Any],
    specs: Mapping[str, CheckSpec] | None = None,
    *,
    limits: Mapping[str, int] | None = None,
    rows: int = BLOCK_ROWS,
    told: Told = nobody,
) -> Reply:
    """Run the checks of a task one after the other, those that return scans in one pass.

    Args:
        task: what to run; its seconds count from now.
        situation: what the checks look at.
        cache: what the checks of this process share.
        specs: declarations by id; those absent are imported.
        limits: work units that each check may spend, by kind; none by default.
        rows: rows of a block; tests vary it, nothing else does.
        told: told how a check stands while it runs.
    """
    deadline = time.monotonic() + task.seconds
    ends: dict[str, _End] = {}
    scans: dict[str, _Waiting] = {}
    seconds: dict[str, float] = {}
    for item in task.checks:
        begin = time.monotonic()
        context = _context(item, situation, Budget(dict(limits or {}), deadline), cache, told)
        end = _called(item, context, specs or {})
        if isinstance(end, _End):
            ends[item.entry.id] = end
        else:
            scans[item.entry.id] = end
        seconds[item.entry.id] = time.monotonic() - begin
    begin = time.monotonic()
    ends |= _scanned(scans, situation, Budget(deadline=deadline), rows)
    for check in scans:
        seconds[check] += (time.monotonic() - begin) / len(scans)
    return Reply(
        outcomes=tuple(ends[item.entry.id].outcome for item in task.checks),
        seconds=seconds,
        traces={check: end.trace for check, end in ends.items() if end.trace},
    )


@dataclass(frozen=True, slots=True)
class _End:
    """How a check ended, and the traceback of what it raised."""

    outcome: Outcome
    trace: str = ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A data check whose scan waits for the pass over the data."""

    item: Planned
    context: CheckContext
    scan: Scan


def _called(item: Planned, context: CheckContext, specs: Mapping[str, CheckSpec]) -> _End | _Waiting:
    """Call a check; it ends at once, or it returns a scan."""
    try:
        spec = specs.get(item.entry.id) or item.entry.load()
        result = spec.function(context, **_arguments(spec, item))
        if isinstance(result, Scan):
            return _Waiting(item, context, result)
        return _End(collected(item, result, context))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # broad: a check may raise anything, SystemExit and a Rust panic included
        return _End(outcome_of(item, error), traceback.format_exc())


def outcome_of(item: Planned, error: BaseException) -> Outcome:
    """Return the outcome of a check that raised. The cause never carries a list of values, which may be records."""
    if isinstance(error, NothingToExamine):
        return item.ended(Status.NOT_APPLICABLE, _sentence(error))
    if isinstance(error, TimedOut):
        return item.ended(Status.TIMED_OUT, f"{error.what}; nothing can be said")
    if isinstance(error, OverBudget):
        return item.ended(Status.ERROR, f"over budget: {error.what}")
    if isinstance(error, HauberkError):
        return item.ended(Status.ERROR, "; ".join(part for part in (_sentence(error), error.next_step) if part))
    lines = str(error).strip().splitlines()
    text = _LIST.sub("[…]", lines[0] if lines else "")[:_LONGEST]
    name = type(error).__name__
    return item.ended(Status.ERROR, f"{name}: {text}" if text else name)


def _sentence(error: HauberkError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _context(item: Planned, situation: Situation, budget: Budget, cache: dict[str, Any], told: Told) -> CheckContext:
    given = {part.name: getattr(situation, part.name) for part in fields(Situation)}

    def tell(standing: Standing) -> None:
        told(replace(standing, check=item.entry.id))

    return CheckContext(
        **given, rng=generator(item.seed), run_seed=item.run_seed, budget=budget, cache=cache, tell=tell
    )


def _arguments(spec: CheckSpec, item: Planned) -> dict[str, Any]:
    """The planned parameters; a list stands for a tuple where the check's default is one, as JSON knows no tuples."""
    return {
        name: tuple(value) if isinstance(value, list) and isinstance(spec.params.get(name), tuple) else value
        for name, value in item.params.items()
    }


def _scanned(scans: Mapping[str, _Waiting], situation: Situation, clock: Budget, rows: int) -> dict[str, _End]:
    """Run all scans in one pass over the data."""
    if not scans:
        return {}
    if situation.data is None:
        return {check: _End(outcome_of(waiting.item, _NO_DATA)) for check, waiting in scans.items()}
    try:
        found = run_scans(
            situation.data,
            {check: waiting.scan for check, waiting in scans.items()},
            spend=clock.spend,
            rows=rows,
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # broad: the table may be unreadable half-way; that is each check's outcome
        trace = traceback.format_exc()
        return {check: _End(outcome_of(waiting.item, error), trace) for check, waiting in scans.items()}
    return {check: _finished(waiting, found[check], situation.data.height) for check, waiting in scans.items()}


def _finished(waiting: _Waiting, found: object, rows: int) -> _End:
    if isinstance(found, BaseException):
        trace = "".join(traceback.format_exception(found))
        return _End(outcome_of(waiting.item, found), trace)
    waiting.context.budget.spent["rows"] = rows
    try:
        return _End(collected(waiting.item, found, waiting.context))
    except Exception as error:  # broad: what a check yielded against its contract is its outcome
        return _End(outcome_of(waiting.item, error), traceback.format_exc())
