# SPDX-License-Identifier: Apache-2.0
"""What goes to an executor and what comes back: both can cross a process border."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, Self

from hauberk.assess.plan import Planned
from hauberk.core.check import Cost, Stage
from hauberk.core.outcome import Outcome, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Checks that run together: one check, or all data checks, which share one pass over the table.

    Attributes:
        checks: at least one.
        seconds: time that they have together.
    """

    checks: tuple[Planned, ...]
    seconds: float

    @property
    def name(self) -> str:
        """What a reader is told while it runs."""
        names = [f"{item.entry.id} {item.entry.title}" for item in self.checks]
        return f"{len(names)} data checks in one pass" if len(names) > 1 else names[0]

    def ended(self, status: Status, reason: str) -> Reply:
        """Return the reply that gives all its checks one status."""
        return Reply(outcomes=tuple(item.ended(status, reason) for item in self.checks))

    def split(self, checks: Collection[str]) -> tuple[Task, ...]:
        """Return one task for each of these checks, to find the one that stopped the others."""
        return tuple(Task(checks=(item,), seconds=self.seconds) for item in self.checks if item.entry.id in checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a task ended.

    Attributes:
        outcomes: one for each of its checks, in their order.
        seconds: wall seconds by check id; the checks of one pass share its time equally.
        traces: traceback text by check id, for those that raised; shown at debug level only.
    """

    outcomes: tuple[Outcome, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)


class Executor(Protocol):
    """Where tasks run. The outcome of a task does not depend on the executor, nor on how many workers it has."""

    def submit(self, task: Task, started: Callable[[Task], None]) -> Future[Reply]:
        """Run a task within its time, counted from when it starts; `started` is called then, from any thread."""
        ...

    def close(self) -> None:
        """Stop everything that still runs, at once; nothing can be submitted after that."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...


_COST = {Cost.HOURS: 0, Cost.MINUTES: 1, Cost.SECONDS: 2}


def tasks_of(checks: Iterable[Planned], seconds: float) -> Iterator[Task]:
    """Yield the tasks of a plan: the data checks as one, then the others, the longest first.

    Args:
        checks: the checks that are to run.
        seconds: time that each check has.
    """
    rest = list(checks)
    fused = tuple(item for item in rest if item.entry.stage is Stage.ADMIT)
    if fused:
        yield Task(checks=fused, seconds=seconds)
    single = [item for item in rest if item.entry.stage is not Stage.ADMIT]
    for item in sorted(single, key=lambda one: (_COST[one.entry.cost], one.entry.id)):
        yield Task(checks=(item,), seconds=seconds)
