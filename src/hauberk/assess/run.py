# SPDX-License-Identifier: Apache-2.0
"""Run a plan: exactly one outcome for every planned check, in the order of the plan."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, field, replace

from hauberk.assess.plan import Plan
from hauberk.assess.task import Executor, Reply, Task, tasks_of
from hauberk.core.errors import NothingToExamine
from hauberk.core.outcome import Outcome, Status
from hauberk.core.ports import Progress

TIMEOUT_S = 300.0
"""Time that a check has unless the configuration says otherwise."""

_log = logging.getLogger("hauberk.assess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """How a plan ended.

    Attributes:
        outcomes: one for each planned check, in plan order.
        seconds: wall seconds by check id, for those that ran; not part of any result.
    """

    outcomes: tuple[Outcome, ...]
    seconds: dict[str, float] = field(default_factory=dict)


def run_plan(
    plan: Plan,
    executor: Executor,
    *,
    timeout_s: float = TIMEOUT_S,
    progress: Progress | None = None,
    on_end: Callable[[Outcome], None] | None = None,
) -> Results:
    """Run every check of a plan that is to run, and collect.

    Args:
        plan: what to run.
        executor: where; it stays open, except after an interruption.
        timeout_s: time that each check has, and also the pass that the data checks share; those that it does not bring to
            their end run again alone.
        progress: told at the start of a task and at the end of a check; called from one thread at a time.
        on_end: told each outcome when it is known, so that an interrupted run can be recorded.

    Raises:
        NothingToExamine: the plan is empty.
        KeyboardInterrupt: passed on after everything that ran has been stopped.
    """
    if not plan.checks:
        raise NothingToExamine("no check was selected", next_step="`hauberk checks` lists the checks")
    watch = _Watch(total=len(plan.to_run), progress=progress, on_end=on_end)
    for item in plan.checks:
        if item.verdict is not None:
            watch.ended(item.ended(item.verdict, item.reason))
    try:
        _drain(list(tasks_of(plan.to_run, timeout_s)), executor, watch)
    except BaseException:  # broad: nothing may keep running, whatever ends the run; the error goes on
        executor.close()
        raise
    return Results(
        outcomes=tuple(watch.outcomes[item.entry.id] for item in plan.checks),
        seconds={item.entry.id: watch.seconds[item.entry.id] for item in plan.to_run if item.entry.id in watch.seconds},
    )


def _drain(tasks: list[Task], executor: Executor, watch: _Watch) -> None:
    """Run tasks; a shared pass that was stopped as a whole runs again check by check: one cannot stop the others."""
    waiting: dict[Future[Reply], Task] = {}
    again: list[Task] = []
    for task in tasks:
        future = executor.submit(task, watch.started)
        if future.done():
            again.extend(_kept(task, future.result(), watch))
        else:
            waiting[future] = task
    for future in as_completed(waiting):
        again.extend(_kept(waiting[future], future.result(), watch))
    if again:
        _drain(again, executor, watch)


def _kept(task: Task, reply: Reply, watch: _Watch) -> tuple[Task, ...]:
    """Keep a reply, and return what has to run again alone: the checks of a shared pass that was stopped."""
    again: set[str] = set()
    if len(task.checks) > 1:
        died = not reply.seconds
        again = {one.check for one in reply.outcomes if died or one.status is Status.TIMED_OUT}
    watch.reply(replace(reply, outcomes=tuple(one for one in reply.outcomes if one.check not in again)))
    return task.split(again)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What is known while a plan runs."""

    total: int
    progress: Progress | None
    on_end: Callable[[Outcome], None] | None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, task: Task) -> None:
        """Say what begins."""
        self._say(task.name)

    def ended(self, outcome: Outcome) -> None:
        """Keep an outcome and tell it."""
        self.outcomes[outcome.check] = outcome
        if self.on_end is not None:
            self.on_end(outcome)

    def reply(self, reply: Reply) -> None:
        """Keep what came back of a task, and say how its checks ended."""
        self.seconds.update(reply.seconds)
        for check, trace in sorted(reply.traces.items()):
            _log.debug("check %s raised:\n%s", check, trace)
        for outcome in reply.outcomes:
            self.done += 1
            self.ended(outcome)
            self._say(f"{outcome.check} {outcome.status.value}")

    def _say(self, note: str) -> None:
        if self.progress is not None:
            with self.lock:
                self.progress(stage="checks", done=self.done, total=self.total, note=note)
