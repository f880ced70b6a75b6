# SPDX-License-Identifier: Apache-2.0
"""The executor that runs tasks in this very process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Self

from hauberk.assess.context import Situation
from hauberk.assess.perform import perform
from hauberk.assess.standing import Told, nobody
from hauberk.assess.task import Reply, Task
from hauberk.core.check import CheckSpec
from hauberk.core.errors import UsageError


class InProcess:
    """Runs each task at once, in the caller's thread.

    It ends a check at its deadline only where the check spends from its budget, or when it returns; a check that never
    does is stopped by `ProcessPool` alone.

    Args:
        situation: what the checks look at.
        specs: declarations of checks that cannot be imported by name, by id.
        told: told how a check stands while it runs.
    """

    def __init__(
        self, situation: Situation, specs: Mapping[str, CheckSpec] | None = None, *, told: Told = nobody
    ) -> None:
        self._situation = situation
        self._told = told
        self._specs = dict(specs or {})
        self._cache: dict[str, Any] = {}
        self._closed = False

    def submit(self, task: Task, started: Callable[[Task], None]) -> Future[Reply]:
        """Run a task and return its finished future.

        Raises:
            UsageError: the executor is closed.
        """
        if self._closed:
            raise UsageError("this executor is closed", next_step="make a new one")
        started(task)
        future: Future[Reply] = Future()
        future.set_result(perform(task, self._situation, self._cache, self._specs, told=self._told))
        return future

    def close(self) -> None:
        """Forget what the checks shared."""
        self._closed = True
        self._cache.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
